//! Ways to damage an input.

use fastrand::Rng;

/// Numbers at which decoders go wrong.
const EDGES: [u64; 10] =
    [0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff];
/// Most things that are done to one input.
const STEPS_MAX: usize = 6;
/// Longest piece that is copied or cut.
const PIECE_MAX: usize = 64;
/// How often a nested piece is repeated, to find recursion.
const REPEATS_MAX: usize = 2_000;

/// One of the seeds, damaged.
pub(crate) fn mutate(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = pick(rng, seeds).to_vec();
    for _ in 0..rng.usize(1..=STEPS_MAX) {
        step(rng, &mut input, seeds);
    }
    input
}

fn pick<'a>(rng: &mut Rng, seeds: &'a [Vec<u8>]) -> &'a [u8] {
    seeds.get(rng.usize(0..seeds.len().max(1))).map_or(&[], Vec::as_slice)
}

fn step(rng: &mut Rng, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = rng.usize(0..=input.len());
    match rng.u8(0..12) {
        0 | 1 => set(input, at, |byte| byte ^ (1 << rng.u8(0..8))),
        2 => set(input, at, |_| rng.u8(..)),
        3 => set(input, at, |byte| if rng.bool() { byte.wrapping_add(1) } else { byte.wrapping_sub(1) }),
        4 => input.truncate(at),
        5 => drop(input.drain(piece(rng, at, input.len()))),
        6 => {
            let copied = input[piece(rng, at, input.len())].to_vec();
            input.splice(at..at, copied);
        }
        7 => {
            let edge = EDGES[rng.usize(0..EDGES.len())];
            let bytes = if rng.bool() { edge.to_le_bytes() } else { edge.to_be_bytes() };
            let width = [1, 2, 4, 8][rng.usize(0..4)].min(input.len() - at);
            input.splice(at..at + width, bytes.into_iter().take(width));
        }
        8 => {
            let width = usize::from(rng.bool()).min(input.len() - at);
            input.splice(at..at + width, varint(EDGES[rng.usize(0..EDGES.len())]));
        }
        9 => {
            let other = pick(rng, seeds);
            let from = rng.usize(0..=other.len());
            input.truncate(at);
            input.extend(&other[from..]);
        }
        10 => {
            let other = pick(rng, seeds);
            let from = rng.usize(0..=other.len());
            input.splice(at..at, other[piece(rng, from, other.len())].iter().copied());
        }
        _ => {
            let repeated = input[piece(rng, at, input.len())].repeat(rng.usize(1..REPEATS_MAX));
            input.splice(at..at, repeated);
        }
    }
}

fn set(input: &mut [u8], at: usize, change: impl FnOnce(u8) -> u8) {
    if let Some(byte) = input.get_mut(at) {
        *byte = change(*byte);
    }
}

fn piece(rng: &mut Rng, at: usize, length: usize) -> std::ops::Range<usize> {
    at..rng.usize(at..=length.min(at + PIECE_MAX))
}

/// As Protocol Buffers write numbers.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap_or(0));
    bytes
}
