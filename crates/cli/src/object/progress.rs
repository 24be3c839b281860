//! How far a transfer is, on a terminal, once it takes longer than a moment.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use crate::output::Output;
use crate::size::rough;

/// What takes less is over before anybody has read a line.
const MOMENT: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(200);

/// One line on standard error that is written over.
#[derive(Debug)]
pub(super) struct Progress {
    verb: &'static str,
    started: Instant,
    shown: Option<Instant>,
    is_wanted: bool,
}

impl Progress {
    pub(super) fn new(verb: &'static str, output: &Output) -> Self {
        let is_wanted = std::io::stderr().is_terminal() && !output.is_json();
        Self { verb, started: Instant::now(), shown: None, is_wanted }
    }

    /// So many bytes are done, of all if that is known.
    pub(super) fn at(&mut self, done: u64, all: Option<u64>) {
        let taken = self.started.elapsed();
        if !self.is_wanted || taken < MOMENT || self.shown.is_some_and(|shown| shown.elapsed() < EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let _ = write!(std::io::stderr(), "\r\x1b[K{}", line(self.verb, done, all, taken));
    }

    /// Takes the line away.
    pub(super) fn end(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(verb: &str, done: u64, all: Option<u64>, taken: Duration) -> String {
    let speed = u128::from(done) * 1000 / taken.as_millis().max(1);
    let speed = rough(u64::try_from(speed).unwrap_or(u64::MAX));
    match all.filter(|all| *all > 0) {
        Some(all) => {
            let percent = u128::from(done) * 100 / u128::from(all);
            let filled = usize::try_from(percent / 5).unwrap_or(0).min(20);
            let bar = "#".repeat(filled) + &" ".repeat(20 - filled);
            format!("{verb} [{bar}] {percent:>3}%  {} of {}, {speed}/s", rough(done), rough(all))
        }
        None => format!("{verb} {}, {speed}/s", rough(done)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_fast() {
        let second = Duration::from_secs(1);
        assert_eq!(line("putting", 30 << 20, None, second), "putting 30MiB, 30MiB/s");
        assert_eq!(
            line("putting", 30 << 20, Some(120 << 20), second * 2),
            "putting [#####               ]  25%  30MiB of 120MiB, 15MiB/s"
        );
        assert!(line("getting", 5, Some(5), Duration::ZERO).contains("[####################] 100%"));
    }
}
