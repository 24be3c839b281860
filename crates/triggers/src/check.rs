//! What can be told of a subscription before it is made, and `domain` can't: its expressions, and the settings of a built-in
//! trigger.

use gofer_domain::{Broken, BuiltIn, Reason, Rejection, SubscriptionSpec};

use crate::built_in::built_in;
use crate::event::Judge;
use crate::hook::Hook;
use crate::log::Interest;
use crate::polled::is_polled;
use crate::pulls::Pulls;
use crate::repository::Repository;

/// Checks a subscription of a pipeline.
///
/// # Errors
/// `InvalidArgument`, with the field `filter`, `expressions.NAME` or `settings.NAME`.
pub fn check(spec: &SubscriptionSpec) -> Result<(), Rejection> {
    Judge::new(spec)?;
    let Some(trigger) = BuiltIn::of(&spec.trigger) else { return Ok(()) };
    let needs_secret = trigger == BuiltIn::Github && !is_polled(spec) && !spec.settings.contains_key("secret");
    let misfit = built_in(trigger).misfit(&spec.settings);
    if let Some(misfit) = misfit.or_else(|| needs_secret.then(|| Broken::Missing("secret".to_owned()))) {
        let message = misfit.to_string();
        return Err(Rejection::new(Reason::InvalidArgument, message).field(misfit.field()).help(misfit.help()));
    }
    match trigger {
        BuiltIn::Webhook => Hook::of(spec).map(|_| ()),
        BuiltIn::Github => {
            Pulls::check(spec)?;
            Hook::of(spec).map(|_| ())
        }
        BuiltIn::Pipeline | BuiltIn::Task | BuiltIn::Schedule | BuiltIn::Object | BuiltIn::Event => {
            Interest::check(spec)
        }
        BuiltIn::Git => Repository::check(spec),
        BuiltIn::Manual => Ok(()),
    }
}
