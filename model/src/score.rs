//! The one scoring code: from the songs of a request to the songs that belong beside them. The API
//! serves with it and the miner evaluates with it.
//!
//! For `k` known songs, the score of a candidate `c` is
//!
//! ```text
//! (n_c + 20)^-b * sum over the songs a, by artists A, of
//!     n_a^-0.75 * r(a -> c)                       the song's rule
//!   + 6 / (n_a + 20) * n_A^-0.75 * r(A -> c)      its artist's rule, which answers for rare songs
//!   + 24 q w * n_A^-0.75 * n_c / (n_c + 3)        if c is by A, too
//!   + m * l(a -> c)                               its learned rule
//!
//! r(x -> c) = W_xc * n_xc / (n_xc + 3)            W_xc = sum of |p|^-0.5
//! b = min(0.7, 0.17 ln k)                         m = min(2, 0.13 (ln k)^2)
//! ```
//!
//! where `n` are supports, `W_xc` sums over the transactions `p` that hold both, `w` is what one of mean
//! length counts, and `q` the share of songs that are not the first by their artist in their playlist. A
//! co-occurrence in a short playlist says more than one in a long one; the fraction shrinks what was seen
//! once or twice; and the more songs are known, the less popularity alone counts. Where artists come back
//! in playlists, who takes one song of an artist takes others, all the more of a rare one: each song counts
//! for them as if the artist had been with them in some more playlists (in ten, where `q` is .42). The
//! rules of two songs that always come together say the same thing twice; a learned rule is the weight of
//! one song beside the others, and so may be negative. It counts where the other rules say something, too.
//! A song that stands for several tracks (an ambiguous title) shares its vote among them by support.
//!
//! One song alone says little. A longer answer then also asks what would come first, as if somebody had
//! liked that, too (pseudo relevance feedback; Manning, Raghavan, Schütze: Introduction to Information
//! Retrieval, 9.1.6). To the sum for a candidate that is spoken for, each of the first twelve songs `e`
//! adds, itself among the candidates,
//!
//! ```text
//! 0.1 * score(e) / score(the first) * n_e^-0.75 * r(e -> c)
//! ```
//!
//! The first ten of a few songs do not depend on what stands at the end of long lists. So a short answer
//! reads what the miner made ready for it: for each song the strongest of its rules and its artist's,
//! added up, or of a song in one playlist alone the most frequent songs of that; and learned rules only
//! where many songs are given; for a song that is given alone, the first of its list are the answer. A longer
//! answer reads everything.

use std::collections::HashSet;

use smallvec::SmallVec;

use crate::catalog::TrackId;
use crate::model::Model;
use crate::picked::{Picked, look_at};
use crate::rule::Antecedent;
pub use crate::scratch::Scratch;
use crate::scratch::Sums;
pub use crate::seeds::Seeds;
use crate::seeds::{ArtistVote, Votes};

/// What was learnt by tuning on held-out playlists; see the formula above.
const POPULARITY_OFFSET: f32 = 20.0;
const POPULARITY_PER_LOG_SONG: f32 = 0.17;
const MOST_POPULARITY: f32 = 0.7;
/// A support of this many co-occurrences counts half.
const SHRINKAGE: f32 = 3.0;
/// How much an artist's rule counts for a song of no support, and how soon a song speaks for itself.
const ARTIST_SHARE: f32 = 6.0;
const ARTIST_OFFSET: f32 = 20.0;
const LEARNED_PER_LOG_SONG: f32 = 0.13;
const MOST_LEARNED: f32 = 2.0;

/// A song would count for the others of its artist as so many co-occurrences of the artist do, if no song were
/// the first by its artist in a playlist.
const OWN: f32 = 24.0;

/// Beside a song that is given alone, so many of those that would come first speak, too, ...
const ECHOES: usize = 12;
/// ... and so much the first of them.
const ECHO: f32 = 0.1;

/// An answer of at most so many songs is a short one.
pub const SHORT_ANSWER: usize = 10;
/// The most rules of one song or artist that a short answer reads, and so that are made ready for it.
pub const MOST_SHORT_RULES: usize = 64;
/// It reads fewer for one song alone, where what comes first stands first, and fewer of each the more
/// songs there are: about so many of all together, but so many of each.
const SHORT_RULES_OF_ONE: usize = 32;
const SHORT_RULES_OF_ALL: usize = 160;
const FEWEST_SHORT_RULES: usize = 12;
/// It reads about so many learned rules of all songs together, but so many of each; and none for few songs:
/// there they do not move the first ten.
const SHORT_LEARNED_OF_ALL: usize = 400;
const FEWEST_SHORT_LEARNED: usize = 8;
const FEW_SONGS: usize = 5;

/// What a co-occurrence in a transaction of this length counts.
#[must_use]
pub fn weight(length: f32) -> f32 {
    length.max(1.0).powf(-0.5)
}

/// The strength of a rule: `weight` is the sum of `|p|^-0.5` over the `support` transactions `p` that
/// hold antecedent and consequent.
#[must_use]
#[inline]
pub fn strength(weight: f32, support: u32) -> f32 {
    let support = support as f32;
    weight * support / (support + SHRINKAGE)
}

