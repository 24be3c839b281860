use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn files(dir: &Path) -> Vec<PathBuf> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn keys_are_kept_for_the_node_alone_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys");
    let ring = KeyRing::open(&path).unwrap();
    let (one, two) = (KeyBytes::draw().unwrap(), KeyBytes::draw().unwrap());
    let named = [ring.add(1, &one).unwrap(), ring.add(2, &two).unwrap()];
    assert_eq!(ring.add(2, &two).unwrap(), named[1], "twice is once");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    for file in files(&path) {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = KeyRing::open(&path).unwrap();
    assert_eq!(again.list(), named);
    assert_eq!(again.get(&named[0]).unwrap().bytes(), one.bytes());
}

#[test]
fn what_a_key_replaces_is_destroyed_and_what_may_replace_it_stays() {
    let dir = tempfile::tempdir().unwrap();
    let ring = KeyRing::open(dir.path()).unwrap();
    let add = |number| ring.add(number, &KeyBytes::draw().unwrap()).unwrap();
    let (one, two, lost, three) = (add(1), add(2), add(2), add(3));
    // The old file's bytes, through a name of their own.
    let kept = dir.path().join("held");
    fs::hard_link(ring.path(&one), &kept).unwrap();
    let mut destroyed = vec![one, lost];
    destroyed.sort();
    assert_eq!(ring.settle(&two).unwrap(), destroyed);
    assert_eq!(ring.list(), [two, three]);
    assert!(fs::read(&kept).unwrap().iter().all(|byte| *byte == 0), "overwritten where it lay");
    fs::remove_file(kept).unwrap();
    assert_eq!(files(dir.path()).len(), 2);
    assert_eq!(ring.settle(&two).unwrap(), []);
    assert_eq!(KeyRing::open(dir.path()).unwrap().list(), [two, three]);
}

#[test]
fn a_destruction_that_was_interrupted_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let ring = KeyRing::open(dir.path()).unwrap();
    let named = ring.add(1, &KeyBytes::draw().unwrap()).unwrap();
    fs::write(ring.path(&named), vec![0; 80]).unwrap();
    fs::write(dir.path().join("x.draft"), "gofer cluster key 1\n").unwrap();
    assert_eq!(KeyRing::open(dir.path()).unwrap().list(), []);
    assert!(files(dir.path()).is_empty());
}

#[test]
fn files_of_another_form_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let ring = KeyRing::open(dir.path()).unwrap();
    let named = ring.add(1, &KeyBytes::draw().unwrap()).unwrap();
    let path = ring.path(&named);
    let good = fs::read_to_string(&path).unwrap();
    let refused = |text: &str, word: &str| {
        fs::write(&path, text).unwrap();
        let error = KeyRing::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains(path.to_str().unwrap()), "{error}");
        let secret = good.lines().nth(2).unwrap();
        assert!(!error.contains(secret), "an error tells the key");
    };
    refused(&good.replace("key 1", "key 2"), "newer version");
    refused("something", "does not begin");
    refused(&good.replace("\n1\n", "\nx\n"), "damaged");
    refused(&good.replace("\n1\n", "\n2\n"), "name");
    refused(&good[..good.len() - 9], "damaged");
    refused(&"x".repeat(600), "too long");
    fs::write(&path, &good).unwrap();
    assert_eq!(KeyRing::open(dir.path()).unwrap().list(), [named]);
}
