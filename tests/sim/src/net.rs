//! The network: messages that take time, get lost, come twice or late, and links that are cut, one way or both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use gofer_consensus::{Encoded, MessageKind, Proposal, ProposeError, TransportError};
use gofer_domain::{NodeId, Revision, ScheduleKey, ScheduleSpec, SubscriptionKey};
use gofer_rng::Rng;
use gofer_store::Outcome;

use crate::TICK_MS;
use crate::events::Telling;
use crate::history::History;

/// Where the clients are.
pub(crate) const CLIENTS: NodeId = NodeId(0);

/// A message on its way.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    /// The number of the call that it asks or answers.
    pub(crate) call: u64,
    pub(crate) body: Body,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Ask(Ask),
    Reply(Reply),
}

/// What can be asked of a node.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Raft {
        kind: MessageKind,
        message: Bytes,
    },
    Snapshot {
        files: Arc<Vec<(String, Bytes)>>,
        vote: Bytes,
        meta: Bytes,
    },
    Propose(Vec<Encoded>),
    ReadIndex,
    Renew {
        node: NodeId,
        incarnation: u64,
    },
    /// By a client.
    Commit {
        command: Box<Proposal>,
        patience: Duration,
    },
    /// By a client.
    Read {
        linearizable: bool,
        patience: Duration,
    },
    /// By a plug-in.
    Take {
        telling: Box<Telling>,
        patience: Duration,
    },
    /// By a client: how something stands, with all that was acknowledged before.
    Look {
        at: Place,
        patience: Duration,
    },
}

/// What can be looked at.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Cursor(SubscriptionKey),
    Schedule(ScheduleKey),
}

/// How it stands.
#[derive(Clone, Debug)]
pub(crate) enum Sight {
    /// None: it is nowhere yet.
    Cursor(Option<Arc<[u8]>>),
    Schedule(Revision, Arc<ScheduleSpec>),
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Nothing listens there.
    Refused,
    Raft(MessageKind, Result<Bytes, TransportError>),
    Outcomes(Result<Vec<Outcome>, ProposeError>),
    Index(Result<u64, ProposeError>),
    Lease(Option<Duration>),
    /// The revision that was seen.
    Read(Result<u64, ProposeError>),
    /// None: there is no such thing.
    Seen(Result<Option<Sight>, ProposeError>),
}

/// An answer that must outlive the process that gave it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    pub(crate) by: NodeId,
    pub(crate) to: NodeId,
    pub(crate) kind: MessageKind,
}

/// How bad it is, in thousandths and milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    pub(crate) drop: u64,
    pub(crate) duplicate: u64,
    /// How many messages are late.
    pub(crate) late: u64,
    pub(crate) late_ms: u64,
}

/// Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Net(Arc<Mutex<Inner>>);

struct Inner {
    now: u64,
    rng: Rng,
    /// By time of arrival.
    packets: BTreeMap<(u64, u64), Packet>,
    calls: u64,
    sent: u64,
    cut: BTreeSet<(NodeId, NodeId)>,
    weather: Weather,
    /// What was just answered that must be durable.
    promised: Vec<Promise>,
    history: History,
}

impl Net {
    pub(crate) fn new(rng: Rng, history: History) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            now: 0,
            rng,
            packets: BTreeMap::new(),
            calls: 0,
            sent: 0,
            cut: BTreeSet::new(),
            weather: Weather::default(),
            promised: Vec::new(),
            history,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for a new call; no two calls of a run have the same.
    pub(crate) fn call(&self) -> u64 {
        let mut inner = self.lock();
        inner.calls += 1;
        inner.calls
    }

    pub(crate) fn send(&self, packet: Packet) {
        self.lock().send(packet);
    }

    /// What arrives by `now`, in order.
    pub(crate) fn arrive(&self, now: u64) -> Vec<Packet> {
        let mut inner = self.lock();
        inner.now = now;
        let later = inner.packets.split_off(&(now + 1, 0));
        let due = std::mem::replace(&mut inner.packets, later);
        let arrived: Vec<Packet> =
            due.into_values().filter(|packet| !inner.cut.contains(&(packet.from, packet.to))).collect();
        for packet in &arrived {
            let kind = u64::from(matches!(packet.body, Body::Ask(_)));
            inner.history.digest(&[now, packet.from.0, packet.to.0, packet.call, kind]);
        }
        arrived
    }

    /// Answers to votes and appends since this was asked last.
    pub(crate) fn promises(&self) -> Vec<Promise> {
        std::mem::take(&mut self.lock().promised)
    }

    pub(crate) fn set_weather(&self, weather: Weather) {
        self.lock().weather = weather;
    }

    /// Cuts exactly these links; a pair is one direction.
    pub(crate) fn set_cut(&self, cut: BTreeSet<(NodeId, NodeId)>) {
        self.lock().cut = cut;
    }
}

impl Inner {
    fn send(&mut self, packet: Packet) {
        let Weather { drop, duplicate, late, late_ms } = self.weather;
        if let Body::Reply(Reply::Raft(kind, Ok(_))) = &packet.body {
            self.promised.push(Promise { by: packet.from, to: packet.to, kind: *kind });
        }
        if self.cut.contains(&(packet.from, packet.to)) || self.rng.chance(drop) {
            return;
        }
        let copies = if self.rng.chance(duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            // Those on one tick arrive in any order, as later ones overtake.
            let mut delay = self.rng.range(0, 12);
            if self.rng.chance(late) {
                delay += self.rng.range(0, late_ms);
            }
            self.sent += 1;
            self.packets.insert((self.now + TICK_MS + delay, self.sent), packet.clone());
        }
    }
}
