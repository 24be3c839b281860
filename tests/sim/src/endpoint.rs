//! One process' end of the network: it asks others, and takes what is asked of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gofer_domain::NodeId;
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::net::{Ask, Body, Net, Packet, Reply};

/// Shared by the parts of one process; its successor after a crash has another.
pub(crate) struct Endpoint {
    own: NodeId,
    net: Net,
    inner: Mutex<Inner>,
    arrived: Notify,
}

#[derive(Default)]
struct Inner {
    asked: VecDeque<Packet>,
    waiting: BTreeMap<u64, oneshot::Sender<Reply>>,
}

/// Forgets a call that nobody waits for any more.
struct Call<'a> {
    endpoint: &'a Endpoint,
    number: u64,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.endpoint.lock().waiting.remove(&self.number);
    }
}

impl Endpoint {
    pub(crate) fn new(own: NodeId, net: Net) -> Arc<Self> {
        Arc::new(Self { own, net, inner: Mutex::default(), arrived: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A message has come; called by the network.
    pub(crate) fn take(&self, packet: Packet) {
        let Packet { call, body, .. } = &packet;
        match body {
            Body::Reply(reply) => {
                let waiting = self.lock().waiting.remove(call);
                if let Some(waiting) = waiting {
                    drop(waiting.send(reply.clone()));
                }
            }
            Body::Ask(_) => {
                self.lock().asked.push_back(packet);
                self.arrived.notify_one();
            }
        }
    }

    /// Asks another process. None: no answer came in time.
    pub(crate) async fn ask(&self, to: NodeId, ask: Ask, patience: Duration) -> Option<Reply> {
        let number = self.net.call();
        let (sender, receiver) = oneshot::channel();
        self.lock().waiting.insert(number, sender);
        let _call = Call { endpoint: self, number };
        self.net.send(Packet { from: self.own, to, call: number, body: Body::Ask(ask) });
        timeout(patience, receiver).await.ok()?.ok()
    }

    /// The next message that asks something.
    pub(crate) async fn asked(&self) -> Packet {
        loop {
            let next = self.lock().asked.pop_front();
            match next {
                Some(packet) => return packet,
                None => self.arrived.notified().await,
            }
        }
    }

    /// Answers a message.
    pub(crate) fn answer(&self, asked: &Packet, reply: Reply) {
        self.net.send(Packet { from: self.own, to: asked.from, call: asked.call, body: Body::Reply(reply) });
    }
}
