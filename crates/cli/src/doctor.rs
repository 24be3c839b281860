//! `gofer doctor`: what is wrong with a cluster, and what to do about it.

mod archive;
mod checks;
mod object_store;

use std::process::ExitCode;

use gofer_wire::api::v1 as api;
use serde_json::json;

use crate::args::ClientArgs;
use crate::client::{Call, Client, clusters, request};
use crate::error::{EXIT_FAILED, EXIT_OK, Error};
use crate::json as to_json;
use crate::output::{Output, Style};
use crate::table::Table;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    /// It works, and should be looked at.
    Warning,
    /// It does not work, or soon will not.
    Bad,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The node that it is about; empty for the cluster.
    pub node: String,
    /// What was looked at, in a word.
    pub check: &'static str,
    pub verdict: Verdict,
    pub detail: String,
    /// What to do; empty when nothing has to be done.
    pub advice: String,
}

impl Finding {
    /// Something that is as it should be.
    #[must_use]
    pub fn good(node: &str, check: &'static str, detail: impl Into<String>) -> Self {
        let (node, detail) = (node.to_owned(), detail.into());
        Self { node, check, verdict: Verdict::Good, detail, advice: String::new() }
    }

    /// Something to look at, with what to do.
    #[must_use]
    pub fn warning(node: &str, check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        let (node, detail, advice) = (node.to_owned(), detail.into(), advice.into());
        Self { node, check, verdict: Verdict::Warning, detail, advice }
    }

    /// Something that is wrong, with what to do.
    #[must_use]
    pub fn bad(node: &str, check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Bad, ..Self::warning(node, check, detail, advice) }
    }
}

/// What the measurements of a disk mean: its sizes in bytes, and how long a write takes to be durable.
#[must_use]
pub fn disk_findings(node: &str, size: u64, free: u64, sync: std::time::Duration, error: Option<&str>) -> [Finding; 2] {
    let disk = gofer_wire::model::v1::DiskDiagnosis {
        size_bytes: size,
        free_bytes: free,
        sync: prost_types::Duration::try_from(sync).ok(),
        error: error.unwrap_or_default().to_owned(),
        ..Default::default()
    };
    [checks::disk(node, &disk), checks::pace(node, &disk)]
}

/// Asks a cluster how it is, and shows what was found.
pub async fn doctor(args: &ClientArgs) -> ExitCode {
    let output = Output::new(args);
    let code = examine(args, output).await.unwrap_or_else(|error| {
        output.error(&error);
        error.exit_code()
    });
    ExitCode::from(code)
}

async fn examine(args: &ClientArgs, output: Output) -> Result<u8, Error> {
    let mut client = Client::new(args);
    let ask = async |channel, patience| clusters(channel).diagnose(request(api::DiagnoseRequest {}, patience)).await;
    let answer = client.call(Call::Read, ask).await?;
    show(output, &checks::all(&answer), Some(&answer))
}

/// Shows findings; the exit code that they amount to.
pub fn show_findings(args: &ClientArgs, findings: &[Finding]) -> ExitCode {
    let output = Output::new(args);
    let code = show(output, findings, None).unwrap_or_else(|error| {
        output.error(&error);
        error.exit_code()
    });
    ExitCode::from(code)
}

fn show(output: Output, findings: &[Finding], answer: Option<&api::DiagnoseResponse>) -> Result<u8, Error> {
    let healthy = findings.iter().all(|finding| finding.verdict == Verdict::Good);
    if output.is_json() {
        let all: Vec<_> = findings
            .iter()
            .map(|finding| {
                json!({
                    "node": finding.node,
                    "check": finding.check,
                    "verdict": word(finding.verdict).0,
                    "detail": finding.detail,
                    "advice": finding.advice,
                })
            })
            .collect();
        let mut value = json!({ "healthy": healthy, "findings": all });
        if let (Some(answer), Some(object)) = (answer, value.as_object_mut()) {
            object.insert("measured".into(), to_json::message("gofer.api.v1.DiagnoseResponse", answer)?);
        }
        output.document(&value)?;
    } else {
        let mut table = Table::new(&["NODE", "CHECK", "RESULT", "DETAIL"], 2);
        for Finding { node, check, verdict, detail, .. } in findings {
            let (word, style) = word(*verdict);
            table.row([node.clone(), (*check).to_owned(), word.to_owned(), detail.clone()], style);
        }
        table.show(&output, "nothing was looked at")?;
        for finding in findings.iter().filter(|finding| !finding.advice.is_empty()) {
            let of = if finding.node.is_empty() { String::new() } else { format!("{}, ", finding.node) };
            output.line(&format!("\n{of}{}: {}\n  help: {}", finding.check, finding.detail, finding.advice))?;
        }
    }
    Ok(if healthy { EXIT_OK } else { EXIT_FAILED })
}

fn word(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Good => ("good", Style::Good),
        Verdict::Warning => ("warning", Style::Warning),
        Verdict::Bad => ("bad", Style::Bad),
    }
}
