//! Frequent itemsets against brute force: every subset of every transaction, counted.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use segue_miner::itemset::{Collector, Itemsets};
use segue_miner::miner::{MineError, Miner, Support, Target};
use segue_miner::transaction::Transactions;

type Found = BTreeMap<Vec<u32>, u32>;

/// Every itemset of at least `minimum` transactions, by counting all subsets of all transactions.
fn brute_force(rows: &[Vec<u32>], minimum: u32) -> Found {
    let mut counts = Found::new();
    for row in rows {
        let items: Vec<u32> = row.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        for mask in 1_u32..1 << items.len() {
            let chosen = (0..items.len()).filter(|bit| mask >> bit & 1 == 1);
            *counts.entry(chosen.map(|bit| items[bit]).collect()).or_default() += 1;
        }
    }
    counts.retain(|_, support| *support >= minimum);
    counts
}

/// Those that the target names, by looking at every frequent superset with one item more.
fn of_target(all: &Found, target: Target) -> Found {
    let mut found = all.clone();
    for (items, support) in all {
        for leave in 0..items.len() {
            let mut subset = items.clone();
            subset.remove(leave);
            let beaten = match target {
                Target::All => false,
                Target::Closed => all.get(&subset) == Some(support),
                Target::Maximal => true,
            };
            if beaten {
                found.remove(&subset);
            }
        }
    }
    found
}

/// The itemsets as a map; fails where one is listed twice.
fn map(itemsets: &Itemsets) -> Found {
    let mut found = Found::new();
    for (items, support) in itemsets.iter() {
        let mut items = items.to_vec();
        items.sort_unstable();
        assert_eq!(found.insert(items.clone(), support), None, "{items:?} is listed twice");
    }
    found
}

fn check(rows: &[Vec<u32>], minimum: u32, max_len: usize) {
    let transactions: Transactions = rows.iter().collect();
    let all = brute_force(rows, minimum);
    for target in [Target::All, Target::Closed, Target::Maximal] {
        let mut expected = of_target(&all, target);
        expected.retain(|items, _| max_len == 0 || items.len() <= max_len);
        let miner = Miner::new(Support::Count(minimum.into()))
            .max_len(NonZeroUsize::new(max_len))
            .target(target)
            .threads(NonZeroUsize::new(1));
        let itemsets = miner.itemsets(&transactions).expect("mined");
        let context = format!("{target:?} from {minimum} to {max_len} of {rows:?}");
        assert_eq!(map(&itemsets), expected, "{context}");
        let mut by_length =
            vec![0; expected.keys().map(|items| items.len() + 1).max().unwrap_or(0)];
        expected.keys().for_each(|items| by_length[items.len()] += 1);
        let counts = miner.count(&transactions).expect("counted");
        assert_eq!(counts.by_length(), by_length, "counts, {context}");
        let parallel = miner.threads(NonZeroUsize::new(3));
        assert_eq!(parallel.itemsets(&transactions), Ok(itemsets), "threads, {context}");
        assert_eq!(parallel.count(&transactions), Ok(counts), "threads, {context}");
    }
}

/// Compares what one thread lists with what several do.
fn check_threads(rows: &[Vec<u32>], minimum: u32, max_len: usize) {
    let transactions: Transactions = rows.iter().collect();
    for target in [Target::All, Target::Closed, Target::Maximal] {
        let miner = Miner::new(Support::Count(minimum.into()))
            .max_len(NonZeroUsize::new(max_len))
            .target(target);
        let by =
            |threads| miner.clone().threads(NonZeroUsize::new(threads)).itemsets(&transactions);
        let alone = by(1);
        for threads in [2, 3, 7] {
            // Not compared by a macro that would print a hundred thousand itemsets.
            let context = format!("{target:?} from {minimum} to {max_len}, {threads} threads");
            assert!(by(threads) == alone, "{context}, of {rows:?}");
        }
    }
}

