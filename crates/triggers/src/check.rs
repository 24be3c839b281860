//! What can be told of a subscription before it is made, and `domain` can't: its expressions, and the settings of a built-in
//! trigger.

use gofer_domain::{BuiltIn, Reason, Rejection, SubscriptionSpec};

use crate::built_in::built_in;
use crate::event::Judge;
use crate::hook::Hook;
use crate::log::Interest;
use crate::repository::Repository;

/// Checks a subscription of a pipeline.
///
/// # Errors
/// `InvalidArgument`, with the field `filter`, `expressions.NAME` or `settings.NAME`.
pub fn check(spec: &SubscriptionSpec) -> Result<(), Rejection> {
    Judge::new(spec)?;
    let Some(trigger) = BuiltIn::of(&spec.trigger) else { return Ok(()) };
    if let Some(misfit) = built_in(trigger).misfit(&spec.settings) {
        let message = misfit.to_string();
        return Err(Rejection::new(Reason::InvalidArgument, message).field(misfit.field()).help(misfit.help()));
    }
    match trigger {
        BuiltIn::Webhook | BuiltIn::Github => Hook::of(spec).map(|_| ()),
        BuiltIn::Pipeline | BuiltIn::Task | BuiltIn::Schedule | BuiltIn::Object | BuiltIn::Event => {
            Interest::check(spec)
        }
        BuiltIn::Git => Repository::check(spec),
        BuiltIn::Manual => Ok(()),
    }
}
