//! From a question to its answer: which songs are meant, what goes with them, and why.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;

use segue_model::score::{SHORT_ANSWER, Scored, Scratch, Seeds};
use segue_model::{Antecedent, Catalog, Model, Rule, Track};
use serde::Serialize;

use crate::question::Question;
use crate::served::Served;
use crate::song::Listed;

/// As many reasons are given for a song, those that say most.
const REASONS: usize = 5;
/// As many songs of a question are named for an artist's rule: it holds whichever they are.
const NAMED_SONGS: usize = 5;
/// As many near matches are given for an unknown song, and for as many unknown songs: finding one costs
/// a look at every title.
const NEAR_MATCHES: usize = 3;
const SONGS_WITH_NEAR_MATCHES: usize = 20;
/// Scoring more songs than this takes long enough for others to notice, ...
const LIGHT_SONGS: usize = 100;
/// ... and fewer do where many are wanted, for which all rules are read.
const LIGHT_SONGS_OF_LONG: usize = 10;

thread_local! {
    /// Working memory only: it carries nothing from one question to the next.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Whether the answer takes so little time that it can be worked out where the request was read.
pub(crate) fn is_light(question: &Question<'_>) -> bool {
    let is_short = question.limit <= SHORT_ANSWER;
    let most = if is_short { LIGHT_SONGS } else { LIGHT_SONGS_OF_LONG };
    !question.explain && question.songs.len() <= most
}

/// An answer and what is worth counting about it.
pub(crate) struct Answer {
    /// The answer, as JSON.
    pub(crate) body: Vec<u8>,
    /// Songs of the question that are not in the model.
    pub(crate) unknown: usize,
    /// Whether popular songs had to fill it up.
    pub(crate) filled_up: bool,
}

/// Answers a question. No song of the question is recommended.
pub(crate) fn answer(served: &Served, question: &Question<'_>) -> Answer {
    let model = served.model();
    let catalog = model.catalog();
    let found = catalog.find_all(&question.songs);
    let named = question.songs.iter().zip(&found);
    let unknown: Vec<_> =
        named.filter(|(_, found)| found.is_empty()).map(|(song, _)| song).collect();
    let mut seeds = Seeds::new(&found);
    for song in &unknown {
        if let Some(artist) = catalog.find_artist(song) {
            seeds.add_unknown_by(artist);
        }
    }
    let mut scored =
        SCRATCH.with_borrow_mut(|scratch| model.recommend(&seeds, question.limit, scratch));
    let by_rules = scored.len();
    fill_up(&mut scored, model, &seeds, question.limit);

    let mut body = Vec::with_capacity(64 + 48 * scored.len());
    body.extend_from_slice(br#"{"songs":"#);
    write_titles(&mut body, served, &scored);
    body.extend_from_slice(served.ending());
    if question.explain {
        body.pop();
        let details = scored
            .iter()
            .enumerate()
            .map(|(rank, scored)| detail(model, &seeds, scored, rank >= by_rules));
        body.extend_from_slice(br#","details":"#);
        write_json(&mut body, &details.collect::<Vec<_>>());
        body.extend_from_slice(br#","unknown":"#);
        write_json(&mut body, &unknown_songs(catalog, &unknown));
        body.push(b'}');
    }
    Answer { body, unknown: unknown.len(), filled_up: by_rules < scored.len() }
}

/// Adds the most popular songs where the rules speak for fewer than are wanted.
fn fill_up(scored: &mut Vec<Scored>, model: &Model, seeds: &Seeds, limit: usize) {
    if scored.len() >= limit {
        return;
    }
    let catalog = model.catalog();
    let there: HashSet<_> = scored.iter().map(|scored| catalog.song(scored.track)).collect();
    let popular = model.popular(seeds, limit).into_iter();
    let missing = popular.filter(|&track| !there.contains(&catalog.song(track)));
    scored.extend(missing.take(limit - scored.len()).map(|track| Scored { track, score: 0.0 }));
}

fn write_titles(body: &mut Vec<u8>, served: &Served, scored: &[Scored]) {
    served.model().catalog().read_ahead(scored.iter().map(|scored| scored.track));
    body.push(b'[');
    for (rank, scored) in scored.iter().enumerate() {
        if rank > 0 {
            body.push(b',');
        }
        served.write_title(scored.track, body);
    }
    body.push(b']');
}

fn write_json(body: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(body, value).expect("answers are plain values with text keys");
}

#[derive(Serialize)]
struct Detail<'m> {
    title: &'m str,
    artist: &'m str,
    uri: &'m str,
    score: f32,
    because: Vec<Reason<'m>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    popular: bool,
}

/// A rule that speaks for a song: so many (`support`) `of` the playlists with this song hold it, too; or,
/// where an artist is named, of those with any song by the artist of these songs.
#[derive(Serialize)]
struct Reason<'m> {
    songs: Vec<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artist: Option<&'m str>,
    support: u32,
    of: u32,
    confidence: f64,
    lift: f64,
}

fn detail<'m>(model: &'m Model, seeds: &Seeds, scored: &Scored, popular: bool) -> Detail<'m> {
    let catalog = model.catalog();
    let Track { title, artist, uri, .. } = catalog.track(scored.track);
    let rules = if popular { Vec::new() } else { model.explain(seeds, scored.track) };
    let because = rules.iter().take(REASONS).map(|rule| reason(catalog, seeds, rule)).collect();
    Detail { title, artist, uri, score: scored.score, because, popular }
}

fn reason<'m>(catalog: Catalog<'m>, seeds: &Seeds, rule: &Rule) -> Reason<'m> {
    let (songs, artist) = match rule.antecedent {
        Antecedent::Track(track) => (vec![catalog.title(track)], None),
        Antecedent::Artist(artist) => {
            let by_artist = seeds.tracks().filter(|&track| catalog.artist(track) == artist);
            (
                by_artist.take(NAMED_SONGS).map(|track| catalog.title(track)).collect(),
                Some(catalog.artist_name(artist)),
            )
        }
    };
    Reason {
        songs,
        artist,
        support: rule.support,
        of: rule.antecedent_support,
        confidence: rule.confidence(),
        lift: rule.lift(),
    }
}

#[derive(Serialize)]
struct Unknown<'q, 'm> {
    song: &'q str,
    near: Vec<Listed<'m>>,
}

fn unknown_songs<'q, 'm>(catalog: Catalog<'m>, songs: &[&'q Cow<'_, str>]) -> Vec<Unknown<'q, 'm>> {
    let near = |song: &str| {
        catalog.near(song, NEAR_MATCHES).into_iter().map(|track| catalog.track(track).into())
    };
    songs
        .iter()
        .enumerate()
        .map(|(index, song)| Unknown {
            song,
            near: match index < SONGS_WITH_NEAR_MATCHES {
                true => near(song).collect(),
                false => Vec::new(),
            },
        })
        .collect()
}
