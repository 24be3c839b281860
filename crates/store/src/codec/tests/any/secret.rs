//! Any secret, sealed or not, and any cluster key.

use gofer_domain::*;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::{ID, namespace_id, pipeline_key, time};

fn key() -> impl Strategy<Value = SecretKey> {
    let scope = prop_oneof![
        Just(SecretScope::Global),
        namespace_id().prop_map(SecretScope::Namespace),
        pipeline_key().prop_map(SecretScope::Pipeline),
    ];
    (scope, ID).prop_map(|(scope, name)| SecretKey { scope, name: SecretName::new(&name).unwrap() })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn sealed() -> impl Strategy<Value = SealedSecret> {
    (key(), any::<(u64, u64)>(), bytes(), bytes()).prop_map(|(key, (version, cluster_key), wrapped_key, ciphertext)| {
        SealedSecret { key, version, cluster_key, wrapped_key, ciphertext }
    })
}

fn cluster_key() -> impl Strategy<Value = ClusterKey> {
    any::<(u64, [u8; 32])>().prop_map(|(number, fingerprint)| ClusterKey { number, fingerprint })
}

fn wrapped() -> impl Strategy<Value = Vec<WrappedKey>> {
    btree_map(key(), (any::<u64>(), bytes()), 0..4).prop_map(|wrapped| {
        let wrapped = wrapped.into_iter();
        wrapped.map(|(key, (version, wrapped_key))| WrappedKey { key, version, wrapped_key }).collect()
    })
}

pub(in crate::codec::tests) fn secret() -> impl Strategy<Value = (SecretKey, Secret)> {
    (key(), any::<u64>(), bytes(), time(), time()).prop_map(|(key, version, wrapped_key, created_at, updated_at)| {
        (key, Secret { version, wrapped_key, created_at, updated_at })
    })
}

pub(in crate::codec::tests) fn current_key() -> impl Strategy<Value = CurrentKey> {
    (cluster_key(), time(), any::<u64>(), option::of(time()))
        .prop_map(|(key, since, superseded, deleted_at)| CurrentKey { key, since, superseded, deleted_at })
}

pub(super) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        sealed().prop_map(|secret| Command::SetSecret { secret: Box::new(secret) }),
        key().prop_map(|key| Command::DeleteSecret { key }),
        (cluster_key(), wrapped()).prop_map(|(key, wrapped_keys)| Command::RotateClusterKey { key, wrapped_keys }),
    ]
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        sealed().prop_map(|secret| Event::SecretSet { secret: Box::new(secret) }),
        (key(), any::<u64>()).prop_map(|(key, version)| Event::SecretDeleted { key, version }),
        (cluster_key(), wrapped()).prop_map(|(key, wrapped_keys)| Event::ClusterKeyRotated { key, wrapped_keys }),
    ]
}
