//! The rules that are written out: for each frequent song, and each frequent artist, the songs that its
//! playlists hold, too, from a support of 1 up, the strongest of them kept.
//!
//! There is no smallest support here: on real playlists, leaving out pairs seen once or twice costs a
//! third of the recommendations' quality. Rare songs and artists need no rules: their playlists are in
//! the model.

use rayon::prelude::*;
use segue_model::build::Rules;
use segue_model::{Antecedent, TrackId};

use crate::cooccurrence::Cooccurrences;
use crate::dataset::Items;
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

/// The rules of all antecedents that have any, by antecedent.
#[derive(Debug, Default)]
pub(crate) struct ExplicitRules {
    /// Of each track with more transactions than were asked for.
    pub(crate) of_tracks: Vec<Rules>,
    /// Of each artist; none where it has fewer.
    pub(crate) of_artists: Vec<Rules>,
}

/// The rules of tracks and artists with more than `implicit_support` transactions, at most so many for
/// each. The same for any number of threads.
pub(crate) fn explicit_rules(
    ranked: &Ranked,
    items: &Items,
    implicit_support: u32,
    most_of_tracks: usize,
    most_of_artists: usize,
) -> ExplicitRules {
    let tracks = ranked.supports.partition_point(|&support| support > implicit_support);
    let artists = ranked.artists.len();
    // An artist and its tracks are counted one after the other: it is in the same transactions.
    let artist_of = |track: TrackId| items.artist_id(ranked.items[track as usize]);
    let mut antecedents: Vec<(u32, Antecedent)> =
        (0..tracks as TrackId).map(|track| (artist_of(track), Antecedent::Track(track))).collect();
    if most_of_artists > 0 {
        let artists = (0..artists as u32)
            .filter(|&artist| ranked.artists.get(artist).len() > implicit_support as usize);
        antecedents.extend(artists.map(|artist| (artist, Antecedent::Artist(artist))));
    }
    antecedents.sort_by_key(|&(artist, _)| artist);

    let counted: Vec<Rules> = antecedents
        .par_iter()
        .map_init(
            || Cooccurrences::new(ranked),
            |counts, &(_, antecedent)| {
                let rules = match antecedent {
                    Antecedent::Track(track) => {
                        let occurrences = ranked.tracks.get(track);
                        counts.strongest(ranked, occurrences, Some(track), most_of_tracks)
                    }
                    Antecedent::Artist(artist) => {
                        let occurrences = ranked.artists.get(artist);
                        counts.strongest(ranked, occurrences, None, most_of_artists)
                    }
                };
                Rules::from(&rules)
            },
        )
        .collect();
    let mut rules = ExplicitRules {
        of_tracks: vec![Rules::default(); tracks],
        of_artists: vec![Rules::default(); artists],
    };
    for ((_, antecedent), counted) in antecedents.into_iter().zip(counted) {
        match antecedent {
            Antecedent::Track(track) => rules.of_tracks[track as usize] = counted,
            Antecedent::Artist(artist) => rules.of_artists[artist as usize] = counted,
        }
    }
    rules
}
