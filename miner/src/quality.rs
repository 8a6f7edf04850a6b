//! What a dataset is worth for recommending, measured while it is mined.
//!
//! A sample of the playlists is set aside and a *twin* is made of the others: a model without learned rules,
//! in which those alone are written that the sample asks for. That takes a fraction of the time of a whole
//! model, and through the same scoring code it shows whether the playlists say what belongs together. The
//! twin continues the sample's playlists from five songs each; the model that is served is made of all
//! playlists, the sample's included. Of a large dataset, the twin is made of a part, and knows less than the
//! model: its figures compare with those of other twins.
//!
//! The sample is a pure function of the playlists' names, and is kept in the model, so that the dataset
//! that comes after can be judged by the very same playlists: its own twin is made without them, too, under
//! whatever names they are there.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rayon::prelude::*;
use segue_model::build::{Builder, Keys, TooLarge};
use segue_model::fold::fold;
use segue_model::score::{Scratch, Seeds};
use segue_model::{Antecedent, ArtistId, DatasetMetadata, Evaluation, Model, TrackId};

use crate::dataset::{Dataset, Item, Items};
use crate::evaluation::{Metrics, RANKED, SHOWN, hash};
use crate::ranked::Ranked;
use crate::recipe::unmined;
use crate::written::{Limits, some_rules};

/// The most playlists of a sample ...
const MOST_PLAYLISTS: usize = 500;
/// ... and at most one in so many of all.
const ONE_IN: usize = 10;
/// The most playlists of a twin: a dataset is judged in the same time however large it is.
const MOST_TRAINED: usize = 32_768;
/// A playlist that holds so large a share of a sampled one's songs is taken for the same or a copy of it.
const COPY: f64 = 0.8;
/// A shorter playlist has too little to guess.
const SHORTEST: usize = 10;
/// What a twin has of the rules that are asked for, whatever the model will have: twins are compared.
const LIMITS: Limits = Limits { implicit_support: 64, most_rules: 800, with_artists: true };
/// So many songs of a playlist are given, the others to be guessed.
const GIVEN: usize = 5;

/// A playlist that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sampled {
    /// What tells it from others: a hash of its name.
    pub(crate) name: u64,
    /// Hashes of its songs' identities, in the order in which they are given and guessed.
    songs: Vec<u64>,
}

impl Sampled {
    fn new(name: u64, songs: impl Iterator<Item = u64>) -> Self {
        let mut songs: Vec<u64> = songs.collect();
        songs.sort_unstable_by_key(|song| {
            (hash(&[name, *song].map(u64::to_le_bytes).concat()), *song)
        });
        Self { name, songs }
    }

    /// The songs that are given, and those to be guessed.
    fn divided(&self) -> (&[u64], &[u64]) {
        self.songs.split_at(GIVEN.min(self.songs.len() / 2))
    }
}

/// What tells a song from others in any dataset: its URI, or title and artist where there is none.
fn identity(uri: &str, title: &str, artist: &str) -> u64 {
    match uri.is_empty() {
        true => hash(format!("{title}\u{1f}{artist}").as_bytes()),
        false => hash(uri.as_bytes()),
    }
}

fn identity_of(item: Item<'_>) -> u64 {
    identity(item.uri, item.title, item.artist)
}

/// A hash of each playlist's name; another than the evaluation's, whose splits have nothing to do with
/// this.
pub(crate) fn names(dataset: &Dataset) -> Vec<u64> {
    let name = |name: &str| hash(format!("{name}\u{1f}").as_bytes());
    dataset.playlist_ids.iter().map(name).collect()
}

/// The numbers of the playlists to set aside: those with the smallest hashes.
pub(crate) fn sample(dataset: &Dataset, names: &[u64]) -> Vec<u32> {
    let long = |&number: &u32| dataset.transactions.get(number as usize).len() >= SHORTEST;
    let mut drawn: Vec<u32> = (0..names.len() as u32).filter(long).collect();
    drawn.sort_unstable_by_key(|&number| (names[number as usize], number));
    drawn.truncate(MOST_PLAYLISTS.min(names.len() / ONE_IN));
    drawn
}

/// The playlists of these numbers, set aside.
pub(crate) fn of_dataset(dataset: &Dataset, names: &[u64], numbers: &[u32]) -> Vec<Sampled> {
    let sampled = numbers.iter().map(|&number| {
        let songs = dataset.transactions.get(number as usize).iter();
        Sampled::new(
            names[number as usize],
            songs.map(|&song| identity_of(dataset.items.get(song))),
        )
    });
    sampled.collect()
}

