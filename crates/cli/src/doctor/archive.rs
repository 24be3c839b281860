//! What the measurements of an archive mean.

use gofer_wire::model::v1 as model;

use super::Finding;

/// So many segments that wait to be archived are more than a moment.
const SEGMENTS_BEHIND: u64 = 3;

/// How the archive is, as a node of this name sees it; none when nothing is archived.
pub(super) fn archive(node: &str, member: &model::Diagnosis) -> Option<Finding> {
    let found = member.archive.as_ref()?;
    let archived = found.archived_revision;
    if found.url.is_empty() {
        let detail = format!("this node is not told to archive, and others have, up to revision {archived}");
        let advice = "give it the same archive.url as the others: while it leads, nothing is archived";
        return Some(Finding::warning(node, "archive", detail, advice));
    }
    if !found.error.is_empty() {
        let detail = format!("{} can't be used: {}", found.url, found.error);
        let advice = "check its mount, its permissions, and that it is the same on all nodes; until it can be used, \
                      nothing is archived and nodes drop nothing";
        return Some(Finding::bad(node, "archive", detail, advice));
    }
    if found.manifest_revision < archived {
        let detail = format!(
            "the manifest of {} ends with revision {}, and the cluster has archived up to {archived}",
            found.url, found.manifest_revision
        );
        let advice = "the leader writes it within a minute; if it stays so, see the leader's log";
        return Some(Finding::warning(node, "archive", detail, advice));
    }
    let waiting = member.revision.saturating_sub(archived);
    let detail = format!(
        "{} continues to revision {archived}, {waiting} events wait; nodes begin with revision {}",
        found.url,
        found.trimmed_revision + 1
    );
    if waiting > found.segment_events.saturating_mul(SEGMENTS_BEHIND) {
        let advice = "see the leader's log: it says why nothing is archived";
        return Some(Finding::warning(node, "archive", detail, advice));
    }
    Some(Finding::good(node, "archive", detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn verdict(change: impl FnOnce(&mut model::ArchiveDiagnosis)) -> (Verdict, String) {
        let mut archive = model::ArchiveDiagnosis {
            url: "file:///a".into(),
            manifest_revision: 100,
            archived_revision: 100,
            trimmed_revision: 50,
            segment_events: 10,
            ..Default::default()
        };
        change(&mut archive);
        let member = model::Diagnosis { revision: 120, archive: Some(archive), ..Default::default() };
        let found = self::archive("n1", &member).unwrap();
        assert_eq!(found.advice.is_empty(), found.verdict == Verdict::Good, "{found:?}");
        (found.verdict, found.detail)
    }

    #[test]
    fn each_trouble_of_an_archive_is_told() {
        assert_eq!(archive("n1", &model::Diagnosis::default()), None);
        let (good, detail) = verdict(|_| {});
        assert_eq!(good, Verdict::Good);
        assert!(detail.contains("revision 100, 20 events wait; nodes begin with revision 51"), "{detail}");
        assert_eq!(verdict(|found| found.url.clear()).0, Verdict::Warning);
        let (bad, detail) = verdict(|found| found.error = "gone".into());
        assert!(bad == Verdict::Bad && detail.contains("file:///a can't be used: gone"), "{detail}");
        assert_eq!(verdict(|found| found.manifest_revision = 90).0, Verdict::Warning);
        assert_eq!(verdict(|found| found.segment_events = 6).0, Verdict::Warning);
    }
}
