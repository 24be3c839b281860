//! Any object, and commands and events about them.

use gofer_domain::*;
use proptest::option;
use proptest::prelude::*;

use super::{attempt_key, pipeline_key, run_key, time};

fn scope() -> impl Strategy<Value = ObjectScope> {
    prop_oneof![pipeline_key().prop_map(ObjectScope::Pipeline), run_key().prop_map(ObjectScope::Run)]
}

fn key() -> impl Strategy<Value = ObjectKey> {
    "[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,20}(/[a-z]{1,5}){0,3}".prop_map(|key| ObjectKey::new(&key).unwrap())
}

fn content() -> impl Strategy<Value = ObjectContent> {
    let place = any::<([u8; 16], [u8; 16])>().prop_map(|(store, folder)| ObjectPlace { store, folder });
    (any::<(u64, [u8; 32], [u8; 32])>(), option::of(place))
        .prop_map(|((bytes, digest, manifest), place)| ObjectContent { bytes, digest, manifest, place })
}

fn loss() -> impl Strategy<Value = ObjectLoss> {
    prop::sample::select(ObjectLoss::ALL.to_vec())
}

pub(in crate::codec::tests) fn object() -> impl Strategy<Value = (ObjectScope, ObjectKey, Object)> {
    (scope(), key(), content(), time(), any::<u64>()).prop_map(|(scope, key, content, created_at, revision)| {
        (scope, key, Object { content, created_at, revision: Revision(revision) })
    })
}

pub(super) fn command() -> impl Strategy<Value = Command> {
    let limits = any::<(u32, u64, u32, u64, u32)>().prop_map(
        |(pipeline_objects, pipeline_bytes, run_objects, run_bytes, runs)| ObjectLimits {
            pipeline_objects,
            pipeline_bytes,
            run_objects,
            run_bytes,
            runs,
        },
    );
    prop_oneof![
        (scope(), key(), content(), limits, option::of(attempt_key())).prop_map(
            |(scope, key, content, limits, attempt)| Command::PutObject {
                scope,
                key,
                content: Box::new(content),
                limits,
                attempt,
            }
        ),
        (scope(), key(), option::of(attempt_key())).prop_map(|(scope, key, attempt)| Command::DeleteObject {
            scope,
            key,
            attempt
        }),
    ]
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (scope(), key(), content()).prop_map(|(scope, key, content)| Event::ObjectPut {
            scope,
            key,
            content: Box::new(content)
        }),
        (scope(), key(), loss()).prop_map(|(scope, key, cause)| Event::ObjectDeleted { scope, key, cause }),
        (scope(), loss()).prop_map(|(scope, cause)| Event::ObjectsDropped { scope, cause }),
    ]
}
