//! The rules that are written out: for each frequent song, and each frequent artist, the songs that its
//! playlists hold, too, from a support of 1 up, the strongest of them kept.
//!
//! There is no smallest support here: on real playlists, leaving out pairs seen once or twice costs a
//! third of the recommendations' quality. Rare songs and artists need no rules: their playlists are in
//! the model.

use rayon::prelude::*;
use segue_model::TrackId;

use crate::cooccurrence::Cooccurrences;
use crate::ranked::Ranked;

/// Consequents and strengths, best first by [`rank`](segue_model::score::rank).
pub(crate) type Consequents = Vec<(TrackId, f32)>;

/// How many songs and artists have more than `implicit_support` transactions.
pub(crate) fn explicit_antecedents(ranked: &Ranked, implicit_support: u32) -> usize {
    let tracks = ranked.supports.partition_point(|&support| support > implicit_support);
    let artists = (0..ranked.artists.len() as u32)
        .filter(|&artist| ranked.artists.get(artist).len() > implicit_support as usize);
    tracks + artists.count()
}

/// The rules of each track with more than `implicit_support` transactions, in order of the tracks: at
/// most `most` each. The same for any number of threads.
pub(crate) fn rules_of_tracks(
    ranked: &Ranked,
    implicit_support: u32,
    most: usize,
) -> Vec<Consequents> {
    let antecedents = ranked.supports.partition_point(|&support| support > implicit_support);
    let rules = (0..antecedents as TrackId).into_par_iter().map_init(
        || Cooccurrences::new(ranked),
        |counts, antecedent| {
            counts.strongest(ranked, ranked.tracks.get(antecedent), Some(antecedent), most)
        },
    );
    rules.collect()
}

/// The rules of each artist, at most `most`; none where it is in at most `implicit_support` transactions.
pub(crate) fn rules_of_artists(
    ranked: &Ranked,
    implicit_support: u32,
    most: usize,
) -> Vec<Consequents> {
    let rules = (0..ranked.artists.len() as u32).into_par_iter().map_init(
        || Cooccurrences::new(ranked),
        |counts, artist| match ranked.artists.get(artist) {
            occurrences if occurrences.len() > implicit_support as usize => {
                counts.strongest(ranked, occurrences, None, most)
            }
            _ => Vec::new(),
        },
    );
    rules.collect()
}
