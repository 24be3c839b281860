//! Changes of some of what something says: it is read, changed and written, unless somebody was faster.

use gofer_wire::model::v1::Variable;
use uuid::Uuid;

use crate::error::Error;

/// Whether somebody has changed it between the reading and the writing.
pub(crate) fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::Rejected(no) if no.reason == "FAILED_PRECONDITION" && no.field == "generation")
}

/// The request id of the try after a conflict. The answer to the first one is recorded, so the second try has another one,
/// which a repeat of the command finds again.
pub(crate) fn second(id: Uuid) -> Uuid {
    Uuid::from_u128(id.as_u128() ^ 1)
}

/// Both are sorted by name, and so is the result.
pub(crate) fn merge(known: &mut Vec<Variable>, set: Vec<Variable>, removed: &[String]) {
    known.retain(|one| !removed.contains(&one.name) && set.iter().all(|other| other.name != one.name));
    known.extend(set);
    known.sort_by(|one, other| one.name.cmp(&other.name));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<Variable> {
        let pair = |text: &str| {
            let (name, value) = text.split_once('=').unwrap();
            Variable { name: name.into(), value: value.into() }
        };
        text.split_whitespace().map(pair).collect()
    }

    #[test]
    fn variables_are_merged_by_name() {
        let mut known = pairs("A=1 B=2 C=3");
        merge(&mut known, pairs("AA=4 C=5"), &["B".into(), "X".into()]);
        assert_eq!(known, pairs("A=1 AA=4 C=5"));
    }
}
