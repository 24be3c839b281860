//! `gofer cluster recover`.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use gofer_cli::{ClientArgs, EXIT_OK, render};
use gofer_recovery::{LastKnown, Recover, Recovered, last_known};
use serde_json::json;

use crate::audit::Failure;
use crate::audit::screen::Screen;
use crate::backup::operator;

/// Arguments of `gofer cluster recover`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecoverArgs {
    /// Data directory of the stopped node that is to go on alone
    #[arg(long, env = "GOFER_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    /// How long what ran on the other nodes is not tried again: longer than their leases (execution.lease-ms)
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = render::duration)]
    grace: Duration,
}

/// Runs the command and shows its result.
pub(crate) fn run(client: &ClientArgs, args: &RecoverArgs) -> ExitCode {
    let screen = Screen::new(client);
    let code = recover(&screen, args).unwrap_or_else(|failure| {
        screen.failure(&failure);
        failure.exit_code()
    });
    ExitCode::from(code)
}

fn recover(screen: &Screen, args: &RecoverArgs) -> Result<u8, Failure> {
    let (known, revision, cluster) = last_known(&args.data_dir)?;
    let cluster = cluster.map(|cluster| cluster.to_string()).unwrap_or_default();
    for line in warning(&known, revision.0, &cluster) {
        screen.notice(&line);
    }
    if !args.yes {
        confirm(&cluster)?;
    }
    let options = Recover { data: args.data_dir.clone(), grace: args.grace, operator: operator() };
    let Recovered { cluster, node, dropped, revision } = gofer_recovery::recover(&options)?;
    let dropped: Vec<u64> = dropped.iter().map(|node| node.0).collect();
    if screen.is_json() {
        screen.document(&json!({
            "cluster_id": cluster.to_string(),
            "node": node.0,
            "dropped": dropped,
            "revision": revision.0,
        }))?;
        return Ok(EXIT_OK);
    }
    let data = args.data_dir.display();
    screen.line(&format!("node {node} is the only member of the new cluster {cluster}, at revision {revision}"))?;
    screen.line(&format!(
        "  start it with `gofer server --data-dir {data}`; let others join with empty data directories"
    ))?;
    Ok(EXIT_OK)
}

fn warning(known: &LastKnown, revision: u64, cluster: &str) -> Vec<String> {
    let mut lines = vec![
        format!("This makes node {} the only member of a new cluster that goes on from what it has:", known.node),
        format!("  cluster {cluster}, at least revision {revision}, log entries up to {}", known.last_log),
        "What other nodes acknowledged and had not sent to this one is lost for ever. Use this only when a majority of"
            .to_owned(),
        "the voters is gone for good; of several survivors, recover the one with the most log entries.".to_owned(),
    ];
    for member in known.members.iter().filter(|member| member.id != known.node) {
        lines.push(format!("  dropped: node {} at {}", member.id, member.address));
    }
    lines.push(
        "The dropped nodes must not run any more. They can join again with empty data directories only.".to_owned(),
    );
    lines
}

/// Asks for the cluster's id.
fn confirm(cluster: &str) -> Result<(), Failure> {
    let refused = |why: &str| Err(Failure::Usage(format!("{why}; nothing was changed")));
    let mut stderr = std::io::stderr().lock();
    // Whoever can't see the question can't answer it.
    if std::io::stdin().is_terminal() {
        write!(stderr, "Type the cluster's id to go on: ")?;
        stderr.flush()?;
    }
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        "" => refused("the recovery was not confirmed: type the cluster's id, or pass --yes"),
        typed if typed == cluster => Ok(()),
        typed => refused(&format!("{typed:?} is not the id of this cluster")),
    }
}
