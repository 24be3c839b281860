//! The archive that the nodes of a run share, if they have one: a directory that is not always there.

use std::fs;
use std::path::{Path, PathBuf};

use gofer_archive::Config;

use crate::history::History;
use gofer_rng::Rng;

/// Longest time that it is there, and that it is not, in milliseconds.
const THERE_MS: u64 = 9_000;
const AWAY_MS: u64 = 4_000;

pub(crate) struct Archive {
    pub(crate) config: Config,
    away: PathBuf,
    rng: Rng,
    is_away: bool,
    changes_at: u64,
}

impl Archive {
    /// Makes an empty one below a directory. Its sizes follow from chance.
    pub(crate) fn new(dir: &Path, mut rng: Rng) -> anyhow::Result<Self> {
        let path = dir.join("archive");
        fs::create_dir(&path)?;
        let url = format!("file://{}", path.display()).parse().map_err(anyhow::Error::msg)?;
        let config = Config {
            url,
            keep_events: rng.range(10, 150),
            segment_events: rng.range(5, 80),
            segment_bytes: rng.range(2, 64) << 10,
        };
        Ok(Self { config, away: dir.join("archive-away"), rng, is_away: false, changes_at: 0 })
    }

    /// Takes it away for a while, now and then.
    pub(crate) fn step(&mut self, now: u64, history: &History) -> anyhow::Result<()> {
        if now < self.changes_at {
            return Ok(());
        }
        let is_away = self.changes_at > 0 && !self.is_away;
        self.put(is_away, history)?;
        self.changes_at = now + self.rng.range(200, if self.is_away { AWAY_MS } else { THERE_MS });
        Ok(())
    }

    /// Puts it back for good.
    pub(crate) fn heal(&mut self, history: &History) -> anyhow::Result<()> {
        self.changes_at = u64::MAX;
        self.put(false, history)
    }

    fn put(&mut self, is_away: bool, history: &History) -> anyhow::Result<()> {
        if is_away == self.is_away {
            return Ok(());
        }
        let there = self.config.url.path();
        match is_away {
            true => fs::rename(there, &self.away)?,
            false => fs::rename(&self.away, there)?,
        }
        history.note(if is_away { "the archive is gone" } else { "the archive is back" });
        self.is_away = is_away;
        Ok(())
    }
}
