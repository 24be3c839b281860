//! Tells of each line that is appended to a file. The cursor is how many bytes of the file were told of, so no line is lost
//! or told of twice, whatever dies when.
//!
//!     gofer trigger install lines > token
//!     GOFER_TRIGGER=lines GOFER_PLUGIN_TOKEN_FILE=token cargo run -p gofer-plugin --example lines

use std::io::SeekFrom;
use std::time::Duration;

use gofer_plugin::{Description, Event, Kind, Plugin, Subscription, Trigger, WatchError, async_trait};
use serde_json::json;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncSeekExt, BufReader};

/// Most lines that are told of at once.
const BATCH: usize = 100;
/// Pause when there are no more.
const PAUSE: Duration = Duration::from_millis(500);

struct Lines;

#[async_trait]
impl Trigger for Lines {
    fn describe(&self) -> Description {
        Description::new(env!("CARGO_PKG_VERSION")).required("file", Kind::Text, "path of the file")
    }

    async fn watch(&self, mut subscription: Subscription) -> Result<(), WatchError> {
        loop {
            let at = match subscription.cursor() {
                Some(cursor) => std::str::from_utf8(cursor)?.parse()?,
                None => 0,
            };
            let (events, next) = read(subscription.setting("file"), at).await?;
            if events.is_empty() {
                tokio::time::sleep(PAUSE).await;
            } else {
                subscription.send_all(events, next.to_string().as_bytes()).await?;
            }
        }
    }
}

/// The whole lines of a file from a place on, and the place after them.
async fn read(path: &str, at: u64) -> Result<(Vec<Event>, u64), WatchError> {
    let mut file = BufReader::new(File::open(path).await?);
    file.seek(SeekFrom::Start(at)).await?;
    let (mut events, mut next) = (Vec::new(), at);
    while events.len() < BATCH {
        let mut line = Vec::new();
        let bytes = file.read_until(b'\n', &mut line).await?;
        if line.pop() != Some(b'\n') {
            break;
        }
        let payload = json!({ "line": String::from_utf8_lossy(&line), "offset": next });
        events.push(Event::new(&next.to_string()).kind("line").payload(payload));
        next += u64::try_from(bytes)?;
    }
    Ok((events, next))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(Plugin::from_env(Lines)?.run().await?)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use gofer_plugin::testing::Cluster;

    use super::*;

    #[tokio::test]
    async fn each_line_is_told_of_once() -> Result<(), Box<dyn std::error::Error>> {
        let cluster = Cluster::start().await?;
        let path = std::env::temp_dir().join(format!("gofer-lines-{}", std::process::id()));
        let mut file = File::create(&path).await?.into_std().await;
        cluster.subscribe("log", &[("file", &path.to_string_lossy())]);
        let first = tokio::spawn(cluster.plugin(Lines)?.run());
        write!(file, "one\ntwo\nthr")?;
        assert_eq!(cluster.next("log").await.payload["line"], "one");
        assert_eq!(cluster.next("log").await.payload["line"], "two");
        first.abort();
        tokio::spawn(cluster.plugin(Lines)?.run());
        writeln!(file, "ee")?;
        assert_eq!(cluster.next("log").await.payload["line"], "three");
        assert_eq!(cluster.taken("log").len(), 3);
        std::fs::remove_file(path)?;
        Ok(())
    }
}
