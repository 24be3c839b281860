//! Which subscriptions a list has, and how it goes on from page to page without looking at those before.

use std::ops::Bound;

use gofer_domain::{PipelineKey, State, Subscription, SubscriptionKey, SubscriptionName, TriggerName};
use gofer_wire::model::v1 as model;

use super::triggers;
use super::view::Found;
use crate::api::scope::Scope;
use crate::errors::Fault;

/// Which subscriptions are listed.
pub(super) struct Wanted {
    pub(super) scope: Scope,
    trigger: Option<TriggerName>,
}

impl Wanted {
    pub(super) fn of(pipeline: Option<&model::PipelineRef>, trigger: &str) -> Result<Self, Fault> {
        let trigger = if trigger.is_empty() { None } else { Some(triggers::name(trigger)?) };
        Ok(Self { scope: Scope::of(pipeline)?, trigger })
    }

    /// What page tokens name.
    pub(super) fn list(&self) -> String {
        match &self.trigger {
            None => self.scope.list("subscriptions"),
            Some(trigger) => self.scope.list(&format!("subscriptions to {trigger} of")),
        }
    }

    /// Those after a subscription, or from the beginning; and whether there are more.
    pub(super) fn page(&self, state: &State, after: Option<&SubscriptionKey>, size: usize) -> (Vec<Found>, bool) {
        let mut page = match &self.trigger {
            Some(trigger) => self.of_trigger(trigger, state, after, size + 1),
            None => self.of_any(state, after, size + 1),
        };
        let has_more = page.len() > size;
        page.truncate(size);
        (page, has_more)
    }

    fn of_trigger(
        &self,
        trigger: &TriggerName,
        state: &State,
        after: Option<&SubscriptionKey>,
        most: usize,
    ) -> Vec<Found> {
        let first = self.first();
        let from = after.map(Bound::Excluded).or(first.as_ref().map(Bound::Included)).unwrap_or(Bound::Unbounded);
        let all = state.subscriptions.of_trigger_from(trigger, from);
        let meant = all.take_while(|(key, _)| self.scope.contains(&key.pipeline)).take(most);
        meant.map(|(key, subscription)| Found::of(key.clone(), subscription, state)).collect()
    }

    fn of_any(&self, state: &State, after: Option<&SubscriptionKey>, most: usize) -> Vec<Found> {
        let take = |(pipeline, name, subscription): (&PipelineKey, &SubscriptionName, &Subscription)| {
            let key = SubscriptionKey { pipeline: pipeline.clone(), name: name.clone() };
            Found::of(key, subscription, state)
        };
        let meant = |(pipeline, ..): &(&PipelineKey, _, _)| self.scope.contains(pipeline);
        let all = &state.subscriptions;
        match (after, self.scope.first()) {
            (Some(after), _) => {
                let rest = all.following(&after.pipeline, Some(&after.name));
                rest.take_while(meant).take(most).map(take).collect()
            }
            (None, Some(first)) => all.following(&first, None).take_while(meant).take(most).map(take).collect(),
            (None, None) => all.iter().take(most).map(take).collect(),
        }
    }

