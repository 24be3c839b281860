//! What is left of a cluster that has lost its majority, made into a cluster of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gofer_consensus::Error as ConsensusError;
use gofer_consensus::offline::{LastKnown, begin_alone};
use gofer_domain::{ClusterId, Command, CommandEnvelope, NodeId, RequestId, Revision};
use gofer_store::{Options, Store, unfinished};

use crate::Operator;
use crate::error::Error;

/// What a directory is marked with while it is recovered; the new cluster's id follows on the next line.
const MARK: &str = "gofer cluster recover";

/// What to recover with.
#[derive(Clone, Debug)]
pub struct Recover {
    pub data: PathBuf,
    /// How long attempts that were lost with other nodes are not tried again: longer than the leases of those nodes.
    pub grace: Duration,
    pub operator: Operator,
}

/// What was made of a node's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The cluster that the directory is of now.
    pub cluster: ClusterId,
    pub node: NodeId,
    /// Members that are out of it.
    pub dropped: Vec<NodeId>,
    /// Revision of the newest event: those that record the recovery included.
    pub revision: Revision,
}

/// What a stopped node knows of its cluster, and the revision and the cluster of its state. Nothing is changed.
///
/// # Errors
/// When a node runs on the directory, or it can't be read.
pub fn last_known(data: &Path) -> Result<(LastKnown, Revision, Option<ClusterId>), Error> {
    let (store, _) = open(data)?;
    let known = gofer_consensus::offline::last_known(&store)?;
    let revision = store.progress().borrow().revision;
    let cluster = store.read(|state| state.cluster);
    Ok((known, revision, cluster))
}

/// Makes a stopped node the only member of a new cluster that goes on from what the node has, entries included of which
/// it does not know whether they were committed: what was acknowledged is among them, if it ever reached this node.
///
/// # Errors
/// When a node runs on the directory, it belongs to no cluster, or the disk fails. Once begun, no node starts on the
/// directory until the same command has succeeded.
pub fn recover(options: &Recover) -> Result<Recovered, Error> {
    let (store, begun) = open(&options.data)?;
    let known = gofer_consensus::offline::last_known(&store)?;
    let own = known.members.iter().find(|member| member.id == known.node);
    let Some(own) = own.filter(|_| store.read(|state| state.cluster.is_some())) else {
        let why = "this node is no member of a cluster, so there is nothing to recover";
        return Err(Error::Refused(why.to_owned()));
    };
    let cluster = begun.unwrap_or_else(|| ClusterId(uuid::Uuid::new_v4().into_bytes()));
    unfinished::mark(&options.data, &format!("{MARK}\n{cluster}\n"))?;
    let dropped = known.members.iter().map(|member| member.id).filter(|id| *id != known.node);
    let dropped: std::collections::BTreeSet<NodeId> = dropped.collect();
    let command = CommandEnvelope {
        request_id: RequestId(cluster.0),
        actor: options.operator.actor(),
        time: options.operator.now,
        command: Command::RecoverCluster {
            cluster,
            survivor: known.node,
            dropped: dropped.clone(),
            grace: options.grace,
        },
    };
    begin_alone(&store, &own.address, command).map_err(|error| match error {
        ConsensusError::Bootstrap(why) => Error::Refused(format!("the recovery was refused: {why}")),
        error => error.into(),
    })?;
    let cluster = store.adopt_cluster()?;
    let revision = store.progress().borrow().revision;
    drop(store);
    unfinished::clear(&options.data)?;
    Ok(Recovered { cluster, node: known.node, dropped: dropped.into_iter().collect(), revision })
}

/// Opens a stopped node's data, and says which cluster an interrupted recovery was to make of it.
fn open(data: &Path) -> Result<(Store, Option<ClusterId>), Error> {
    if !data.join("identity.json").exists() {
        return Err(Error::Refused(format!("{} is no data directory of a node", data.display())));
    }
    let Some(mark) = unfinished::read(data)?.filter(|mark| mark.starts_with(MARK)) else {
        return Ok((Store::open(data, Options::default())?, None));
    };
    let id = mark.lines().nth(1).and_then(|id| u128::from_str_radix(id, 16).ok());
    Ok((Store::open_unfinished(data, Options::default())?, id.map(|id| ClusterId(id.to_be_bytes()))))
}
