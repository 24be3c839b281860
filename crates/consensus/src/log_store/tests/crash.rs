//! A process that appends is killed, again and again: what it acknowledged is there.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;

const DIR: &str = "GOFER_TEST_CRASH_DIR";
const ROUNDS: u64 = 12;

/// The child: started by the test below, a no-op in an ordinary run.
#[tokio::test]
async fn child_that_appends_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let mut log = open(Path::new(&dir)).unwrap();
    let mut next = log.get_log_state().await.unwrap().last_log_id.map_or(0, |id| id.index() + 1);
    let mut waiting = std::collections::VecDeque::new();
    loop {
        let count = 1 + next % 5;
        let (sender, receiver) = TypeConfig::oneshot();
        log.append((next..next + count).map(entry), IOFlushed::signal(sender)).await.unwrap();
        next += count;
        waiting.push_back((next - 1, receiver));
        if waiting.len() > 3 {
            let (last, receiver) = waiting.pop_front().unwrap();
            receiver.await.unwrap().unwrap();
            // One write of a line: the parent never sees half an acknowledgement as a whole one.
            println!("ack {last}");
        }
        if next % 7 == 0 {
            log.save_vote(&Vote::new(next, 1)).await.unwrap();
            println!("vote {next}");
        }
    }
}

/// Kills the child after `time`; returns the newest entry and vote that it acknowledged.
fn run_and_kill(dir: &Path, time: Duration) -> (Option<u64>, Option<u64>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "log_store::tests::crash::child_that_appends_until_it_is_killed", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let (mut acknowledged, mut voted) = (None, None);
        for line in output.lines().map_while(Result::ok) {
            match line.split_once(' ') {
                Some(("ack", index)) => acknowledged = index.parse().ok().or(acknowledged),
                Some(("vote", term)) => voted = term.parse().ok().or(voted),
                _ => {}
            }
        }
        (acknowledged, voted)
    });
    std::thread::sleep(time);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged_ever = 0;
    for round in 0..ROUNDS {
        let (acknowledged, voted) = run_and_kill(dir.path(), Duration::from_millis(120 + round * 53 % 200));
        let mut log = open(dir.path()).unwrap();
        let entries = read_all(&mut log).await;
        whole(&entries, 0);
        if let Some(acknowledged) = acknowledged {
            acknowledged_ever = acknowledged;
        }
        assert!(
            entries.len() as u64 > acknowledged_ever,
            "{} entries, {acknowledged_ever} acknowledged",
            entries.len()
        );
        let vote = log.get_log_reader().await.read_vote().await.unwrap();
        if let Some(voted) = voted {
            let term = vote.unwrap().leader_id.term;
            assert!(term >= voted, "voted in term {voted}, the log says {term}");
        }
        close(log).await;
    }
    assert!(acknowledged_ever > 50, "only {acknowledged_ever} entries were acknowledged in all rounds");
}
