//! The model that is being served, and how another takes its place: read, checked and tried out in full
//! beside the old one, then swapped in; the old one goes when its last request has been answered.
//!
//! A request holds one model from start to end. Whatever is wrong with a new model, the last good one
//! serves on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwapOption, Guard};
use segue_model::{Model, ModelError, ModelId, Store, StoreError};
use segue_process::log::with_causes;
use tokio::sync::{Mutex, MutexGuard, watch};

use crate::aside::Aside;
use crate::metric::{Metrics, Reload};
use crate::served::Served;

/// How often it is looked whether the last request of an old model has ended.
const RETIREMENT_POLL: Duration = Duration::from_millis(5);

/// Why a model does not become the served one.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// Nothing has been promoted yet.
    #[error("{directory}: no model has been promoted yet")]
    NoneYet {
        /// The model directory.
        directory: std::path::PathBuf,
    },
    /// The model directory can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The model can't be served.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model passes every check, but answering from it fails.
    #[error("model {model}: answering a first question from it failed")]
    Unusable {
        /// The model.
        model: ModelId,
    },
}

impl ReloadError {
    /// Says in the log that a reload someone asked for has failed.
    pub fn tell(&self) {
        let reason = with_causes(self);
        match self {
            Self::NoneYet { .. } => {
                tracing::info!(reason, "asked to reload, and there is no model yet");
            }
            error if error.is_unreadable() => {
                tracing::warn!(reason, "could not read a model; what was served before still is");
            }
            _ => tracing::warn!(reason, "refused a model; what was served before still is"),
        }
    }

    /// Whether the system could not read what may be good.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Io { .. } | StoreError::Model(ModelError::Read { .. }))
                | Self::Model(ModelError::Read { .. })
        )
    }
}

/// The model that is being served.
pub(crate) struct LiveModel {
    store: Store,
    served: ArcSwapOption<Served>,
    aside: Aside,
    /// Held while a model is loaded: one after another, so that memory holds two at most.
    loading: Mutex<()>,
    changes: watch::Sender<Option<ModelId>>,
    metrics: Arc<Metrics>,
}

impl LiveModel {
    pub(crate) fn new(store: Store, metrics: Arc<Metrics>) -> Self {
        Self {
            store,
            served: ArcSwapOption::empty(),
            aside: Aside::start(),
            loading: Mutex::default(),
            changes: watch::Sender::new(None),
            metrics,
        }
    }

    /// The served model, for the time of one request.
    pub(crate) fn get(&self) -> Guard<Option<Arc<Served>>> {
        self.served.load()
    }

    /// Tells of every model that takes the place of another.
    pub(crate) fn changes(&self) -> watch::Receiver<Option<ModelId>> {
        self.changes.subscribe()
    }

    /// Loads the current model; where it is refused, the newest other promotion that is not.
    pub(crate) async fn start(&self) {
        // Before it is loaded, which takes its time: another model may be promoted meanwhile.
        let current = self.store.current().ok().flatten();
        let refused = match self.reload(None).await {
            Ok(_) => return,
            Err(ReloadError::NoneYet { directory }) => {
                tracing::info!(directory = %directory.display(), "no model yet: waiting for the first");
                return;
            }
            Err(error) => error,
        };
        tracing::error!(
            error = with_causes(&refused),
            "the current model is refused: looking for an earlier one"
        );
        match self.fall_back(current).await {
            Some(model) => tracing::warn!(%model, "serving another model"),
            None => tracing::error!("no other model can be served: waiting for a new one"),
        }
    }

    /// Has a model served that is not the one which was refused.
    async fn fall_back(&self, refused: Option<ModelId>) -> Option<ModelId> {
        let promoted = match self.store.promoted() {
            Ok(promoted) => promoted,
            Err(error) => {
                let error = with_causes(&error);
                tracing::error!(error, "the promotions can't be read");
                return None;
            }
        };
        for model in promoted.into_iter().filter(|&model| Some(model) != refused) {
            let turn = self.loading.lock().await;
            // Someone has asked for a reload meanwhile.
            if let Some(served) = &*self.served.load() {
                return Some(served.model().id());
            }
            match self.load(Some(model), &turn).await {
                Ok(()) => return Some(model),
                Err(error) => {
                    tracing::warn!(error = with_causes(&error), "refused");
                }
            }
        }
        None
    }

    /// Serves this model, or the current one where none is named. Nothing is done where it is served
    /// already.
    pub(crate) async fn reload(&self, wanted: Option<ModelId>) -> Result<(), ReloadError> {
        let turn = self.loading.lock().await;
        self.load(wanted, &turn).await
    }

    async fn load(
        &self,
        wanted: Option<ModelId>,
        _turn: &MutexGuard<'_, ()>,
    ) -> Result<(), ReloadError> {
        let started = Instant::now();
        let store = self.store.clone();
        let serving = self.served.load().as_ref().map(|served| served.model().id());
        let result = match self.aside.run(move || load(&store, wanted, serving)).await {
            Ok(None) => Ok(Reload::Unchanged),
            Ok(Some(new)) => {
                self.swap(new, started);
                Ok(Reload::Served)
            }
            Err(error) => Err(error),
        };
        // Where no model has been promoted, none was refused.
        if !matches!(result, Err(ReloadError::NoneYet { .. })) {
            self.metrics.reload(*result.as_ref().unwrap_or(&Reload::Refused), started.elapsed());
        }
        result.map(drop)
    }

    fn swap(&self, new: Served, started: Instant) {
        let model = new.model().id();
        let metadata = new.model().metadata().clone();
        let old = self.served.swap(Some(Arc::new(new)));
        self.changes.send_replace(Some(model));
        tracing::info!(
            %model,
            model_date = %metadata.model_date,
            dataset = metadata.dataset.id,
            before = old.as_ref().map(|old| tracing::field::display(old.model().id())),
            took_ms = started.elapsed().as_millis(),
            "serving a model"
        );
        if let Some(old) = old {
            tokio::spawn(retire(old, self.aside.clone()));
        }
    }
}

/// Reads a model and has it ready to answer; none where the one that is `serving` is wanted.
fn load(
    store: &Store,
    wanted: Option<ModelId>,
    serving: Option<ModelId>,
) -> Result<Option<Served>, ReloadError> {
    let wanted = match wanted {
        Some(model) => model,
        None => store
            .current()?
            .ok_or_else(|| ReloadError::NoneYet { directory: store.directory().to_owned() })?,
    };
    if serving == Some(wanted) {
        return Ok(None);
    }
    let model = store.load(wanted)?;
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| warm(model)))
        .map(Some)
        .map_err(|_| ReloadError::Unusable { model: wanted })
}

/// Makes a model ready to answer, and has it answer a first question: what no check foresaw fails here
/// and not in front of people.
fn warm(model: Model) -> Served {
    let served = Served::new(model);
    served.probe();
    served
}

/// Frees a model when its last request has been answered, on a thread where nobody waits for it.
async fn retire(mut old: Arc<Served>, aside: Aside) {
    loop {
        match Arc::try_unwrap(old) {
            Ok(unused) => {
                aside.run(move || drop(unused)).await;
                return;
            }
            Err(used) => old = used,
        }
        tokio::time::sleep(RETIREMENT_POLL).await;
    }
}
