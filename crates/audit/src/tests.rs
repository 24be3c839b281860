//! Real stores, made by the store itself, and what becomes of them under many hands.

mod archive;
mod decoders;
mod exports;
mod stories;
mod tamper_export;
mod tamper_store;
mod views;
mod world;

use std::path::Path;

use crate::{Checkpoint, DataDirectory, EventSource, FaultKind, Meter, Verification};

/// Verifies what is in a directory.
fn verify(path: &Path) -> Verification {
    verify_with(path, None)
}

fn verify_with(path: &Path, checkpoint: Option<&Checkpoint>) -> Verification {
    let source = crate::open(path).unwrap();
    crate::verify(source.as_ref(), checkpoint, &Meter::default()).unwrap()
}

/// The first fault of what is in a directory.
fn fault(path: &Path) -> Option<(FaultKind, u64)> {
    verify(path).fault.map(|fault| (fault.kind, fault.revision))
}

/// The stored bytes of all events.
fn events(path: &Path) -> Vec<Vec<u8>> {
    let source = DataDirectory::open(path).unwrap();
    let mut events = Vec::new();
    source
        .scan(1, u64::MAX, &mut |_, bytes| {
            events.push(bytes.to_vec());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    events
}
