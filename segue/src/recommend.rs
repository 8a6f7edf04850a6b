//! The REST client: songs in, songs that belong beside them out, as a table for people or as JSON.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::Url;
use segue_process::argument;
use segue_process::exit::UNWRITTEN;
use serde::{Deserialize, Serialize};

use crate::song_list;

/// How long an answer may take by default: far more than a server that is well needs.
const TIMEOUT: &str = "10s";
/// As many reasons of a song are a line of the table; `--json` has all.
const REASONS: usize = 2;

/// Ask a running service for songs that belong beside yours.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  segue recommend Yesterday \"Queen - Bohemian Rhapsody\"
  segue recommend --explain --limit 5 \"Uptown Funk\"
  segue recommend --from songs.txt
  cut -f1 titles.tsv | segue recommend --from - --json
  segue recommend --songs 2023_spotify_songs.csv --random 3 --seed 7")]
pub(crate) struct RecommendArgs {
    /// A title, "Artist - Title", "Title - Artist", or a track URI
    #[arg(value_name = "SONG", required_unless_present_any = ["from", "random"])]
    song: Vec<String>,
    /// Read more songs from a file, one a line or as a CSV with the columns artist_name and
    /// track_name; - is standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Draw this many songs at random from the list given by --songs
    #[arg(long, value_name = "N", requires = "songs")]
    random: Option<usize>,
    /// The list that --random draws from, of the same forms as --from
    #[arg(long, value_name = "FILE", requires = "random")]
    songs: Option<PathBuf>,
    /// The seed of the draw: the same seed draws the same songs
    #[arg(long, value_name = "S", default_value_t = 1, requires = "random")]
    seed: u64,
    /// Where the service is
    #[arg(long, value_name = "URL", default_value = "http://localhost:30502")]
    url: Url,
    /// How many songs to recommend
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    /// Say for each song which of yours it goes with, and how often
    #[arg(long)]
    explain: bool,
    /// Print the service's answer as it is
    #[arg(long)]
    json: bool,
    /// How long to wait for the answer
    #[arg(long, value_name = "DURATION", default_value = TIMEOUT, value_parser = argument::duration)]
    timeout: Duration,
}

#[derive(Serialize)]
struct Question<'q> {
    songs: &'q [String],
    limit: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    explain: bool,
}

#[derive(Deserialize)]
struct Answer {
    version: String,
    model_date: String,
    details: Vec<Detail>,
    #[serde(default)]
    unknown: Vec<Unknown>,
}

#[derive(Deserialize)]
struct Detail {
    title: String,
    artist: String,
    #[serde(default)]
    because: Vec<Reason>,
    #[serde(default)]
    popular: bool,
}

#[derive(Deserialize)]
struct Reason {
    songs: Vec<String>,
    #[serde(default)]
    artist: Option<String>,
    support: u64,
    of: u64,
}

#[derive(Deserialize)]
struct Unknown {
    song: String,
    #[serde(default)]
    near: Vec<Near>,
}

#[derive(Deserialize)]
struct Near {
    title: String,
    artist: String,
}

#[derive(Deserialize)]
struct Refusal {
    error: Reasoning,
}

#[derive(Deserialize)]
struct Reasoning {
    message: String,
}

pub(crate) async fn run(args: RecommendArgs) -> anyhow::Result<()> {
    let mut songs = args.song.clone();
    if let Some(list) = &args.from {
        songs.extend(song_list::read(list)?);
    }
    if let (Some(number), Some(list)) = (args.random, &args.songs) {
        let drawn = song_list::draw(song_list::read(list)?, number, args.seed)?;
        tracing::debug!(?drawn, "songs drawn");
        songs.extend(drawn);
    }
    // A table names artists, too: those come with the explanation.
    let explain = args.explain || !args.json;
    let body = ask(&args, &Question { songs: &songs, limit: args.limit, explain }).await?;
    let mut out = std::io::stdout().lock();
    if args.json {
        return writeln!(out, "{}", body.trim_end()).context(UNWRITTEN);
    }
    let answer: Answer = serde_json::from_str(&body)
        .with_context(|| format!("{}: expected an answer of the service", args.url))?;
    if args.random.is_some() {
        writeln!(out, "For {}:\n", songs.join("; ")).context(UNWRITTEN)?;
    }
    write!(out, "{}", table(&answer, args.explain)).context(UNWRITTEN)?;
    out.flush().context(UNWRITTEN)?;
    warn_of_unknown(&answer);
    Ok(())
}

/// The body of the service's answer, whatever is in it.
async fn ask(args: &RecommendArgs, question: &Question<'_>) -> anyhow::Result<String> {
    let url = args.url.join("/api/recommend")?;
    // Fails only where one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(args.timeout).build()?;
    let away = || {
        format!(
            "{url}: no answer; is the service running? `segue up` starts it here, --url names another"
        )
    };
    let answer = client.post(url.clone()).json(question).send().await.with_context(away)?;
    let status = answer.status();
    let body = answer.text().await.with_context(away)?;
    if status.is_success() {
        return Ok(body);
    }
    match serde_json::from_str::<Refusal>(&body) {
        Ok(refusal) => bail!("{url}: {status}: {}", refusal.error.message),
        Err(_) => bail!("{url}: {status}, and not in the service's words: is it a Segue API?"),
    }
}

fn table(answer: &Answer, explain: bool) -> String {
    let widest = |text: fn(&Detail) -> &str| {
        answer.details.iter().map(|detail| text(detail).chars().count()).max().unwrap_or(0)
    };
    let title = widest(|detail| &detail.title);
    let artist = widest(|detail| &detail.artist);
    let mut table = String::new();
    for (index, detail) in answer.details.iter().enumerate() {
        let number = index + 1;
        let line = format!("{number:>3}  {:title$}  {:artist$}", detail.title, detail.artist);
        let _ = match explain {
            true => writeln!(table, "{line}  {}", reason(detail)),
            false => writeln!(table, "{}", line.trim_end()),
        };
    }
    let _ = writeln!(table, "\nmodel of {}, version {}", answer.model_date, answer.version);
    table
}

fn reason(detail: &Detail) -> String {
    if detail.popular {
        return "popular".to_owned();
    }
    let reasons: Vec<String> = detail
        .because
        .iter()
        .take(REASONS)
        .map(|reason| {
            let Reason { songs, artist, support, of } = reason;
            let with = match artist {
                Some(artist) => format!("songs by {artist}"),
                None => songs.join(" and "),
            };
            format!("with {with} in {support} of {of} playlists")
        })
        .collect();
    reasons.join("; ")
}

#[allow(clippy::print_stderr)]
fn warn_of_unknown(answer: &Answer) {
    for unknown in &answer.unknown {
        let near = unknown.near.iter().map(|near| format!("\"{}\" by {}", near.title, near.artist));
        let near: Vec<String> = near.collect();
        let hint = match near.is_empty() {
            true => String::new(),
            false => format!(": did you mean {}?", near.join(", ")),
        };
        eprintln!("unknown song \"{}\"{hint}", unknown.song);
    }
}
