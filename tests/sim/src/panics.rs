//! Panics, wherever they happen, end a run: tasks would swallow them.

use std::sync::{Mutex, PoisonError};

static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Takes note of panics from now on.
pub(crate) fn watch() {
    std::panic::set_hook(Box::new(|info| {
        let mut panic = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        panic.get_or_insert_with(|| info.to_string());
    }));
}

/// The first panic, if there was one.
pub(crate) fn take() -> Option<String> {
    PANIC.lock().unwrap_or_else(PoisonError::into_inner).take()
}
