//! What is known of the served model: the answer of `GET /api/model`.

use segue_model::Metadata;
use serde::Serialize;

use crate::served::Served;

/// A model as it is described to people.
#[derive(Serialize)]
pub(crate) struct ModelInfo<'m> {
    id: String,
    bytes: usize,
    #[serde(flatten)]
    metadata: &'m Metadata,
}

impl<'m> From<&'m Served> for ModelInfo<'m> {
    fn from(served: &'m Served) -> Self {
        let model = served.model();
        Self { id: model.id().to_string(), bytes: model.size(), metadata: model.metadata() }
    }
}
