//! Association rules: they and their measures against mlxtend's, and their choice and order.

use std::num::NonZeroUsize;

use segue_miner::association::{RuleSearch, Rules};
use segue_miner::itemset::Itemsets;
use segue_miner::metric::Metric;
use segue_miner::miner::{Miner, Support};
use segue_miner::transaction::Transactions;

fn transactions() -> Transactions {
    let rows: [&[u32]; 9] = [
        &[1, 2, 5],
        &[2, 4],
        &[2, 3],
        &[1, 2, 4],
        &[1, 3],
        &[2, 3],
        &[1, 3],
        &[1, 2, 3, 5],
        &[1, 2, 3],
    ];
    rows.iter().collect()
}

fn itemsets() -> Itemsets {
    Miner::new(Support::Count(2)).itemsets(&transactions()).expect("mined")
}

fn rules(search: &RuleSearch) -> Rules {
    search.rules(itemsets(), transactions().len()).expect("all subsets are there")
}

#[test]
fn itemsets_without_their_subsets_are_refused() {
    for sets in [
        &[&[5, 9][..], &[5, 9, 12]][..],
        &[&[5, 9, 12], &[9, 12]],
        &[&[9, 12], &[5, 12], &[5, 9, 12]],
        &[&[5], &[9], &[12], &[9, 12], &[5, 12], &[5, 9, 12]],
        &[&[0, 1], &[1_000_000, 2, 3]],
    ] {
        let mut itemsets = Itemsets::default();
        sets.iter().for_each(|set| itemsets.push(set, 3));
        let missing = RuleSearch::new().rules(itemsets.clone(), 10).expect_err("one is missing");
        let whole = missing.itemset.as_slice();
        assert!(missing.subset.len() < whole.len());
        assert!(missing.subset.iter().all(|item| whole.contains(item)));
        assert!(itemsets.iter().all(|(items, _)| items != missing.subset));
    }
}

fn two() -> NonZeroUsize {
    NonZeroUsize::new(2).expect("not zero")
}

/// What `mlxtend/rules.py` wrote: transactions, and the rules that mlxtend finds in them.
const MLXTEND_TRANSACTIONS: &str = include_str!("../mlxtend/transactions.dat");
const MLXTEND_RULES: &str = include_str!("../mlxtend/rules.csv");
/// The support that the script asked for.
const MLXTEND_SUPPORT: u64 = 6;

fn numbers(text: &str) -> Vec<u32> {
    text.split_whitespace().map(|item| item.parse().expect("an item")).collect()
}

#[test]
fn rules_and_measures_are_those_of_mlxtend() {
    let transactions: Transactions = MLXTEND_TRANSACTIONS.lines().map(numbers).collect();
    let itemsets = Miner::new(Support::Count(MLXTEND_SUPPORT)).itemsets(&transactions);
    let all = RuleSearch::new().max_consequent(NonZeroUsize::MAX);
    let rules = all.rules(itemsets.expect("mined"), transactions.len()).expect("all are there");
    let mut table = csv::Reader::from_reader(MLXTEND_RULES.as_bytes());
    let mut listed = 0;
    for row in table.records() {
        let row = row.expect("a row");
        let (antecedent, consequent) = (numbers(&row[0]), numbers(&row[1]));
        let rule = rules
            .iter()
            .find(|rule| rule.antecedent == antecedent && rule.consequent == consequent)
            .expect("the rule is there");
        for (metric, expected) in Metric::ALL.into_iter().zip(row.iter().skip(2)) {
            let value = metric.of(&rule.evidence);
            let expected: f64 = expected.parse().expect("a number");
            let equal = value == expected || (value - expected).abs() < 1e-12;
            assert!(equal, "{metric:?} of {antecedent:?} -> {consequent:?}: {value} {expected}");
        }
        listed += 1;
    }
    assert_eq!(rules.len(), listed);
}

#[test]
fn rules_come_by_antecedent_and_then_in_the_chosen_order() {
    let rules = rules(&RuleSearch::new().order(Metric::Lift));
    let sides: Vec<_> = rules.iter().map(|rule| (rule.antecedent, rule.consequent)).collect();
    let singles: Vec<_> = sides.iter().filter(|rule| rule.0.len() == 1).collect();
    assert_eq!(sides[..3], [(&[1][..], &[5][..]), (&[1], &[3]), (&[1], &[2])]);
    assert_eq!(sides[..singles.len()].iter().collect::<Vec<_>>(), singles);
}

#[test]
fn top_k_keeps_the_first_rules_of_each_antecedent() {
    let all = rules(&RuleSearch::new());
    let top = rules(&RuleSearch::new().top(NonZeroUsize::new(1)));
    let mut expected: Vec<_> = all.iter().collect();
    expected.dedup_by_key(|rule| rule.antecedent);
    assert_eq!(top.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn any_measure_filters_from_below_and_above() {
    for metric in Metric::ALL {
        let all = rules(&RuleSearch::new());
        let some = rules(&RuleSearch::new().min(metric, 0.2).max(metric, 1.1));
        let within = |value: f64| (0.2..=1.1).contains(&value);
        let expected: Vec<_> =
            all.iter().filter(|rule| within(metric.of(&rule.evidence))).collect();
        assert_eq!(some.iter().collect::<Vec<_>>(), expected, "{metric:?}");
    }
}

#[test]
fn as_many_rules_are_counted_as_are_made() {
    let mut random = fastrand::Rng::with_seed(3);
    // Every other database has items that are in all transactions with some other.
    for round in 0..12 {
        let (items, density) = (random.u32(1..9), random.f64());
        let rows: Transactions = (0..random.usize(1..40))
            .map(|_| {
                let twice = |item| if round % 2 == 0 { vec![item] } else { vec![item, 20 + item] };
                let row = (0..items).filter(|_| random.f64() < density).flat_map(twice);
                row.collect::<Vec<_>>()
            })
            .collect();
        for longest in [Some(1), Some(2), Some(3), Some(4), None] {
            let longest = longest.and_then(NonZeroUsize::new);
            let miner =
                Miner::new(Support::Count(2)).max_len(longest).threads(Some(NonZeroUsize::MIN));
            for search in [
                RuleSearch::new().min(Metric::Confidence, 0.6),
                RuleSearch::new().max(Metric::Lift, 1.2).max_consequent(two()),
            ] {
                let on_some = miner.clone().threads(NonZeroUsize::new(1 + round / 2 % 2));
                let (itemsets, counted) = search.count(&on_some, &rows).expect("counted");
                assert_eq!(itemsets, miner.count(&rows).expect("counted"));
                let made = search.rules(miner.itemsets(&rows).expect("mined"), rows.len());
                assert_eq!(counted, made.expect("all subsets are there").len() as u64);
            }
        }
    }
}

#[test]
fn lengths_of_both_sides_are_bounded() {
    let rules = rules(&RuleSearch::new().max_antecedent(NonZeroUsize::MIN).max_consequent(two()));
    assert!(rules.iter().all(|rule| rule.antecedent.len() == 1 && rule.consequent.len() <= 2));
    assert!(rules.iter().any(|rule| rule.consequent == [1, 2]));
}

#[test]
fn an_itemset_without_its_subsets_is_refused() {
    let mut itemsets = Itemsets::default();
    itemsets.push(&[1], 3);
    itemsets.push(&[2, 1], 2);
    let error = RuleSearch::new().rules(itemsets, 9).expect_err("2 is missing");
    assert_eq!((error.itemset, error.subset), (vec![1, 2], vec![2]));
}
