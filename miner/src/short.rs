//! What is made ready for short answers: for each song that is not too rare, the strongest of its rules
//! and of its artist's, added up; for each artist the strongest of its own.
//!
//! An answer of ten songs then reads less than a hundred words of memory for each song that it is asked
//! about, where all its rules, or all its playlists, would be thousands.
//!
//! Not here: counting (see `cooccurrence`), and whose rules are written out as they are (see `written`).

use segue_model::TrackId;
use segue_model::score::{MOST_SHORT_RULES, antecedent_share, artist_share};

use crate::cooccurrence::{Consequent, keep_first};
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
/// So many rules are looked at for each that is kept: what a song's own rules say least of may be what its
/// artist's say most of.
pub(crate) const LOOKED_AT: usize = 4 * MOST_SHORT_RULES;

/// How many rules an artist in so many playlists has, whose rules are not written out; none where its only
/// playlist is read.
pub(crate) fn rules_for_artist(support: usize) -> usize {
    if support <= RARE as usize {
        return 0;
    }
    (RULES_PER_ARTISTS_PLAYLIST * support).clamp(FEWEST_RULES_OF_ARTIST, MOST_SHORT_RULES)
}

/// How many rules a song in so many playlists has.
fn rules_for(support: usize) -> usize {
    (RULES_PER_PLAYLIST * support).clamp(FEWEST_RULES, MOST_SHORT_RULES)
}

/// How many songs have them, from the most frequent one on.
pub(crate) fn songs_with_short_rules(ranked: &Ranked) -> usize {
    let mut left = RULES.max(ranked.occurrences() / OCCURRENCES_PER_RULE);
    let first_without = ranked.supports.iter().position(|&support| {
        let rules = rules_for(support as usize);
        let is_last = support <= RARE || left < rules;
        left = left.saturating_sub(rules);
        is_last
    });
    first_without.unwrap_or(ranked.len())
}

/// What the rules of an artist say, to be added to what those of its songs do. Reused from artist to
/// artist, its memory is allocated once.
#[derive(Debug)]
pub(crate) struct OfArtist {
    /// The strongest rules, best first.
    rules: Vec<Consequent>,
    /// Per track: the strength of the rule to it.
    strengths: Vec<f32>,
    /// What is added up for a song.
    sums: Vec<Consequent>,
    share: f32,
}

impl OfArtist {
    /// Room for so many tracks.
    pub(crate) fn new(tracks: usize) -> Self {
        Self { rules: Vec::new(), strengths: vec![0.0; tracks], sums: Vec::new(), share: 0.0 }
    }

    /// Takes the strongest rules of an artist in so many playlists, best first.
    pub(crate) fn set(&mut self, support: usize, rules: impl Iterator<Item = Consequent>) {
        self.rules.drain(..).for_each(|(track, _)| self.strengths[track as usize] = 0.0);
        self.rules.extend(rules);
        for &(track, strength) in &self.rules {
            self.strengths[track as usize] = strength;
        }
        self.share = antecedent_share(support as u32);
    }

    /// All of them.
    pub(crate) fn rules(&self) -> &[Consequent] {
        &self.rules
    }

    /// The `most` best of them, the strongest first.
    pub(crate) fn short(&self, most: usize) -> Vec<Consequent> {
        let mut rules = self.rules[..self.rules.len().min(most)].to_vec();
        sort_by_strength(&mut rules);
        rules
    }

