//! Listing: collectors are walked through every itemset that the search reports.
//!
//! In dense data searching takes a few percent of the time that listing does, and one task lists more
//! than could wait for its turn. So the list of a task is cut into batches, by the sizes of what the search
//! reports, which are the same whoever searches. Several workers may then search one task, each listing the
//! batches that it is the first to reach and passing over the others: nothing but a batch's number is
//! passed between them.
//!
//! Not here: who searches a task, and in which order batches are handed over (see `sequence`).

use std::cell::RefCell;
use std::ops::ControlFlow;

use super::report::{Report, for_each_reaching};
use super::table::Table;
use crate::itemset::Collector;
use crate::schedule::Stop;
use crate::sequence::{Place, Sequence};

/// How many perfect extensions make a batch of one set.
const BATCH_PERFECT: usize = 14;

/// How many itemsets a batch has at least: some 600 KB of text. With half as many, chess and mushroom are
/// listed 5 % slower by two threads; with more, more text would wait for its turn.
const BATCH: u64 = 1 << BATCH_PERFECT;

/// Where full collectors go.
pub(crate) enum Outlet<'a, 's, C> {
    /// To the caller, who is the only worker.
    Caller(&'a RefCell<dyn FnMut(C) -> ControlFlow<()> + 'a>),
    /// Into the order of several workers' results. While they have to wait, the function is called to search a
    /// task whose list is long.
    Sequence(&'a Sequence<'s, C>, &'a dyn Fn(usize)),
}

/// Walks collectors through every itemset, and hands them over in the order of tasks and batches.
pub(crate) struct Walk<'a, 's, C, F> {
    stop: &'a Stop<'a>,
    outlet: Outlet<'a, 's, C>,
    /// Makes a collector.
    make: &'a F,
    /// Whether no other worker might take a batch.
    alone: bool,
    collector: C,
    place: Place,
    /// Whether the current batch is to be listed here.
    mine: bool,
    /// How many itemsets fit in the current batch.
    left: u64,
    longest: usize,
    path: Vec<u32>,
    perfect: Vec<u32>,
    /// While perfect extensions are expanded: for each that is entered, the one after it.
    chosen: Vec<usize>,
}

impl<'a, 's, C: Collector, F: Fn() -> C> Walk<'a, 's, C, F> {
    pub(crate) fn new(
        outlet: Outlet<'a, 's, C>,
        make: &'a F,
        longest: usize,
        stop: &'a Stop<'a>,
    ) -> Self {
        let alone = match outlet {
            Outlet::Caller(_) => true,
            Outlet::Sequence(sequence, _) => sequence.has_one_worker(),
        };
        Self {
            stop,
            outlet,
            make,
            alone,
            collector: make(),
            place: Place::default(),
            mine: false,
            left: 0,
            longest,
            path: Vec::new(),
            perfect: Vec::new(),
            chosen: Vec::new(),
        }
    }

    /// Goes on with another batch, which may be another worker's.
    fn start(&mut self, place: Place) {
        self.place = place;
        self.left = if self.alone { u64::MAX } else { BATCH };
        self.mine = match self.outlet {
            Outlet::Caller(_) => true,
            Outlet::Sequence(sequence, _) => sequence.take(place),
        };
        if self.mine {
            self.path.iter().for_each(|&item| self.collector.enter(item));
        }
    }

    /// Hands the collector over, which ends the batch where there is a `next` one.
    fn hand_over(&mut self, next: Option<Place>) {
        let full = std::mem::replace(&mut self.collector, (self.make)());
        match self.outlet {
            Outlet::Caller(consume) => {
                if !self.stop.is_set() && consume.borrow_mut()(full).is_break() {
                    self.stop.set();
                }
            }
            Outlet::Sequence(sequence, help) => {
                sequence.put(self.place, full, next, self.stop, help);
            }
        }
    }

    /// Hands over what has not been yet, when there are no more tasks.
    pub(crate) fn finish(mut self) {
        if matches!(self.outlet, Outlet::Caller(_)) {
            self.hand_over(None);
        }
    }

