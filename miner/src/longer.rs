//! Rules with two antecedents, from frequent itemsets of three songs.
//!
//! A longer rule is kept where it says more than its parts: its confidence is higher than that of
//! either rule with one of its antecedents (Bayardo, Agrawal, Gunopulos: Constraint-based rule mining in
//! large, dense databases, ICDE 1999, call this positive improvement).

use std::collections::BTreeMap;

use hashbrown::HashMap;
use segue_model::{LongerRule, TrackId};

/// Frequent itemsets as they are found, kept as far as longer rules need them.
#[derive(Debug, Default)]
pub(crate) struct FrequentSets {
    /// Supports of pairs, the smaller number first.
    pairs: HashMap<(TrackId, TrackId), u32>,
    triples: Vec<([TrackId; 3], u32)>,
}

/// The consequents of a pair of antecedents, and its support.
pub(crate) type RulesOfPairs = BTreeMap<(TrackId, TrackId), (u32, Vec<LongerRule>)>;

impl FrequentSets {
    /// Adds an itemset in any order of its items; lengths other than two and three don't count.
    pub(crate) fn add(&mut self, items: &[TrackId], support: u32) {
        match *items {
            [a, b] => {
                self.pairs.insert((a.min(b), a.max(b)), support);
            }
            [a, b, c] => {
                let mut sorted = [a, b, c];
                sorted.sort_unstable();
                self.triples.push((sorted, support));
            }
            _ => {}
        }
    }

    /// The rules of at least this confidence that improve on their parts: for each pair of antecedents
    /// at most `most`, highest confidence first.
    pub(crate) fn rules(self, supports: &[u32], min_confidence: f64, most: usize) -> RulesOfPairs {
        let Self { pairs, triples } = self;
        let mut rules = RulesOfPairs::new();
        for ([a, b, c], support) in triples {
            for (x, y, consequent) in [(a, b, c), (a, c, b), (b, c, a)] {
                let antecedent_support = pairs[&(x, y)];
                let confidence = f64::from(support) / f64::from(antecedent_support);
                let of_part = |part: TrackId| {
                    let both = pairs[&(part.min(consequent), part.max(consequent))];
                    f64::from(both) / f64::from(supports[part as usize])
                };
                if confidence >= min_confidence && confidence > of_part(x).max(of_part(y)) {
                    let (_, longer) =
                        rules.entry((x, y)).or_insert_with(|| (antecedent_support, Vec::new()));
                    longer.push(LongerRule { consequent, support });
                }
            }
        }
        for (_, longer) in rules.values_mut() {
            longer.sort_unstable_by_key(|rule| (std::cmp::Reverse(rule.support), rule.consequent));
            longer.truncate(most);
        }
        rules
    }
}