/// What decides which of a song's rules are kept where there are too many: strength, corrected for half
/// of the consequent's popularity.
#[must_use]
pub fn rank(strength: f32, consequent_support: u32) -> f32 {
    strength * (consequent_support as f32 + POPULARITY_OFFSET).powf(-0.3)
}

/// The impact of a learned rule whose weight in the regression is `weight`.
#[must_use]
pub fn learned_impact(weight: f32, consequent_support: u32) -> f32 {
    weight * (consequent_support as f32 + POPULARITY_OFFSET).powf(0.3)
}

/// A recommended track and its score, comparable only with others for the same request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The track.
    pub track: TrackId,
    /// How well it fits.
    pub score: f32,
}

/// What the rules of an antecedent count: the less, the more there are to add up.
#[must_use]
pub fn antecedent_share(support: u32) -> f32 {
    // The power of -0.75.
    let root = (support.max(1) as f32).sqrt();
    1.0 / (root * root.sqrt())
}

/// What the rules of its artist count for a song.
#[must_use]
pub fn artist_share(support: u32) -> f32 {
    ARTIST_SHARE / (support as f32 + ARTIST_OFFSET)
}

/// What a song counts for the others of its artist, as the weight of an artist's rule to each: in transactions
/// of this mean length, songs by artists occur so often, `first` times as the first by their artist.
#[must_use]
pub fn own_weight(mean_length: f32, occurrences: usize, first: usize) -> f32 {
    let repeated = occurrences.saturating_sub(first) as f32 / occurrences.max(1) as f32;
    OWN * repeated * weight(mean_length)
}

/// What learned rules count beside the others where so many songs are given.
pub(crate) fn learned_share(songs: usize) -> f32 {
    let log = (songs.max(1) as f32).ln();
    (LEARNED_PER_LOG_SONG * log * log).min(MOST_LEARNED)
}

/// How many learned rules of each song an answer of at most `limit` songs reads.
fn learned_for(limit: usize, songs: usize) -> usize {
    match (limit <= SHORT_ANSWER, songs <= FEW_SONGS) {
        (true, true) => 0,
        (true, false) => (SHORT_LEARNED_OF_ALL / songs).max(FEWEST_SHORT_LEARNED),
        (false, _) => usize::MAX,
    }
}

/// How many of its prepared rules a short answer reads for each of so many songs.
fn short_rules_for(songs: usize) -> usize {
    match songs {
        0..=1 => SHORT_RULES_OF_ONE,
        _ => (SHORT_RULES_OF_ALL / songs).clamp(FEWEST_SHORT_RULES, MOST_SHORT_RULES),
    }
}

/// How many of a song's `most` rules a track gives that has this share of the song's vote.
fn share_of(most: usize, share: f32) -> usize {
    // By way of a number of 32 bits, for which processors have an instruction.
    ((most as f32 * share) as u32 as usize).max(1)
}

/// What a candidate's score is multiplied with for its popularity, where so many songs are given.
pub(crate) fn popularity_factor(songs: usize, support: u32) -> f32 {
    let power = (POPULARITY_PER_LOG_SONG * (songs.max(1) as f32).ln()).min(MOST_POPULARITY);
    (support as f32 + POPULARITY_OFFSET).powf(-power)
}

impl Model {
    /// The `limit` best tracks for these seeds, best first, one for each recording; never a seed, nor
    /// another edition or recording of a seed's song. Equal scores are ordered by support, then by
    /// first appearance in the dataset. Fewer come where the rules say nothing about more. Up to
    /// [`SHORT_ANSWER`] of them are found in a fraction of the time.
    pub fn recommend(&self, seeds: &Seeds, limit: usize, scratch: &mut Scratch) -> Vec<Scored> {
        let factors = self.popularity().factors(seeds.len());
        let votes = seeds.votes(self.catalog());
        let mut is_short = limit <= SHORT_ANSWER;
        if is_short && let Some(ready) = self.ready(seeds, &votes) {
            let mut picked = Picked::new(self.catalog(), seeds, limit);
            picked.offer_all(ready.map(|(track, score)| Scored { track, score }));
            if picked.is_full() {
                return picked.best;
            }
        }
        // Many more are looked at, which means to add up again, only where these are not enough.
        let mut look_at = look_at(limit);
        let echoes = if is_short { Vec::new() } else { self.echoes(seeds, &votes, scratch) };
        loop {
            let mut sums = match is_short {
                true => self.add_up_short(seeds, &votes, scratch),
                false => self.add_up(seeds, &votes, scratch),
            };
            self.correct(seeds, &votes, learned_for(limit, seeds.len()), &mut sums);
            self.add_echoes(&echoes, &mut sums);
            sums.leave_out(seeds.tracks());
            let mut picked = Picked::new(self.catalog(), seeds, limit);
            let chosen = sums.choose(factors, look_at);
            let is_all = chosen.len() < look_at;
            picked.offer_all(chosen);
            if picked.is_full() || is_all && !is_short {
                return picked.best;
            }
            match is_all {
                // What was made ready for rare songs may be too little.
                true => is_short = false,
                false => look_at *= 8,
            }
        }
    }

