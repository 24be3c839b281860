//! `gofer audit checkpoint` and `gofer audit key`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use gofer_audit::{Checkpoint, DataDirectory, EventSource, NOTE_BYTES_MAX, NodeKey, Note, PublicKey};
use gofer_cli::EXIT_OK;
use serde_json::json;

use super::Failure;
use super::export::empty;
use super::screen::Screen;

/// Arguments of commands about a node's own key.
#[derive(Args, Clone, Debug)]
pub(crate) struct DataDirArgs {
    /// Data directory of the node; it may be running
    #[arg(long, env = "GOFER_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
}

pub(super) fn checkpoint(screen: &Screen, args: &DataDirArgs) -> Result<u8, Failure> {
    let source = open(&args.data_dir)?;
    let extent = source.extent();
    let Some(cluster) = extent.cluster.filter(|_| extent.last > 0) else { return empty(screen, &source.name()) };
    // Who signs a head vouches for all that it covers.
    let found = screen.metered("verifying", Some(extent.last), |meter| gofer_audit::verify(&source, None, meter))?;
    if let Some(fault) = found.fault {
        return Err(gofer_audit::Error::Fault(fault).into());
    }
    let checkpoint = Checkpoint { cluster, revision: found.last_revision, head: found.head };
    let key = NodeKey::of(source.store())?;
    let note = checkpoint.sign(&key).to_string();
    if screen.is_json() {
        screen.document(&json!({
            "origin": checkpoint.origin(),
            "revision": checkpoint.revision,
            "head": checkpoint.head,
            "signed_by": key.public().to_string(),
            "note": note,
        }))?;
    } else {
        for line in note.lines() {
            screen.line(line)?;
        }
    }
    Ok(EXIT_OK)
}

pub(super) fn key(screen: &Screen, args: &DataDirArgs) -> Result<u8, Failure> {
    let public = NodeKey::of(open(&args.data_dir)?.store())?.public();
    if screen.is_json() {
        screen.document(&json!({ "name": public.name, "key": public.to_string() }))?;
    } else {
        screen.line(&public.to_string())?;
    }
    Ok(EXIT_OK)
}

fn open(path: &Path) -> Result<DataDirectory, Failure> {
    Ok(DataDirectory::open(path)?)
}

/// A checkpoint from a file, with the names of the trusted keys that have signed it.
pub(super) fn read_checkpoint(path: &Path, trusted: &[PublicKey]) -> Result<(Checkpoint, Vec<String>), Failure> {
    let mut text = String::new();
    let limit = NOTE_BYTES_MAX as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text));
    read.map_err(|error| Failure::Usage(format!("can't read {}: {error}", path.display())))?;
    let note = Note::parse(&text)?;
    let signers = note.verify(trusted)?;
    Ok((Checkpoint::parse(&note.text)?, signers))
}
