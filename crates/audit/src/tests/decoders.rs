//! Whatever is read from outside is taken or refused, and never ends the program.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;

use super::events;
use super::world::World;
use crate::segment::Reader;
use crate::{Checkpoint, Envelope, Manifest, Note, PublicKey};

static EVENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| events(World::busy(5).closed().path()));

fn read_segment(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new(bytes) else { return };
    while let Ok(Some(_)) = reader.next() {}
}

proptest! {
    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(envelope) = Envelope::parse(&bytes) {
            let _ = (envelope.computed_hash(), envelope.decode());
        }
        let _ = Manifest::parse(&bytes);
        read_segment(&bytes);
        read_segment(&zstd::encode_all(&bytes[..], 1).unwrap());
        let text = String::from_utf8_lossy(&bytes);
        let _ = (Note::parse(&text).map(|note| note.verify(&[]).is_ok()), Checkpoint::parse(&text));
        let _ = text.parse::<PublicKey>();
    }

    #[test]
    fn almost_an_event(which in any::<prop::sample::Index>(), edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<prop::sample::Index>()) {
        let mut bytes = which.get(&EVENTS).clone();
        let original = bytes.clone();
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(envelope) = Envelope::parse(&bytes) {
            let _ = envelope.decode();
            prop_assert_eq!(envelope.computed_hash() == envelope.hash, bytes == original);
        }
        let cut = cut.index(bytes.len());
        let _ = Envelope::parse(&bytes[..cut]);
    }

    #[test]
    fn almost_a_note(text in "gofer/[0-9a-f]{0,33}\n[0-9]{0,22}\n[a-zA-Z0-9+/=]{0,50}\n{1,2}(\u{2014} [a-z+ ]{0,5} [a-zA-Z0-9+/=]{0,120}\n){0,3}") {
        if let Ok(note) = Note::parse(&text) {
            let _ = Checkpoint::parse(&note.text);
            prop_assert_eq!(Note::parse(&note.to_string()).unwrap(), note);
        }
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert!(text.starts_with(&checkpoint.text()));
        }
    }

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
