//! Why a track is recommended: the rules that speak for it, with their counts.

use crate::catalog::TrackId;
use crate::model::Model;
use crate::rule::{Antecedent, Rule};
use crate::score::{Scored, Scratch, Seeds, antecedent_share, learned_share, rank, strength};
use crate::seeds::ArtistVote;

impl Model {
    /// The rules by which these seeds speak for a track, those that say most first: of the songs that
    /// were with it in a transaction, and of the artists that were. A learned rule counts with its
    /// song's. All counts are those of the transactions, also where a rule was too weak to be written
    /// out.
    #[must_use]
    pub fn explain(&self, seeds: &Seeds, consequent: TrackId) -> Vec<Rule> {
        let rules = self.rules();
        let supports = self.catalog().supports();
        let learned = learned_share(seeds.len());
        let mut reasons: Vec<(f32, Rule)> = Vec::new();
        let rule_of = rules.rules_to(consequent);
        let mut add = |antecedent, vote: f32, correction: f32| {
            let (rule, weight) = rule_of(antecedent);
            if rule.support > 0 {
                reasons.push((vote * strength(weight, rule.support) + correction, rule));
            }
        };
        let votes = seeds.votes(self.catalog());
        for &(track, vote) in &votes {
            let mut correction = 0.0;
            rules.learned_of_track(track).visit(learned * vote, |other, amount| {
                if other == consequent {
                    correction += amount;
                }
            });
            let vote = vote * antecedent_share(supports[track as usize]);
            add(Antecedent::Track(track), vote, correction);
        }
        let by = self.catalog().artist(consequent);
        for ArtistVote { artist, vote, own } in seeds.artist_votes(self, &votes) {
            let own = if artist == by { strength(own, supports[consequent as usize]) } else { 0.0 };
            add(Antecedent::Artist(artist), vote, own);
        }
        reasons.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        reasons.into_iter().map(|(_, rule)| rule).collect()
    }

    /// The strongest rules of an antecedent, strongest first: explicit or implicit, as they are.
    #[must_use]
    pub fn strongest(&self, antecedent: Antecedent, limit: usize) -> Vec<Rule> {
        let supports = self.catalog().supports();
        let rules = self.rules();
        let mut scratch = Scratch::default();
        let mut sums = scratch.sums(rules);
        sums.add(antecedent, 1.0);
        sums.complete();
        let mut best: Vec<Scored> = sums
            .all()
            .into_iter()
            .filter(|scored| antecedent != Antecedent::Track(scored.track))
            .map(|Scored { track, score }| Scored {
                track,
                score: rank(score, supports[track as usize]),
            })
            .collect();
        keep_best(&mut best, limit);
        best.iter().map(|scored| rules.rule(antecedent, scored.track).0).collect()
    }
}

/// Keeps the `limit` best, best first.
fn keep_best(scored: &mut Vec<Scored>, limit: usize) {
    let order = |a: &Scored, b: &Scored| b.score.total_cmp(&a.score).then(a.track.cmp(&b.track));
    if limit < scored.len() {
        scored.select_nth_unstable_by(limit, order);
        scored.truncate(limit);
    }
    scored.sort_unstable_by(order);
}
