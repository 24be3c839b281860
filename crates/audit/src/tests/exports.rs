//! Exports: whole, continued, and refused.

use std::fs;

use super::world::World;
use super::{events, verify};
use crate::{Error, Export, ExportOptions, Exporter, FaultKind, Meter, Replay, Until};

const OPTIONS: ExportOptions = ExportOptions { cluster: None, from: 1, segment_bytes: 8 << 10 };

#[test]
fn an_interrupted_export_goes_on_after_its_last_whole_segment() {
    let all = events(World::busy(20).closed().path());
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut exporter = Exporter::open(whole.path(), &OPTIONS).unwrap();
    all.iter().for_each(|event| exporter.push(event).unwrap());
    let expected = exporter.finish().unwrap();
    assert!(expected.complete && expected.segments.len() > 3);
    assert_eq!(Export::open(whole.path()).unwrap().manifest(), &expected);

    let mut tries = 0;
    loop {
        tries += 1;
        let mut exporter = Exporter::open(parts.path(), &OPTIONS).unwrap();
        let next = usize::try_from(exporter.next() - 1).unwrap();
        // Each try is cut short in the middle of a segment.
        let some = all.iter().skip(next).take(90);
        some.for_each(|event| exporter.push(event).unwrap());
        if next + 90 >= all.len() {
            assert_eq!(exporter.finish().unwrap(), expected);
            break;
        }
        drop(exporter);
        let found = verify(parts.path());
        assert_eq!(found.fault, None, "what is there is whole");
        assert!(!Export::open(parts.path()).unwrap().manifest().complete);
    }
    assert!(tries > 2, "{tries}");
    assert!(parts.path().join("segments").read_dir().unwrap().count() >= expected.segments.len());
}

#[test]
fn an_export_grows_with_its_source_and_takes_no_other() {
    let mut world = World::busy(5);
    let dir = tempfile::tempdir().unwrap();
    let export = |world: &World| {
        let mut exporter = Exporter::open(dir.path(), &OPTIONS)?;
        let next = usize::try_from(exporter.next() - 1).unwrap();
        events(world.path()).iter().skip(next).try_for_each(|event| exporter.push(event))?;
        exporter.finish()
    };
    let first = export(&world).unwrap();
    let again = export(&world).unwrap();
    assert_eq!(first, again);
    world.start("build");
    let more = export(&world).unwrap();
    assert!(more.last_revision > first.last_revision && more.segments.starts_with(&first.segments));
    assert_eq!(verify(dir.path()).fault, None);

    let mut other = World::new();
    while other.revision() < more.last_revision + 3 {
        let name = gofer_domain::NamespaceId::new(&format!("x{}", other.revision())).unwrap();
        other.give(gofer_domain::Command::CreateNamespace { namespace: name, description: String::new() });
    }
    let refused = export(&other);
    assert!(matches!(&refused, Err(Error::Fault(fault)) if fault.kind == FaultKind::Forged), "{refused:?}");
}

#[test]
fn an_export_may_begin_later() {
    let all = events(World::busy(5).closed().path());
    let dir = tempfile::tempdir().unwrap();
    let options = ExportOptions { from: 31, ..OPTIONS };
    let mut exporter = Exporter::open(dir.path(), &options).unwrap();
    all[30..].iter().for_each(|event| exporter.push(event).unwrap());
    exporter.finish().unwrap();
    let found = verify(dir.path());
    assert_eq!((found.fault, found.first_revision, found.last_revision), (None, 31, all.len() as u64));
    let source = crate::open(dir.path()).unwrap();
    assert_eq!(source.event(40).unwrap().as_ref(), Some(&all[39]));
    assert_eq!(source.event(30).unwrap(), None);
    let scratch = tempfile::tempdir().unwrap();
    let refused = Replay::new(scratch.path()).unwrap().advance(source.as_ref(), Until::End, &Meter::default());
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    let refused = Exporter::open(dir.path(), &ExportOptions { from: 30, ..OPTIONS });
    assert!(matches!(refused, Err(Error::Refused(_))));
}

#[test]
fn two_exports_don_t_write_to_one_place_nor_over_something_else() {
    let dir = tempfile::tempdir().unwrap();
    let first = Exporter::open(dir.path(), &OPTIONS).unwrap();
    assert!(matches!(Exporter::open(dir.path(), &OPTIONS), Err(Error::InUse(_))));
    drop(first);
    Exporter::open(dir.path(), &OPTIONS).unwrap();
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("letter.txt"), "dear").unwrap();
    assert!(matches!(Exporter::open(other.path(), &OPTIONS), Err(Error::NotAnExport(_))));
    assert_eq!(fs::read(other.path().join("letter.txt")).unwrap(), b"dear");
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1, "nothing was added");
}
