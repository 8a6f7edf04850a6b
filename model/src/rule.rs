//! The rules of a model: explicit and implicit ones with one antecedent, and longer ones.
//!
//! A rule says: of the transactions that hold the antecedent, this share holds the consequent, too.
//! For a frequent song the strongest rules are written out, ordered by strength, with an 8-bit impact.
//! For a rare one the few transactions that hold it *are* its rules: they are read when asked for, which
//! is exact and takes less room than the rules would. Supports are never stored for rules with one
//! antecedent: they are counted in the transactions when someone asks to see them.

use crate::catalog::TrackId;
use crate::format::{Buffer, FormatError, Section, Span, content_error};
use crate::text::Groups;

/// Impacts below the strongest rule's by more than this factor are written as the smallest one.
/// Three decades in 8 bits: steps of 2.7 %, which cost nothing measurable in quality.
const DECADES: f32 = 3.0;

/// The impact that an 8-bit level stands for, as a share of the strongest rule's.
pub(crate) fn share_of_level(level: u8) -> f32 {
    10_f32.powf(DECADES * (f32::from(level) / 255.0 - 1.0))
}

/// The 8-bit level for an impact that is this share of the strongest rule's.
pub(crate) fn level_of_share(share: f32) -> u8 {
    let level = 255.0 * (1.0 + share.max(f32::MIN_POSITIVE).log10() / DECADES);
    level.round().clamp(0.0, 255.0) as u8
}

/// Where a model's rules lie in its buffer.
pub(crate) struct RuleSpans {
    transactions: Groups,
    /// Per track, the transactions that hold it, ascending: offsets and numbers. Made from the
    /// transactions at load, which takes less time than checking a stored copy.
    occurrence_offsets: Vec<u32>,
    occurrences: Vec<u32>,
    explicit: Groups,
    impacts: Span<u8>,
    scales: Span<f32>,
    pairs: Groups,
    pair_supports: Span<u32>,
    longer: Groups,
    longer_supports: Span<u32>,
    /// [`share_of_level`] for each level.
    pub(crate) shares: [f32; 256],
    /// Per transaction: its length to the power of -0.5. Made at load.
    weights: Vec<f32>,
}

impl RuleSpans {
    pub(crate) fn read(buffer: &Buffer, supports: &[u32]) -> Result<Self, FormatError> {
        let tracks = supports.len();
        let groups = |offset, member, bound, ascending| {
            Groups::read(buffer, offset, member, bound, ascending)
        };
        let transactions =
            groups(Section::TransactionOffset, Section::TransactionItem, tracks, true)?;
        let (occurrence_offsets, occurrences) = invert(buffer, &transactions, supports)?;
        let pairs = groups(Section::PairOffset, Section::PairSecond, tracks, true)?;
        let spans = Self {
            occurrence_offsets,
            occurrences,
            explicit: groups(Section::RuleOffset, Section::RuleConsequent, tracks, false)?,
            impacts: buffer.span(Section::RuleImpact)?,
            scales: buffer.span(Section::RuleScale)?,
            pair_supports: buffer.span(Section::PairSupport)?,
            longer: groups(Section::LongerOffset, Section::LongerConsequent, tracks, false)?,
            longer_supports: buffer.span(Section::LongerSupport)?,
            shares: std::array::from_fn(|level| share_of_level(level as u8)),
            weights: (0..transactions.len(buffer))
                .map(|number| (transactions.range(buffer, number).len() as f32).max(1.0).powf(-0.5))
                .collect(),
            transactions,
            pairs,
        };
        spans.check(buffer, supports)?;
        Ok(spans)
    }