/// The playlists that a model was judged by.
pub(crate) fn of_model(model: &Model) -> Vec<Sampled> {
    let sampled = model.rules().sample().map(|(name, tracks)| {
        let tracks = tracks.iter().map(|&track| model.catalog().track(track));
        Sampled::new(name, tracks.map(|track| identity(track.uri, track.title, track.artist)))
    });
    sampled.collect()
}

/// How many songs of a model's sample the dataset has, by their URIs, and how many of those have the same
/// title and artist in both.
pub(crate) fn named_the_same(model: &Model, dataset: &Dataset) -> (u64, u64) {
    let catalog = model.catalog();
    let sampled = model.rules().sample().flat_map(|(_, tracks)| tracks);
    let sampled = sampled.map(|&track| catalog.track(track)).filter(|track| !track.uri.is_empty());
    let names: HashMap<&str, (&str, &str)> =
        sampled.map(|track| (track.uri, (track.title, track.artist))).collect();
    let items = (0..dataset.items.len() as u32).map(|item| dataset.items.get(item));
    let both = items.filter_map(|item| Some((item, names.get(item.uri)?)));
    both.fold((0, 0), |(known, same), (item, &(title, artist))| {
        // Not every dataset names artists, and one that begins to has lost nothing.
        let are_named = !item.artist.is_empty() && !artist.is_empty();
        let is_same =
            fold(item.title) == fold(title) && (!are_named || fold(item.artist) == fold(artist));
        (known + 1, same + u64::from(is_same))
    })
}

/// How well a model of this dataset without the sampled playlists continues them; none without a sample.
///
/// # Errors
/// The dataset is too large for a model.
pub(crate) fn judge(
    dataset: &Dataset,
    keys: &Keys,
    names: &[u64],
    sample: &[Sampled],
) -> Result<Option<Evaluation>, TooLarge> {
    if sample.is_empty() {
        return Ok(None);
    }
    let aside: HashSet<u64> = sample.iter().map(|sampled| sampled.name).collect();
    let train = without_copies(train(names, &aside), dataset, sample);
    let train = train.iter().map(|&number| dataset.transactions.get(number as usize));
    let ranked = Ranked::new(train, &dataset.items);
    let wanted: HashSet<u64> = sample.iter().flat_map(|sampled| &sampled.songs).copied().collect();
    let tracks: HashMap<u64, TrackId> = (0..ranked.len() as TrackId)
        .map(|track| (identity_of(dataset.items.get(ranked.items[track as usize])), track))
        .filter(|(song, _)| wanted.contains(song))
        .collect();
    let given = sample.iter().flat_map(|sampled| sampled.divided().0);
    let given = given.filter_map(|song| tracks.get(song).copied()).collect();
    let metadata = unmined(DatasetMetadata::default(), Timestamp::UNIX_EPOCH);
    let twin = twin(&ranked, &dataset.items, given)?.scorer(keys, &ranked.items, metadata);
    let twin = twin.expect("a model that was just made can be read");

    let judged: Vec<[Metrics; 2]> = sample
        .par_iter()
        .map_init(Scratch::default, |scratch, sampled| one(&twin, &tracks, sampled, scratch))
        .collect();
    let served = Metrics::mean(judged.iter().map(|[served, _]| served));
    let popular = Metrics::mean(judged.iter().map(|[_, popular]| popular));
    Ok(Some(Evaluation {
        playlists: sample.len() as u64,
        hit_rate: served.hit_at_10,
        r_precision: served.r_precision,
        ndcg: served.ndcg,
        popular_hit_rate: popular.hit_at_10,
    }))
}

