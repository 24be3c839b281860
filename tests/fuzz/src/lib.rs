//! Feeds damaged inputs to decoders of bytes that come from outside or from the disk.
//!
//! Coverage-guided fuzzers need a nightly compiler, and a decoder is often private to its crate. So this is a library
//! for unit tests: each gives valid inputs, and a closure that decodes. They are damaged in the ways that hurt
//! decoders (flipped bits, wrong lengths, cuts, parts of others), the same way in every run. A decoder must not panic,
//! nor take long, nor allocate much more than it was given, whatever it gets.
//!
//! What is found is made as small as it still hurts and kept in `tests/fuzz/corpus/TARGET/`, where it is tried first
//! from then on, by everybody. `scripts/fuzz` runs all targets for as long as one likes.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests fail by panicking"))]

mod alloc;
mod corpus;
mod mutate;
mod shrink;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use fastrand::Rng;

/// Inputs of a run that nobody asked to be longer.
const INPUTS: u64 = 4_000;
/// Longest input, in bytes.
const INPUT_BYTES_MAX: usize = 64 * 1024;
/// Longest time for one input; far more than any takes, as the machine may be busy.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Largest single allocation for one input, in bytes.
const ALLOCATION_MAX: usize = 32 << 20;
/// How many seconds each target is fuzzed, instead of [`INPUTS`] inputs.
const SECONDS: &str = "GOFER_FUZZ_SECONDS";
/// Another number gives other inputs.
const SEED: &str = "GOFER_FUZZ_SEED";

/// What a decoder must not do, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hurt {
    Panicked,
    Slow(Duration),
    Greedy(usize),
}

/// Feeds a decoder with the corpus of this target, with the valid inputs, and with what comes of damaging both.
///
/// # Panics
/// When an input hurts the decoder; names the file that the smallest such input was kept in.
pub fn fuzz(target: &str, valid: &[Vec<u8>], decode: impl Fn(&[u8])) {
    fuzz_some(target, valid, INPUTS, decode);
}

/// Like [`fuzz`], with another number of inputs where each takes long.
///
/// # Panics
/// As [`fuzz`] does.
pub fn fuzz_some(target: &str, valid: &[Vec<u8>], count: u64, decode: impl Fn(&[u8])) {
    assert!(!valid.is_empty(), "{target} needs valid inputs to damage");
    let mut seeds = corpus::read(target);
    seeds.extend(valid.iter().cloned());
    for input in &seeds {
        judge(target, input, &decode);
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number(SECONDS).map(Duration::from_secs);
    let mut rng = Rng::with_seed(number(SEED).unwrap_or(1));
    let (begin, mut inputs) = (Instant::now(), 0_u64);
    while seconds.map_or(inputs < count, |seconds| begin.elapsed() < seconds) {
        let mut input = mutate::mutate(&mut rng, &seeds);
        input.truncate(INPUT_BYTES_MAX);
        judge(target, &input, &decode);
        inputs += 1;
    }
    println!("{target}: {inputs} damaged inputs from {} seeds", seeds.len());
}

fn judge(target: &str, input: &[u8], decode: &impl Fn(&[u8])) {
    let Some(hurt) = run(input, decode) else { return };
    let small = shrink::shrink(input, |input| run(input, decode).is_some());
    let kept = corpus::keep(target, &small);
    panic!("{target}: {hurt:?} for the {} bytes {:02x?}, kept in {kept}", small.len(), &small[..small.len().min(64)]);
}

fn run(input: &[u8], decode: &impl Fn(&[u8])) -> Option<Hurt> {
    alloc::reset();
    let begin = Instant::now();
    let panicked = catch_unwind(AssertUnwindSafe(|| decode(input))).is_err();
    let (took, largest) = (begin.elapsed(), alloc::largest());
    match () {
        () if panicked => Some(Hurt::Panicked),
        () if took > TIME_MAX => Some(Hurt::Slow(took)),
        () if largest > ALLOCATION_MAX => Some(Hurt::Greedy(largest)),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_can_be_hurt_is_hurt() {
        let trusting = |input: &[u8]| {
            let length = input.first_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length) as usize);
            if length <= input.len() {
                assert!(input[..length].iter().all(|byte| *byte != 0xff), "found");
            }
        };
        let good = [&8_u32.to_be_bytes()[..], b"abcdefgh"].concat();
        assert_eq!(run(&good, &trusting), None);
        let mut rng = Rng::with_seed(1);
        let seeds = [good];
        let hurt = (0..20_000).map(|_| mutate::mutate(&mut rng, &seeds)).find(|input| run(input, &trusting).is_some());
        let hurt = hurt.unwrap();
        let small = shrink::shrink(&hurt, |input| run(input, &trusting).is_some());
        assert_eq!(run(&small, &trusting), Some(Hurt::Panicked));
        let plain = small.iter().filter(|byte| **byte == 0).count();
        assert!(small.len() <= hurt.len() && small.len() - plain <= 2, "all but the length and one byte: {small:?}");
    }

    #[test]
    fn a_decoder_that_believes_a_length_is_greedy() {
        let believing = |input: &[u8]| {
            let length = input.first_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length) as usize);
            drop(std::hint::black_box(Vec::<u8>::with_capacity(length)));
        };
        assert_eq!(run(&1000_u32.to_be_bytes(), &believing), None);
        assert_eq!(run(&0x4000_0000_u32.to_be_bytes(), &believing), Some(Hurt::Greedy(0x4000_0000)));
    }
}
