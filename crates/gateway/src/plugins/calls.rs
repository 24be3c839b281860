//! Requests over HTTP that wait for the answer of a plug-in.

use std::collections::BTreeMap;

use gofer_wire::plugin::v1 as wire;
use tokio::sync::{mpsc, oneshot};

/// Most requests that one stream may have open.
pub(super) const OPEN_MAX: usize = 64;
/// Requests that wait for a stream to take them.
const QUEUE: usize = 16;

/// A request, and where its answer goes.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) request: wire::HttpRequest,
    pub(super) answer: oneshot::Sender<wire::HttpResponse>,
}

/// The requests of one stream. What is open when it is dropped is never answered.
#[derive(Debug)]
pub(super) struct Calls {
    queue: mpsc::Receiver<Call>,
    open: BTreeMap<u64, oneshot::Sender<wire::HttpResponse>>,
    last: u64,
}

impl Calls {
    /// And where requests are put.
    pub(super) fn new() -> (mpsc::Sender<Call>, Self) {
        let (sender, queue) = mpsc::channel(QUEUE);
        (sender, Self { queue, open: BTreeMap::new(), last: 0 })
    }

    /// Whether another request may be taken. Those whose sender has gone don't count.
    pub(super) fn has_room(&mut self) -> bool {
        if self.open.len() >= OPEN_MAX {
            self.open.retain(|_, answer| !answer.is_closed());
        }
        self.open.len() < OPEN_MAX
    }

    /// The next request, with its id. It never ends, and loses nothing when it is dropped.
    pub(super) async fn next(&mut self) -> wire::HttpRequest {
        loop {
            let Some(Call { request, answer }) = self.queue.recv().await else { return std::future::pending().await };
            if answer.is_closed() {
                continue;
            }
            self.last += 1;
            self.open.insert(self.last, answer);
            return wire::HttpRequest { id: self.last, ..request };
        }
    }

    /// The plug-in has answered. An answer that nobody waits for any more goes nowhere.
    pub(super) fn answered(&mut self, response: wire::HttpResponse) {
        if let Some(answer) = self.open.remove(&response.id) {
            let _ = answer.send(response);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::Receiver;

    use super::*;

    fn put(queue: &mpsc::Sender<Call>, path: &str) -> Receiver<wire::HttpResponse> {
        let (answer, answered) = oneshot::channel();
        let request = wire::HttpRequest { path: path.into(), ..wire::HttpRequest::default() };
        queue.try_send(Call { request, answer }).unwrap();
        answered
    }

    #[tokio::test]
    async fn each_answer_goes_to_its_request() {
        let (queue, mut calls) = Calls::new();
        let (one, two) = (put(&queue, "/1"), put(&queue, "/2"));
        drop(put(&queue, "/gone"));
        let three = put(&queue, "/3");
        let mut ids = Vec::new();
        for path in ["/1", "/2", "/3"] {
            let request = calls.next().await;
            assert_eq!(request.path, path);
            ids.push(request.id);
        }
        let response = |place: usize, status| wire::HttpResponse { id: ids[place], status, ..Default::default() };
        calls.answered(response(1, 202));
        calls.answered(response(0, 201));
        calls.answered(response(0, 500));
        calls.answered(wire::HttpResponse { id: 99, ..Default::default() });
        assert_eq!((one.await.unwrap().status, two.await.unwrap().status), (201, 202));
        drop(calls);
        assert!(three.await.is_err());
    }

    #[tokio::test]
    async fn only_so_many_are_open() {
        let (queue, mut calls) = Calls::new();
        let mut waiting = Vec::new();
        for _ in 0..OPEN_MAX {
            assert!(calls.has_room());
            waiting.push(put(&queue, "/"));
            calls.next().await;
        }
        assert!(!calls.has_room());
        waiting.pop();
        assert!(calls.has_room());
    }
}
