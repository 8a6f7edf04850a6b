//! What is made ready for short answers: for each song that is not too rare, the strongest of its rules
//! and of its artist's, and what it says for the artist's other songs, added up; for each artist the
//! strongest of its rules with the same of a rare song.
//!
//! An answer of ten songs then reads less than a hundred words of memory for each song that it is asked
//! about, where all its rules, or all its playlists, would be thousands.
//!
//! Not here: counting (see `cooccurrence`), and whose rules are written out as they are (see `written`).

use segue_model::TrackId;
use segue_model::score::{MOST_SHORT_RULES, antecedent_share, artist_share, strength};

use crate::cooccurrence::{Best, Cooccurrences, TAKEN_TOGETHER};
use crate::ranked::{Factors, Ranked};

/// The only playlist of a song is read as fast as a list.
const RARE: u32 = 1;
/// A song has so many rules for each of its playlists, but so many at least: on held-out playlists, fewer
/// are worse and more are no better.
const RULES_PER_PLAYLIST: usize = 8;
const FEWEST_RULES: usize = 24;
/// An artist's rules count for rare songs alone, where others say more.
const RULES_PER_ARTISTS_PLAYLIST: usize = 4;
const FEWEST_RULES_OF_ARTIST: usize = 24;
/// All together are at most so many, or one for so many songs of playlists: a model stays a fraction of
/// its dataset.
const RULES: usize = 4_000_000;
const OCCURRENCES_PER_RULE: usize = 2;
/// So many of an artist's rules are looked at: what they say least of may be what a song's own say most of.
pub(crate) const LOOKED_AT: usize = 2 * MOST_SHORT_RULES;
/// So many of an artist's songs speak for each other, the most frequent.
const OWN_SONGS: usize = MOST_SHORT_RULES;

/// How many rules an artist in so many playlists has; none where its only playlist is read.
pub(crate) fn rules_for_artist(support: usize) -> usize {
    if support <= RARE as usize {
        return 0;
    }
    (RULES_PER_ARTISTS_PLAYLIST * support).clamp(FEWEST_RULES_OF_ARTIST, MOST_SHORT_RULES)
}

/// How many rules a song in so many playlists has.
pub(crate) fn rules_for_song(support: usize) -> usize {
    (RULES_PER_PLAYLIST * support).clamp(FEWEST_RULES, MOST_SHORT_RULES)
}

/// How many songs have them, from the most frequent one on.
pub(crate) fn songs_with_short_rules(ranked: &Ranked) -> usize {
    let mut left = RULES.max(ranked.occurrences() / OCCURRENCES_PER_RULE);
    let first_without = ranked.supports.iter().position(|&support| {
        let rules = rules_for_song(support as usize);
        let is_last = support <= RARE || left < rules;
        left = left.saturating_sub(rules);
        is_last
    });
    first_without.unwrap_or(ranked.len())
}

/// What an artist says, to be added to what its songs do. Reused from artist to artist.
#[derive(Debug, Default)]
pub(crate) struct OfArtist {
    /// The strongest of its rules, and those to its own songs.
    rules: Vec<ByArtist>,
    /// What a rule of the artist counts.
    share: f32,
}

/// What an artist says for a track, as ranks.
#[derive(Clone, Copy, Debug)]
struct ByArtist {
    track: TrackId,
    /// The rank of the artist's rule.
    rule: f32,
    /// What each of the artist's songs says for the others of them.
    own: f32,
}

impl OfArtist {
    /// Takes the strongest rules of an artist that has been counted in so many of its playlists, and those to
    /// its songs, of which these are the most frequent. All rules are offered.
    pub(crate) fn choose(
        &mut self,
        ranked: &Ranked,
        support: usize,
        songs: &[TrackId],
        counts: &mut Cooccurrences,
        best: &mut Best,
    ) {
        self.share = antecedent_share(support as u32);
        let songs = &songs[..songs.len().min(OWN_SONGS)];
        let weight = ranked.own_weight * self.share;
        let own = songs.iter().map(|&track| {
            let factor = ranked.factors.of(track);
            let own = factor * strength(weight, ranked.supports[track as usize]);
            ByArtist { track, rule: counts.take_one(track, &ranked.factors), own }
        });
        self.rules.clear();
        self.rules.extend(own);
        self.rules.iter().for_each(|by| best.offer(&[(by.track, by.rule)], 1.0));
        counts.take(&ranked.factors, |ranks| best.offer(ranks, 1.0));
        let others = best.best_first().filter(|(track, _)| songs.binary_search(track).is_err());
        let others = others.take(LOOKED_AT).map(|(track, rule)| ByArtist { track, rule, own: 0.0 });
        self.rules.extend(others);
    }

    /// Offers what the artist says where its songs are rare: all of it counts as the artist's rules do for a
    /// song in one playlist.
    pub(crate) fn offer_to_rare(&self, best: &mut Best) {
        let share = artist_share(RARE) * self.share;
        let ranks = self.rules.iter().map(|by| (by.track, by.rule + by.own / share));
        ranks.for_each(|rank| best.offer(&[rank], 1.0));
    }

