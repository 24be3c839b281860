//! An archive that is written to by hands that don't know of each other, and joined with what goes on from it.

use std::fs;
use std::path::Path;

use gofer_domain::config::Overlap;
use gofer_domain::{ArchiveSegment, ClusterId, Command, Revision};
use gofer_store::Outcome;

use super::world::{CLUSTER, World};
use super::{events, verify};
use crate::{Archive, ArchiveUrl, DataDirectory, Error, EventSource, Export, FaultKind, Joined, Meter, Replay, Until};

fn at(dir: &Path) -> (Archive, ArchiveUrl) {
    let url: ArchiveUrl = format!("file://{}", dir.display()).parse().unwrap();
    (Archive::at(&url), url)
}

/// Segments of `size` events from the beginning on.
fn segments(archive: &Archive, events: &[Vec<u8>], size: usize, count: usize) -> Vec<ArchiveSegment> {
    let mut previous = [0; 32];
    let mut made = Vec::new();
    for (number, some) in events.chunks(size).take(count).enumerate() {
        let first = Revision((number * size) as u64 + 1);
        let mut writer = archive.begin(first, previous, "7").unwrap();
        some.iter().for_each(|event| writer.push(event).unwrap());
        let segment = writer.finish().unwrap();
        previous = segment.last_hash;
        made.push(segment);
    }
    made
}

#[test]
fn a_manifest_never_gives_way_to_one_that_knows_less() {
    let world = World::busy(20);
    let events = events(world.path());
    let dir = tempfile::tempdir().unwrap();
    let (archive, _) = at(dir.path());
    assert!(archive.check(CLUSTER, &[]).unwrap().is_none());
    let made = segments(&archive, &events, 30, 3);
    assert_eq!(made, segments(&archive, &events, 30, 3), "two leaders write the same");
    archive.publish(CLUSTER, &made[..2]).unwrap();
    archive.publish(CLUSTER, &made).unwrap();
    archive.publish(CLUSTER, &made[..1]).unwrap();
    let found = verify(dir.path());
    assert_eq!((found.fault, found.first_revision, found.last_revision), (None, 1, 90));
    fs::remove_file(dir.path().join("manifest.json")).unwrap();
    archive.publish(CLUSTER, &made).unwrap();
    assert_eq!(verify(dir.path()).last_revision, 90, "it is written anew from the segments that are known");
    // The cluster was recovered: another id, the same log.
    archive.publish(ClusterId([9; 16]), &made).unwrap();
    assert_eq!(verify(dir.path()).cluster_id, ClusterId([9; 16]).to_string());
    archive.publish(CLUSTER, &made).unwrap();
}

#[test]
fn an_archive_that_does_not_fit_is_left_alone() {
    let world = World::busy(20);
    let events = events(world.path());
    let dir = tempfile::tempdir().unwrap();
    let (archive, _) = at(dir.path());
    let made = segments(&archive, &events, 30, 3);
    archive.publish(CLUSTER, &made).unwrap();
    let refused = |segments: &[ArchiveSegment], cluster, word: &str| {
        for result in [archive.check(cluster, segments).map(|_| ()), archive.publish(cluster, segments)] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    };
    refused(&[], ClusterId([9; 16]), "is the archive of cluster");
    let other = ArchiveSegment { digest: [1; 32], ..made[0].clone() };
    refused(&[other], CLUSTER, "is the archive of cluster");
    let file = dir.path().join("segments").join(format!("{}.zst", crate::Hash(made[1].digest)));
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[1..]).unwrap();
    refused(&made, CLUSTER, "bytes, and was archived with");
    fs::remove_file(&file).unwrap();
    refused(&made, CLUSTER, "is missing");
    let missing = at(&dir.path().join("nowhere")).0;
    assert!(matches!(missing.check(CLUSTER, &[]), Err(Error::Io { .. })));
    assert!(matches!(missing.begin(Revision(1), [0; 32], "7"), Err(Error::Io { .. })));
    let strange = tempfile::tempdir().unwrap();
    fs::write(strange.path().join("photo.jpg"), "x").unwrap();
    assert!(matches!(at(strange.path()).0.check(CLUSTER, &[]), Err(Error::NotAnExport(_))));
}

#[test]
fn only_directories_are_archives() {
    for good in ["file:///a", "file:///mnt/a b/c"] {
        assert_eq!(good.parse::<ArchiveUrl>().unwrap().to_string(), good);
    }
    for bad in
        ["", "/a", "file://", "file:///", "file://host/a", "s3://bucket/a", &format!("file:///{}", "a".repeat(5_000))]
    {
        let error = bad.parse::<ArchiveUrl>().unwrap_err();
        assert!(error.contains("file:///DIRECTORY"), "{error}");
    }
}

#[test]
fn a_trimmed_log_and_its_archive_are_one_log() {
    let mut world = World::busy(20);
    let whole = events(world.path());
    let dir = tempfile::tempdir().unwrap();
    let (archive, url) = at(dir.path());
    let made = segments(&archive, &whole, 30, 3);
    for segment in &made {
        let command = Command::ArchiveEvents { segment: Box::new(segment.clone()), keep: 10 };
        assert!(matches!(world.give(command), Outcome::Accepted { .. }));
    }
    let world = world.closed();
    let node = DataDirectory::open(world.path()).unwrap();
    assert_eq!(node.extent().first, 91);
    let part = crate::verify(&node, None, &Meter::default()).unwrap();
    assert_eq!((part.fault, part.first_revision), (None, 91));
    let join = || Joined::new(Export::open(url.path()).unwrap(), Box::new(&node));
    archive.publish(CLUSTER, &made[..2]).unwrap();
    let gap = join().unwrap_err();
    assert!(matches!(&gap, Error::Refused(why) if why.contains("what is between them is missing")), "{gap}");
    archive.publish(CLUSTER, &made).unwrap();
    let joined = join().unwrap();
    let found = crate::verify(&joined, None, &Meter::default()).unwrap();
    assert_eq!((found.fault, found.first_revision, found.last_revision), (None, 1, whole.len() as u64 + 3));
    for revision in [1, 30, 31, 90, 91, 95] {
        assert_eq!(joined.event(revision).unwrap().as_ref(), whole.get(usize::try_from(revision).unwrap() - 1));
    }
    let scratch = tempfile::tempdir().unwrap();
    let mut replay = Replay::new(scratch.path()).unwrap();
    assert!(replay.advance(&node, Until::End, &Meter::default()).unwrap_err().to_string().contains("--archive"));
    replay.advance(&joined, Until::End, &Meter::default()).unwrap();
    assert_eq!(replay.compare(node.store()).unwrap().first_difference, None);
}

#[test]
fn an_archive_and_another_log_are_never_joined() {
    let world = World::busy(20);
    let mut other = World::new();
    other.register("other", Overlap::Queue(9));
    (0..20).for_each(|number| other.play(number));
    let dir = tempfile::tempdir().unwrap();
    let (archive, url) = at(dir.path());
    archive.publish(CLUSTER, &segments(&archive, &events(world.path()), 30, 3)).unwrap();
    let join = |path: &Path| {
        let archive = Export::open(url.path()).unwrap();
        Joined::new(archive, Box::new(DataDirectory::open(path).unwrap())).map(|joined| joined.extent())
    };
    assert_eq!(join(world.path()).unwrap().first, 1);
    let error = join(other.path()).unwrap_err();
    assert!(
        matches!(&error, Error::Fault(fault) if (fault.kind, fault.revision) == (FaultKind::Forged, 90)),
        "{error}"
    );
}
