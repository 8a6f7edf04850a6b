//! The web page: files that stand in the program, with the headers that keep them to themselves. What
//! the page does is in `api/web/`.

use std::borrow::Cow;

use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use warp::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

#[derive(RustEmbed)]
#[folder = "web/"]
struct Files;

/// Scripts, styles and pictures of our own only, no frames, no forms that leave, and no text that turns
/// into script, not even by a policy that would call it trusted.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'",
);
/// A new version's page must not run with an old one's scripts: browsers ask each time, and are told in
/// a few bytes that nothing has changed.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// A file of the page.
pub(crate) struct File {
    content: EmbeddedFile,
    media_type: &'static str,
}

impl File {
    /// The file that this path stands for.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let name = match path.strip_prefix('/')? {
            "" => "index.html",
            name => name,
        };
        Some(Self { media_type: media_type(name)?, content: Files::get(name)? })
    }

    /// The file as a response; without its content where the client has that already.
    pub(crate) fn respond(self, known: Option<&HeaderValue>) -> Response {
        let tag = self.tag();
        let mut response = if known.is_some_and(|known| names(known, &tag)) {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(match self.content.data {
                Cow::Borrowed(content) => Bytes::from_static(content).into(),
                Cow::Owned(content) => content.into(),
            })
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        headers.insert(ETAG, tag);
        headers.insert(CACHE_CONTROL, REVALIDATE);
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }

    fn tag(&self) -> HeaderValue {
        let digest = &self.content.metadata.sha256_hash()[..8];
        let digest = u64::from_be_bytes(digest.try_into().expect("eight bytes"));
        HeaderValue::from_str(&format!("\"{digest:016x}\"")).expect("hex digits are ASCII")
    }
}

/// Whether an `If-None-Match` names this tag.
fn names(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else { return false };
    known.split(',').any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    })
}

/// What the page may consist of.
fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "woff2" => Some("font/woff2"),
        "webmanifest" => Some("application/manifest+json"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_page_and_other_paths_are_its_files() {
        assert_eq!(File::at("/").unwrap().media_type, "text/html; charset=utf-8");
        assert!(File::at("/index.html").is_some());
        for wrong in ["", "/nothing.js", "/../src/page.rs", "/README.md", "index.html"] {
            assert!(File::at(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_tag_is_recognised_as_caches_write_it() {
        let check = |known: &'static str, expected: bool| {
            let known = HeaderValue::from_static(known);
            assert_eq!(names(&known, &HeaderValue::from_static("\"a\"")), expected, "{known:?}");
        };
        check("\"a\"", true);
        check("W/\"a\"", true);
        check("\"b\", \"a\"", true);
        check("*", true);
        check("\"b\"", false);
        check("", false);
    }
}
