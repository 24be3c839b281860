//! Records of what subscriptions have taken: the newest so many, by number and by key.

use gofer_domain::intake::{forgotten, numbered};
use gofer_domain::{Event, Revision, State, Timestamp};
use gofer_wire::model::v1 as model;
use prost::Message;
use rocksdb::{ColumnFamily, WriteBatch};

use crate::codec;
use crate::history::Views;
use crate::keys::{self, kind};

/// What has to be known of the state before an event: the revision that made the subscription whose events are taken.
pub(crate) fn created(state: &State, event: &Event) -> Option<Revision> {
    let Event::EventsTaken { subscription, .. } = event else { return None };
    state.subscriptions.get(subscription).map(|known| known.created)
}

/// Writes what an event brings: those that are taken, in place of those that are forgotten for them; and with a subscription
/// all of its records go. `created` is what [`created`] has said.
pub(crate) fn keep(
    batch: &mut WriteBatch,
    family: &ColumnFamily,
    views: &Views<'_>,
    created: Option<Revision>,
    time: Timestamp,
    event: &Event,
) {
    if let Event::SubscriptionDeleted { subscription } = event {
        for kind in [kind::TAKEN, kind::TAKEN_KEY] {
            // One mark in the database, however many there are.
            let (from, to) = keys::range(&keys::subscription(kind, subscription));
            batch.delete_range_cf(family, from, to);
        }
    }
    let (Event::EventsTaken { subscription, first, taken, .. }, Some(created)) = (event, created) else { return };
    let of = (subscription.clone(), created);
    for (number, taken) in numbered(*first, taken) {
        let old = forgotten(number);
        #[cfg(feature = "planted")]
        let old = crate::planted::forgotten(number).or(old);
        if let Some((old, key)) = old.and_then(|old| Some((old, views.forget(&of, old)?))) {
            batch.delete_cf(family, keys::taken(&of.0, of.1, old));
            batch.delete_cf(family, keys::taken_key(&of.0, of.1, &key));
        }
        let record = codec::taken_record(taken, time);
        batch.put_cf(family, keys::taken(&of.0, of.1, number), record.encode_to_vec());
        let key = keys::taken_key(&of.0, of.1, &taken.key);
        batch.put_cf(family, key, model::TakenKey { number }.encode_to_vec());
        views.take(&of, number, taken);
    }
}
