//! `segue-miner inspect`: what a model is, and the strongest rules of a song.

use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use segue_model::{Antecedent, Model, Rule, Store, TrackId};
use segue_process::exit::UNWRITTEN;

/// An ambiguous title's most frequent tracks are shown: whoever means another names its artist.
const MOST_TRACKS: usize = 3;

/// Show a model's metadata, and the strongest rules of a song.
///
/// Rules of frequent songs are written out in the model, as many as --rules-per-antecedent of `mine` allows;
/// those of others are made from their playlists when asked for. Beside the song it says which.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  segue-miner inspect models
  segue-miner inspect models --song Yesterday
  segue-miner inspect models --song \"Queen - Bohemian Rhapsody\" --top 20
  segue-miner inspect models/models/0123456789abcdef.segue")]
pub struct InspectArgs {
    /// A model directory, whose current model is meant, or a model file
    #[arg(value_name = "DIR|FILE")]
    pub model: PathBuf,
    /// The song: a title, "Artist - Title", "Title - Artist", or a track URI
    #[arg(long, short, value_name = "SONG")]
    pub song: Option<String>,
    /// How many rules to show for each track that the song means
    #[arg(long, value_name = "N", default_value = "10")]
    pub top: NonZeroUsize,
}

/// Shows the model.
///
/// # Errors
/// There is no model, it can't be read, or the song is unknown.
pub fn run(args: &InspectArgs) -> anyhow::Result<()> {
    let model = open(&args.model)?;
    let shown = match &args.song {
        Some(song) => rules(&model, song, args.top.get())?,
        None => metadata(&model)?,
    };
    std::io::stdout().lock().write_all(shown.as_bytes()).context(UNWRITTEN)
}

/// The model of a file, or the current one of a directory.
pub(crate) fn open(path: &Path) -> anyhow::Result<Model> {
    if path.is_dir() {
        let store = Store::new(path);
        let Some(current) = store.current()? else {
            bail!("{}: no model has been promoted here", path.display())
        };
        return Ok(store.load(current)?);
    }
    Ok(Model::open(path)?)
}

fn metadata(model: &Model) -> anyhow::Result<String> {
    let metadata = serde_json::to_string_pretty(model.metadata())?;
    let mut shown = format!("model {}, {} bytes\n{metadata}\n", model.id(), model.size());
    writeln!(shown, "most frequent songs:")?;
    for track in model.popular(&segue_model::score::Seeds::default(), 10) {
        writeln!(shown, "  {}", name(model, track))?;
    }
    Ok(shown)
}

fn rules(model: &Model, song: &str, top: usize) -> anyhow::Result<String> {
    let catalog = model.catalog();
    let tracks = catalog.find(song);
    if tracks.is_empty() {
        let near = catalog.near(song, 5).into_iter().map(|track| name(model, track));
        let near: Vec<String> = near.collect();
        match near.is_empty() {
            true => bail!("unknown song \"{song}\""),
            false => bail!("unknown song \"{song}\": did you mean {}?", near.join(", ")),
        }
    }
    let mut shown = String::new();
    if tracks.len() > MOST_TRACKS {
        writeln!(shown, "the first {MOST_TRACKS} of {} tracks of that title:", tracks.len())?;
    }
    for &track in tracks.iter().take(MOST_TRACKS) {
        let antecedent = Antecedent::Track(track);
        let strongest = model.strongest(antecedent, top);
        let kind = match model.rules().are_written(antecedent) {
            true => "rules written out",
            false if strongest.is_empty() => "no rules",
            false => "rules made from its playlists",
        };
        writeln!(shown, "{}; {kind}", name(model, track))?;
        for rule in strongest {
            writeln!(shown, "{}", line(model, &rule))?;
        }
    }
    Ok(shown)
}

fn line(model: &Model, rule: &Rule) -> String {
    format!(
        "  -> {:60} support {:>5}  confidence {:.3}  lift {:.1}",
        name(model, rule.consequent),
        rule.support,
        rule.confidence(),
        rule.lift()
    )
}

fn name(model: &Model, track: TrackId) -> String {
    let track = model.catalog().track(track);
    format!("{} - {} (in {})", track.artist, track.title, track.support)
}