    /// Where the scope's begin. No name sorts before "0".
    fn first(&self) -> Option<SubscriptionKey> {
        Some(SubscriptionKey { pipeline: self.scope.first()?, name: SubscriptionName::new("0").ok()? })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use gofer_domain::{NamespaceId, PipelineId, Revision, RunOptions, SubscriptionSpec, Timestamp};

    use super::*;

    fn key(text: &str) -> SubscriptionKey {
        let [namespace, pipeline, name] = text.split('/').collect::<Vec<_>>().try_into().unwrap();
        let (namespace, pipeline) = (NamespaceId::new(namespace).unwrap(), PipelineId::new(pipeline).unwrap());
        SubscriptionKey { pipeline: PipelineKey { namespace, pipeline }, name: SubscriptionName::new(name).unwrap() }
    }

    fn subscription(trigger: &str, changed: u64) -> Subscription {
        let spec = SubscriptionSpec {
            description: String::new(),
            trigger: TriggerName::new(trigger).unwrap(),
            settings: BTreeMap::new(),
            filter: String::new(),
            variables: BTreeMap::new(),
            options: RunOptions::default(),
        };
        Subscription {
            spec: Arc::new(spec),
            created: Revision(changed),
            generation: Revision(changed),
            enabled: true,
            since: Revision(changed),
            changed: Revision(changed),
            cursor: None,
            taken: 0,
            fired: 0,
            last_fired: None,
            last_skipped: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }

    fn state() -> State {
        let mut state = State::default();
        let pipelines = ["a/p", "a-b/p", "b/0", "b/p", "b/p-2", "b/q", "c/p"];
        let names = [("0", "github"), ("x", "webhook"), ("y", "github"), ("z", "jira")];
        let all =
            pipelines.iter().flat_map(|pipeline| names.map(|(name, trigger)| (format!("{pipeline}/{name}"), trigger)));
        for (changed, (name, trigger)) in (1..).zip(all) {
            state.subscriptions.insert(key(&name), subscription(trigger, changed));
        }
        state
    }

    /// All pages of a list.
    fn listed(state: &State, wanted: &Wanted, size: usize) -> Vec<String> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (page, has_more) = wanted.page(state, after.as_ref(), size);
            assert!(page.len() <= size);
            all.extend(page.iter().map(|found| found.key.to_string()));
            let Some(last) = page.last().filter(|_| has_more) else { return all };
            after = Some(last.key.clone());
        }
    }

    #[test]
    fn pages_of_every_size_make_the_same_list() {
        let state = state();
        let all: Vec<_> = state.subscriptions.iter().collect();
        let scopes = [("", ""), ("b", ""), ("a", ""), ("d", ""), ("b", "p"), ("c", "z")];
        for ((namespace, pipeline), trigger) in
            scopes.into_iter().flat_map(|scope| ["", "github", "jira", "other"].map(|trigger| (scope, trigger)))
        {
            let of = model::PipelineRef { namespace: namespace.into(), pipeline: pipeline.into() };
            let wanted = Wanted::of((!namespace.is_empty()).then_some(&of), trigger).unwrap();
            let meant = all.iter().filter(|(of, _, subscription)| {
                (namespace.is_empty() || of.namespace.as_str() == namespace)
                    && (pipeline.is_empty() || of.pipeline.as_str() == pipeline)
                    && (trigger.is_empty() || subscription.spec.trigger.as_str() == trigger)
            });
            let expected: Vec<String> = meant.map(|(of, name, _)| format!("{of}/{name}")).collect();
            for size in [1, 2, 3, 5, 100] {
                assert_eq!(listed(&state, &wanted, size), expected, "{} by {size}", wanted.list());
            }
        }
    }

    #[test]
    fn a_page_goes_on_where_its_last_subscription_was_deleted() {
        let mut state = State::default();
        state.subscriptions.insert(key("a/p/z"), subscription("jira", 1));
        for trigger in ["", "jira"] {
            let wanted = Wanted::of(None, trigger).unwrap();
            let after = |text| wanted.page(&state, Some(&key(text)), 9).0.len();
            assert_eq!([after("a/p/y"), after("a/p/z"), after("a/o/zz")], [1, 0, 1], "{trigger:?}");
        }
    }

    #[test]
    fn lists_of_other_scopes_have_other_tokens() {
        let of = |namespace: &str, pipeline: &str, trigger: &str| {
            let pipeline = model::PipelineRef { namespace: namespace.into(), pipeline: pipeline.into() };
            Wanted::of(Some(&pipeline), trigger).unwrap().list()
        };
        let lists = [of("a", "b", ""), of("a", "", ""), of("a", "b", "git"), of("a", "", "git")];
        let different: std::collections::BTreeSet<_> = lists.iter().collect();
        assert_eq!(different.len(), lists.len(), "{lists:?}");
    }
}
