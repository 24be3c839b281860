//! A note of how much of the log is known to be on the disk.
//!
//! RocksDB can't tell a record that was torn while it was written from one that was whole and lost its end later: both
//! look like the end of the file. The note tells them apart. It is written after each sync and not synced itself, so it
//! is never ahead of the log; a log that is behind the note has lost synced writes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rocksdb::DB;

use crate::error::Error;

const NAME: &str = "SYNCED";

pub(super) struct Marker {
    file: File,
}

impl Marker {
    /// Opens the note and compares the log with it.
    ///
    /// # Errors
    /// `Corrupt` when the log lacks writes that were on the disk.
    pub(super) fn open(dir: &Path, db: &DB) -> Result<Self, Error> {
        let path = dir.join(NAME);
        let io = |source| Error::Io { what: format!("opening {}", path.display()), source };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        let mut bytes = [0; 16];
        if file.metadata().map_err(io)?.len() >= 16 {
            file.read_exact_at(&mut bytes, 0).map_err(io)?;
        }
        let [note, check] = split(bytes);
        // A note that is torn or was never written says nothing.
        let noted = if check == !note { note } else { 0 };
        let found = db.latest_sequence_number();
        if found < noted {
            return Err(Error::Corrupt {
                what: format!(
                    "it ends at write {found}, but write {noted} was on the disk; \
                     give this node a new id and an empty data directory, and let it join again"
                ),
                at: dir.display().to_string(),
            });
        }
        Ok(Self { file })
    }

    /// Notes that everything up to `sequence` is on the disk.
    pub(super) fn set(&mut self, sequence: u64) -> io::Result<()> {
        let mut bytes = [0; 16];
        let (note, check) = bytes.split_at_mut(8);
        note.copy_from_slice(&sequence.to_be_bytes());
        check.copy_from_slice(&(!sequence).to_be_bytes());
        self.file.write_all_at(&bytes, 0)
    }
}

fn split(bytes: [u8; 16]) -> [u64; 2] {
    let whole = u128::from_be_bytes(bytes);
    [(whole >> 64) as u64, whole as u64]
}
