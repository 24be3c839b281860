//! Starts a run, follows it, and prints what it wrote.

use std::time::{Duration, Instant};

use gofer_client::{Client, Outcome, api, model};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addresses = std::env::args().nth(1).ok_or("usage: nightly ADDRESSES")?;
    let client = Client::connect(addresses.split(','))?;
    let pipeline = model::PipelineRef { namespace: "default".into(), pipeline: "nightly".into() };
    let mut request = api::StartRunRequest { pipeline: Some(pipeline), ..Default::default() };
    let begun = Instant::now();
    let run = loop {
        match client.start_run(request.clone()).await {
            Outcome::Committed(committed) => break committed.value.run,
            Outcome::Rejected(no) => return Err(format!("{}: {} ({})", no.reason, no.message, no.help).into()),
            Outcome::Unknown(unknown) if begun.elapsed() > Duration::from_secs(300) => return Err(unknown.into()),
            // Asked again with the same id, it is started once.
            Outcome::Unknown(unknown) => request.request_id = unknown.request_id.as_bytes().to_vec(),
        }
    };
    let number = run.as_ref().map_or(0, |run| run.run);
    let mut watch = client.watch_run(api::WatchRunRequest { run: run.clone() });
    while let Some(state) = watch.next().await? {
        println!("run {number}: {}", state.status().as_str_name());
    }
    let mut logs = client.logs(api::StreamLogsRequest { run, ..Default::default() });
    while let Some(record) = logs.next().await? {
        print!("{}: {}", record.task, String::from_utf8_lossy(&record.data));
    }
    Ok(())
}
