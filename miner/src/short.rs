//! What is made ready for short answers: for each song that is not too rare, the strongest of its rules
//! and of its artist's, added up; for each artist the strongest of its own.
//!
//! An answer of ten songs then reads less than a hundred words of memory for each song that it is asked
//! about, where all its rules, or all its playlists, would be thousands. What is strongest, the model
//! itself is asked: its scoring is the only one there is.

use rayon::prelude::*;
use segue_model::build::{Builder, Keys, Rules, TooLarge};
use segue_model::score::MOST_SHORT_RULES;
use segue_model::short::Memory;
use segue_model::{Antecedent, ArtistId, Metadata, Model, TrackId};

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

/// Adds them for the model in the making, whose other rules are all there. Its tracks are these songs of
/// those that there are keys of.
pub(crate) fn add_short_rules(
    builder: &mut Builder,
    keys: &Keys,
    songs: &[u32],
    metadata: &Metadata,
) -> Result<(), TooLarge> {
    let model = builder.scorer(keys, songs, metadata.clone());
    let model = model.expect("a model that was just made can be read");
    let mut songs: Vec<TrackId> = (0..with_short_rules(&model)).collect();
    songs.sort_by_key(|&song| model.catalog().artist(song));
    let of_artist = |artist: ArtistId| {
        let start = songs.partition_point(|&song| model.catalog().artist(song) < artist);
        let end = songs.partition_point(|&song| model.catalog().artist(song) <= artist);
        &songs[start..end]
    };
    let artists = 0..model.metadata().artists as ArtistId;
    let (of_artists, of_songs): (Vec<Rules>, Vec<Vec<Rules>>) = artists
        .into_par_iter()
        .map_init(Memory::default, |memory, artist| {
            let songs = of_artist(artist);
            let most = most_of_artist(&model, artist);
            if most == 0 && songs.is_empty() {
                return Default::default();
            }
            let mut short = model.short_rules(artist, memory);
            let rules_of = |&song: &TrackId| {
                let most = rules_for(model.catalog().support(song) as usize);
                Rules::from(&short.of_song(song, most))
            };
            let of_songs = songs.iter().map(rules_of).collect();
            (Rules::from(&short.of_artist(most)), of_songs)
        })
        .unzip();
    let mut of_tracks = vec![Rules::default(); songs.len()];
    for (song, rules) in songs.into_iter().zip(of_songs.into_iter().flatten()) {
        of_tracks[song as usize] = rules;
    }
    for rules in of_tracks {
        builder.add_short_rules(rules)?;
    }
    for rules in of_artists {
        builder.add_short_artist_rules(rules)?;
    }
    Ok(())
}

/// How many rules an artist has; none where its only playlist, or the rules that are written out, are
/// read.
fn most_of_artist(model: &Model, artist: ArtistId) -> usize {
    let support = model.rules().occurrences(Antecedent::Artist(artist)).len();
    let is_written = support > model.metadata().parameters.implicit_support as usize;
    if support <= RARE as usize || is_written {
        return 0;
    }
    (RULES_PER_ARTISTS_PLAYLIST * support).clamp(FEWEST_RULES_OF_ARTIST, MOST_SHORT_RULES)
}

/// How many rules a song in so many playlists has.
fn rules_for(support: usize) -> usize {
    (RULES_PER_PLAYLIST * support).clamp(FEWEST_RULES, MOST_SHORT_RULES)
}

/// How many songs have them, from the most frequent one on.
fn with_short_rules(model: &Model) -> TrackId {
    let catalog = model.catalog();
    let occurrences = model.metadata().occurrences as usize;
    let mut left = RULES.max(occurrences / OCCURRENCES_PER_RULE);
    let mut tracks = 0..catalog.len() as TrackId;
    let first_without = tracks.find(|&track| {
        let support = catalog.support(track);
        let rules = rules_for(support as usize);
        let is_last = support <= RARE || left < rules;
        left = left.saturating_sub(rules);
        is_last
    });
    first_without.unwrap_or(catalog.len() as TrackId)
}
