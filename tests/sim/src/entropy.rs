//! Randomness that nobody asked for: request ids of nodes, election time-outs, the order in which `select!` looks, the
//! seeds of hash maps. All of it comes from the C library's `getrandom`, directly or as a seed. This program has a
//! `getrandom` of its own, whose bytes follow from the seed.
//!
//! Each thread has its own stream, so the few threads of RocksDB take nothing from the simulation's.
#![allow(unsafe_code, reason = "a function of the C library is replaced")]

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};

use gofer_rng::Rng;

thread_local! {
    static STREAM: RefCell<Rng> = const { RefCell::new(Rng::new(0)) };
}

/// What this thread draws from now on follows from `seed`.
pub(crate) fn seed(seed: u64) {
    STREAM.with_borrow_mut(|stream| *stream = Rng::new(seed));
}

/// Fills `length` bytes; never fails.
///
/// # Safety
/// As of the C library: `to` must be valid for `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(to: *mut u8, length: usize, _flags: u32) -> isize {
    if length == 0 {
        return 0;
    }
    // SAFETY: the caller promises it.
    let bytes = unsafe { std::slice::from_raw_parts_mut(to, length) };
    STREAM.with(|stream| {
        if let Ok(mut stream) = stream.try_borrow_mut() {
            for chunk in bytes.chunks_mut(8) {
                chunk.copy_from_slice(&stream.next().to_le_bytes()[..chunk.len()]);
            }
        }
    });
    isize::try_from(length).unwrap_or(isize::MAX)
}

/// How others look for `getrandom`: in a static program the C library's `dlsym` finds nothing, and they would read
/// `/dev/urandom`. Nothing else is found here, either.
///
/// # Safety
/// As of the C library: `name` must be a string.
#[unsafe(no_mangle)]
unsafe extern "C" fn dlsym(_handle: *mut c_void, name: *const c_char) -> *mut c_void {
    // SAFETY: the caller promises it.
    match unsafe { CStr::from_ptr(name) } == c"getrandom" {
        true => getrandom as *mut c_void,
        false => std::ptr::null_mut(),
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    fn drawn() -> u64 {
        let thread = std::thread::spawn(|| {
            super::seed(7);
            std::collections::hash_map::RandomState::new().hash_one(1)
        });
        thread.join().unwrap_or_default()
    }

    #[test]
    fn hash_maps_are_seeded_from_here() {
        assert_ne!(drawn(), 0);
        assert_eq!(drawn(), drawn());
    }
}
