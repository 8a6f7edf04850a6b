//! Playlists as rows of a CSV file.
//!
//! Not here: which playlists (see `playlist`).

use super::catalog::{Catalog, Track};
use super::name;
use super::playlist::Playlist;

/// The columns, in the order that playlists are most often published with.
pub(super) const HEADER: &str = "pid,track_name,artist_name,album_name,track_uri\n";

/// Rows that gather until they are written.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    catalog: &'a Catalog,
    pub(super) text: String,
    /// A field before it is known whether it needs quotes.
    field: String,
}

impl<'a> Rows<'a> {
    /// No rows yet.
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        Self { catalog, text: String::new(), field: String::new() }
    }

    /// Adds the rows of a playlist.
    pub(super) fn push(&mut self, pid: u64, playlist: &Playlist) {
        let pid = pid.to_string();
        let catalog = self.catalog;
        for &track in &playlist.tracks {
            self.text.push_str(&pid);
            self.field(|field| name::title(catalog, track, field));
            self.field(|field| name::artist(catalog, track.artist, field));
            self.field(|field| name::album(catalog, track, field));
            self.text.push(',');
            if playlist.has_uris {
                self.uri(track);
            }
            self.text.push('\n');
        }
    }

    /// Adds a field, quoted where RFC 4180 asks for it.
    fn field(&mut self, write: impl FnOnce(&mut String)) {
        self.field.clear();
        write(&mut self.field);
        self.text.push(',');
        if self.field.bytes().any(|byte| matches!(byte, b',' | b'"')) {
            self.text.push('"');
            for part in self.field.split_inclusive('"') {
                self.text.push_str(part);
                if part.ends_with('"') {
                    self.text.push('"');
                }
            }
            self.text.push('"');
        } else {
            self.text.push_str(&self.field);
        }
    }

    /// Adds a track's URI: all of one length, in hexadecimal digits, as identifiers often are.
    fn uri(&mut self, track: Track) {
        self.text.push_str("segue:track:");
        let id = self.catalog.id(track);
        for shift in (0..32).step_by(4).rev() {
            self.text.push(char::from(b"0123456789abcdef"[(id >> shift) as usize & 0xf]));
        }
    }
}