    /// What a song that is given alone says, if it is ready as short answers read it: popularity counts
    /// nothing beside one song, so that what says most comes first.
    fn ready(
        &self,
        seeds: &Seeds,
        votes: &[(TrackId, f32)],
    ) -> Option<impl Iterator<Item = (TrackId, f32)> + Clone> {
        let &[(track, share)] = votes else { return None };
        let ready = self.rules().short_of_track(track).first(short_rules_for(1));
        (seeds.len() == 1 && !ready.is_empty()).then(|| ready.iter(share))
    }

    /// Adds up what the rules of these seeds say, the learned ones aside.
    fn add_up<'s>(
        &self,
        seeds: &Seeds,
        votes: &[(TrackId, f32)],
        scratch: &'s mut Scratch,
    ) -> Sums<'s, '_> {
        let mut sums = scratch.sums(self.rules());
        let supports = self.catalog().supports();
        for &(track, share) in votes {
            let vote = share * antecedent_share(supports[track as usize]);
            sums.add(Antecedent::Track(track), vote);
        }
        for ArtistVote { artist, vote, own } in seeds.artist_votes(self, votes) {
            sums.add(Antecedent::Artist(artist), vote);
            sums.add_own(artist, own, usize::MAX);
        }
        sums.complete();
        sums
    }

    /// The same, as far as short answers need it.
    fn add_up_short<'s>(
        &self,
        seeds: &Seeds,
        votes: &[(TrackId, f32)],
        scratch: &'s mut Scratch,
    ) -> Sums<'s, '_> {
        let (rules, catalog) = (self.rules(), self.catalog());
        let mut sums = scratch.sums(rules);
        let most = short_rules_for(seeds.len());
        let (mut lists, mut rare) = (SmallVec::<[_; 16]>::new(), Votes::new());
        for &(track, share) in votes {
            let (short, most) = (rules.short_of_track(track), share_of(most, share));
            if !short.is_empty() {
                lists.push((short.first(most), share));
                continue;
            }
            rare.push((track, share));
            match rules.head(track).only() {
                Some(number) => sums.add_only(number, share, most),
                None => {
                    let vote = share * antecedent_share(catalog.support(track));
                    sums.add_some(Antecedent::Track(track), vote, most);
                }
            }
        }
        let most = most / 2;
        for ArtistVote { artist, vote, own } in seeds.artist_votes(self, &rare) {
            match rules.short_of_artist(artist) {
                short if short.is_empty() => {
                    sums.add_some(Antecedent::Artist(artist), vote, most);
                    sums.add_own(artist, own, most);
                }
                short => lists.push((short.first(most), vote)),
            }
        }
        sums.add_all(&lists);
        sums.complete();
        sums
    }

    /// Adds what the learned rules of these seeds say, so many of each.
    fn correct<'m>(
        &'m self,
        seeds: &Seeds,
        votes: &[(TrackId, f32)],
        most: usize,
        sums: &mut Sums<'_, 'm>,
    ) {
        let learned = learned_share(seeds.len());
        if learned > 0.0 && most > 0 {
            let rules = self.rules();
            let lists = votes.iter().map(|&(track, share)| {
                let rules = rules.learned_of_track(track);
                (rules.first(share_of(most, share)), learned * share)
            });
            sums.correct_all(&lists.collect::<Vec<_>>());
        }
    }

    /// The songs that would come first, and what each of them counts beside the song that is given; none
    /// where several are.
    fn echoes(
        &self,
        seeds: &Seeds,
        votes: &[(TrackId, f32)],
        scratch: &mut Scratch,
    ) -> Vec<(TrackId, f32)> {
        if seeds.len() != 1 {
            return Vec::new();
        }
        // All is added up for this, and again for the answer: one song's rules are few.
        let factors = self.popularity().factors(seeds.len());
        let mut sums = self.add_up(seeds, votes, scratch);
        sums.leave_out(seeds.tracks());
        let best: Vec<Scored> = sums.choose(factors, ECHOES).collect();
        let first = best.first().map_or(0.0, |first| first.score);
        best.into_iter().map(|echo| (echo.track, ECHO * echo.score / first)).collect()
    }

    /// Adds what the rules of these songs say, each so many times.
    fn add_echoes(&self, echoes: &[(TrackId, f32)], sums: &mut Sums<'_, '_>) {
        let supports = self.catalog().supports();
        for &(track, vote) in echoes {
            sums.add_to_known(track, vote * antecedent_share(supports[track as usize]));
        }
    }

    /// The `limit` most frequent tracks that are no seed: what is recommended where the rules are silent.
    #[must_use]
    pub fn popular(&self, seeds: &Seeds, limit: usize) -> Vec<TrackId> {
        let catalog = self.catalog();
        let mut taken: HashSet<_> = seeds.tracks().map(|track| catalog.song(track)).collect();
        (0..catalog.len() as TrackId)
            .filter(|&track| taken.insert(catalog.song(track)))
            .take(limit)
            .collect()
    }
}
