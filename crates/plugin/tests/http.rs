//! A trigger that answers requests, over the stand-in.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::time::Duration;

use gofer_plugin::testing::Cluster;
use gofer_plugin::{
    Bytes, Description, Event, Kind, Outcome, Request, Response, SendError, StatusCode, Subscription, Subscriptions,
    Trigger, WatchError, answer, async_trait,
};

/// Tells all subscriptions to a topic of what is sent to it, by `x-delivery`.
struct Topics;

#[async_trait]
impl Trigger for Topics {
    fn describe(&self) -> Description {
        Description::new("1").required("topic", Kind::Text, "what to listen to").takes_http()
    }

    async fn watch(&self, mut subscription: Subscription) -> Result<(), WatchError> {
        // Of the same subscription, meanwhile.
        subscription.send_all(vec![Event::new("watched")], b"1").await?;
        Ok(())
    }

    async fn http(&self, request: Request<Bytes>, subscriptions: Subscriptions) -> Response<Bytes> {
        match request.uri().path() {
            "/panic" => panic!("asked for"),
            "/large" => return Response::new(Bytes::from(vec![0; 1024 * 1024 + 1])),
            "/never" => std::future::pending().await,
            _ => {}
        }
        let Some(key) = request.headers().get("x-delivery").and_then(|key| key.to_str().ok()) else {
            return answer(StatusCode::BAD_REQUEST, "X-Delivery is missing");
        };
        let (topic, mut runs) = (request.uri().query().unwrap_or_default(), Vec::new());
        for subscription in subscriptions.iter().filter(|known| known.setting("topic") == topic) {
            let payload = String::from_utf8_lossy(request.body()).into_owned().into();
            match subscription.send(Event::new(key).payload(payload)).await {
                Ok(fate) => runs.push(format!("{:?}", fate.outcome)),
                Err(SendError::Invalid(why)) => return answer(StatusCode::BAD_REQUEST, &why),
                Err(error) => return answer(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
            }
        }
        match runs.is_empty() {
            true => answer(StatusCode::NOT_FOUND, "nobody listens"),
            false => answer(StatusCode::ACCEPTED, &runs.join(" ")),
        }
    }
}

fn request(uri: &str, key: &str) -> Request<Bytes> {
    Request::post(uri).header("x-delivery", key).body(Bytes::from("hello")).unwrap()
}

fn told(response: &Response<Bytes>) -> (u16, String) {
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}

async fn cluster() -> Cluster {
    let cluster = Cluster::start().await.unwrap();
    for (name, topic) in [("a", "news"), ("b", "news"), ("c", "sport")] {
        cluster.subscribe(name, &[("topic", topic)]);
    }
    tokio::spawn(cluster.plugin(Topics).unwrap().run());
    for name in ["a", "b", "c"] {
        assert_eq!(cluster.next(name).await.key, "watched");
    }
    cluster
}

#[tokio::test]
async fn a_request_is_answered_when_its_events_are_taken_and_counts_once() {
    let cluster = cluster().await;
    let fired = format!("{0:?} {0:?}\n", Outcome::Fired { run: 2 });
    for _ in 0..2 {
        assert_eq!(told(&cluster.http(request("/?news", "1")).await), (202, fired.clone()));
    }
    for name in ["a", "b"] {
        let event = cluster.next(name).await;
        assert_eq!((event.key.as_str(), event.payload), ("1", "hello".into()));
        assert_eq!(cluster.taken(name).len(), 2);
    }
    assert_eq!(cluster.taken("c").len(), 1);
    assert_eq!(cluster.http(request("/?other", "1")).await.status(), 404);
    cluster.subscribe("d", &[("topic", "other")]);
    cluster.next("d").await;
    assert_eq!(cluster.http(request("/?other", "1")).await.status(), 202);
    assert_eq!(cluster.http(request("/?news", &"k".repeat(257))).await.status(), 400);
}

#[tokio::test]
async fn what_goes_wrong_is_told_to_the_sender() {
    let cluster = cluster().await;
    assert_eq!(cluster.http(request("/panic", "1")).await.status(), 500);
    assert_eq!(cluster.http(request("/large", "1")).await.status(), 500);
    let no_key = Request::get("/?news").body(Bytes::new()).unwrap();
    assert_eq!(cluster.http(no_key).await.status(), 400);
    assert_eq!(cluster.http(request("/?news", "1")).await.status(), 202);
}

#[tokio::test]
async fn a_request_whose_stream_ends_is_sent_again_and_counts_once() {
    let cluster = cluster().await;
    cluster.lose_answers(1);
    assert_eq!(cluster.http(request("/?sport", "1")).await.status(), 503);
    let again = cluster.http(request("/?sport", "1")).await;
    assert_eq!(told(&again), (202, format!("{:?}\n", Outcome::Fired { run: 2 })));
    assert_eq!(cluster.taken("c").len(), 2);

    let cut = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cluster.cut();
    };
    let (lost, ()) = tokio::join!(cluster.http(request("/never", "1")), cut);
    assert_eq!(lost.status(), 503);
    assert_eq!(cluster.http(request("/?sport", "2")).await.status(), 202);
}

#[tokio::test]
async fn a_trigger_that_says_nothing_of_requests_gets_none() {
    struct Silent;
    #[async_trait]
    impl Trigger for Silent {
        fn describe(&self) -> Description {
            Description::new("1")
        }
    }
    let cluster = Cluster::start().await.unwrap();
    tokio::spawn(cluster.plugin(Silent).unwrap().run());
    let asked = cluster.http(request("/", "1"));
    assert!(tokio::time::timeout(Duration::from_secs(1), asked).await.is_err());
}
