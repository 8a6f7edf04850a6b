//! The real server, in this process, with a model directory of its own.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use segue_api::{Api, Config};
use segue_model::Store;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fixture;

/// A server that can go away and come back at the same address.
pub(crate) struct Site {
    models: TempDir,
    address: SocketAddr,
    running: Option<Running>,
}

struct Running {
    api: Api,
    shutdown: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Site {
    /// A server with the first model.
    pub(crate) async fn start() -> Self {
        let models = TempDir::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut site = Self { models, address: listener.local_addr().unwrap(), running: None };
        site.promote(&fixture::first_model());
        site.run(listener).await;
        site
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Goes away.
    pub(crate) async fn stop(&mut self) {
        let Running { shutdown, task, .. } = self.running.take().expect("it runs");
        shutdown.cancel();
        task.await.unwrap().unwrap();
    }

    /// Comes back.
    pub(crate) async fn restart(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.run(listener).await;
    }

    /// Serves another model.
    pub(crate) async fn reload(&self, model: &[u8]) {
        self.promote(model);
        self.running.as_ref().expect("it runs").api.reload(None).await.unwrap();
    }

    async fn run(&mut self, listener: TcpListener) {
        let config = Config {
            lame_duck: Duration::ZERO,
            drain: Duration::from_secs(1),
            ..Config::new(self.models.path())
        };
        let api = Api::new(config);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(api.clone().run(listener, None, shutdown.clone()));
        api.ready().await;
        self.running = Some(Running { api, shutdown, task });
    }

    fn promote(&self, model: &[u8]) {
        let store = Store::new(self.models.path());
        let published = store.publish(model).unwrap();
        store.promote(published.model, Timestamp::now()).unwrap();
    }
}
