//! Tells of what is sent to it: a request to /v1/plugins/topics/TOPIC on any node is an event for the subscriptions to the
//! topic, known by its header X-Delivery. With TOPICS_TOKEN set, only senders that show it are heard.
//!
//!     gofer trigger install topics > token
//!     GOFER_TRIGGER=topics GOFER_PLUGIN_TOKEN_FILE=token cargo run -p gofer-plugin --example topics
//!     gofer subscription create ci/news --trigger topics --set topic=news
//!     curl -H 'X-Delivery: 1' -d hello localhost:7600/v1/plugins/topics/news

use std::env;

use gofer_plugin::{
    Bytes, Description, Event, Kind, Outcome, Plugin, Request, Response, SendError, StatusCode, Subscriptions, Trigger,
    answer, async_trait,
};
use serde_json::json;

struct Topics {
    /// What senders must show. None: anybody may send.
    token: Option<String>,
}

#[async_trait]
impl Trigger for Topics {
    fn describe(&self) -> Description {
        Description::new(env!("CARGO_PKG_VERSION")).required("topic", Kind::Text, "what to listen to").takes_http()
    }

    async fn http(&self, request: Request<Bytes>, subscriptions: Subscriptions) -> Response<Bytes> {
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        if let Some(token) = &self.token
            && header("authorization") != Some(format!("Bearer {token}").as_str())
        {
            return answer(StatusCode::UNAUTHORIZED, "show the token");
        }
        let Some(key) = header("x-delivery") else {
            return answer(StatusCode::BAD_REQUEST, "send X-Delivery, which the event is known by");
        };
        let topic = request.uri().path().trim_matches('/');
        let payload = json!({ "topic": topic, "text": String::from_utf8_lossy(request.body()) });
        let mut lines = Vec::new();
        for subscription in subscriptions.iter().filter(|known| known.setting("topic") == topic) {
            match subscription.send(Event::new(key).kind("message").payload(payload.clone())).await {
                Ok(fate) => lines.push(match fate.outcome {
                    Outcome::Fired { run } => format!("{}: run {run}", subscription.name()),
                    _ => format!("{}: no run", subscription.name()),
                }),
                Err(SendError::Invalid(why)) => return answer(StatusCode::BAD_REQUEST, &why),
                Err(error) => return answer(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
            }
        }
        match lines.is_empty() {
            true => answer(StatusCode::NOT_FOUND, &format!("nobody listens to {topic:?}")),
            false => answer(StatusCode::ACCEPTED, &lines.join("\n")),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let token = env::var("TOPICS_TOKEN").ok().filter(|token| !token.is_empty());
    Ok(Plugin::from_env(Topics { token })?.run().await?)
}

#[cfg(test)]
mod tests {
    use gofer_plugin::testing::Cluster;

    use super::*;

    #[tokio::test]
    async fn a_message_starts_one_run_of_who_listens() -> Result<(), Box<dyn std::error::Error>> {
        let cluster = Cluster::start().await?;
        cluster.subscribe("reader", &[("topic", "news")]);
        tokio::spawn(cluster.plugin(Topics { token: Some("secret".into()) })?.run());
        let send = async |path: &str, token: &str| {
            let request = Request::post(path).header("authorization", format!("Bearer {token}"));
            let request = request.header("x-delivery", "1").body(Bytes::from("hello"))?;
            Ok::<_, Box<dyn std::error::Error>>(cluster.http(request).await)
        };
        assert_eq!(send("/news", "another").await?.status(), 401);
        assert_eq!(send("/sport", "secret").await?.status(), 404);
        for _ in 0..2 {
            let answer = send("/news", "secret").await?;
            assert_eq!((answer.status().as_u16(), answer.body()), (202, &Bytes::from("default/test/reader: run 1\n")));
        }
        assert_eq!(cluster.taken("reader").len(), 1);
        assert_eq!(cluster.next("reader").await.payload, json!({ "topic": "news", "text": "hello" }));
        Ok(())
    }
}
