//! The rules that are written out: for each frequent song, and each frequent artist, the songs that its
//! playlists hold, too, from a support of 1 up, the strongest of them kept; and what is made ready for short
//! answers of these and of rarer ones (see `short`).
//!
//! There is no smallest support here: on real playlists, leaving out pairs seen once or twice costs a
//! third of the recommendations' quality. Rare songs and artists need no rules: their playlists are in
//! the model.
//!
//! An artist and its songs are a task: they are in the same playlists, and what is made ready for a song is
//! made of its own rules and its artist's while these are at hand.

use segue_model::build::Rules;
use segue_model::{Antecedent, ArtistId, TrackId};

use crate::cooccurrence::{Best, Consequent, Cooccurrences, Drawn};
use crate::dataset::Items;
use crate::ranked::{Factors, Ranked};
use crate::short::{LOOKED_AT, OfArtist, rules_for_artist, rules_for_song, songs_with_short_rules};
use crate::spread::spread;

/// At most so many playlists of a song are counted, drawn evenly, and of an artist, whose rules count for
/// rare songs alone: what is strongest in these is what matters in all.
const MOST_OF_SONG: usize = Drawn::MOST;
const MOST_OF_ARTIST: usize = 127;
/// So many tasks are done together by one thread: few enough for none to wait long for another at the end.
const TASKS_TOGETHER: usize = 16;
/// So many songs without an artist are a task.
const SONGS_TOGETHER: usize = 16;

/// Which songs and artists have rules, and how many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Those in more playlists have their rules written out.
    pub(crate) implicit_support: u32,
    /// At most so many for each.
    pub(crate) most_rules: usize,
    /// Whether artists have any.
    pub(crate) with_artists: bool,
}

/// The rules of all antecedents that have any, by antecedent.
#[derive(Debug, Default)]
pub(crate) struct WrittenRules {
    /// Of each track in enough playlists, which are the first ones.
    pub(crate) of_tracks: Vec<Rules>,
    /// Of each artist; none where it is in fewer.
    pub(crate) of_artists: Vec<Rules>,
    /// What is made ready for short answers, of the first tracks.
    pub(crate) short_of_tracks: Vec<Rules>,
    /// The same of each artist; none where one playlist is all it has.
    pub(crate) short_of_artists: Vec<Rules>,
}

/// How many songs and artists have more than `implicit_support` transactions.
pub(crate) fn explicit_antecedents(ranked: &Ranked, implicit_support: u32) -> usize {
    let artists = (0..ranked.artists.len() as u32)
        .filter(|&artist| ranked.artists.get(artist).len() > implicit_support as usize);
    explicit_tracks(ranked, implicit_support) + artists.count()
}

fn explicit_tracks(ranked: &Ranked, implicit_support: u32) -> usize {
    ranked.supports.partition_point(|&support| support > implicit_support)
}

/// The rules of tracks and artists. The same for any number of threads.
pub(crate) fn written_rules(ranked: &Ranked, items: &Items, limits: Limits) -> WrittenRules {
    let explicit = explicit_tracks(ranked, limits.implicit_support);
    let short = songs_with_short_rules(ranked);
    let artist_of = |track: &TrackId| items.artist_id(ranked.items[*track as usize]);
    let mut songs: Vec<TrackId> = (0..explicit.max(short) as TrackId).collect();
    songs.sort_by_key(artist_of);
    let mut tasks: Vec<(Option<ArtistId>, &[TrackId])> = Vec::new();
    let mut left = &songs[..];
    for artist in 0..ranked.artists.len() as ArtistId {
        let (of_artist, others) =
            left.split_at(left.partition_point(|song| artist_of(song) == artist));
        left = others;
        if limits.with_artists && !ranked.artists.get(artist).is_empty() {
            tasks.push((Some(artist), of_artist));
        } else {
            tasks.extend(of_artist.chunks(SONGS_TOGETHER).map(|songs| (None, songs)));
        }
    }
    let new = || Task::new(ranked, limits, explicit, short);
    let found =
        spread(&tasks, TASKS_TOGETHER, new, |task, &(artist, songs)| task.of(artist, songs));

    let mut rules = WrittenRules {
        of_tracks: vec![Rules::default(); explicit],
        of_artists: vec![Rules::default(); ranked.artists.len()],
        short_of_tracks: vec![Rules::default(); short],
        short_of_artists: vec![Rules::default(); ranked.artists.len()],
    };
    for ((artist, songs), found) in tasks.into_iter().zip(found) {
        if let Some(artist) = artist {
            let [explicit, short] = found.of_artist;
            rules.of_artists[artist as usize] = explicit;
            rules.short_of_artists[artist as usize] = short;
        }
        for (&song, [of_song, short_of_song]) in songs.iter().zip(found.of_songs) {
            if (song as usize) < explicit {
                rules.of_tracks[song as usize] = of_song;
            }
            if (song as usize) < short {
                rules.short_of_tracks[song as usize] = short_of_song;
            }
        }
    }
    rules
}

