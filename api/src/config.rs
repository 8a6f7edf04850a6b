//! The API's flags. Their help is the documentation; what they do is done elsewhere.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser};
use segue_process::argument::{bytes, duration};
use tokio::sync::Semaphore;
use warp::http::HeaderValue;

/// What an instance of the API is told. [`Config::new`] gives every flag its default.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// The model directory
    #[arg(long, value_name = "DIR")]
    pub models: PathBuf,

    /// The name of this instance, which every answer carries
    #[arg(long, env = "POD_NAME", default_value_t = host_name(), value_parser = instance)]
    pub instance: String,

    /// Answer every question with this file, unread: the floor that answers are measured against
    #[cfg(feature = "bench")]
    #[arg(long, value_name = "FILE")]
    pub fixed_answer: Option<PathBuf>,

    /// The share of requests that get a line in the log, from 0 (none but those that failed with 500) to 1
    /// (all)
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    pub access_log: f64,

    /// Connections held at once; more wait in the system's queue until one ends
    #[arg(long, value_name = "N", default_value = "4096", value_parser = connections, help_heading = "Bounds")]
    pub max_connections: NonZeroUsize,

    /// Questions worked on at once; more are refused with 503. Half of them may wait for the threads that
    /// work out long answers
    #[arg(long, value_name = "N", default_value = "512", help_heading = "Bounds")]
    pub max_in_flight: NonZeroUsize,

    /// Clients that are told of changes at once (`/api/events`); more are refused with 503. Keep it below
    /// the connections: each has one
    #[arg(long, value_name = "N", default_value = "1024", help_heading = "Bounds")]
    pub max_event_streams: usize,

    /// Questions are refused with 503 while work waits longer than this for a processor, and long ones
    /// that have waited for as long themselves
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = duration, help_heading = "Bounds")]
    pub max_delay: Duration,

    /// The time a request's head may take to arrive, and a kept connection may be idle; longer than
    /// the idle time of any proxy in front, so that it is the proxy that closes
    #[arg(long, value_name = "TIME", default_value = "75s", value_parser = duration, help_heading = "Bounds")]
    pub header_timeout: Duration,

    /// The time a request's body may take to arrive
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, help_heading = "Bounds")]
    pub body_timeout: Duration,

    /// The time a client may take to acknowledge what was sent to it before it is given up
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration, help_heading = "Bounds")]
    pub send_timeout: Duration,

    /// The largest body of a request
    #[arg(long, value_name = "BYTES", default_value = "128KiB", value_parser = bytes, help_heading = "Bounds")]
    pub max_body: u64,

    /// The most songs in one question
    #[arg(long, value_name = "N", default_value = "1000", help_heading = "Bounds")]
    pub max_songs: usize,

    /// When told to stop: how long new connections are still taken while the endpoint leaves the
    /// tables of load balancers; not ready meanwhile
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration, help_heading = "Stopping")]
    pub lame_duck: Duration,

    /// After that: how long requests under way may take to end before they are cut off. Keep the sum
    /// of both below the grace period of whoever stops the process
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = duration, help_heading = "Stopping")]
    pub drain: Duration,
}

impl Config {
    /// The defaults of all flags for this model directory.
    #[must_use]
    pub fn new(models: impl Into<PathBuf>) -> Self {
        #[derive(Parser)]
        struct Flags {
            #[command(flatten)]
            config: Config,
        }
        let arguments = [OsString::new(), OsString::from("--models"), models.into().into()];
        Flags::parse_from(arguments).config
    }
}

/// Where to listen for people's requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address: a host's name or IP address, a colon, a port.
    Tcp(String),
    /// A Unix socket.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(path.into()));
        }
        match text.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self::Tcp(text.to_owned()))
            }
            _ => Err("expected HOST:PORT or unix:PATH".to_owned()),
        }
    }
}

fn host_name() -> String {
    let name = rustix::system::uname();
    match name.nodename().to_string_lossy() {
        name if is_header(&name) => name.into_owned(),
        _ => "unnamed".to_owned(),
    }
}

/// As many connections as can be counted.
fn connections(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(number) if number.get() <= Semaphore::MAX_PERMITS => Ok(number),
        _ => Err(format!("expected a whole number from 1 to {}", Semaphore::MAX_PERMITS)),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

/// A name that can stand in a header. Without one (a variable that is set to nothing), it is the host's.
fn instance(text: &str) -> Result<String, String> {
    match text {
        "" => Ok(host_name()),
        _ if is_header(text) => Ok(text.to_owned()),
        _ => Err("expected a name of visible ASCII characters".to_owned()),
    }
}

fn is_header(text: &str) -> bool {
    !text.is_empty() && HeaderValue::from_str(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_stop_within_the_usual_grace_period() {
        let config = Config::new("models");
        assert!(config.lame_duck + config.drain < Duration::from_secs(30));
        assert_eq!(config.models, PathBuf::from("models"));
    }

    #[test]
    fn listening_addresses_read_as_written() {
        let tcp = |text: &str| Ok(Listen::Tcp(text.to_owned()));
        assert_eq!("0.0.0.0:30502".parse(), tcp("0.0.0.0:30502"));
        assert_eq!("[::1]:80".parse(), tcp("[::1]:80"));
        assert_eq!("localhost:0".parse(), tcp("localhost:0"));
        assert_eq!("unix:/run/a.sock".parse(), Ok(Listen::Unix("/run/a.sock".into())));
        for wrong in ["30502", ":30502", "localhost", "localhost:99999", ""] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_instance_name_can_stand_in_a_header() {
        assert!(instance("api-7d9f").is_ok());
        assert_eq!(instance(""), Ok(host_name()));
        assert!(!host_name().is_empty());
        assert!(instance("a\nb").is_err());
    }
}
