//! A trigger over the stand-in: nothing is lost, nothing counts twice.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gofer_plugin::testing::Cluster;
use gofer_plugin::{Description, Event, Kind, SendError, Subscription, Trigger, WatchError, async_trait};

/// Counts: tells of the numbers from its cursor on.
#[derive(Clone, Default)]
struct Counter {
    watches: Arc<AtomicU64>,
}

#[async_trait]
impl Trigger for Counter {
    fn describe(&self) -> Description {
        Description::new("1").optional("to", Kind::Number, "0", "where to stop")
    }

    async fn watch(&self, mut subscription: Subscription) -> Result<(), WatchError> {
        self.watches.fetch_add(1, Ordering::Relaxed);
        let to: u64 = subscription.setting("to").parse()?;
        loop {
            let at = match subscription.cursor() {
                None => 0,
                Some(cursor) => std::str::from_utf8(cursor)?.parse()?,
            };
            if at >= to {
                return Ok(());
            }
            let next = (at + 7).min(to);
            let events = (at..next).map(|number| Event::new(&number.to_string()).payload(number.into()));
            subscription.send_all(events.collect(), next.to_string().as_bytes()).await?;
        }
    }
}

async fn all_of(cluster: &Cluster, name: &str, to: u64) {
    for number in 0..to {
        let event = cluster.next(name).await;
        assert_eq!((event.key.as_str(), event.payload), (number.to_string().as_str(), number.into()));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(cluster.taken(name).len() as u64, to, "nothing counts twice");
    assert_eq!(cluster.cursor(name).unwrap(), to.to_string().as_bytes());
}

#[tokio::test]
async fn events_are_taken_in_order_and_the_cursor_moves_with_them() {
    let cluster = Cluster::start().await.unwrap();
    cluster.subscribe("s", &[("to", "100")]);
    tokio::spawn(cluster.plugin(Counter::default()).unwrap().run());
    all_of(&cluster, "s", 100).await;
}

#[tokio::test]
async fn lost_answers_and_streams_neither_lose_nor_double_events() {
    let cluster = Cluster::start().await.unwrap();
    cluster.subscribe("s", &[("to", "3000")]);
    cluster.subscribe("t", &[("to", "500")]);
    let running = tokio::spawn(cluster.plugin(Counter::default()).unwrap().run());
    for _ in 0..6 {
        cluster.lose_answers(1);
        tokio::time::sleep(Duration::from_millis(40)).await;
        cluster.cut();
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    // Another instance, while the first one runs; and the first one dies.
    tokio::spawn(cluster.plugin(Counter::default()).unwrap().run());
    tokio::time::sleep(Duration::from_millis(30)).await;
    running.abort();
    all_of(&cluster, "s", 3000).await;
    all_of(&cluster, "t", 500).await;
}

#[tokio::test]
async fn a_watch_ends_with_its_subscription_and_begins_anew_when_it_changes() {
    let cluster = Cluster::start().await.unwrap();
    cluster.subscribe("s", &[("to", "10")]);
    let counter = Counter::default();
    tokio::spawn(cluster.plugin(counter.clone()).unwrap().run());
    all_of(&cluster, "s", 10).await;
    cluster.subscribe("s", &[("to", "20")]);
    for number in 10..20 {
        assert_eq!(cluster.next("s").await.key, number.to_string());
    }
    assert_eq!(counter.watches.load(Ordering::Relaxed), 2);
    cluster.unsubscribe("s");
    cluster.subscribe("other", &[("to", "1")]);
    all_of(&cluster, "other", 1).await;
    assert!(cluster.taken("s").is_empty());
}

/// Sends what is not valid, fails, and panics, each once; then goes on.
#[derive(Clone, Default)]
struct Clumsy {
    watches: Arc<AtomicU64>,
}

#[async_trait]
impl Trigger for Clumsy {
    fn describe(&self) -> Description {
        Description::new("1")
    }

    async fn watch(&self, mut subscription: Subscription) -> Result<(), WatchError> {
        match self.watches.fetch_add(1, Ordering::Relaxed) {
            0 => {
                let sent = subscription.send(Event::new("")).await;
                assert!(matches!(sent, Err(SendError::Invalid(_))), "{sent:?}");
                Err("it fails".into())
            }
            1 => panic!("it panics"),
            _ => {
                assert!(!subscription.send(Event::new("k")).await?.is_duplicate);
                assert!(subscription.send(Event::new("k")).await?.is_duplicate);
                subscription.send(Event::new("end")).await?;
                Ok(())
            }
        }
    }
}

#[tokio::test]
async fn a_watch_that_fails_begins_anew() {
    let cluster = Cluster::start().await.unwrap();
    cluster.subscribe("s", &[]);
    tokio::spawn(cluster.plugin(Clumsy::default()).unwrap().run());
    assert_eq!(cluster.next("s").await.key, "k");
    assert_eq!(cluster.next("s").await.key, "end");
}

/// Ill until it is told to be well.
#[derive(Clone, Default)]
struct Ill(Arc<AtomicU64>);

#[async_trait]
impl Trigger for Ill {
    fn describe(&self) -> Description {
        Description::new("1")
    }

    async fn watch(&self, _: Subscription) -> Result<(), WatchError> {
        Ok(())
    }

    fn health(&self) -> Result<(), String> {
        if self.0.load(Ordering::Relaxed) == 0 { Err("ä".repeat(1000)) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_trigger_that_is_not_well_says_so_until_it_is() {
    let cluster = Cluster::start().await.unwrap();
    let trigger = Ill::default();
    tokio::spawn(cluster.plugin(trigger.clone()).unwrap().run());
    let until = async |is_well: bool| {
        while cluster.problem().is_empty() != is_well {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), until(false)).await.unwrap();
    assert_eq!(cluster.problem(), "ä".repeat(512), "as much as there is room for");
    trigger.0.store(1, Ordering::Relaxed);
    tokio::time::timeout(Duration::from_secs(20), until(true)).await.unwrap();
}
