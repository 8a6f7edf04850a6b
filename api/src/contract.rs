//! The contract of the public routes, in OpenAPI 3.1: the answer of `GET /openapi.json`.

use bytes::Bytes;

/// The contract as text; only the version and the most songs of a question are not written down in the file.
pub(crate) fn text(max_songs: usize) -> Bytes {
    include_str!("../openapi.json")
        .replace("${version}", segue_process::VERSION)
        .replace("\"${max_songs}\"", &max_songs.to_string())
        .into()
}
