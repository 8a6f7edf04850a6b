//! Who is asked: a service's base URL, and the one address that it stands for during a run.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use hyper::Uri;
use hyper::header::HeaderValue;

/// The route that is measured, below the service's base.
const ROUTE: &str = "api/recommend";

/// How long an address may take to accept before the next one is tried.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// A service's base URL, such as `http://localhost:8080`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    uri: Uri,
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected the service's base, such as http://localhost:8080".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        if uri.scheme_str() == Some("https") {
            return Err("this speaks plain HTTP: give the address behind what ends TLS".to_owned());
        }
        if uri.scheme_str() != Some("http") || uri.host().is_none() || uri.query().is_some() {
            return Err(wrong());
        }
        Ok(Self { uri })
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.uri.to_string().trim_end_matches('/'))
    }
}

/// Where requests go.
#[derive(Clone, Debug)]
pub struct Target {
    /// The address that the service's name stands for during this run.
    pub address: SocketAddr,
    /// What requests name as their host.
    pub(super) host: HeaderValue,
    /// The path of the request line.
    pub(super) path: Uri,
}

impl Target {
    /// Looks the service's name up, once: of several addresses, the first that accepts a connection, or
    /// the first of all where none does (a service that is down can be measured, too).
    ///
    /// # Errors
    /// The name is not known.
    pub async fn resolve(base: &BaseUrl) -> anyhow::Result<Self> {
        let authority = base.uri.authority().context("a base URL has a host")?;
        let host = authority.host().trim_matches(['[', ']']);
        let port = authority.port_u16().unwrap_or(80);
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .with_context(|| format!("failed to look up {host}"))?
            .collect();
        let first = *addresses.first().with_context(|| format!("{host} has no address"))?;
        let path = format!("{}/{ROUTE}", base.uri.path().trim_end_matches('/'));
        Ok(Self {
            address: reachable(&addresses).await.unwrap_or(first),
            host: HeaderValue::from_str(authority.as_str()).context("the host is not a header")?,
            path: path.parse().context("the base's path is not one")?,
        })
    }
}

async fn reachable(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    for &address in addresses {
        let connect = tokio::net::TcpStream::connect(address);
        if let Ok(Ok(_)) = tokio::time::timeout(PROBE_TIMEOUT, connect).await {
            return Some(address);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_base_of_plain_http_is_one() {
        assert!("http://localhost:8080".parse::<BaseUrl>().is_ok());
        assert!("http://[::1]:8080/segue/".parse::<BaseUrl>().is_ok());
        for wrong in ["localhost:8080", "/api", "http://h/?q=1", "ftp://h", ""] {
            assert!(wrong.parse::<BaseUrl>().is_err(), "{wrong}");
        }
        let tls = "https://h".parse::<BaseUrl>().unwrap_err();
        assert!(tls.contains("plain HTTP"), "{tls}");
    }

    #[tokio::test]
    async fn the_route_lies_below_the_base() {
        let base = "http://127.0.0.1:1/segue/".parse().unwrap();
        let target = Target::resolve(&base).await.unwrap();
        assert_eq!(target.path, "/segue/api/recommend");
        assert_eq!(target.host, "127.0.0.1:1");
        assert_eq!(target.address, "127.0.0.1:1".parse().unwrap());
    }
}
