//! What it means how nodes reach the store of objects.

use gofer_wire::model::v1 as model;

use super::Finding;
use crate::json::hex;

/// How a node of this name reaches it; none when objects are on the nodes.
pub(super) fn object_store(node: &str, member: &model::Diagnosis) -> Option<Finding> {
    let found = member.object_store.as_ref()?;
    Some(if found.error.is_empty() {
        Finding::good(node, "objects", format!("{} is the store {}", found.url, hex(&found.store)))
    } else {
        let advice = "check its mount or its credentials, and that objects.url is the same on all nodes; what is put and \
                      got through this node fails meanwhile, and while it leads nothing is removed";
        Finding::bad(node, "objects", found.error.clone(), advice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_store_is_good_unless_a_node_can_not_use_it() {
        assert_eq!(object_store("n1", &model::Diagnosis::default()), None);
        let with = |error: &str| {
            let found =
                model::ObjectStoreDiagnosis { url: "file:///a".into(), error: error.into(), store: vec![0xab; 16] };
            object_store("n1", &model::Diagnosis { object_store: Some(found), ..Default::default() }).unwrap()
        };
        let good = with("");
        assert!(good.verdict == Verdict::Good && good.detail.contains("file:///a is the store abab"), "{good:?}");
        let bad = with("file:///a is gone");
        assert!(bad.verdict == Verdict::Bad && bad.detail == "file:///a is gone" && !bad.advice.is_empty(), "{bad:?}");
    }
}
