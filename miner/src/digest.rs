//! The SHA-256 of some content: what a dataset is recognised by.
//!
//! Not here: what content.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use thiserror::Error;

/// A SHA-256, written and read as 64 hexadecimal digits.
///
/// ```
/// use segue_miner::digest::ContentDigest;
///
/// let digest = ContentDigest::of(b"");
/// let digits = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// assert_eq!(digest.to_string(), digits);
/// assert_eq!(digits.to_uppercase().parse(), Ok(digest));
/// assert!("e3b0c442".parse::<ContentDigest>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest([u8; 32]);

/// A text that is no digest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected the 64 hexadecimal digits of a SHA-256, found {found:?}")]
pub struct BadDigest {
    /// The text.
    pub found: String,
}

impl ContentDigest {
    /// The digest of bytes that are all there.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Sha256::new_with_prefix(bytes).into()
    }
}

impl From<Sha256> for ContentDigest {
    fn from(digest: Sha256) -> Self {
        Self(digest.finalize().into())
    }
}

impl FromStr for ContentDigest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let bad = || BadDigest { found: text.to_owned() };
        let digits: [u8; 64] = text.as_bytes().try_into().map_err(|_| bad())?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for &digit in pair {
                let digit = char::from(digit).to_digit(16).ok_or_else(bad)?;
                *byte = *byte << 4 | digit as u8;
            }
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Content that is not what it must be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{origin}: expected content with SHA-256 {expected}, found {found}")]
pub struct DigestMismatch {
    /// The file, folder or URL.
    pub origin: String,
    /// The digest it must have.
    pub expected: ContentDigest,
    /// The digest it has.
    pub found: ContentDigest,
}

impl ContentDigest {
    /// Checks that this is the digest that content must have, if there is one it must have.
    ///
    /// # Errors
    /// It is another.
    pub fn verify(self, expected: Option<Self>, origin: &str) -> Result<(), DigestMismatch> {
        match expected {
            Some(expected) if expected != self => {
                Err(DigestMismatch { origin: origin.to_owned(), expected, found: self })
            }
            _ => Ok(()),
        }
    }
}
