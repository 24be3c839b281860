//! Makes an input smaller that has a property, as long as it keeps it.

/// Most inputs that are tried.
const TRIES_MAX: usize = 4_000;

/// Takes out what is not needed, in ever smaller pieces, and then makes what is left as plain as it can be.
pub(crate) fn shrink(input: &[u8], hurts: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut best = input.to_vec();
    let mut tries = 0;
    let mut piece = best.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < best.len() && tries < TRIES_MAX {
            tries += 1;
            let mut smaller = best.clone();
            smaller.drain(at..(at + piece).min(best.len()));
            if hurts(&smaller) {
                best = smaller;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    for at in 0..best.len() {
        if best[at] != 0 && tries < TRIES_MAX {
            tries += 1;
            let kept = std::mem::replace(&mut best[at], 0);
            if !hurts(&best) {
                best[at] = kept;
            }
        }
    }
    best
}
