//! How well a model recommends: playlists are held back, a model is made of the others, and it is asked
//! to continue what it has not seen.
//!
//! [`protocol`] says which playlists are held back and what is asked, [`metric`] what an answer is worth,
//! [`bootstrap`] how sure the figures are. Everything is a pure function of the dataset's bytes.

mod bootstrap;
mod metric;
mod protocol;
mod run;

pub use bootstrap::Interval;
pub(crate) use metric::SHOWN;
pub use metric::{Metrics, RANKED};
pub(crate) use protocol::hash;
pub use protocol::{Seeding, Split};
pub use run::{Evaluation, Method, Row, evaluate};
