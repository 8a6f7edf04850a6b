//! A service that does as it is told, request by request, and writes down what reached it.
//!
//! Bytes by hand rather than a server library: only so can it break connections in every way there is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use segue_loadtest::load::target::Target;
use segue_loadtest::load::{Load, Mode, Plan};
use segue_loadtest::recording::Recording;
use segue_loadtest::report::{Report, Setup};
use segue_loadtest::request::{Bodies, Songs};
use segue_loadtest::schedule::Schedule;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the service does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answers as promised.
    Good(Who),
    /// Answers as promised and closes the connection, saying so.
    GoodAndClose(Who),
    /// Answers with another status.
    Status(u16, Who),
    /// Answers 200 with this body.
    Body(&'static str),
    /// Announces more body than it sends, and closes.
    Cut,
    /// Sends what is not HTTP.
    Noise,
    /// Closes the connection without an answer.
    Close,
    /// Resets the connection.
    Reset,
    /// Never answers.
    Silence,
}

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who {
    pub(crate) version: &'static str,
    pub(crate) model: &'static str,
    pub(crate) instance: &'static str,
}

pub(crate) const WHO: Who = Who { version: "1.0.0", model: "aaaa", instance: "api-0" };

type Script = Arc<dyn Fn(u64) -> (Duration, Reply) + Send + Sync>;

/// When each request arrived, by its number; a number twice is a request sent twice.
pub(crate) type Log = BTreeMap<u64, Vec<Instant>>;

pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Log>>,
    listening: watch::Sender<bool>,
}

impl Service {
    /// Starts a service that does with request `index` what the script says, after the time that it says.
    pub(crate) fn start(script: impl Fn(u64) -> (Duration, Reply) + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::<Mutex<Log>>::default();
        let (listening, listens) = watch::channel(true);
        let (script, written): (Script, _) = (Arc::new(script), log.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serve(listener, listens, script, written));
        });
        Self { address, log, listening }
    }

    /// Stops or starts listening, as a process that ends or begins.
    pub(crate) fn listening(&self) -> watch::Sender<bool> {
        self.listening.clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn log(&self) -> Log {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(
    listener: std::net::TcpListener,
    mut listens: watch::Receiver<bool>,
    script: Script,
    log: Arc<Mutex<Log>>,
) {
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut listener = Some(TcpListener::from_std(listener).unwrap());
    loop {
        let Some(open) = &listener else {
            // Whoever told it to listen no more has gone, or says when to listen again.
            if listens.changed().await.is_err() {
                return;
            }
            listener = Some(TcpListener::bind(address).await.unwrap());
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                let (stream, _) = accepted.unwrap();
                tokio::spawn(converse(stream, script.clone(), log.clone()));
            }
            changed = listens.changed() => match changed {
                Ok(()) => listener = None,
                Err(_) => return,
            },
        }
    }
}

/// Answers the requests of one connection.
async fn converse(stream: TcpStream, script: Script, log: Arc<Mutex<Log>>) {
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    while let Some((index, closes)) = read_request(&mut stream).await {
        note(&log, index);
        let (after, reply) = script(index);
        if !after.is_zero() {
            tokio::time::sleep(after).await;
        }
        let Some(answer) = answer(&reply) else {
            match reply {
                Reply::Reset => stream.get_ref().set_zero_linger().unwrap(),
                Reply::Silence => std::future::pending().await,
                _ => {}
            }
            return;
        };
        // Who asked may have given up.
        let sent = stream.write_all(answer.as_bytes()).await;
        let last = matches!(reply, Reply::GoodAndClose(_) | Reply::Cut | Reply::Noise);
        if sent.is_err() || closes || last {
            return;
        }
    }
}

fn note(log: &Mutex<Log>, index: u64) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    log.entry(index).or_default().push(Instant::now());
}

/// A request's number, and whether it wants the connection closed.
async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<(u64, bool)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(this, _)| *this == name).map(|(_, value)| value.to_owned())
    };
    let length: usize = header("content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    assert!(head.starts_with("post /api/recommend http/1.1\r\n"), "{head}");
    let index = header("x-request-id").unwrap().parse().unwrap();
    Some((index, header("connection").as_deref() == Some("close")))
}

fn answer(reply: &Reply) -> Option<String> {
    let good = |who: &Who| {
        let Who { version, model, .. } = who;
        format!(r#"{{"songs":["a","b"],"version":"{version}","model_date":"date of {model}"}}"#)
    };
    Some(match reply {
        Reply::Good(who) => message(200, "", who, &good(who)),
        Reply::GoodAndClose(who) => message(200, "connection: close\r\n", who, &good(who)),
        Reply::Status(status, who) => message(*status, "", who, r#"{"error":{}}"#),
        Reply::Body(body) => message(200, "", &WHO, body),
        Reply::Cut => {
            let whole = message(200, "", &WHO, &good(&WHO));
            whole[..whole.len() - 10].to_owned()
        }
        Reply::Noise => "220 mail.example ESMTP\r\n".to_owned(),
        Reply::Close | Reply::Reset | Reply::Silence => return None,
    })
}

fn message(status: u16, headers: &str, who: &Who, body: &str) -> String {
    let Who { model, instance, .. } = who;
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nx-segue-model: {model}\r\n\
         x-segue-instance: {instance}\r\n{headers}\r\n{body}"
    )
}

/// A load of this rate and length on the service, in kept-alive mode.
pub(crate) async fn plan(service: &Service, rate: u32, requests: u64) -> Plan {
    Plan {
        target: Target::resolve(&service.url().parse().unwrap()).await.unwrap(),
        bodies: Bodies::draw(&Songs::known(), &"1:1,5:1".parse().unwrap(), 1).unwrap(),
        schedule: Schedule::new(NonZeroU32::new(rate).unwrap()),
        requests,
        mode: Mode::KeepAlive { connections: NonZeroUsize::new(8).unwrap(), renew: Duration::ZERO },
        max_connections: NonZeroUsize::new(2_048).unwrap(),
        timeout: Duration::from_secs(3),
        seed: 1,
    }
}

/// Runs a load to its end; what passes by is shown to `watch`.
pub(crate) async fn record(plan: Plan, mut watch: impl FnMut(&Recording)) -> Recording {
    let schedule = plan.schedule;
    let mut load = Load::start(plan).unwrap();
    let mut recording = Recording::new(schedule, load.started());
    while let Some(batch) = load.next().await {
        recording.add(batch);
        watch(&recording);
    }
    let usage = load.finish().unwrap();
    recording.end(usage)
}

/// The report of a recording, where what is not met for `settle` is gone.
pub(crate) fn report(recording: &Recording, slow: Duration, settle: Duration) -> Report {
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap();
    let setup = Setup {
        url: "http://service.example".to_owned(),
        address: "127.0.0.1:80".to_owned(),
        rate: recording.schedule.rate(),
        connections: Some(8),
        renew_ns: None,
        max_connections: 2_048,
        timeout_ns: ns(Duration::from_secs(3)),
        slow_ns: ns(slow),
        settle_ns: ns(settle),
        seed: 1,
    };
    Report::new(recording, setup, None)
}
