//! The first command of every log.

use super::{Context, Decision, Verdict};
use crate::event::Event;
use crate::ids::{ClusterId, NamespaceId};
use crate::rejection::{Reason, Rejection};

/// Creates the cluster and its namespace `default`. Creating the same one again changes nothing.
pub(super) fn create(context: Context<'_>, cluster: ClusterId) -> Verdict {
    match context.state.cluster {
        Some(known) if known == cluster => Ok(Decision::done(Vec::new())),
        Some(known) => Err(Rejection::new(Reason::AlreadyExists, format!("this is cluster {known} already"))
            .field("cluster")
            .help("bootstrap another cluster with empty data directories")),
        None => {
            let namespace = NamespaceId::new("default")?;
            let description = "The namespace that is used when none is named.".to_owned();
            Ok(Decision::done(vec![
                Event::ClusterCreated { cluster },
                Event::NamespaceCreated { namespace, description },
            ]))
        }
    }
}
