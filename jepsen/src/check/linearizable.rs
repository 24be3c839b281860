//! Whether a history of one object is linearizable: the search of Wing and Gong with Lowe's memory of what was tried, in
//! the form that Porcupine gave it.
//!
//! Completed operations took effect at one moment between invocation and answer; unknown ones at one moment after their
//! invocation, or never.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

/// A sequential object.
pub(crate) trait Model {
    type State: Clone + Debug + Eq + Hash;
    type Op: Debug;

    fn initial(&self) -> Self::State;
    /// The state after the operation gave the answer it gave; nothing if it could not have.
    fn step(&self, state: &Self::State, op: &Self::Op) -> Option<Self::State>;
}

/// An operation with its interval; `end` is absent if its outcome is unknown.
#[derive(Clone, Debug)]
pub(crate) struct Call<O> {
    pub(crate) op: O,
    pub(crate) start: u64,
    pub(crate) end: Option<u64>,
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Linearizable,
    /// As far as the search came: how many completed operations could be put in an order at most, and the first that
    /// could not.
    Broken {
        ordered: usize,
        stuck: String,
    },
    /// There were too many possibilities.
    GaveUp,
}

const NONE: usize = usize::MAX;

/// Invocations and answers in order of time, linked so that operations can be lifted out and put back.
struct Entries {
    /// Operation of the entry, and whether it is the answer.
    what: Vec<(usize, bool)>,
    next: Vec<usize>,
    previous: Vec<usize>,
    /// Entry of an operation's answer.
    answer: Vec<usize>,
}

impl Entries {
    /// The last entry is the head of the list.
    fn new<O>(calls: &[Call<O>]) -> Self {
        // At the same moment invocations come first: the operations count as concurrent.
        let mut points: Vec<(u64, bool, usize)> = Vec::with_capacity(calls.len() * 2);
        for (index, call) in calls.iter().enumerate() {
            points.push((call.start, false, index));
            points.push((call.end.unwrap_or(u64::MAX), true, index));
        }
        points.sort_unstable();
        let length = points.len();
        let mut answer = vec![NONE; calls.len()];
        for (place, (_, is_answer, index)) in points.iter().enumerate() {
            if *is_answer {
                answer[*index] = place;
            }
        }
        let next = (1..=length).map(|at| if at == length { NONE } else { at }).chain([0]).collect();
        let previous = std::iter::once(length).chain(0..length).collect();
        Self {
            what: points.into_iter().map(|(_, is_answer, index)| (index, is_answer)).collect(),
            next,
            previous,
            answer,
        }
    }

    fn head(&self) -> usize {
        self.what.len()
    }

    fn unlink(&mut self, at: usize) {
        let (before, after) = (self.previous[at], self.next[at]);
        self.next[before] = after;
        if after != NONE {
            self.previous[after] = before;
        }
    }

    fn relink(&mut self, at: usize) {
        let (before, after) = (self.previous[at], self.next[at]);
        self.next[before] = at;
        if after != NONE {
            self.previous[after] = at;
        }
    }
}

/// Looks for an order of the operations that the model allows, in at most so many steps.
pub(crate) fn check<M: Model>(model: &M, calls: &[Call<M::Op>], steps_max: u64) -> Found {
    let completed = calls.iter().filter(|call| call.end.is_some()).count();
    let mut entries = Entries::new(calls);
    let mut done = Bits::new(calls.len());
    let mut tried: HashSet<(Bits, M::State)> = HashSet::new();
    let mut stack: Vec<(usize, M::State)> = Vec::new();
    let (mut state, mut ordered, mut best, mut stuck) = (model.initial(), 0, 0, String::new());
    let mut at = first(&entries);
    for _ in 0..steps_max {
        if ordered == completed {
            return Found::Linearizable;
        }
        let (index, is_answer) = entries.what[at];
        if !is_answer {
            let after = model.step(&state, &calls[index].op);
            let fresh = after.filter(|after| {
                done.set(index);
                let fresh = tried.insert((done.clone(), after.clone()));
                if !fresh {
                    done.clear(index);
                }
                fresh
            });
            if let Some(after) = fresh {
                stack.push((at, std::mem::replace(&mut state, after)));
                ordered += usize::from(calls[index].end.is_some());
                entries.unlink(at);
                entries.unlink(entries.answer[index]);
                at = first(&entries);
            } else {
                at = entries.next[at];
            }
            continue;
        }
        // An answer of an operation that found no place: go back.
        if ordered >= best {
            (best, stuck) = (ordered, format!("{:?} after {state:?}", calls[index].op));
        }
        let Some((place, before)) = stack.pop() else { return Found::Broken { ordered: best, stuck } };
        let index = entries.what[place].0;
        state = before;
        done.clear(index);
        ordered -= usize::from(calls[index].end.is_some());
        entries.relink(entries.answer[index]);
        entries.relink(place);
        at = entries.next[place];
    }
    Found::GaveUp
}

fn first(entries: &Entries) -> usize {
    entries.next[entries.head()]
}

/// A set of operations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(length: usize) -> Self {
        Self(vec![0; length.div_ceil(64)])
    }

    fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn clear(&mut self, at: usize) {
        self.0[at / 64] &= !(1 << (at % 64));
    }
}

#[cfg(test)]
mod tests {
    use gofer_rng::Rng;