/// Of a model of these playlists, what scoring needs to continue playlists from these tracks: titles and
/// URIs are left out.
fn twin(ranked: &Ranked, items: &Items, mut given: Vec<TrackId>) -> Result<Builder, TooLarge> {
    let mut twin = Builder::default();
    for artist in items.artists().iter() {
        twin.add_artist(artist)?;
    }
    for (&item, &support) in ranked.items.iter().zip(&ranked.supports) {
        twin.add_track("", items.artist_id(item), "", support)?;
    }
    for transaction in &ranked.transactions {
        twin.add_transaction(transaction)?;
    }
    given.sort_unstable();
    given.dedup();
    let mut artists: Vec<_> =
        given.iter().map(|&track| items.artist_id(ranked.items[track as usize])).collect();
    artists.sort_unstable();
    artists.dedup();
    let antecedents = given.iter().map(|&track| Antecedent::Track(track));
    let antecedents: Vec<_> =
        antecedents.chain(artists.iter().map(|&artist| Antecedent::Artist(artist))).collect();
    let mut rules = some_rules(ranked, LIMITS, &antecedents);
    let mut of_artists = rules.split_off(given.len()).into_iter().zip(artists).peekable();
    let mut of_tracks = rules.into_iter().zip(given).peekable();
    for track in 0..ranked.len() as TrackId {
        let rules = of_tracks.next_if(|(_, given)| *given == track);
        twin.add_rules(rules.unwrap_or_default().0)?;
    }
    for artist in 0..items.artists().len() as ArtistId {
        let rules = of_artists.next_if(|(_, given)| *given == artist);
        twin.add_artist_rules(rules.unwrap_or_default().0)?;
    }
    Ok(twin)
}

/// The numbers of the playlists that the twin is made of, ascending: those with the smallest hashes, so
/// that they are for the most part the same for the next version of a dataset.
fn train(names: &[u64], aside: &HashSet<u64>) -> Vec<u32> {
    let others = (0..names.len() as u32).filter(|&number| !aside.contains(&names[number as usize]));
    let mut train: Vec<u32> = others.collect();
    if train.len() > MOST_TRAINED {
        train.select_nth_unstable_by_key(MOST_TRAINED, |&number| (names[number as usize], number));
        train.truncate(MOST_TRAINED);
        train.sort_unstable();
    }
    train
}

/// Those of the playlists that are no copies of sampled ones.
fn without_copies(train: Vec<u32>, dataset: &Dataset, sample: &[Sampled]) -> Vec<u32> {
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    for (number, sampled) in sample.iter().enumerate() {
        sampled.songs.iter().for_each(|&song| holders.entry(song).or_default().push(number));
    }
    let holders: Vec<&[usize]> = (0..dataset.items.len() as u32)
        .into_par_iter()
        .map(|item| {
            holders.get(&identity_of(dataset.items.get(item))).map_or(&[][..], Vec::as_slice)
        })
        .collect();
    let is_copy = |&number: &u32| {
        let mut shared = vec![0; sample.len()];
        let songs = dataset.transactions.get(number as usize).iter();
        songs.flat_map(|&song| holders[song as usize]).for_each(|&sampled| shared[sampled] += 1);
        let mut shares = shared.into_iter().zip(sample);
        shares.any(|(shared, sampled)| f64::from(shared) >= COPY * sampled.songs.len() as f64)
    };
    train.into_par_iter().filter(|number| !is_copy(number)).collect()
}

/// What the twin's recommendations for a playlist are worth, and what the most popular songs are.
fn one(
    twin: &Model,
    tracks: &HashMap<u64, TrackId>,
    sampled: &Sampled,
    scratch: &mut Scratch,
) -> [Metrics; 2] {
    let (given, wanted) = sampled.divided();
    let known = given.iter().filter_map(|song| tracks.get(song));
    let seeds = Seeds::new(known.map(|&track| vec![track]));
    // A song that the twin does not know is a target that nothing hits.
    let unknown = |at: usize| TrackId::MAX - at as TrackId;
    let targets: Vec<TrackId> = wanted
        .iter()
        .enumerate()
        .map(|(at, song)| tracks.get(song).copied().unwrap_or_else(|| unknown(at)))
        .collect();
    let artist = |track: TrackId| match (track as usize) < twin.catalog().len() {
        true => twin.catalog().artist(track),
        false => track,
    };
    let popular = twin.popular(&seeds, RANKED);
    let scored = twin.recommend(&seeds, RANKED, scratch);
    let mut ranking: Vec<TrackId> = scored.iter().map(|scored| scored.track).collect();
    let there: HashSet<TrackId> = ranking.iter().copied().collect();
    ranking.extend(popular.iter().filter(|track| !there.contains(track)));
    ranking.truncate(RANKED);
    [ranking, popular].map(|ranking| {
        let shown = &ranking[..SHOWN.min(ranking.len())];
        Metrics::of(&ranking, shown, &targets, artist)
    })
}
