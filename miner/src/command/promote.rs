//! `segue-miner promote`: makes a model of a directory the current one, as to go back to an earlier.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use jiff::Timestamp;
use segue_model::{ModelId, Store};
use segue_process::exit::UNWRITTEN;
use segue_process::log::with_causes;

/// Make a published model the current one.
///
/// The model is read and checked first. Without an id, the promotions are listed, the current one
/// last: the last three models are kept, to go back to.
#[derive(Clone, Debug, clap::Args)]
pub struct PromoteArgs {
    /// The model's id: the name of its file without the ending
    pub model: Option<ModelId>,
    /// The model directory
    #[arg(long, value_name = "DIR")]
    pub models: PathBuf,
}

/// Promotes a model, or lists the promotions.
///
/// # Errors
/// The model can't be served, or the directory can't be read or written.
pub fn run(args: &PromoteArgs) -> anyhow::Result<()> {
    let store = Store::new(&args.models);
    if let Some(model) = args.model {
        // A pointer that is damaged is mended by this.
        let before =
            store.current().map(|id| id.map_or_else(|| "none".to_owned(), |id| id.to_string()));
        let now = Timestamp::from_second(Timestamp::now().as_second())?;
        store.promote(model, now)?;
        let before = before.unwrap_or_else(|error| format!("unreadable: {}", with_causes(&error)));
        tracing::info!(%model, before, "model promoted");
        return Ok(());
    }
    let history = store.history()?;
    if history.is_empty() {
        bail!("{}: no model has been promoted here", args.models.display());
    }
    let mut out = std::io::stdout().lock();
    for promotion in history {
        let there = store.path(promotion.model).exists();
        let kept = if there { "" } else { "  (cleared away)" };
        writeln!(out, "{}  {}{kept}", promotion.date, promotion.model).context(UNWRITTEN)?;
    }
    // The list helps to mend a pointer that is damaged.
    store.current()?;
    Ok(())
}
