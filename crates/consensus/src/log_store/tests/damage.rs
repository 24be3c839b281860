//! Torn and garbled logs: what was synced is there, or opening says that it is not.

use super::*;

const SYNCED: u64 = 40;
const UNSYNCED: u64 = 10;

/// Copies a log, so that the original can be damaged once more.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        if item.file_name() != "LOCK" {
            std::fs::copy(item.path(), to.join(item.file_name())).unwrap();
        }
    }
}

fn wal(dir: &Path) -> std::path::PathBuf {
    let logs = std::fs::read_dir(dir).unwrap().map(|item| item.unwrap().path());
    let logs = logs.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    logs.max_by_key(|path| path.metadata().unwrap().len()).unwrap()
}

/// A log with synced entries and, after them, some that were never synced. Returns where the synced part of the
/// write-ahead log ends, and where all of it does.
async fn prepare(dir: &Path) -> (u64, u64) {
    let mut log = open(dir).unwrap();
    log.save_vote(&Vote::new(3, 9)).await.unwrap();
    for first in (0..SYNCED).step_by(4) {
        log.blocking_append((first..first + 4).map(entry)).await.unwrap();
    }
    let synced = wal(dir).metadata().unwrap().len();
    for index in SYNCED..SYNCED + UNSYNCED {
        log.write_entries(vec![entry(index)]).unwrap();
        log.core.db.flush_wal(false).unwrap();
    }
    let all = wal(dir).metadata().unwrap().len();
    close(log).await;
    assert!(synced > 1000 && all > synced + 1000, "{synced} {all}");
    (synced, all)
}

/// Opens a damaged copy; true when it holds all that was synced, false when opening refused with a reason.
async fn survives(dir: &Path, what: &str) -> bool {
    let mut log = match open(dir) {
        Ok(log) => log,
        Err(Error::Corrupt { what: reason, at }) => {
            assert!(!reason.is_empty() && at == dir.display().to_string());
            return false;
        }
        Err(error) => panic!("{what}: {error}"),
    };
    let entries = read_all(&mut log).await;
    whole(&entries, 0);
    assert!(entries.len() as u64 >= SYNCED, "{what}: {} entries", entries.len());
    assert_eq!(log.get_log_reader().await.read_vote().await.unwrap(), Some(Vote::new(3, 9)), "{what}");
    // It goes on where it ended.
    let next = entries.len() as u64;
    log.blocking_append([entry(next)]).await.unwrap();
    assert_eq!(read_all(&mut log).await.len() as u64, next + 1, "{what}");
    close(log).await;
    true
}

/// Damages copies at offsets that are `step` apart and returns how many survived before and after the synced end.
async fn damage(step: usize, hurt: impl Fn(&mut Vec<u8>, usize)) -> [(u32, u32); 2] {
    let root = tempfile::tempdir().unwrap();
    let origin = root.path().join("origin");
    let (synced, all) = prepare(&origin).await;
    let mut counts = [(0, 0); 2];
    for offset in (0..usize::try_from(all).unwrap()).step_by(step) {
        let dir = root.path().join(format!("at-{offset}"));
        copy(&origin, &dir);
        let path = wal(&dir);
        let mut bytes = std::fs::read(&path).unwrap();
        hurt(&mut bytes, offset);
        std::fs::write(&path, bytes).unwrap();
        let (survived, tried) = &mut counts[usize::from(offset as u64 >= synced)];
        *survived += u32::from(survives(&dir, &format!("offset {offset} of {synced} synced bytes")).await);
        *tried += 1;
        std::fs::remove_dir_all(&dir).unwrap();
    }
    counts
}

#[tokio::test]
async fn a_torn_log_holds_what_was_synced_or_is_refused() {
    let [(inside, _), (tail, tried)] = damage(97, |bytes, offset| bytes.truncate(offset)).await;
    assert_eq!(inside, 0, "synced entries can't be there without their bytes");
    assert_eq!(tail, tried, "a torn end that nobody was told of is no damage");
}

#[tokio::test]
async fn a_garbled_log_holds_what_was_synced_or_is_refused() {
    let [(inside, _), (_, tried)] = damage(89, |bytes, offset| bytes[offset] ^= 0x41).await;
    assert_eq!(inside, 0, "a checksum was not checked");
    assert!(tried > 5);
}

#[tokio::test]
async fn zeroes_in_place_of_the_end_are_seen() {
    let [(inside, _), (_, tried)] = damage(101, |bytes, offset| bytes[offset..].fill(0)).await;
    assert_eq!(inside, 0, "synced entries can't be there without their bytes");
    assert!(tried > 5);
}

#[tokio::test]
async fn a_log_of_a_newer_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).unwrap();
    let family = crate::log_store::db::meta(&log.core.db).unwrap();
    log.core.db.put_cf(family, b"format", 2u32.to_be_bytes()).unwrap();
    close(log).await;
    let found = open(dir.path()).map(drop);
    assert!(matches!(found, Err(Error::NewerFormat { found: 2, known: 1 })), "{found:?}");
}