    /// Offers the best tracks of a song in so many playlists, which has been counted, and of its artist, whose
    /// rules are added up; and the best by the song's rules alone.
    pub(crate) fn choose_beside(
        &self,
        song: TrackId,
        support: usize,
        counts: &mut Cooccurrences,
        factors: &Factors,
        together: &mut Best,
        alone: &mut Best,
    ) {
        let own_share = antecedent_share(support as u32);
        let share = artist_share(support as u32) * self.share;
        let mut both = [(0, 0.0); TAKEN_TOGETHER];
        let mut only = [(0, 0.0); TAKEN_TOGETHER];
        for rules in self.rules.chunks(TAKEN_TOGETHER) {
            for (place, &ByArtist { track, rule, own }) in rules.iter().enumerate() {
                let rank = counts.take_one(track, factors);
                only[place] = (track, rank);
                let worth = own_share * rank + share * rule + own;
                both[place] = (track, if track == song { 0.0 } else { worth });
            }
            alone.offer(&only[..rules.len()], 1.0);
            together.offer(&both[..rules.len()], 1.0);
        }
        counts.take(factors, |ranks| {
            alone.offer(ranks, 1.0);
            together.offer(ranks, own_share);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooccurrence::{Consequent, Drawn};
    use crate::dataset::Items;

    /// What all tracks share with these playlists, counted one by one.
    fn strengths(ranked: &Ranked, playlists: &[u32]) -> Vec<f32> {
        let of_track = |track: TrackId| {
            let of_track = ranked.tracks.get(track);
            let shared: Vec<_> = playlists.iter().filter(|at| of_track.contains(at)).collect();
            let weight = shared.iter().map(|&&at| ranked.weights[at as usize]).sum();
            strength(weight, shared.len() as u32)
        };
        (0..ranked.len() as TrackId).map(of_track).collect()
    }

    #[test]
    fn what_a_song_and_its_artist_say_together_is_made_ready() {
        let mut random = fastrand::Rng::with_seed(7);
        let playlists: Vec<Vec<u32>> = (0..250)
            .map(|_| {
                let mut song = || {
                    let most = 8 << random.u32(..5);
                    random.u32(..most)
                };
                let mut songs: Vec<u32> = (0..20).map(|_| song()).collect();
                songs.sort_unstable();
                songs.dedup();
                songs
            })
            .collect();
        let artist_of: Vec<u32> = (0..LOOKED_AT as u32).map(|song| 1 + song % 13).collect();
        let items = Items::by_artists(artist_of);
        let ranked = Ranked::new(playlists.iter().map(Vec::as_slice), &items);
        let mut counts = Cooccurrences::new(ranked.len());
        let mut of_artist = OfArtist::default();
        let mut best = Best::default();
        let drawn = |playlists| Drawn::new(playlists, Drawn::MOST);
        for song in [0, 1, 5, 30, 100, ranked.len() as TrackId - 1] {
            let artist = items.artist_id(ranked.items[song as usize]);
            let (by_artist, with_song) = (ranked.artists.get(artist), ranked.tracks.get(song));
            let is_of_artist =
                |&song: &TrackId| items.artist_id(ranked.items[song as usize]) == artist;
            let songs: Vec<_> = (0..ranked.len() as TrackId).filter(is_of_artist).collect();
            counts.count(&ranked, drawn(by_artist), None);
            best.begin(LOOKED_AT);
            of_artist.choose(&ranked, by_artist.len(), &songs, &mut counts, &mut best);
            counts.count(&ranked, drawn(with_song), Some(song));
            best.begin(rules_for_song(with_song.len()));
            of_artist.choose_beside(
                song,
                with_song.len(),
                &mut counts,
                &ranked.factors,
                &mut best,
                &mut Best::default(),
            );
            let unranked = |(track, worth)| (track, worth / ranked.factors.of(track));
            let found: Vec<Consequent> = best.all().map(unranked).collect();

            let support = with_song.len() as u32;
            let share = artist_share(support) * antecedent_share(by_artist.len() as u32);
            let sums = strengths(&ranked, with_song).into_iter().zip(strengths(&ranked, by_artist));
            let sums =
                sums.map(|(own, by_artist)| antecedent_share(support) * own + share * by_artist);
            let mut sums: Vec<f32> = sums.collect();
            let weight = ranked.own_weight * antecedent_share(by_artist.len() as u32);
            for &own in &songs {
                sums[own as usize] += strength(weight, ranked.supports[own as usize]);
            }
            let worth = |track: TrackId| sums[track as usize] * ranked.factors.of(track);
            let others = (0..ranked.len() as TrackId).filter(|&track| track != song);
            let mut expected: Vec<f32> = others.map(worth).filter(|&worth| worth > 0.0).collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            expected.truncate(rules_for_song(with_song.len()));

            assert_eq!(found.len(), expected.len());
            let mut worths: Vec<f32> = found.iter().map(|&(track, _)| worth(track)).collect();
            worths.sort_by(|a, b| b.total_cmp(a));
            for (found, expected) in worths.iter().zip(&expected) {
                assert!((found / expected - 1.0).abs() < 1e-3, "{song}: {found} for {expected}");
            }
            for (track, sum) in found {
                assert!(track != song && (sum / sums[track as usize] - 1.0).abs() < 1e-3);
            }
        }
    }
}
