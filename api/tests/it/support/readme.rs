//! The README's examples, as they stand there but for the address.

use std::net::SocketAddr;

/// The examples in this language that ask the API.
pub(crate) fn examples(language: &str, address: SocketAddr) -> Vec<String> {
    let readme = include_str!("../../../../README.md");
    let fence = format!("\n```{language}\n");
    let examples: Vec<String> = readme
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("\n```").next().expect("a first part").to_owned())
        .filter(|example| example.contains("localhost:30502/api/"))
        .map(|example| example.replace("localhost:30502", &address.to_string()))
        .collect();
    assert!(!examples.is_empty(), "the README has an example in {language}");
    examples
}