    /// What the rules of a song in so many playlists say together with its artist's: the tracks that would
    /// come first beside a few songs, and the sums for them, the greatest first. The song itself is left
    /// out.
    pub(crate) fn short_of_song(
        &mut self,
        song: TrackId,
        support: usize,
        rules: &[Consequent],
        factors: &Factors,
    ) -> &[Consequent] {
        let Self { rules: of_artist, strengths, sums, share } = self;
        let own = antecedent_share(support as u32);
        let share = artist_share(support as u32) * *share;
        sums.clear();
        // Each of the artist's is taken where the song has it, too, and put back after all have been.
        sums.extend(rules.iter().map(|&(track, strength)| {
            let of_artist = std::mem::take(&mut strengths[track as usize]);
            (track, own * strength + share * of_artist)
        }));
        let first = &of_artist[..of_artist.len().min(MOST_SHORT_RULES + 1)];
        let others = first.iter().filter(|&&(track, _)| track != song);
        let others = others.map(|&(track, _)| (track, share * strengths[track as usize]));
        sums.extend(others.filter(|&(_, sum)| sum > 0.0));
        for &(track, strength) in of_artist.iter() {
            strengths[track as usize] = strength;
        }
        let worth = |&(track, sum): &Consequent| sum * factors.of(track);
        keep_first(sums, rules_for(support), |a, b| {
            worth(b).total_cmp(&worth(a)).then(a.0.cmp(&b.0))
        });
        sort_by_strength(sums);
        sums
    }
}

fn sort_by_strength(rules: &mut [Consequent]) {
    rules.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

#[cfg(test)]
mod tests {
    use segue_model::score::strength;

    use super::*;
    use crate::cooccurrence::{Cooccurrences, Drawn};
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
                    let most = 8 << random.u32(..6);
                    random.u32(..most)
                };
                let mut songs: Vec<u32> = (0..20).map(|_| song()).collect();
                songs.sort_unstable();
                songs.dedup();
                songs
            })
            .collect();
        let artist_of: Vec<u32> = (0..256).map(|song| 1 + song % 13).collect();
        let items = Items::by_artists(artist_of);
        let ranked = Ranked::new(playlists.iter().map(Vec::as_slice), &items);
        let mut counts = Cooccurrences::new(ranked.len());
        let mut of_artist = OfArtist::new(ranked.len());
        let drawn = |playlists| Drawn::new(playlists, Drawn::MOST);
        for song in [0, 1, 5, 30, 100, ranked.len() as TrackId - 1] {
            let artist = items.artist_id(ranked.items[song as usize]);
            let (by_artist, with_song) = (ranked.artists.get(artist), ranked.tracks.get(song));
            of_artist.set(
                by_artist.len(),
                counts.strongest_first(&ranked, drawn(by_artist), None, LOOKED_AT),
            );
            let rules: Vec<_> =
                counts.strongest(&ranked, drawn(with_song), Some(song), LOOKED_AT).collect();
            let found =
                of_artist.short_of_song(song, with_song.len(), &rules, &ranked.factors).to_vec();

            let support = with_song.len() as u32;
            let share = artist_share(support) * antecedent_share(by_artist.len() as u32);
            let sums = strengths(&ranked, with_song).into_iter().zip(strengths(&ranked, by_artist));
            let sums =
                sums.map(|(own, by_artist)| antecedent_share(support) * own + share * by_artist);
            let sums: Vec<f32> = sums.collect();
            let worth = |track: TrackId| sums[track as usize] * ranked.factors.of(track);
            let others = (0..ranked.len() as TrackId).filter(|&track| track != song);
            let mut best: Vec<f32> = others.map(worth).filter(|&worth| worth > 0.0).collect();
            best.sort_by(|a, b| b.total_cmp(a));
            best.truncate(rules_for(with_song.len()));

            assert!(found.is_sorted_by(|a, b| a.1 > b.1 || a.1 == b.1 && a.0 < b.0));
            assert_eq!(found.len(), best.len());
            let mut worths: Vec<f32> = found.iter().map(|&(track, _)| worth(track)).collect();
            worths.sort_by(|a, b| b.total_cmp(a));
            for (found, best) in worths.iter().zip(&best) {
                assert!((found / best - 1.0).abs() < 1e-3, "{song}: {found}, expected {best}");
            }
            for (track, sum) in found {
                assert!(track != song && (sum / sums[track as usize] - 1.0).abs() < 1e-3);
            }
        }
    }
}
