//! Association rules: their measures against a table made with mlxtend 0.23, and their choice and order.

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

fn two() -> NonZeroUsize {
    NonZeroUsize::new(2).expect("not zero")
}

const INF: f64 = f64::INFINITY;

/// Antecedent, consequent; support, confidence, lift, leverage, conviction, Zhang's metric, Kulczynski.
type Row = (&'static [u32], &'static [u32], [f64; 7]);

#[rustfmt::skip]
const MLXTEND: &[Row] = &[
    (&[1], &[2], [0.4444444444444444, 0.6666666666666666, 0.8571428571428571, -0.07407407407407407, 0.6666666666666665, -0.3333333333333333, 0.6190476190476191]),
    (&[1], &[2, 3], [0.2222222222222222, 0.3333333333333333, 0.75, -0.07407407407407407, 0.8333333333333333, -0.5, 0.41666666666666663]),
    (&[1], &[2, 5], [0.2222222222222222, 0.3333333333333333, 1.5, 0.07407407407407407, 1.1666666666666665, 0.9999999999999998, 0.6666666666666666]),
    (&[1], &[3], [0.4444444444444444, 0.6666666666666666, 1.0, 0.0, 1.0, 0.0, 0.6666666666666666]),
    (&[1], &[5], [0.2222222222222222, 0.3333333333333333, 1.5, 0.07407407407407407, 1.1666666666666665, 0.9999999999999998, 0.6666666666666666]),
    (&[2], &[1], [0.4444444444444444, 0.5714285714285714, 0.8571428571428571, -0.07407407407407407, 0.7777777777777778, -0.42857142857142855, 0.6190476190476191]),
    (&[2], &[1, 3], [0.2222222222222222, 0.2857142857142857, 0.6428571428571429, -0.12345679012345678, 0.7777777777777778, -0.7142857142857143, 0.39285714285714285]),
    (&[2], &[1, 5], [0.2222222222222222, 0.2857142857142857, 1.2857142857142858, 0.04938271604938271, 1.0888888888888888, 1.0, 0.6428571428571428]),
    (&[2], &[3], [0.4444444444444444, 0.5714285714285714, 0.8571428571428571, -0.07407407407407407, 0.7777777777777778, -0.42857142857142855, 0.6190476190476191]),
    (&[2], &[4], [0.2222222222222222, 0.2857142857142857, 1.2857142857142858, 0.04938271604938271, 1.0888888888888888, 1.0, 0.6428571428571428]),
    (&[2], &[5], [0.2222222222222222, 0.2857142857142857, 1.2857142857142858, 0.04938271604938271, 1.0888888888888888, 1.0, 0.6428571428571428]),
    (&[3], &[1], [0.4444444444444444, 0.6666666666666666, 1.0, 0.0, 1.0, 0.0, 0.6666666666666666]),
    (&[3], &[1, 2], [0.2222222222222222, 0.3333333333333333, 0.75, -0.07407407407407407, 0.8333333333333333, -0.5, 0.41666666666666663]),
    (&[3], &[2], [0.4444444444444444, 0.6666666666666666, 0.8571428571428571, -0.07407407407407407, 0.6666666666666665, -0.3333333333333333, 0.6190476190476191]),
    (&[4], &[2], [0.2222222222222222, 1.0, 1.2857142857142856, 0.04938271604938271, INF, 0.2857142857142857, 0.6428571428571428]),
    (&[5], &[1], [0.2222222222222222, 1.0, 1.5, 0.07407407407407407, INF, 0.42857142857142855, 0.6666666666666666]),
    (&[5], &[1, 2], [0.2222222222222222, 1.0, 2.25, 0.12345679012345678, INF, 0.7142857142857143, 0.75]),
    (&[5], &[2], [0.2222222222222222, 1.0, 1.2857142857142856, 0.04938271604938271, INF, 0.2857142857142857, 0.6428571428571428]),
    (&[1, 2], &[3], [0.2222222222222222, 0.5, 0.75, -0.07407407407407407, 0.6666666666666667, -0.375, 0.41666666666666663]),
    (&[1, 2], &[5], [0.2222222222222222, 0.5, 2.25, 0.12345679012345678, 1.5555555555555556, 1.0, 0.75]),
    (&[1, 3], &[2], [0.2222222222222222, 0.5, 0.6428571428571428, -0.12345679012345678, 0.4444444444444444, -0.5, 0.39285714285714285]),
    (&[1, 5], &[2], [0.2222222222222222, 1.0, 1.2857142857142856, 0.04938271604938271, INF, 0.2857142857142857, 0.6428571428571428]),
    (&[2, 3], &[1], [0.2222222222222222, 0.5, 0.75, -0.07407407407407407, 0.6666666666666667, -0.375, 0.41666666666666663]),
    (&[2, 5], &[1], [0.2222222222222222, 1.0, 1.5, 0.07407407407407407, INF, 0.42857142857142855, 0.6666666666666666]),
];

#[test]
fn measures_are_those_of_another_implementation() {
    let rules = rules(&RuleSearch::new().max_consequent(two()));
    assert_eq!(rules.len(), MLXTEND.len());
    let columns = [
        Metric::Support,
        Metric::Confidence,
        Metric::Lift,
        Metric::Leverage,
        Metric::Conviction,
        Metric::Zhang,
        Metric::Kulczynski,
    ];
    for (antecedent, consequent, expected) in MLXTEND {
        let rule = rules
            .iter()
            .find(|rule| rule.antecedent == *antecedent && rule.consequent == *consequent)
            .expect("the rule is there");
        for (metric, &expected) in columns.into_iter().zip(expected) {
            let value = metric.of(&rule.evidence);
            let equal = value == expected || (value - expected).abs() < 1e-12;
            assert!(equal, "{metric:?} of {antecedent:?} -> {consequent:?}: {value} {expected}");
        }
    }
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