    fn check(&self, buffer: &Buffer, supports: &[u32]) -> Result<(), FormatError> {
        let fail = |section, entry, reason| Err(content_error(section, entry, reason));
        if self.explicit.len(buffer) > supports.len() {
            return fail(Section::RuleOffset, 0, "expected at most a group for each track");
        }
        if buffer.slice(&self.impacts).len() != self.explicit.total(buffer) {
            return fail(Section::RuleImpact, 0, "expected an impact for each rule");
        }
        let scales = buffer.slice(&self.scales);
        if scales.len() != self.explicit.len(buffer) {
            return fail(Section::RuleScale, 0, "expected a scale for each antecedent");
        }
        if let Some(entry) = scales.iter().position(|scale| !(scale.is_finite() && *scale >= 0.0)) {
            return fail(Section::RuleScale, entry, "expected a number");
        }
        if self.pairs.len(buffer) > supports.len() {
            return fail(Section::PairOffset, 0, "expected at most a group for each track");
        }
        let pairs = self.pairs.total(buffer);
        if buffer.slice(&self.pair_supports).len() != pairs || self.longer.len(buffer) != pairs {
            return fail(Section::PairSupport, 0, "expected an entry for each pair");
        }
        if buffer.slice(&self.longer_supports).len() != self.longer.total(buffer) {
            return fail(Section::LongerSupport, 0, "expected a support for each rule");
        }
        Ok(())
    }
}

/// The transactions of each track, as offsets and numbers.
fn invert(
    buffer: &Buffer,
    transactions: &Groups,
    supports: &[u32],
) -> Result<(Vec<u32>, Vec<u32>), FormatError> {
    let mut offsets = Vec::with_capacity(supports.len() + 1);
    let mut end = 0_u32;
    offsets.push(end);
    for (track, &support) in supports.iter().enumerate() {
        end = end
            .checked_add(support)
            .filter(|&end| end as usize <= transactions.total(buffer))
            .ok_or_else(|| content_error(Section::TrackSupport, track, SUPPORT_IS_COUNTED))?;
        offsets.push(end);
    }
    let mut next = offsets.clone();
    let mut occurrences = vec![0; end as usize];
    for number in 0..transactions.len(buffer) {
        for &track in transactions.get(buffer, number) {
            let at = next[track as usize];
            if at == offsets[track as usize + 1] {
                return Err(content_error(
                    Section::TrackSupport,
                    track as usize,
                    SUPPORT_IS_COUNTED,
                ));
            }
            occurrences[at as usize] = number as u32;
            next[track as usize] += 1;
        }
    }
    // No track has more occurrences than its support, and together they are as many as transactions
    // hold items exactly if none has fewer.
    match occurrences.len() == transactions.total(buffer) {
        true => Ok((offsets, occurrences)),
        false => Err(content_error(Section::TrackSupport, supports.len(), SUPPORT_IS_COUNTED)),
    }
}

const SUPPORT_IS_COUNTED: &str = "expected the number of transactions that hold the track";

/// The antecedent of a rule: one song or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Antecedent {
    /// One song.
    One(TrackId),
    /// Two songs, the smaller number first.
    Two(TrackId, TrackId),
}

/// A rule with its counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What is given.
    pub antecedent: Antecedent,
    /// What follows.
    pub consequent: TrackId,
    /// Transactions that hold antecedent and consequent.
    pub support: u32,
    /// Transactions that hold the antecedent.
    pub antecedent_support: u32,
    /// Transactions that hold the consequent.
    pub consequent_support: u32,
    /// All transactions.
    pub transactions: u32,
}

impl Rule {
    /// The share of the antecedent's transactions that hold the consequent, too.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        f64::from(self.support) / f64::from(self.antecedent_support.max(1))
    }

    /// How many times as frequent the consequent is where the antecedent is as it is anywhere.
    #[must_use]
    pub fn lift(&self) -> f64 {
        self.confidence() * f64::from(self.transactions) / f64::from(self.consequent_support.max(1))
    }
}

/// A rule with two antecedents as it is stored: consequent and support of all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongerRule {
    /// What follows.
    pub consequent: TrackId,
    /// Transactions that hold all three.
    pub support: u32,
}

/// The rules of a model.
#[derive(Clone, Copy)]
pub struct Rules<'m> {
    pub(crate) buffer: &'m Buffer,
    pub(crate) spans: &'m RuleSpans,
    pub(crate) supports: &'m [u32],
}

