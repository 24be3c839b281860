//! Whatever is read from outside is taken or refused, and never ends the program.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::events;
use super::world::{CLUSTER, World};
use crate::hash::Hash;
use crate::segment::Reader;
use crate::{Checkpoint, Envelope, Manifest, NodeKey, Note, PublicKey};

static EVENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| events(World::busy(5).closed().path()));

fn read_segment(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new(bytes) else { return };
    while let Ok(Some(_)) = reader.next() {}
}

proptest! {
    #[test]
    fn almost_a_manifest(first in any::<u64>(), last in any::<u64>(), events in any::<u64>(), bytes in any::<u64>()) {
        let hash = "00".repeat(32);
        let segment = format!(
            r#"{{"digest":"{hash}","first_revision":{first},"last_revision":{last},"last_hash":"{hash}","events":{events},"bytes":{bytes},"stored_bytes":0}}"#
        );
        let manifest = format!(
            r#"{{"format":1,"cluster_id":"","complete":true,"first_revision":{first},"last_revision":{last},"previous_hash":"{hash}","last_hash":"{hash}","events":{events},"bytes":{bytes},"segments":[{segment},{segment}]}}"#
        );
        let _ = Manifest::parse(manifest.as_bytes());
    }
}

#[test]
fn the_second_implementation_reads_what_the_store_wrote() {
    for (index, bytes) in EVENTS.iter().enumerate() {
        let envelope = Envelope::parse(bytes).unwrap();
        assert_eq!(envelope.revision, index as u64 + 1);
        assert_eq!(envelope.computed_hash(), envelope.hash);
        assert_eq!(envelope.actor, "user:ada");
        assert!(envelope.time.0 > 1_753_000_000_000 && envelope.request_id.len() == 16);
        envelope.decode().unwrap();
    }
}

#[test]
fn damaged_events_are_refused_or_read_as_they_are() {
    gofer_fuzz::fuzz("audit-event", &EVENTS, |bytes| {
        if let Ok(envelope) = Envelope::parse(bytes) {
            let _ = envelope.decode();
            assert_eq!(envelope.computed_hash() == envelope.hash, EVENTS.iter().any(|event| event == bytes));
        }
    });
}

#[test]
fn damaged_segments_end_in_an_error() {
    let mut plain = Vec::new();
    for event in EVENTS.iter().take(20) {
        prost::encoding::encode_varint(event.len() as u64, &mut plain);
        plain.extend(event);
    }
    gofer_fuzz::fuzz("audit-segment", &[zstd::encode_all(&plain[..], 1).unwrap()], read_segment);
    gofer_fuzz::fuzz("audit-segment-body", &[plain], |bytes| read_segment(&zstd::encode_all(bytes, 1).unwrap()));
}

#[test]
fn damaged_texts_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let key = NodeKey::open(dir.path(), "gofer/x/7").unwrap();
    let note = Checkpoint { cluster: CLUSTER, revision: 9, head: Hash::of(b"y") }.sign(&key).to_string();
    gofer_fuzz::fuzz("audit-note", &[note.into_bytes()], |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(note) = Note::parse(text) {
            let _ = (note.verify(&[key.public()]).is_ok(), Checkpoint::parse(&note.text));
            assert_eq!(Note::parse(&note.to_string()).unwrap(), note);
        }
        if let Ok(checkpoint) = Checkpoint::parse(text) {
            assert!(text.starts_with(&checkpoint.text()));
        }
    });
    gofer_fuzz::fuzz("audit-key", &[key.public().to_string().into_bytes()], |bytes| {
        let _ = std::str::from_utf8(bytes).map(str::parse::<PublicKey>);
    });
    let out = tempfile::tempdir().unwrap();
    let manifest = Manifest::new(Some(CLUSTER), 1);
    manifest.write(out.path()).unwrap();
    let valid = std::fs::read(out.path().join("manifest.json")).unwrap();
    gofer_fuzz::fuzz("audit-manifest", &[valid], |bytes| {
        let _ = Manifest::parse(bytes);
    });
}
