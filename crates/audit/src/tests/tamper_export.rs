//! Every kind of tampering with an export, also by somebody who makes segments and manifest anew, is found and named.

use std::fs;
use std::path::{Path, PathBuf};

use gofer_wire::log::v1::EventEnvelope;
use prost::Message;
use tempfile::TempDir;

use super::world::{CLUSTER, World};
use super::{events, fault, verify, verify_with};
use crate::FaultKind::{self, *};
use crate::envelope::Envelope;
use crate::manifest::{Manifest, SEGMENTS, Segment};
use crate::segment::Writer;
use crate::source::segment_name;
use crate::{Checkpoint, Error, Export, ExportOptions, Exporter, Hash};

/// An event in the middle of a segment that is the only one of its command, and so is the next one.
const AT: usize = 63;
const AT_REVISION: u64 = AT as u64 + 1;
/// Events in a segment.
const PER_SEGMENT: usize = 40;

/// A directory with an export of exactly these bytes, as its manifest says, right or wrong.
fn sealed(events: &[Vec<u8>]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(SEGMENTS)).unwrap();
    let mut manifest = Manifest::new(Some(CLUSTER), 1);
    for chunk in events.chunks(PER_SEGMENT) {
        let partial = dir.path().join("partial");
        let mut writer = Writer::create(&partial).unwrap();
        chunk.iter().for_each(|event| writer.push(event).unwrap());
        let bytes = writer.bytes;
        let (digest, stored_bytes) = writer.finish().unwrap();
        fs::rename(partial, dir.path().join(SEGMENTS).join(segment_name(digest))).unwrap();
        let last = chunk.last().unwrap();
        let last_hash = Hash(last[last.len().saturating_sub(32)..].try_into().unwrap_or_default());
        let first_revision = manifest.last_revision + 1;
        let last_revision = manifest.last_revision + chunk.len() as u64;
        let events = chunk.len() as u64;
        manifest.segments.push(Segment {
            digest,
            first_revision,
            last_revision,
            last_hash,
            events,
            bytes,
            stored_bytes,
        });
        (manifest.last_revision, manifest.last_hash) = (last_revision, last_hash);
        manifest.events += events;
        manifest.bytes += bytes;
    }
    manifest.complete = true;
    manifest.write(dir.path()).unwrap();
    dir
}

/// The event with another content, its hash computed anew.
fn forged(event: &[u8], change: impl Fn(&mut EventEnvelope)) -> Vec<u8> {
    let mut envelope = EventEnvelope::decode(event).unwrap();
    change(&mut envelope);
    envelope.hash = prost::bytes::Bytes::new();
    let body = envelope.encode_to_vec();
    envelope.hash = Hash::of(&body).0.to_vec().into();
    envelope.encode_to_vec()
}

/// All events from one on made anew: what somebody would do who controls the whole log.
fn rewritten(events: &[Vec<u8>], at: usize, change: impl Fn(&mut EventEnvelope)) -> Vec<Vec<u8>> {
    let mut events = events.to_vec();
    events[at] = forged(&events[at], change);
    for next in at + 1..events.len() {
        let previous = events[next - 1][events[next - 1].len() - 32..].to_vec();
        events[next] = forged(&events[next], |envelope| envelope.previous_hash = previous.clone().into());
    }
    events
}

fn original() -> Vec<Vec<u8>> {
    events(World::busy(20).closed().path())
}

/// The first event from a place on that is the only one of its command, and so is the next one.
fn alone(events: &[Vec<u8>], from: usize) -> usize {
    let begins = |index: usize| Envelope::parse(&events[index]).is_ok_and(|event| event.cause == event.revision);
    (from..events.len() - 2).find(|index| (0..3).all(|after| begins(index + after))).unwrap()
}

