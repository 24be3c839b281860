//! Whose directory it is.

use super::world::empty;
use super::*;

fn refused(dir: &Path) -> Error {
    Store::open(dir, Options::default()).unwrap_err()
}

#[test]
fn a_directory_is_used_by_one_at_a_time() {
    let (dir, store) = empty();
    assert!(matches!(refused(dir.path()), Error::Locked(path) if path == dir.path()));
    drop(store.clone());
    assert!(matches!(refused(dir.path()), Error::Locked(_)), "a clone is the same store");
    let id = store.identity();
    drop(store);
    assert_eq!(Store::open(dir.path(), Options::default()).unwrap().identity(), id);
}

#[test]
fn a_directory_of_a_newer_format_is_refused() {
    let (dir, store) = empty();
    drop(store);
    std::fs::write(dir.path().join("identity.json"), r#"{"format":2,"node":"x"}"#).unwrap();
    assert!(matches!(refused(dir.path()), Error::NewerFormat { found: 2, known: 1, .. }));
}

#[test]
fn somebody_elses_directory_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("lost+found")).unwrap();
    assert!(Store::open(dir.path(), Options::default()).is_ok(), "a fresh file system");
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("thesis.tex"), "x").unwrap();
    assert!(matches!(refused(dir.path()), Error::NotAStore(_)));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_node_belongs_to_one_cluster_for_ever() {
    let (dir, store) = empty();
    assert_eq!(store.identity().cluster_id, None);
    store.set_cluster(ClusterId([1; 16])).unwrap();
    store.set_cluster(ClusterId([1; 16])).unwrap();
    let error = store.set_cluster(ClusterId([2; 16])).unwrap_err();
    assert!(matches!(&error, Error::OtherCluster { own, other } if own.starts_with("01") && other.starts_with("02")));
    let node = store.identity().node_id;
    drop(store);
    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert_eq!(store.identity(), Identity { node_id: node, cluster_id: Some(ClusterId([1; 16])) });
}

#[test]
fn parts_that_are_missing_are_never_made_anew() {
    for part in ["identity.json", "CURRENT_STATE", "state-1"] {
        let world = world::World::new();
        let (dir, store) = world.into_parts();
        drop(store);
        crate::durable::remove(&dir.path().join(part)).unwrap();
        let error = refused(dir.path());
        assert!(matches!(error, Error::Corrupt { .. }), "{part}: {error}");
        assert!(part == "state-1" || dir.path().join("state-1/CURRENT").exists(), "the data stays");
    }
    let (dir, store) = empty();
    drop(store);
    std::fs::create_dir(dir.path().join("raft")).unwrap();
    std::fs::remove_file(dir.path().join("identity.json")).unwrap();
    assert!(matches!(refused(dir.path()), Error::Corrupt { .. }), "a Raft log without an identity");
}

#[test]
fn a_first_start_that_was_cut_short_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("lock"), "").unwrap();
    std::fs::create_dir(dir.path().join("state-1")).unwrap();
    std::fs::write(dir.path().join("state-1/000001.log"), "half").unwrap();
    drop(Store::open(dir.path(), Options::default()).unwrap());
    std::fs::remove_file(dir.path().join("identity.json")).unwrap();
    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert_eq!(store.applied().index, 0);
}

#[test]
fn directories_above_are_made() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("a/b/c");
    let store = Store::open(&deep, Options::default()).unwrap();
    assert_eq!(store.dir(), deep);
}
