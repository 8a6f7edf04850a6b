//! What Segue's programs do alike: read arguments, write logs, heed signals, exit.
//!
//! Not here: anything about models, HTTP or datasets.

pub mod argument;
pub mod exit;
pub mod log;
pub mod signal;

/// The version of the running code: equal to the image's tag where the build was given one
/// (`SEGUE_VERSION`), the package's version otherwise.
pub const VERSION: &str = match option_env!("SEGUE_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};