type Change = Box<dyn Fn(&mut Vec<Vec<u8>>)>;
type Damage<'a> = Box<dyn Fn(PathBuf) + 'a>;
type Edit = Box<dyn Fn(&mut Manifest)>;
type Case = (&'static str, Change, FaultKind, u64);

/// What becomes of events and their places.
fn places() -> Vec<Case> {
    let edge = PER_SEGMENT;
    vec![
        ("a bit of a payload", Box::new(|all| flip(&mut all[AT], 90)), Altered, AT_REVISION),
        ("a bit of a hash", Box::new(|all| *all[AT].last_mut().unwrap() ^= 1), Altered, AT_REVISION),
        ("a bit of the link", Box::new(|all| flip_within(&mut all[AT], &[0x32, 32], 9)), Altered, AT_REVISION),
        ("removed", Box::new(|all| drop(all.remove(AT))), Removed, AT_REVISION),
        ("the first of a segment removed", Box::new(move |all| drop(all.remove(edge))), Removed, edge as u64 + 1),
        ("the very first removed", Box::new(|all| drop(all.remove(0))), Removed, 1),
        ("neighbours changed places", Box::new(|all| all.swap(AT, AT + 1)), Reordered, AT_REVISION),
        ("distant ones changed places", Box::new(|all| all.swap(5, 100)), Reordered, 6),
        ("places changed over an edge", Box::new(move |all| all.swap(edge - 1, edge)), Reordered, edge as u64),
        ("one twice", Box::new(|all| all.insert(AT + 1, all[AT].clone())), Inserted, AT_REVISION + 1),
        (
            "forged in its place",
            Box::new(|all| all[AT] = forged(&all[AT], |e| e.actor = "x".into())),
            Forged,
            AT_REVISION + 1,
        ),
        ("forged and inserted", Box::new(|all| all.insert(AT, inserted(&all[AT - 1]))), Inserted, AT_REVISION + 1),
        (
            "the link forged",
            Box::new(|all| all[AT] = forged(&all[AT], |e| e.previous_hash = vec![1; 32].into())),
            Forged,
            AT_REVISION,
        ),
    ]
}

/// What becomes of what events say.
fn contents() -> Vec<Case> {
    vec![
        (
            "no event at all",
            Box::new(|all| all[AT] = b"nonsense that is longer than a hash is, and then some".to_vec()),
            Unreadable,
            AT_REVISION,
        ),
        ("an empty one", Box::new(|all| all[AT].clear()), Unreadable, AT_REVISION),
        (
            "earlier than the one before",
            Box::new(|all| *all = rewritten(all, AT, |e| e.time.as_mut().unwrap().seconds -= 90)),
            TimeReversed,
            AT_REVISION,
        ),
        (
            "a cause in the future",
            Box::new(|all| *all = rewritten(all, AT, |e| e.cause_revision += 5)),
            Cause,
            AT_REVISION,
        ),
        ("another's cause", Box::new(|all| *all = rewritten(all, AT, |e| e.cause_revision = 3)), Cause, AT_REVISION),
        ("no cause", Box::new(|all| *all = rewritten(all, AT, |e| e.cause_revision = 0)), Cause, AT_REVISION),
        (
            "an unknown payload",
            Box::new(|all| *all = rewritten(all, AT, |e| e.payload = vec![0xf8, 0x7f, 1].into())),
            Payload,
            AT_REVISION,
        ),
        (
            "a broken payload",
            Box::new(|all| *all = rewritten(all, AT, |e| e.payload = vec![0x52, 99].into())),
            Payload,
            AT_REVISION,
        ),
    ]
}

#[test]
fn what_is_changed_in_the_events_is_named() {
    let all = original();
    assert!(all.len() > 3 * PER_SEGMENT, "{}", all.len());
    let right = verify(sealed(&all).path());
    assert_eq!((right.fault, right.last_revision), (None, all.len() as u64));
    assert_eq!(alone(&all, 50), AT, "the cases need an event whose command has no other");
    for (what, change, kind, revision) in places().into_iter().chain(contents()) {
        let mut changed = all.clone();
        change(&mut changed);
        assert_eq!(fault(sealed(&changed).path()), Some((kind, revision)), "{what}");
    }
}

fn inserted(before: &[u8]) -> Vec<u8> {
    let hash = before[before.len() - 32..].to_vec();
    forged(before, |envelope| {
        envelope.revision += 1;
        envelope.cause_revision = envelope.revision;
        envelope.previous_hash = hash.clone().into();
    })
}

fn flip(bytes: &mut [u8], at: usize) {
    bytes[at] ^= 4;
}

fn flip_within(bytes: &mut [u8], mark: &[u8], after: usize) {
    let at = bytes.windows(mark.len()).position(|part| part == mark).unwrap();
    bytes[at + after] ^= 4;
}

#[test]
fn no_bit_can_be_flipped() {
    let all = original();
    for bit in (0..all[70].len() * 8).step_by(13) {
        let mut changed = all.clone();
        changed[70][bit / 8] ^= 1 << (bit % 8);
        let found = fault(sealed(&changed).path());
        assert!(matches!(found, Some((Altered | Unreadable, 71))), "bit {bit}: {found:?}");
    }
}

#[test]
fn only_a_checkpoint_tells_of_a_cut_or_a_rewritten_history() {
    let all = original();
    let last = Envelope::parse(&all[all.len() - 1]).unwrap();
    let head = Checkpoint { cluster: CLUSTER, revision: last.revision, head: last.hash };
    let whole = sealed(&all);
    let right = verify_with(whole.path(), Some(&head));
    assert_eq!((right.fault, right.checkpoint), (None, Some(last.revision)));

    let cut = sealed(&all[..100]);
    assert_eq!(fault(cut.path()), None, "its own manifest agrees");
    let found = verify_with(cut.path(), Some(&head)).fault.unwrap();
    assert_eq!((found.kind, found.revision), (Truncated, 101));

    let anew = sealed(&rewritten(&all, AT, |envelope| envelope.actor = "user:eve".into()));
    let found = verify_with(anew.path(), Some(&head)).fault.unwrap();
    assert_eq!((found.kind, found.revision), (Head, last.revision));
    let anew = sealed(&rewritten(&all, all.len() - 1, |envelope| envelope.request_id = vec![9; 16].into()));
    let found = verify_with(anew.path(), Some(&head)).fault.unwrap();
    assert!(matches!(found.kind, Head | Cause), "{found}");

    let other = Checkpoint { cluster: gofer_domain::ClusterId([8; 16]), ..head };
    let source = crate::open(whole.path()).unwrap();
    let refused = crate::verify(source.as_ref(), Some(&other), &crate::Meter::default());
    assert!(matches!(refused, Err(Error::Untrusted(_))), "{refused:?}");
}

fn exported() -> (TempDir, Manifest) {
    let world = World::busy(20).closed();
    let dir = tempfile::tempdir().unwrap();
    let options = ExportOptions { segment_bytes: 8 << 10, ..ExportOptions::default() };
    let mut exporter = Exporter::open(dir.path(), &options).unwrap();
    events(world.path()).iter().for_each(|event| exporter.push(event).unwrap());
    let manifest = exporter.finish().unwrap();
    assert!(manifest.segments.len() > 3);
    (dir, manifest)
}

#[test]
fn damaged_segments_are_named() {
    let (dir, manifest) = exported();
    let path = |index: usize| manifest.segments[index].path(dir.path());
    let first = manifest.segments[1].first_revision;
    let bytes = fs::read(path(1)).unwrap();
    let damages: [(&str, Damage<'_>); 4] = [
        (
            "a flipped bit",
            Box::new(|path| {
                let mut bytes = fs::read(&path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(path, bytes).unwrap();
            }),
        ),
        ("cut off", Box::new(|path| fs::write(&path, &fs::read(&path).unwrap()[..99]).unwrap())),
        ("missing", Box::new(|path| fs::remove_file(path).unwrap())),
        (
            "another's content",
            Box::new(|path| assert!(fs::copy(manifest.segments[2].path(dir.path()), path).unwrap() > 0)),
        ),
    ];
    for (what, damage) in damages {
        damage(path(1));
        assert_eq!(fault(dir.path()), Some((Segment_, first)), "{what}");
        fs::write(path(1), &bytes).unwrap();
    }
    assert_eq!(fault(dir.path()), None);
}

use FaultKind::Segment as Segment_;

fn rewrite_manifest(dir: &Path, change: impl Fn(&mut Manifest)) {
    let mut manifest = Export::open(dir).unwrap().manifest().clone();
    change(&mut manifest);
    manifest.write(dir).unwrap();
}

#[test]
fn a_manifest_that_does_not_fit_is_named() {
    let (dir, whole) = exported();
    let cases: Vec<(&str, Edit)> = vec![
        ("places changed", Box::new(|m| m.segments.swap(1, 2))),
        ("one left out", Box::new(|m| m.segments.swap_remove(1).events = 0)),
        ("the last left out", Box::new(|m| m.segments.truncate(m.segments.len() - 1))),
        ("one twice", Box::new(|m| m.segments.push(m.segments[0].clone()))),
        ("more events", Box::new(|m| m.events += 1)),
        ("a longer segment", Box::new(|m| m.segments[1].last_revision += 1)),
        ("a gap", Box::new(|m| m.segments[1].first_revision += 1)),
        ("another last hash", Box::new(|m| m.last_hash = Hash::of(b"x"))),
        ("something before the first", Box::new(|m| m.previous_hash = Hash::of(b"x"))),
        ("no first", Box::new(|m| m.first_revision = 0)),
        ("no cluster id", Box::new(|m| m.cluster_id = "x".into())),
        ("the largest numbers", Box::new(|m| m.segments[1].last_revision = u64::MAX)),
    ];
    for (what, change) in cases {
        rewrite_manifest(dir.path(), change);
        let refused = crate::open(dir.path()).map(|_| ());
        assert!(
            matches!(&refused, Err(Error::Fault(fault)) if fault.kind == FaultKind::Manifest),
            "{what}: {refused:?}"
        );
        whole.write(dir.path()).unwrap();
    }
    // These agree with themselves, though not with the segments.
    let digests = |m: &mut Manifest| {
        let digest = m.segments[1].digest;
        m.segments[1].digest = std::mem::replace(&mut m.segments[2].digest, digest);
        let bytes = m.segments[1].stored_bytes;
        m.segments[1].stored_bytes = std::mem::replace(&mut m.segments[2].stored_bytes, bytes);
    };
    rewrite_manifest(dir.path(), digests);
    let first = whole.segments[1].first_revision;
    assert!(matches!(fault(dir.path()), Some((Reordered, at)) if at == first), "{:?}", fault(dir.path()));
    whole.write(dir.path()).unwrap();
    rewrite_manifest(dir.path(), |m| {
        m.last_hash = Hash::of(b"x");
        m.segments.last_mut().unwrap().last_hash = m.last_hash;
    });
    assert_eq!(fault(dir.path()), Some((Head, whole.last_revision)));
    fs::write(dir.path().join("manifest.json"), "{\"format\": 2, \"what\": 1}").unwrap();
    assert!(matches!(crate::open(dir.path()).map(|_| ()), Err(Error::NewerFormat { found: 2, .. })));
    fs::write(dir.path().join("manifest.json"), "{\"format\": 1").unwrap();
    assert!(matches!(crate::open(dir.path()).map(|_| ()), Err(Error::Fault(_))));
}
