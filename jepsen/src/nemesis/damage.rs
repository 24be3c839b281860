//! Files of a node that is down are damaged. It must refuse them and say what to do; what it says is then done.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use gofer_rng::Rng;

use super::{Nemesis, Strike, surgery};
use crate::lab::Lab;
use crate::machine::Machine;

/// How long a node may take to see the damage.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(20);

/// Smaller files are left alone: an empty log has nothing that could be damaged.
const SIZE_MIN: u64 = 128;

#[derive(Debug)]
pub(super) struct Damage;

/// What is done to the files.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Bits flipped all over the databases.
    Bits,
    /// Bits flipped in the log of the Raft log: what the node promised to keep, and has nowhere else.
    RaftLog,
    /// The tables of both databases cut in half.
    Truncated,
    /// A manifest, without which no file of the database means anything.
    Manifest,
}

const KINDS: [Kind; 4] = [Kind::Bits, Kind::RaftLog, Kind::Truncated, Kind::Manifest];

#[async_trait]
impl Nemesis for Damage {
    fn name(&self) -> &'static str {
        "damage"
    }

    fn about(&self) -> &'static str {
        "a node's files are damaged or cut; it must refuse, and comes back as it advises"
    }

    async fn strike(&self, strike: &mut Strike) -> anyhow::Result<bool> {
        let lab = strike.lab.clone();
        let Ok(_alone) = lab.surgery.try_lock() else { return Ok(false) };
        let claims = lab.claim(&mut strike.rng, 1);
        let Some(claim) = claims.first() else { return Ok(false) };
        let mut kind = KINDS[strike.rng.below(KINDS.len())];
        claim.kill();
        if damage(&claim.data(), kind, &mut strike.rng)? == 0 {
            // A young node has no tables yet; a log it always has.
            kind = Kind::Bits;
            anyhow::ensure!(damage(&claim.data(), kind, &mut strike.rng)? > 0, "{} has no files", claim.name);
        }
        let fault = lab.journal.fault(self.name(), format!("{} {kind:?}", claim.name));
        refuses(&lab, claim, kind).await?;
        surgery::remove(&lab, claim).await?;
        claim.empty()?;
        surgery::join(&lab, claim).await?;
        drop(fault);
        Ok(true)
    }
}

async fn refuses(lab: &Lab, machine: &Machine, kind: Kind) -> anyhow::Result<()> {
    machine.start(&[])?;
    let ended = machine.ends_within(REFUSAL_PATIENCE).await;
    let log = machine.log_tail(30);
    let advises = log.contains(&format!("`gofer cluster remove {}`", machine.name)) && log.contains("--join");
    match ended {
        Some(status) if status.success() || !advises || log.contains("panicked") => {
            lab.journal.find(format!("{} refused {kind:?} without clear advice ({status}): {log}", machine.name));
        }
        Some(status) => {
            lab.journal.say(&format!("{} refused its damaged files ({kind:?}), with {status}", machine.name))
        }
        None => {
            machine.kill();
            lab.journal.find(format!("{} went on for {REFUSAL_PATIENCE:?} with {kind:?} damage: {log}", machine.name));
        }
    }
    Ok(())
}

/// Damages what there is of this kind; how many files.
fn damage(data: &Path, kind: Kind, rng: &mut Rng) -> anyhow::Result<usize> {
    let mut damaged = 0;
    for path in files(data)? {
        let size = path.metadata()?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_raft = path.starts_with(data.join("raft"));
        let (is_table, is_log) = (name.ends_with(".sst"), name.ends_with(".log"));
        let wanted = match kind {
            Kind::Bits => is_table || is_log,
            Kind::RaftLog => is_raft && is_log,
            Kind::Truncated => is_table,
            Kind::Manifest => is_raft && name.starts_with("MANIFEST-"),
        };
        if !wanted || size < SIZE_MIN || path.starts_with(data.join("snapshots")) {
            continue;
        }
        damaged += 1;
        match kind {
            Kind::Truncated => File::options().write(true).open(&path)?.set_len(size / 2)?,
            _ => flip(&path, size, rng.range(61, 127))?,
        }
    }
    Ok(damaged)
}

fn flip(path: &Path, size: u64, step: u64) -> anyhow::Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    let mut place = 64;
    while place < size {
        let mut byte = [0];
        file.read_exact_at(&mut byte, place)?;
        file.write_all_at(&[byte[0] ^ 0x10], place)?;
        place += step;
    }
    Ok(())
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("can't read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    Ok(found)
}
