//! How a list of schedules goes on from page to page without looking at those before.

use gofer_domain::{PipelineKey, Schedule, ScheduleKey, ScheduleName, State};

use crate::api::scope::Scope;

/// Those after a schedule, or from the beginning. Copies are cheap: specs are shared.
pub(super) fn page(
    scope: &Scope,
    state: &State,
    after: Option<&ScheduleKey>,
    most: usize,
) -> Vec<(ScheduleKey, Schedule)> {
    let take = |(pipeline, name, schedule): (&PipelineKey, &ScheduleName, &Schedule)| {
        (ScheduleKey { pipeline: pipeline.clone(), name: name.clone() }, schedule.clone())
    };
    let meant = |(pipeline, ..): &(&PipelineKey, _, _)| scope.contains(pipeline);
    let schedules = &state.schedules;
    match (after, scope.first()) {
        (Some(after), _) => {
            let rest = schedules.following(&after.pipeline, Some(&after.name));
            rest.take_while(meant).take(most).map(take).collect()
        }
        (None, Some(first)) => schedules.following(&first, None).take_while(meant).take(most).map(take).collect(),
        (None, None) => schedules.iter().take(most).map(take).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use gofer_domain::schedule::{CatchUp, Rule, Timing};
    use gofer_domain::{NamespaceId, PipelineId, Revision, RunOptions, ScheduleSpec, Timestamp};

    use super::*;

    fn pipeline(text: &str) -> PipelineKey {
        let (namespace, pipeline) = text.split_once('/').unwrap();
        PipelineKey { namespace: NamespaceId::new(namespace).unwrap(), pipeline: PipelineId::new(pipeline).unwrap() }
    }

    fn schedule(changed: u64) -> Schedule {
        let timing = Timing { rule: Rule::Every(Duration::from_secs(1)), zone: "UTC".into(), blackouts: Vec::new() };
        let spec = ScheduleSpec {
            description: String::new(),
            timing,
            jitter: Duration::ZERO,
            catch_up: CatchUp::Latest,
            grace: Duration::from_secs(60),
            options: RunOptions::default(),
        };
        Schedule {
            spec: Arc::new(spec),
            generation: Revision(changed),
            enabled: true,
            changed: Revision(changed),
            settled: Timestamp(0),
            last_fired: None,
            last_skipped: None,
            last_backfill: 0,
            backfills: std::collections::BTreeMap::new(),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    /// All pages of a list.
    fn listed(state: &State, scope: &Scope, size: usize) -> Vec<String> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let found = page(scope, state, after.as_ref(), size);
            assert!(found.len() <= size);
            let Some((last, _)) = found.last() else { return all };
            after = Some(last.clone());
            all.extend(found.iter().map(|(key, _)| key.to_string()));
        }
    }

    #[test]
    fn pages_of_every_size_make_the_same_list() {
        let mut state = State::default();
        let names = ["a/p", "a-b/p", "b/0", "b/p", "b/p-2", "b/q", "c/p"];
        for (number, (name, schedule_name)) in
            names.iter().flat_map(|name| [(name, "x"), (name, "y"), (name, "z")]).enumerate()
        {
            let key = ScheduleKey { pipeline: pipeline(name), name: ScheduleName::new(schedule_name).unwrap() };
            state.schedules.insert(key, schedule(number as u64 + 1));
        }
        let all: Vec<String> = state.schedules.iter().map(|(pipeline, name, _)| format!("{pipeline}/{name}")).collect();
        let namespace = |id: &str| Scope::Namespace(NamespaceId::new(id).unwrap());
        let scopes = [
            (Scope::All, ""),
            (namespace("b"), "b/"),
            (namespace("a"), "a/"),
            (namespace("d"), "d/"),
            (Scope::Pipeline(pipeline("b/p")), "b/p/"),
            (Scope::Pipeline(pipeline("c/z")), "c/z/"),
        ];
        for (scope, prefix) in scopes {
            let expected: Vec<&String> = all.iter().filter(|name| name.starts_with(prefix)).collect();
            for size in [1, 2, 3, 5, 100] {
                assert_eq!(listed(&state, &scope, size).iter().collect::<Vec<_>>(), expected, "{prefix} by {size}");
            }
        }
    }

    #[test]
    fn a_page_goes_on_where_its_last_schedule_was_deleted() {
        let mut state = State::default();
        let key = |name: &str| ScheduleKey { pipeline: pipeline("a/p"), name: ScheduleName::new(name).unwrap() };
        state.schedules.insert(key("z"), schedule(1));
        let after = |key| page(&Scope::All, &state, Some(&key), 9).len();
        assert_eq!((after(key("y")), after(key("z"))), (1, 0));
        assert_eq!(after(ScheduleKey { pipeline: pipeline("a/o"), name: ScheduleName::new("zz").unwrap() }), 1);
    }
}
