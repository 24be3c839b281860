//! What RocksDB's own threads ran into. They flush and merge after a write has returned, so nobody is told of their
//! failures, and while they fail, RocksDB makes writers wait, without end, for what will not come.

use std::path::Path;

use rocksdb::{DB, properties};

use crate::error::Error;

/// With less room than this, a failed flush is a full disk: a whole write buffer has to fit.
const ROOM_BYTES_MIN: u64 = 128 << 20;

/// Whether a flush or a merge of this database has failed since it was opened. If one has, all who wait for it in a
/// write are let go with an error, and the database is of no more use.
///
/// # Errors
/// `DiskFull` or `Io`, once one has failed.
pub fn check(db: &DB, dir: &Path) -> Result<(), Error> {
    let failures = db.property_int_value(properties::BACKGROUND_ERRORS).ok().flatten().unwrap_or(0);
    if failures == 0 {
        return Ok(());
    }
    db.cancel_all_background_work(false);
    let path = dir.to_owned();
    let source = format!("{failures} flushes or merges failed; the LOG in this directory says why").into();
    Err(if is_full(dir) { Error::DiskFull { path, source } } else { Error::Io { path, source } })
}

fn is_full(dir: &Path) -> bool {
    rustix::fs::statvfs(dir).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM_BYTES_MIN)
}