    #[cold]
    fn start_next(&mut self) {
        let next = self.place.next_batch();
        if self.mine {
            self.hand_over(Some(next));
        }
        self.start(next);
    }

    #[cold]
    fn hand_over_part(&mut self) {
        self.hand_over(None);
        self.path.iter().for_each(|&item| self.collector.enter(item));
    }

    /// Takes so many itemsets into a batch, all into the same; whether they are to be listed here.
    #[inline]
    fn take(&mut self, itemsets: u64) -> bool {
        if self.left == 0 {
            self.start_next();
        }
        self.left = self.left.saturating_sub(itemsets);
        self.mine
    }

    /// How many itemsets there are at most, when some of the subsets of `items` items are frequent and any of
    /// the subsets of `perfect` items may be added.
    fn most(&self, frequent: u64, items: usize, perfect: usize) -> u64 {
        let any_length = frequent << perfect.min(BATCH_PERFECT + 1);
        if self.room() >= items + perfect {
            any_length
        } else {
            any_length.min((items + perfect + 1).saturating_pow(self.room() as u32) as u64)
        }
    }

    /// The current path is a result.
    #[inline]
    fn itemset(&mut self, support: u32) {
        self.collector.itemset(support);
        if self.collector.is_full() {
            self.hand_over_part();
        }
    }

    /// The current path and one more item is a result.
    #[inline]
    fn itemset_with(&mut self, item: u32, support: u32) {
        self.collector.itemset_with(item, support);
        if self.collector.is_full() {
            self.hand_over_part();
        }
    }

    /// Lists the current path, united with any of the perfect extensions.
    #[inline]
    fn list(&mut self, support: u32) {
        self.itemset(support);
        if !self.perfect.is_empty() {
            self.expand(0, support);
        }
    }

    /// Lists the current path with the subsets of the perfect extensions from `next` on, in order of their
    /// indices; a loop and no recursion, since there may be as many as a transaction has items.
    fn expand(&mut self, mut next: usize, support: u32) {
        let entered = self.chosen.len();
        loop {
            if next < self.perfect.len() && self.room() > 0 && !self.stopped() {
                let item = self.perfect[next];
                next += 1;
                if next == self.perfect.len() {
                    self.itemset_with(item, support);
                } else {
                    self.enter(item);
                    self.itemset(support);
                    self.chosen.push(next);
                }
            } else if self.chosen.len() > entered
                && let Some(last) = self.chosen.pop()
            {
                self.leave();
                next = last;
            } else {
                return;
            }
        }
    }

    /// The same for all perfect extensions, where they are too many for a batch.
    #[cold]
    fn expand_by_batches(&mut self, support: u32) {
        if self.take(1) {
            self.itemset(support);
        }
        let mut next = 0;
        loop {
            let rest = self.perfect.len() - next;
            if rest > BATCH_PERFECT && self.room() > 0 && !self.stopped() {
                self.enter(self.perfect[next]);
                if self.take(1) {
                    self.itemset(support);
                }
                next += 1;
                self.chosen.push(next);
                continue;
            }
            if self.room() > 0 && self.take(self.most(1, 0, rest)) {
                self.expand(next, support);
            }
            let Some(last) = self.chosen.pop() else { return };
            self.leave();
            next = last;
        }
    }

    /// Lists the supersets of `mask` within the table, adding bits below `bits`.
    fn walk_table<const BITS: u32>(
        &mut self,
        table: &Table<BITS>,
        items: &[u32],
        minimum: u32,
        mask: usize,
        bits: usize,
    ) {
        for bit in (0..bits).rev() {
            let larger = mask | 1 << bit;
            let support = table.get(larger);
            if support < minimum {
                continue;
            }
            if self.perfect.is_empty() && (bit == 0 || self.room() == 1) {
                self.itemset_with(items[bit], support);
            } else {
                self.enter(items[bit]);
                self.list(support);
                if self.room() > 0 {
                    self.walk_table(table, items, minimum, larger, bit);
                }
                self.leave();
            }
        }
    }