/// The rules of these alone, as they are written out of those in more than `implicit_support` playlists;
/// none of the others.
pub(crate) fn some_rules(ranked: &Ranked, limits: Limits, wanted: &[Antecedent]) -> Vec<Rules> {
    let explicit = explicit_tracks(ranked, limits.implicit_support);
    let new = || Task::new(ranked, limits, explicit, 0);
    spread(wanted, TASKS_TOGETHER, new, |task, &antecedent| {
        let frequent = limits.implicit_support as usize;
        let [explicit, _] = match antecedent {
            Antecedent::Track(song) if (song as usize) < explicit => task.of_song(song),
            Antecedent::Artist(artist) if ranked.artists.get(artist).len() > frequent => {
                task.of_artist(Some(artist), &[])
            }
            Antecedent::Track(_) | Antecedent::Artist(_) => Default::default(),
        };
        explicit
    })
}

/// What a task found: the rules that are written out, and those for short answers.
struct Found {
    of_artist: [Rules; 2],
    of_songs: Vec<[Rules; 2]>,
}

/// A worker's own memory for one task after the other.
struct Task<'r> {
    ranked: &'r Ranked,
    limits: Limits,
    /// How many of the tracks have rules that are written out, and rules for short answers.
    explicit: usize,
    short: usize,
    counts: Cooccurrences,
    of_artist: OfArtist,
    chosen: Best,
    chosen_for_short: Best,
    rules: Vec<Consequent>,
}

impl<'r> Task<'r> {
    fn new(ranked: &'r Ranked, limits: Limits, explicit: usize, short: usize) -> Self {
        Self {
            ranked,
            limits,
            explicit,
            short,
            counts: Cooccurrences::new(ranked.len()),
            of_artist: OfArtist::default(),
            chosen: Best::default(),
            chosen_for_short: Best::default(),
            rules: Vec::new(),
        }
    }

    /// The rules of an artist, where there is one, and of its songs.
    fn of(&mut self, artist: Option<ArtistId>, songs: &[TrackId]) -> Found {
        let of_artist = self.of_artist(artist, songs);
        let of_songs = songs.iter().map(|&song| self.of_song(song)).collect();
        Found { of_artist, of_songs }
    }

    fn of_artist(&mut self, artist: Option<ArtistId>, songs: &[TrackId]) -> [Rules; 2] {
        let Self { ranked, limits, counts, of_artist, chosen, chosen_for_short, rules, .. } = self;
        let playlists = artist.map_or(&[][..], |artist| ranked.artists.get(artist));
        let is_explicit = playlists.len() > limits.implicit_support as usize;
        let short = rules_for_artist(playlists.len());
        if !is_explicit && short == 0 && songs.is_empty() {
            return Default::default();
        }
        let factors = &ranked.factors;
        counts.count(ranked, Drawn::new(playlists, MOST_OF_ARTIST), None);
        chosen.begin(if is_explicit { limits.most_rules } else { LOOKED_AT });
        let own = if artist.is_some() { songs } else { &[] };
        of_artist.choose(ranked, playlists.len(), own, counts, chosen);
        chosen_for_short.begin(short);
        of_artist.offer_to_rare(chosen_for_short);
        let explicit = match is_explicit {
            true => Rules::from(strengths(chosen.best_first(), factors, rules)),
            false => Rules::default(),
        };
        [explicit, Rules::strongest_first(strengths(chosen_for_short.all(), factors, rules))]
    }

    fn of_song(&mut self, song: TrackId) -> [Rules; 2] {
        let Self { ranked, counts, of_artist, chosen, chosen_for_short, rules, .. } = self;
        let (playlists, factors) = (ranked.tracks.get(song), &ranked.factors);
        let is_explicit = (song as usize) < self.explicit;
        let is_short = (song as usize) < self.short;
        counts.count(ranked, Drawn::new(playlists, MOST_OF_SONG), Some(song));
        chosen.begin(if is_explicit { self.limits.most_rules } else { 0 });
        chosen_for_short.begin(if is_short { rules_for_song(playlists.len()) } else { 0 });
        of_artist.choose_beside(song, playlists.len(), counts, factors, chosen_for_short, chosen);
        let explicit = Rules::from(strengths(chosen.best_first(), factors, rules));
        [explicit, Rules::strongest_first(strengths(chosen_for_short.all(), factors, rules))]
    }
}

/// What stands behind these ranks, in this memory.
fn strengths<'r>(
    ranks: impl Iterator<Item = Consequent>,
    factors: &Factors,
    rules: &'r mut Vec<Consequent>,
) -> &'r [Consequent] {
    rules.clear();
    rules.extend(ranks.map(|(track, rank)| (track, rank / factors.of(track))));
    rules
}
