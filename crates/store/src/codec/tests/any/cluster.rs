//! Any node, namespace and pipeline.

use std::sync::Arc;

use gofer_domain::state::Namespace;
use gofer_domain::*;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use super::releases::releases;
use super::{config, driver, namespace_id, pipeline_key, resources, text, texts, time};

pub(super) fn spec() -> impl Strategy<Value = NodeSpec> {
    let drivers = btree_set(driver(), 0..3);
    (text(), text(), texts(), any::<u32>(), resources(), drivers, any::<u32>(), text()).prop_map(
        |(name, address, labels, slots, capacity, drivers, logic_version, build)| NodeSpec {
            name,
            address,
            labels,
            slots,
            capacity,
            drivers,
            logic_version,
            build,
        },
    )
}

pub(in crate::codec::tests) fn node() -> impl Strategy<Value = Node> {
    let status = prop_oneof![Just(NodeStatus::Ready), Just(NodeStatus::Lost)];
    (any::<u64>(), spec(), status, any::<bool>(), any::<u64>(), time()).prop_map(
        |(id, spec, status, draining, incarnation, since)| Node {
            id: NodeId(id),
            spec,
            status,
            draining,
            incarnation,
            since,
        },
    )
}

pub(in crate::codec::tests) fn namespace() -> impl Strategy<Value = Namespace> {
    (namespace_id(), text(), time()).prop_map(|(id, description, created_at)| Namespace { id, description, created_at })
}

pub(in crate::codec::tests) fn ends() -> impl Strategy<Value = Ends> {
    vec(any::<bool>(), 0..80).prop_map(|outcomes| {
        let mut ends = Ends::default();
        outcomes.into_iter().for_each(|failed| ends.push(failed));
        ends
    })
}

pub(in crate::codec::tests) fn pipeline() -> impl Strategy<Value = Pipeline> {
    let runs = (any::<u64>(), btree_set(any::<u64>(), 0..4), vec(any::<u64>(), 0..4));
    let head = (pipeline_key(), 1..=u64::MAX, config(), releases());
    (head, any::<(bool, bool)>(), runs, (time(), time()), ends()).prop_map(
        |(head, (enabled, deleted), (last_run, running, queue), (created_at, updated_at), ends)| {
            let (key, version, config, releases) = head;
            Pipeline {
                key,
                version: Version(version),
                config: Arc::new(config),
                releases,
                enabled,
                deleted,
                last_run,
                running,
                queue: queue.into(),
                ends,
                created_at,
                updated_at,
            }
        },
    )
}
