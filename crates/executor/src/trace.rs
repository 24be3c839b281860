//! Trace contexts of attempts, as W3C Trace Context has them.
//!
//! They follow from the ids, so that nothing has to be kept: all attempts of a run are of one trace, each with a span of its
//! own, and anybody who knows the ids can find them.

use gofer_domain::{AttemptKey, ClusterId};
use sha2::{Digest as _, Sha256};

/// The value of `TRACEPARENT` for an attempt.
pub(crate) fn parent(cluster: ClusterId, attempt: &AttemptKey) -> String {
    let trace: [u8; 32] = Sha256::digest(format!("gofer trace/{cluster}/{}", attempt.task.run)).into();
    let span: [u8; 32] = Sha256::digest(format!("gofer span/{cluster}/{attempt}")).into();
    format!("00-{}-{}-01", hex(&trace[..16]), hex(&span[..8]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use gofer_domain::{NamespaceId, PipelineId, PipelineKey, RunKey, TaskId, TaskKey};

    use super::*;

    fn attempt(run: u64, number: u32) -> AttemptKey {
        let pipeline =
            PipelineKey { namespace: NamespaceId::new("n").unwrap(), pipeline: PipelineId::new("p").unwrap() };
        AttemptKey { task: TaskKey { run: RunKey { pipeline, run }, task: TaskId::new("t").unwrap() }, attempt: number }
    }

    #[test]
    fn attempts_of_a_run_share_a_trace_and_have_spans_of_their_own() {
        let cluster = ClusterId([7; 16]);
        let [one, again, next, other] =
            [(1, 1), (1, 1), (1, 2), (2, 1)].map(|(run, number)| parent(cluster, &attempt(run, number)));
        let parts: Vec<&str> = one.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 32, 16, 2]);
        assert_eq!(one, again);
        assert_eq!(one[..35], next[..35]);
        assert_ne!(one[36..52], next[36..52]);
        assert_ne!(one[3..35], other[3..35]);
    }
}
