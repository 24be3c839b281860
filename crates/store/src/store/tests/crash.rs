//! A process that is killed in the middle of its work.

use std::io::{BufRead, BufReader};
use std::process::{Command as Process, Stdio};

use super::world::{World, empty};
use super::*;

const DIRECTORY: &str = "GOFER_STORE_TEST_CRASH_DIRECTORY";

/// The entries of a world in which much happened.
fn script() -> Vec<Entry> {
    let mut world = World::new();
    (0..300).for_each(|step| world.step(step));
    world.entries
}

/// Not a test of its own: what the killed process does.
#[test]
fn child() {
    let Ok(dir) = std::env::var(DIRECTORY) else { return };
    let store = Store::open(Path::new(&dir), Options::default()).unwrap();
    for entry in script().into_iter().filter(|entry| entry.index > store.applied().index) {
        store.apply(vec![entry]).unwrap();
        println!("applied {}", store.applied().index);
    }
    std::thread::sleep(std::time::Duration::from_secs(60));
}

#[test]
fn what_was_applied_before_a_kill_is_there_afterwards() {
    let script = script();
    for least in [60_u64, 120, 180] {
        let (dir, store) = empty();
        drop(store);
        let told = kill_after(dir.path(), least);
        assert!(told >= least, "it must have got so far: {told}");
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let applied = store.applied().index;
        assert!(applied >= told, "{applied} < {told}");
        let (before, after) = script.split_at(script.partition_point(|entry| entry.index <= applied));
        let (_other_dir, other) = empty();
        let same = |other: &Store| {
            assert_eq!(other.read(State::clone), store.read(State::clone));
            assert_eq!(*other.progress().borrow(), *store.progress().borrow());
        };
        other.apply(before.to_vec()).unwrap();
        same(&other);
        // It goes on where it was.
        other.apply(after.to_vec()).unwrap();
        store.apply(after.to_vec()).unwrap();
        same(&other);
        let head = store.progress().borrow().revision.0;
        assert_eq!(store.events(Revision(1), usize::MAX, usize::MAX).unwrap().len() as u64, head);
    }
}

/// Kills the process as soon as it says that it has applied so much; answers what it said last.
fn kill_after(dir: &Path, least: u64) -> u64 {
    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::crash::child", "--nocapture"])
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = 0;
    // It must not end because nobody listens: it lives until the kill.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.by_ref() {
        if let Some(index) = line.unwrap().split("applied ").nth(1) {
            told = index.parse().unwrap();
        }
        if told >= least {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    told
}
