//! A running API with a model directory of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use segue_api::{Api, Config, UnixSocket};
use segue_control::{Client, ClientError, Status};
use segue_model::{ModelId, Store};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::SOON;
use super::playlists::{ROCK_AND_POP, Song, promote};

/// A running API; it is cut off when this is dropped.
pub(crate) struct Instance {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) api: Api,
    pub(crate) socket: PathBuf,
    shutdown: CancellationToken,
    running: Option<JoinHandle<anyhow::Result<()>>>,
    runtime: Runtime,
    _folder: TempDir,
}

impl Instance {
    /// An instance that serves [`ROCK_AND_POP`].
    pub(crate) fn ready() -> Self {
        Self::ready_with(|_| {})
    }

    /// The same with other flags.
    pub(crate) fn ready_with(configure: impl FnOnce(&mut Config)) -> Self {
        let instance = Self::prepared(|store| _ = promote(store, ROCK_AND_POP, 1), configure);
        instance.wait_until_ready();
        instance
    }

    /// An instance over a directory without a model.
    pub(crate) fn empty() -> Self {
        Self::prepared(|_| {}, |_| {})
    }

    /// An instance over a directory that has been prepared.
    pub(crate) fn prepared(
        prepare: impl FnOnce(&Store),
        configure: impl FnOnce(&mut Config),
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::new(folder.path().join("models"));
        prepare(&store);
        let mut config = Config::new(store.directory());
        config.instance = "test-instance".to_owned();
        config.lame_duck = Duration::ZERO;
        configure(&mut config);
        let socket = folder.path().join("api.sock");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap();
        let shutdown = CancellationToken::new();
        let api = Api::new(config);
        let (address, running) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let admin = UnixSocket::bind(&socket).unwrap();
            let run = api.clone().run(listener, Some(admin), shutdown.clone());
            (address, tokio::spawn(run))
        });
        Self {
            address,
            store,
            api,
            socket,
            shutdown,
            running: Some(running),
            runtime,
            _folder: folder,
        }
    }

    pub(crate) fn wait_until_ready(&self) {
        let ready = async { tokio::time::timeout(SOON, self.api.ready()).await };
        self.runtime.block_on(ready).expect("ready in time");
    }

    /// Promotes a model; nobody tells the API.
    pub(crate) fn promote(&self, playlists: &[&[Song]], second: i64) -> ModelId {
        promote(&self.store, playlists, second)
    }

    /// Has the API serve a model, as the watcher does.
    pub(crate) fn reload(&self, model: ModelId) -> Result<Status, ClientError> {
        let client = Client::new(&self.socket, SOON);
        self.runtime.block_on(client.reload(&model.to_string()))
    }

    pub(crate) fn status(&self) -> Status {
        self.runtime.block_on(Client::new(&self.socket, SOON).status()).unwrap()
    }

    /// Tells it to stop, as SIGTERM does.
    pub(crate) fn tell_to_stop(&self) {
        self.shutdown.cancel();
    }

    /// Waits until it has stopped.
    pub(crate) fn wait_until_stopped(&mut self) {
        let running = self.running.take().expect("it is waited for once");
        let ended = self.runtime.block_on(async { tokio::time::timeout(SOON, running).await });
        ended.expect("stopped in time").unwrap().unwrap();
    }

    pub(crate) fn has_stopped(&self) -> bool {
        self.running.as_ref().is_none_or(JoinHandle::is_finished)
    }
}
