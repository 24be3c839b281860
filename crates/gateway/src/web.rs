//! Plain HTTP on the port of the API: webhooks, and what is routed to plug-ins.

mod answer;
mod body;
pub(crate) mod hooks;
pub(crate) mod plugins;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::Response;

use crate::errors::Fault;
use crate::server::Parts;

/// All routes that are no gRPC.
pub(crate) fn routes(parts: Parts) -> Router {
    let others = Router::new().route("/", any(nowhere)).route("/v1/{*path}", any(nowhere));
    others.merge(hooks::routes(parts.clone())).merge(plugins::routes(parts))
}

/// What comes over HTTP, and is for nobody.
async fn nowhere() -> Response<Body> {
    let missing = Fault::not_found("path", "nothing is served at this path").help(format!(
        "post to {}/NAMESPACE/PIPELINE/SUBSCRIPTION, or send to {}/TRIGGER; all else is gRPC",
        hooks::PATH,
        plugins::PATH
    ));
    answer::fault(&missing)
}
