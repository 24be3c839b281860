//! Registers: pipelines whose configuration carries a value. Each write makes the next version.

use std::collections::BTreeMap;

use super::Verdict;
use super::linearizable::{Call, Found, Model, check};
use crate::history::{Op, Outcome, Value};

/// Most steps of the search for one register.
const STEPS_MAX: u64 = 20_000_000;

/// A register that counts its versions; 0 is the absent pipeline.
struct Register;

#[derive(Debug)]
enum Access {
    /// Value, and the version that was acknowledged; 0 if the outcome is unknown.
    Write(u64, u64),
    /// Version and value that were seen.
    Read(u64, Option<u64>),
}

impl Model for Register {
    type State = (u64, Option<u64>);
    type Op = Access;

    fn initial(&self) -> Self::State {
        (0, None)
    }

    fn step(&self, (version, value): &Self::State, op: &Access) -> Option<Self::State> {
        match op {
            Access::Write(new, acknowledged) => {
                let fits = *acknowledged == 0 || *acknowledged == version + 1;
                fits.then_some((version + 1, Some(*new)))
            }
            Access::Read(seen, found) => (seen == version && found == value).then_some((*version, *value)),
        }
    }
}

/// Each register by itself is linearizable.
pub(crate) fn linearizable(ops: &[Op]) -> Verdict {
    let mut keys: BTreeMap<u64, Vec<Call<Access>>> = BTreeMap::new();
    for op in ops {
        if let Some(call) = call(op) {
            keys.entry(op.key).or_default().push(call);
        }
    }
    let (calls, unknown) =
        keys.values().flatten().fold((0, 0), |(all, unknown), call| (all + 1, unknown + u64::from(call.end.is_none())));
    let detail = format!("{} registers, {calls} operations, {unknown} of them unknown", keys.len());
    let faults = keys.iter().filter_map(|(key, calls)| match check(&Register, calls, STEPS_MAX) {
        Found::Linearizable => None,
        Found::Broken { ordered, stuck } => {
            Some(format!("register {key}: {ordered} of its operations have an order, then nothing fits: {stuck}"))
        }
        Found::GaveUp => Some(format!("register {key}: undecided after {STEPS_MAX} steps")),
    });
    Verdict::new("every register is linearizable", detail, faults.collect())
}

/// The operation for the search; nothing if it had no effect and told nothing.
fn call(op: &Op) -> Option<Call<Access>> {
    let number = |value: &Value| if let Value::Int(number) = value { Some(*number) } else { None };
    let access = match (op.f, op.outcome) {
        (_, Outcome::Fail) | ("read", Outcome::Info) => return None,
        ("read", Outcome::Ok) => Access::Read(op.version, number(&op.result)),
        _ => Access::Write(number(&op.value)?, op.version),
    };
    Some(Call { op: access, start: op.start, end: (op.outcome == Outcome::Ok).then_some(op.end) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::op;

    fn write(value: u64, version: u64, start: u64, end: u64, outcome: Outcome) -> Op {
        Op { version, ..op("write", Value::Int(value), Value::Nil, start, end, outcome) }
    }

    fn read(value: u64, version: u64, start: u64, end: u64) -> Op {
        let result = if version == 0 { Value::Nil } else { Value::Int(value) };
        Op { version, ..op("read", Value::Nil, result, start, end, Outcome::Ok) }
    }

    fn holds(ops: &[Op]) -> bool {
        linearizable(ops).holds
    }

    #[test]
    fn planted_faults_are_found() {
        use Outcome::{Fail, Info, Ok};
        let good =
            [read(0, 0, 1, 2), write(5, 1, 3, 6, Ok), read(5, 1, 4, 5), write(6, 2, 7, 8, Ok), read(6, 2, 9, 10)];
        assert!(holds(&good));
        let lost = [&good[..], &[read(5, 1, 11, 12)]].concat();
        assert!(!holds(&lost), "a stale read");
        assert!(!holds(&[write(5, 1, 1, 2, Ok), read(0, 0, 3, 4)]), "an acknowledged write is lost");
        assert!(!holds(&[write(5, 1, 1, 2, Fail), read(5, 1, 3, 4)]), "what failed took effect");
        assert!(holds(&[write(5, 0, 1, 2, Info), read(5, 1, 3, 4)]));
        assert!(holds(&[write(5, 0, 1, 2, Info), read(0, 0, 3, 4), read(5, 1, 9, 9)]));
        assert!(!holds(&[write(5, 0, 1, 2, Info), read(5, 1, 3, 4), read(0, 0, 5, 6)]), "and back again");
        assert!(!holds(&[write(5, 1, 1, 2, Ok), write(6, 3, 3, 4, Ok)]), "a version nobody wrote");
        assert!(!holds(&[write(5, 1, 1, 4, Ok), write(6, 1, 1, 4, Ok)]), "one version for two writes");
        assert!(holds(&[write(5, 1, 1, 2, Ok), write(7, 0, 1, 2, Info), write(6, 3, 3, 4, Ok)]));
        let mut other = write(9, 1, 3, 4, Ok);
        other.key = 2;
        assert!(holds(&[write(5, 1, 1, 2, Ok), other]), "registers are independent");
    }
}
