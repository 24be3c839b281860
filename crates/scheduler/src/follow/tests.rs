use std::collections::BTreeMap;

use gofer_domain::limits::{TAKEN_BYTES_MAX, TAKEN_EVENTS_MAX};
use gofer_domain::{
    Command, EventVerdict, Firing, NamespaceId, PipelineId, PipelineKey, SubscriptionKey, SubscriptionName,
};
use proptest::prelude::*;

use super::*;

fn asked(subscription: u32, revision: u64, bytes: usize) -> FollowedEvent {
    let pipeline = PipelineKey { namespace: NamespaceId::new("n").unwrap(), pipeline: PipelineId::new("p").unwrap() };
    let name = SubscriptionName::new(&format!("s{subscription}")).unwrap();
    let variables = BTreeMap::from([("V".to_owned(), "x".repeat(bytes))]);
    FollowedEvent {
        subscription: SubscriptionKey { pipeline, name },
        generation: Revision(1),
        revision: Revision(revision),
        is_long: false,
        occurred_at: Timestamp(revision),
        cause: None,
        verdict: EventVerdict::Fire(Box::new(Firing { variables, ..Firing::default() })),
    }
}

proptest! {
    #[test]
    fn commands_hold_all_in_order_and_never_pass_what_is_left(
        per_event in prop::collection::vec((0_u32..260, 0_usize..20_000), 0..20),
        vain in 0_u64..5,
    ) {
        let mut events = Vec::new();
        for (revision, (subscriptions, bytes)) in (101..).zip(&per_event) {
            events.extend((0..*subscriptions).map(|subscription| asked(subscription, revision, *bytes)));
        }
        let to = Revision(100 + per_event.len() as u64 + vain);
        let made = commands(Revision(100), to, events.clone());
        let mut at = Revision(100);
        let mut left = events.clone();
        for command in &made {
            let Command::FollowEvents { from, to, events } = command else { panic!("{command:?}") };
            prop_assert_eq!(*from, at);
            prop_assert!(events.len() <= TAKEN_EVENTS_MAX);
            let bytes: usize = events.iter().map(|event| match &event.verdict {
                EventVerdict::Fire(firing) => firing.variables.values().map(String::len).sum(),
                EventVerdict::Filtered | EventVerdict::Malformed(_) => 0,
            }).sum();
            prop_assert!(bytes <= TAKEN_BYTES_MAX);
            left.drain(..events.len());
            prop_assert!(left.iter().all(|event| event.revision > *to), "the cursor passes what is left");
            prop_assert!(events.iter().all(|event| event.revision > *from));
            at = *to;
        }
        prop_assert_eq!(at, to);
        prop_assert!(left.is_empty());
        let taken: Vec<FollowedEvent> = made.into_iter().flat_map(|command| match command {
            Command::FollowEvents { events, .. } => events,
            other => panic!("{other:?}"),
        }).collect();
        prop_assert_eq!(taken, events);
    }
}