/// Rows of up to `width` items out of `items`, each item in a row with a chance of `percent`.
fn database(items: u32, rows: usize, percent: u32) -> impl Strategy<Value = Vec<Vec<u32>>> {
    let row = vec(0_u32..100, items as usize).prop_map(move |dice| {
        (0..items).filter(|&item| dice[item as usize] < percent).map(|item| item * 3 + 1).collect()
    });
    vec(row, 0..rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn sparse_databases_give_what_brute_force_gives(
        rows in database(40, 60, 8), minimum in 1_u32..6, max_len in 0_usize..5,
    ) {
        check(&rows, minimum, max_len);
    }

    #[test]
    fn dense_databases_give_what_brute_force_gives(
        rows in database(9, 80, 70), minimum in 1_u32..30, max_len in 0_usize..5,
    ) {
        check(&rows, minimum, max_len);
    }

    #[test]
    fn databases_of_repeated_rows_give_what_brute_force_gives(
        few in database(11, 6, 50), picks in vec(0_usize..6, 0..400),
        minimum in 1_u32..90, max_len in 0_usize..4,
    ) {
        let rows: Vec<_> = picks.iter().filter_map(|&pick| few.get(pick).cloned()).collect();
        check(&rows, minimum, max_len);
    }

    #[test]
    fn databases_of_nearly_nothing_give_what_brute_force_gives(
        rows in vec(vec(0_u32..3, 0..4), 0..4), minimum in 0_u32..4, max_len in 0_usize..3,
    ) {
        check(&rows, minimum.max(1), max_len);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Enough items and rows for every kernel to take its turn.
    #[test]
    fn larger_databases_give_what_brute_force_gives(
        rows in database(200, 500, 4), minimum in 1_u32..9, max_len in 0_usize..5,
    ) {
        check(&rows, minimum, max_len);
    }

    /// Dense enough for lists of many batches, which several workers share.
    #[test]
    fn long_lists_are_the_same_for_any_number_of_threads(
        rows in database(17, 400, 93), minimum in 1_u32..4, max_len in 0_usize..18,
    ) {
        check_threads(&rows, minimum, max_len);
    }

    #[test]
    fn wide_dense_databases_give_what_brute_force_gives(
        rows in database(18, 700, 50), minimum in 20_u32..300, max_len in 0_usize..9,
    ) {
        check(&rows, minimum, max_len);
    }
}

#[test]
fn perfect_extensions_beyond_a_batch_are_the_same_for_any_number_of_threads() {
    let same: Vec<Vec<u32>> = vec![(0..18).collect(); 3];
    check_threads(&same, 2, 0);
    check_threads(&same, 2, 9);
    let mixed: Vec<Vec<u32>> = (0..60).map(|row| (row % 4..19).collect()).collect();
    check_threads(&mixed, 5, 0);
    check_threads(&mixed, 5, 3);
}

/// Who lists itemsets with item 0, the rarest, and how many there were so far.
#[derive(Default)]
struct Listed {
    state: Mutex<(HashSet<ThreadId>, usize)>,
    changed: Condvar,
}

/// Does not go on in the midst of the longest list until another thread takes part.
struct Waiting<'a> {
    listed: &'a Listed,
    path: Vec<u32>,
    itemsets: Itemsets,
}

impl Collector for Waiting<'_> {
    fn enter(&mut self, item: u32) {
        self.path.push(item);
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    fn itemset(&mut self, support: u32) {
        self.itemsets.push(&self.path, support);
        if self.path[0] != 0 {
            return;
        }
        let mut state = self.listed.state.lock().expect("lock");
        state.0.insert(thread::current().id());
        state.1 += 1;
        self.listed.changed.notify_all();
        let lonely = |state: &mut (HashSet<ThreadId>, usize)| state.0.len() < 2 && state.1 > 50_000;
        let waited = self.listed.changed.wait_timeout_while(state, Duration::from_secs(60), lonely);
        assert!(!waited.expect("lock").1.timed_out(), "no other thread came");
    }
}

#[test]
fn whoever_waits_for_a_long_list_takes_part_in_it() {
    // Item 0 is the rarest: half of all itemsets have it, and nothing can be handed over before them.
    let rows: Vec<Vec<u32>> =
        (0..40).map(|row| (0..18).filter(|&item| row > 20 - item).collect()).collect();
    let transactions: Transactions = rows.iter().collect();
    let miner = Miner::new(Support::Count(3)).threads(NonZeroUsize::new(2));
    let listed = Listed::default();
    let make = || Waiting { listed: &listed, path: Vec::new(), itemsets: Itemsets::default() };
    let mut itemsets = Itemsets::default();
    let outcome = miner.collect(&transactions, make, |part| {
        itemsets.append(&part.itemsets);
        ControlFlow::Continue(())
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!(listed.state.lock().expect("lock").0.len(), 2);
    assert!(miner.threads(NonZeroUsize::new(1)).itemsets(&transactions) == Ok(itemsets));
}

#[test]
fn a_share_of_the_transactions_means_the_least_number_that_reaches_it() {
    assert_eq!(Support::Fraction(0.07).count(100), 7);
    assert_eq!(Support::Fraction(0.001).count(9146), 10);
    assert_eq!(Support::Fraction(0.0).count(50), 1);
    assert_eq!(Support::Count(0).count(50), 1);
}

#[test]
fn the_order_of_items_and_their_repeats_change_nothing() {
    let plain: Transactions = [vec![1, 2, 3], vec![2, 3], vec![3]].iter().collect();
    let odd: Transactions = [vec![3, 1, 2, 1, 3], vec![3, 2, 2], vec![3, 3]].iter().collect();
    let miner = Miner::new(Support::Count(1));
    assert_eq!(miner.itemsets(&plain), miner.itemsets(&odd));
}

#[test]
fn a_visitor_that_breaks_ends_the_search() {
    // More itemsets than could ever be visited.
    let row: Vec<u32> = (0..200).collect();
    let transactions: Transactions = [row].iter().collect();
    let mut seen = 0;
    let outcome = Miner::new(Support::Count(1)).for_each(&transactions, |_, support| {
        assert_eq!(support, 1);
        seen += 1;
        if seen < 1000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert_eq!(outcome, Ok(()));
    assert_eq!(seen, 1000);
}

#[test]
fn a_cancelled_search_ends_and_says_so() {
    let row: Vec<u32> = (0..200).collect();
    let transactions: Transactions = [row].iter().collect();
    let flag = Arc::new(AtomicBool::new(false));
    let miner = Miner::new(Support::Count(1)).cancel(Arc::clone(&flag));
    let outcome = miner.for_each(&transactions, |_, _| {
        flag.store(true, Ordering::Relaxed);
        ControlFlow::Continue(())
    });
    assert_eq!(outcome, Err(MineError::Cancelled));
}

#[test]
fn a_chain_of_ever_longer_transactions_is_searched_to_its_depth() {
    // Every item is in one transaction fewer than the one before: nothing is perfect, and the search goes
    // as deep as there are items.
    let rows: Vec<Vec<u32>> = (0..16).map(|last| (0..=last).collect()).collect();
    check(&rows, 1, 0);
    let rows: Vec<Vec<u32>> = (0..700).map(|last| (0..=last).collect()).collect();
    let transactions: Transactions = rows.iter().collect();
    let mut first = None;
    let outcome = Miner::new(Support::Count(1)).for_each(&transactions, |items, _| {
        let seen = first.get_or_insert(0);
        *seen = items.len().max(*seen);
        if items.len() >= 600 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(outcome, Ok(()));
}

#[test]
fn counting_says_how_many_even_where_nobody_could_list_them() {
    let row: Vec<u32> = (0..70).collect();
    let transactions: Transactions = [row.clone(), row].iter().collect();
    let counts = Miner::new(Support::Count(2)).count(&transactions).expect("counted");
    assert_eq!(counts.by_length()[1], 70);
    assert_eq!(counts.by_length()[2], 2415);
    assert_eq!(counts.by_length()[70], 1);
    assert_eq!(counts.total(), u64::MAX);
}
