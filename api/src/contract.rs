//! The contract of the public routes, in OpenAPI 3.1: the answer of `GET /openapi.json`.

use std::sync::OnceLock;

use bytes::Bytes;

/// The contract as text; only the version in it is not written down in the file.
pub(crate) fn text() -> Bytes {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    TEXT.get_or_init(|| {
        include_str!("../openapi.json").replace("${version}", segue_process::VERSION).into()
    })
    .clone()
}