    /// The same, where they may be too many for a batch.
    fn walk_table_by_batches<const BITS: u32>(
        &mut self,
        table: &Table<BITS>,
        items: &[u32],
        minimum: u32,
        mask: usize,
        bits: usize,
    ) {
        for bit in (0..bits).rev() {
            let frequent = table.count_supersets(mask, bit + 1, minimum);
            let most = self.most(frequent.into(), bit + 1, self.perfect.len());
            if most <= BATCH {
                if self.take(most) {
                    self.walk_table(table, items, minimum, mask, bit + 1);
                }
                return;
            }
            let larger = mask | 1 << bit;
            let support = table.get(larger);
            if support >= minimum {
                self.enter(items[bit]);
                self.emit(support);
                if self.room() > 0 {
                    self.walk_table_by_batches(table, items, minimum, larger, bit);
                }
                self.leave();
            }
        }
    }
}

impl<C: Collector, F: Fn() -> C> Report for Walk<'_, '_, C, F> {
    fn begin(&mut self, task: usize) {
        self.start(Place::start_of(task));
    }

    fn end(&mut self) {
        // Alone, the order is that of the tasks anyway, and they may be many and small.
        if self.mine && matches!(self.outlet, Outlet::Sequence(..)) {
            self.hand_over(Some(self.place.next_task()));
        }
    }

    #[inline]
    fn enter(&mut self, item: u32) {
        self.path.push(item);
        if self.mine {
            self.collector.enter(item);
        }
    }

    #[inline]
    fn leave(&mut self) {
        self.path.pop();
        if self.mine {
            self.collector.leave();
        }
    }

    #[inline]
    fn room(&self) -> usize {
        self.longest - self.path.len()
    }

    fn add_perfect(&mut self, item: u32) {
        self.perfect.push(item);
    }

    #[inline]
    fn perfect_len(&self) -> usize {
        self.perfect.len()
    }

    #[inline]
    fn truncate_perfect(&mut self, length: usize) {
        self.perfect.truncate(length);
    }

    #[inline]
    fn emit(&mut self, support: u32) {
        if self.perfect.len() > BATCH_PERFECT && !self.alone {
            self.expand_by_batches(support);
        } else if self.take(self.most(1, 0, self.perfect.len())) {
            self.list(support);
        }
    }

    #[inline]
    fn emit_with(&mut self, item: u32, support: u32) {
        if self.perfect.is_empty() {
            if self.take(1) {
                self.itemset_with(item, support);
            }
        } else {
            self.enter(item);
            self.emit(support);
            self.leave();
        }
    }

    fn emit_line(&mut self, items: &[u32], counts: &[u32], minimum: u32) {
        if !self.perfect.is_empty() {
            for_each_reaching(counts, minimum, |item, count| self.emit_with(items[item], count));
            return;
        }
        // Taken at once: sparse data make most of their itemsets here.
        let reached = counts.iter().map(|&count| u32::from(count >= minimum)).sum::<u32>();
        if self.take(reached.into()) {
            for_each_reaching(counts, minimum, |item, count| self.itemset_with(items[item], count));
        }
    }

    fn emit_table<const BITS: u32>(&mut self, table: &Table<BITS>, items: &[u32], minimum: u32) {
        if self.room() == 0 {
            return;
        }
        if self.alone {
            self.walk_table(table, items, minimum, 0, items.len());
        } else {
            self.walk_table_by_batches(table, items, minimum, 0, items.len());
        }
    }

    fn emit_closed(&mut self, support: u32) {
        if !self.take(1) {
            return;
        }
        for place in 0..self.perfect.len() {
            self.enter(self.perfect[place]);
        }
        self.itemset(support);
        for _ in 0..self.perfect.len() {
            self.leave();
        }
    }

    #[inline]
    fn stopped(&self) -> bool {
        self.stop.is_set()
            || match self.outlet {
                Outlet::Caller(_) => false,
                Outlet::Sequence(sequence, _) => sequence.is_past(self.place),
            }
    }
}
