//! A server that answers each request as its script says, and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use reqwest::Url;

/// What becomes of a connection once these bytes are sent.
pub(crate) enum Answer {
    /// It is closed.
    Close(Vec<u8>),
    /// It stays open and silent.
    Silence(Vec<u8>),
}

/// The server, gone when dropped; after the last answer it accepts no connection.
pub(crate) struct Server {
    pub(crate) url: Url,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn with(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            // Kept so that they stay open, until the script has ended and the test, too.
            let mut open = Vec::new();
            for answer in script {
                let Ok((mut stream, _)) = listener.accept() else { return };
                seen.lock().unwrap().push(request(&stream));
                let (Answer::Close(bytes) | Answer::Silence(bytes)) = &answer;
                // A client that has heard enough is its own business.
                let _ = stream.write_all(bytes);
                if let Answer::Silence(_) = answer {
                    open.push(stream);
                }
            }
            drop(listener);
            while !open.is_empty() {
                std::thread::park();
            }
        });
        let url = Url::parse(&format!("http://{address}/songs.csv")).unwrap();
        Self { url, requests }
    }

    /// The requests' heads in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn request(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n").to_lowercase()
}

/// An answer's head and body: a status, headers, and what is sent of a body.
pub(crate) fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\nConnection: close\r\n").into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}