impl<'m> Rules<'m> {
    /// The number of transactions.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.spans.transactions.len(self.buffer)
    }

    /// Tracks below this number have explicit rules, the others implicit ones.
    #[must_use]
    pub fn explicit_antecedents(&self) -> TrackId {
        self.spans.explicit.len(self.buffer) as TrackId
    }

    /// A track's explicit rules: consequents, strongest first, the level of each, and what the highest
    /// level stands for.
    pub(crate) fn explicit(&self, antecedent: TrackId) -> (&'m [TrackId], &'m [u8], f32) {
        let antecedent = antecedent as usize;
        let range = self.spans.explicit.range(self.buffer, antecedent);
        (
            self.spans.explicit.get(self.buffer, antecedent),
            &self.buffer.slice(&self.spans.impacts)[range],
            self.buffer.slice(&self.spans.scales)[antecedent],
        )
    }

    /// The transactions that hold a track, ascending.
    #[must_use]
    pub fn occurrences(&self, track: TrackId) -> &'m [u32] {
        let offsets = &self.spans.occurrence_offsets;
        let range = offsets[track as usize] as usize..offsets[track as usize + 1] as usize;
        &self.spans.occurrences[range]
    }

    /// The tracks of a transaction, ascending, and its length to the power of -0.5: what a
    /// co-occurrence in it counts.
    #[must_use]
    pub fn transaction(&self, number: u32) -> (&'m [TrackId], f32) {
        let items = self.spans.transactions.get(self.buffer, number as usize);
        (items, self.spans.weights[number as usize])
    }

    /// The rules whose antecedents are these two tracks, highest confidence first, and the number of
    /// transactions that hold both.
    #[must_use]
    pub fn longer(
        &self,
        a: TrackId,
        b: TrackId,
    ) -> Option<(u32, impl Iterator<Item = LongerRule> + use<'m>)> {
        let (first, second) = (a.min(b) as usize, a.max(b));
        if first >= self.spans.pairs.len(self.buffer) {
            return None;
        }
        let at = self.spans.pairs.get(self.buffer, first).binary_search(&second).ok()?;
        let pair = self.spans.pairs.range(self.buffer, first).start + at;
        let supports = self.buffer.slice(&self.spans.longer_supports);
        let rules = self.spans.longer.get(self.buffer, pair).iter();
        let rules = rules
            .zip(&supports[self.spans.longer.range(self.buffer, pair)])
            .map(|(&consequent, &support)| LongerRule { consequent, support });
        Some((self.buffer.slice(&self.spans.pair_supports)[pair], rules))
    }

    /// The tracks above `first` with which it is the antecedent of longer rules.
    #[must_use]
    pub fn partners(&self, first: TrackId) -> &'m [TrackId] {
        match (first as usize) < self.spans.pairs.len(self.buffer) {
            true => self.spans.pairs.get(self.buffer, first as usize),
            false => &[],
        }
    }

    /// The number of transactions that hold both tracks, counted in them.
    #[must_use]
    pub fn support_of_pair(&self, a: TrackId, b: TrackId) -> u32 {
        let (mut left, mut right) = (self.occurrences(a), self.occurrences(b));
        let mut both = 0;
        while let (Some(x), Some(y)) = (left.first(), right.first()) {
            both += u32::from(x == y);
            let (go_left, go_right) = (x <= y, y <= x);
            left = &left[usize::from(go_left)..];
            right = &right[usize::from(go_right)..];
        }
        both
    }

    /// The rule from one track to another, its support counted in the transactions.
    #[must_use]
    pub fn rule(&self, antecedent: TrackId, consequent: TrackId) -> Rule {
        Rule {
            antecedent: Antecedent::One(antecedent),
            consequent,
            support: self.support_of_pair(antecedent, consequent),
            antecedent_support: self.supports[antecedent as usize],
            consequent_support: self.supports[consequent as usize],
            transactions: self.transactions() as u32,
        }
    }

    /// The rules with these two antecedents as full rules, highest confidence first.
    pub fn longer_rules(&self, a: TrackId, b: TrackId) -> impl Iterator<Item = Rule> + use<'m> {
        let transactions = self.transactions() as u32;
        let supports = self.supports;
        self.longer(a, b).into_iter().flat_map(move |(antecedent_support, rules)| {
            rules.map(move |rule| Rule {
                antecedent: Antecedent::Two(a.min(b), a.max(b)),
                consequent: rule.consequent,
                support: rule.support,
                antecedent_support,
                consequent_support: supports[rule.consequent as usize],
                transactions,
            })
        })
    }
}
