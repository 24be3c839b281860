//! Copies of a key ring in a file, which is what a backup lacks. Whoever has one can open what the log has sealed since
//! the keys in it were drawn, whatever was deleted after the copy was made.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use gofer_domain::ClusterKey;
use zeroize::Zeroizing;

use crate::cipher::KeyBytes;
use crate::error::Error;
use crate::key_ring::{DIRECTORY, KeyRing, hex, io_error, read_all, sync_dir, unhex};

/// First line of a copy, with the version of its form.
const HEADER: &str = "gofer key ring 1";
/// A node has one key, and a few for the moment of a rotation.
const KEYS_MAX: usize = 100;
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// Copies the keys of a node to a new file, which nobody but its owner may read. The node may run. Answers which keys
/// these are; there is no file if there are none.
///
/// # Errors
/// When the directory is no data directory, the file exists, or either can't be used.
pub fn export(data: &Path, to: &Path) -> Result<Vec<ClusterKey>, Error> {
    gofer_store::identity_of(data)?;
    let keys = read_all(&data.join(DIRECTORY))?;
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut text = Zeroizing::new(String::with_capacity(keys.len() * 100 + HEADER.len()));
    text.push_str(HEADER);
    text.push('\n');
    for (named, key) in keys.iter().take(KEYS_MAX) {
        text.push_str(&named.number.to_string());
        text.push(' ');
        text.push_str(&hex(key.bytes()));
        text.push('\n');
    }
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        sync_dir(to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    };
    write().map_err(io_error("can't write the copy", to))?;
    Ok(keys.into_keys().collect())
}

/// Gives the keys in such a file to a stopped node. Those that its cluster does not use any more are destroyed when it
/// runs. Answers which keys these are.
///
/// # Errors
/// When the directory is no data directory or its node runs, or the file can't be used.
pub fn import(data: &Path, from: &Path) -> Result<Vec<ClusterKey>, Error> {
    let _held = gofer_store::hold(data)?;
    let keys = parse(from, &load(from)?)?;
    let ring = KeyRing::open(&data.join(DIRECTORY))?;
    keys.iter().map(|(number, key)| ring.add(*number, key)).collect()
}

fn load(path: &Path) -> Result<Zeroizing<String>, Error> {
    let read = || {
        let file = File::open(path)?;
        if file.metadata()?.len() > FILE_BYTES_MAX {
            return Err(io::Error::other(format!(
                "it has more than {FILE_BYTES_MAX} bytes, so it is no copy of a key ring"
            )));
        }
        fs::read_to_string(path).map(Zeroizing::new)
    };
    read().map_err(io_error("can't read", path))
}

fn parse(path: &Path, text: &str) -> Result<Vec<(u64, KeyBytes)>, Error> {
    let bad = |message: String| Error::KeyFile { path: path.to_owned(), message };
    let mut lines = text.lines();
    match lines.next() {
        Some(HEADER) => {}
        Some(other) if other.starts_with("gofer key ring ") => {
            return Err(bad("a newer version of gofer wrote it; use that version".into()));
        }
        _ => return Err(bad("it is no copy of a key ring; make one with `gofer secret export-key-ring`".into())),
    }
    let mut keys = Vec::new();
    for (line, number) in lines.zip(2..) {
        let key = line.split_once(' ').and_then(|(number, key)| {
            Some((number.parse().ok()?, unhex(key).and_then(|bytes| KeyBytes::from_slice(&bytes))?))
        });
        keys.push(key.ok_or_else(|| bad(format!("line {number} is no key; the copy is damaged, use another")))?);
        if keys.len() > KEYS_MAX {
            return Err(bad(format!("it has more than {KEYS_MAX} keys, so it is no copy of a key ring")));
        }
    }
    if keys.is_empty() { Err(bad("it holds no key; the copy is damaged, use another".into())) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn data() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        drop(gofer_store::Store::open(dir.path(), gofer_store::Options::default()).unwrap());
        dir
    }

    #[test]
    fn a_copy_brings_the_keys_to_another_node() {
        let (from, to, elsewhere) = (data(), data(), tempfile::tempdir().unwrap());
        let copy = elsewhere.path().join("copy");
        assert_eq!(export(from.path(), &copy).unwrap(), []);
        assert!(!copy.exists());
        let ring = KeyRing::open(&from.path().join(DIRECTORY)).unwrap();
        let named: Vec<_> = (1..=2).map(|number| ring.add(number, &KeyBytes::draw().unwrap()).unwrap()).collect();
        // One that is being destroyed is none.
        let lost = ring.add(3, &KeyBytes::draw().unwrap()).unwrap();
        fs::write(ring.path(&lost), [0; 80]).unwrap();
        assert_eq!(export(from.path(), &copy).unwrap(), named);
        assert!(ring.path(&lost).exists(), "an export changes nothing");
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(export(from.path(), &copy).is_err(), "nothing is overwritten");
        assert_eq!(import(to.path(), &copy).unwrap(), named);
        assert_eq!(import(to.path(), &copy).unwrap(), named);
        let found = KeyRing::open(&to.path().join(DIRECTORY)).unwrap();
        assert_eq!(found.get(&named[1]).unwrap().bytes(), ring.get(&named[1]).unwrap().bytes());
    }

    #[test]
    fn damaged_copies_are_refused_or_hold_some_keys() {
        let key = hex(KeyBytes::draw().unwrap().bytes());
        let valid = format!("{HEADER}\n1 {}\n2 {}\n", *key, *key).into_bytes();
        gofer_fuzz::fuzz("key-ring-copy", &[valid], |bytes| {
            let keys = parse(Path::new("copy"), &String::from_utf8_lossy(bytes)).unwrap_or_default();
            assert!(keys.len() <= KEYS_MAX);
        });
    }

    #[test]
    fn what_is_no_copy_or_no_stopped_node_is_refused() {
        let (dir, elsewhere) = (data(), tempfile::tempdir().unwrap());
        let copy = elsewhere.path().join("copy");
        let key = hex(KeyBytes::draw().unwrap().bytes());
        for (text, word) in [
            (String::new(), "no copy"),
            ("gofer key ring 2\n".into(), "newer version"),
            ("gofer key ring 1\n".into(), "no key"),
            (format!("gofer key ring 1\n1 {}\n", &key[2..]), "line 2"),
            (format!("gofer key ring 1\n1 {}\nx {}\n", *key, *key), "line 3"),
            ("x".repeat(20_000), "more than"),
        ] {
            fs::write(&copy, &text).unwrap();
            let error = import(dir.path(), &copy).unwrap_err();
            let text = format!("{error} {:?}", std::error::Error::source(&error));
            assert!(text.contains(word) && !text.contains(&key[2..]), "{text}");
        }
        fs::write(&copy, format!("gofer key ring 1\n1 {}\n", *key)).unwrap();
        assert!(import(elsewhere.path(), &copy).is_err(), "no data directory");
        assert!(export(elsewhere.path(), &elsewhere.path().join("other")).is_err(), "no data directory");
        let running = gofer_store::Store::open(dir.path(), gofer_store::Options::default()).unwrap();
        assert!(import(dir.path(), &copy).unwrap_err().to_string().contains("in use"));
        drop(running);
        import(dir.path(), &copy).unwrap();
    }
}