    use super::*;

    struct Register;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Op {
        Write(u64),
        Read(u64),
    }

    impl Model for Register {
        type State = u64;
        type Op = Op;

        fn initial(&self) -> u64 {
            0
        }

        fn step(&self, state: &u64, op: &Op) -> Option<u64> {
            match op {
                Op::Write(value) => Some(*value),
                Op::Read(value) => (value == state).then_some(*state),
            }
        }
    }

    fn call(op: Op, start: u64, end: u64) -> Call<Op> {
        Call { op, start, end: (end > 0).then_some(end) }
    }

    fn holds(calls: &[Call<Op>]) -> bool {
        match check(&Register, calls, 1_000_000) {
            Found::GaveUp => panic!("gave up"),
            found => found == Found::Linearizable,
        }
    }

    #[test]
    fn known_histories() {
        use Op::{Read, Write};
        assert!(holds(&[]));
        assert!(holds(&[call(Read(0), 1, 2)]));
        assert!(!holds(&[call(Read(1), 1, 2)]), "out of nothing");
        assert!(holds(&[call(Write(1), 1, 4), call(Read(1), 2, 3)]), "seen before it is acknowledged");
        assert!(!holds(&[call(Write(1), 1, 2), call(Read(0), 3, 4)]), "an acknowledged write is lost");
        assert!(!holds(&[call(Write(1), 1, 9), call(Read(1), 2, 3), call(Read(0), 4, 5)]), "back in time");
        assert!(holds(&[call(Write(1), 1, 9), call(Read(0), 2, 3), call(Read(1), 4, 5)]));
        assert!(holds(&[call(Write(1), 1, 0), call(Read(0), 2, 3), call(Read(1), 8, 9)]), "unknown, took effect late");
        assert!(holds(&[call(Write(1), 1, 0), call(Read(0), 2, 3), call(Read(0), 8, 9)]), "unknown, never took effect");
        let twice = [call(Write(1), 1, 0), call(Write(2), 2, 3), call(Read(1), 4, 5), call(Read(2), 6, 7)];
        assert!(!holds(&twice), "an overwritten value came back");
        let split = [call(Write(1), 1, 10), call(Write(2), 1, 10), call(Read(1), 11, 12), call(Read(2), 11, 12)];
        assert!(!holds(&split), "two readers disagree");
        let early = [call(Read(1), 1, 2), call(Write(1), 3, 4)];
        assert!(!holds(&early), "read before it was written");
    }

    #[test]
    fn it_says_where_it_got_stuck() {
        let calls = [call(Op::Write(1), 1, 2), call(Op::Write(2), 3, 4), call(Op::Read(1), 5, 6)];
        let expected = Found::Broken { ordered: 2, stuck: "Read(1) after 2".into() };
        assert_eq!(check(&Register, &calls, 1000), expected);
        assert_eq!(check(&Register, &calls, 2), Found::GaveUp);
    }

    /// Histories of a register that takes effect at a known moment inside each interval; half of them then get one
    /// answer changed. A search over all orders decides what is right.
    #[test]
    fn it_agrees_with_trying_all_orders() {
        let mut rng = Rng::new(11);
        let (mut right, mut wrong) = (0, 0);
        for _ in 0..3000 {
            let mut calls = random(&mut rng);
            if rng.percent(50) {
                let at = rng.below(calls.len());
                if let Op::Read(value) = &mut calls[at].op {
                    *value = rng.range(0, 4);
                }
            }
            let expected = permute(&calls, 0, &mut vec![false; calls.len()]);
            assert_eq!(holds(&calls), expected, "{calls:?}");
            if expected { right += 1 } else { wrong += 1 }
        }
        assert!(right > 300 && wrong > 300, "{right} {wrong}");
    }

    fn random(rng: &mut Rng) -> Vec<Call<Op>> {
        let mut moments: Vec<u64> = (0..7).map(|_| rng.range(10, 60)).collect();
        moments.sort_unstable();
        let mut state = 0;
        let mut calls = Vec::new();
        for (at, moment) in moments.into_iter().enumerate() {
            let op = if rng.percent(50) { Op::Write(at as u64 % 4 + 1) } else { Op::Read(state) };
            let is_lost = matches!(op, Op::Write(_)) && rng.percent(20);
            if let (Op::Write(value), true) = (op, !is_lost || rng.percent(50)) {
                state = value;
            }
            let end = if is_lost { 0 } else { moment + rng.range(0, 9) };
            calls.push(call(op, moment - rng.range(0, 9), end));
        }
        calls
    }

    fn permute(calls: &[Call<Op>], state: u64, done: &mut Vec<bool>) -> bool {
        let open = |done: &[bool]| (0..calls.len()).filter(|at| !done[*at]).collect::<Vec<_>>();
        let rest = open(done);
        if rest.iter().all(|at| calls[*at].end.is_none()) {
            return true;
        }
        let limit = rest.iter().filter_map(|at| calls[*at].end).min().unwrap();
        for at in rest.into_iter().filter(|at| calls[*at].start <= limit) {
            let Some(after) = Register.step(&state, &calls[at].op) else { continue };
            done[at] = true;
            let found = permute(calls, after, done);
            done[at] = false;
            if found {
                return true;
            }
        }
        false
    }
}
