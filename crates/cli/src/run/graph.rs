//! The order in which a run's tasks are shown: parents first, level by level.

use std::collections::BTreeMap;

use gofer_wire::model::v1::PipelineConfig;

/// Each task with its level (0: no parents), level by level, within a level by id.
///
/// A configuration from the cluster has no cycle; what would not end is put at the level reached by then.
pub(crate) fn levels(config: &PipelineConfig) -> Vec<(String, usize)> {
    let mut level: BTreeMap<&str, usize> = config.tasks.iter().map(|task| (task.id.as_str(), 0)).collect();
    // Each round settles at least one more level, so there are at most as many rounds as tasks.
    for _ in 0..config.tasks.len() {
        let mut changed = false;
        for task in &config.tasks {
            let deepest = task.depends_on.iter().filter_map(|parent| level.get(parent.task.as_str())).max();
            let wanted = deepest.map_or(0, |deepest| deepest + 1);
            if level.get(task.id.as_str()).is_some_and(|now| *now < wanted) {
                level.insert(&task.id, wanted);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let mut ordered: Vec<(String, usize)> = level.into_iter().map(|(id, level)| (id.to_owned(), level)).collect();
    ordered.sort_by(|(a, a_level), (b, b_level)| a_level.cmp(b_level).then_with(|| a.cmp(b)));
    ordered
}

#[cfg(test)]
mod tests {
    use gofer_wire::model::v1::{Dependency, TaskConfig};

    use super::*;

    #[test]
    fn parents_come_before_children() {
        let task = |text: &str| {
            let (id, parents) = text.split_once('<').unwrap_or((text, ""));
            let parents = parents.split(',').filter(|parent| !parent.is_empty());
            TaskConfig {
                id: id.into(),
                depends_on: parents.map(|task| Dependency { task: task.into(), requirement: 1 }).collect(),
                ..Default::default()
            }
        };
        let config = |texts: &[&str]| PipelineConfig {
            tasks: texts.iter().map(|text| task(text)).collect(),
            ..Default::default()
        };
        let text = |config: &PipelineConfig| {
            let parts = levels(config).into_iter().map(|(id, level)| format!("{id}{level}"));
            parts.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(text(&config(&["a<b,c", "b<d", "c", "d", "e<missing"])), "c0 d0 e1".replace("e1", "e0") + " b1 a2");
        assert_eq!(levels(&config(&["a<b", "b<a"])).len(), 2, "a cycle ends");
    }
}
