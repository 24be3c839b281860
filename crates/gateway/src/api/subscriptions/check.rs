//! What a subscription says, checked.

use gofer_domain::{Rejection, SubscriptionSpec, validate};
use gofer_store::codec;
use gofer_wire::model::v1 as model;
use tonic::Status;

use crate::errors::{self, Fault};

/// Reads a spec, or says what is wrong with it.
pub(super) async fn spec(spec: Option<model::SubscriptionSpec>) -> Result<SubscriptionSpec, Status> {
    let spec = spec.ok_or_else(|| Fault::invalid("spec", "no spec is given").help("name at least its trigger"))?;
    let spec = codec::subscription_spec_from_wire(Some(spec))
        .map_err(|error| Fault::invalid(&error.field, error.to_string()).help("correct that field"))?;
    validate::validate_subscription(&spec).map_err(|faults| errors::all_rejected(&faults))?;
    // Expressions may be long, and regular expressions in them take time.
    let checking = tokio::task::spawn_blocking(move || gofer_triggers::check(&spec).map(|()| spec));
    let checked = checking.await.map_err(|error| errors::interrupted(&error))?;
    checked.map_err(|rejection| errors::rejected(&named(rejection)).into())
}

/// What is said of an expression begins with a place in it; people need to know in which one.
fn named(rejection: Rejection) -> Rejection {
    let Rejection { field, message, .. } = &rejection;
    match field == "filter" || field.starts_with("expressions.") {
        true => Rejection { message: format!("{field}: {message}"), ..rejection },
        false => rejection,
    }
}
