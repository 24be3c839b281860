//! What is shown of releases.

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::canary_step::Exposure;
use gofer_wire::model::v1::release_strategy::Kind;
use serde_json::json;

use super::{percent, strategy};
use crate::client::{Call, releases, request};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::output::{Style, tame};
use crate::table::Table;
use crate::{json as to_json, reference, time};

async fn fetch(context: &mut Context<'_>, name: &str, release: u64) -> Result<api::GetReleaseResponse, Error> {
    let name = reference::pipeline(context.args.namespace(), name)?;
    let consistency = context.client.consistency;
    let message = api::GetReleaseRequest { pipeline: Some(name), release, consistency };
    let ask = async |channel, patience| releases(channel).get_release(request(message.clone(), patience)).await;
    context.client.call(Call::Read, ask).await
}

pub(super) async fn status(context: &mut Context<'_>, name: &str, release: u64) -> Result<u8, Error> {
    let answer = fetch(context, name, release).await?;
    if context.output.is_json() {
        context.output.document(&to_json::message("gofer.api.v1.GetReleaseResponse", &answer)?)?;
        return Ok(EXIT_OK);
    }
    let release = answer.release.unwrap_or_default();
    let now = time::now();
    let (word, style) = state(&release);
    let age = time::age(release.started_at.as_ref(), now);
    let mut text = format!(
        "release   {}, {} from version {} to {}\nstatus    {}\nstarted   {age} by {}\n",
        release.id,
        strategy(&release),
        release.from_version,
        release.to_version,
        context.output.paint(style, word),
        tame(&release.started_by),
    );
    if release.ended_at.is_some() {
        let (age, reason) = (time::age(release.ended_at.as_ref(), now), tame(&release.reason));
        text.push_str(&format!("ended     {age}{}{reason}\n", if reason.is_empty() { "" } else { ": " }));
    } else {
        text.push_str(&progress(&release));
    }
    if !answer.waits_for.is_empty() {
        text.push_str(&format!("waits     {}\n", tame(&answer.waits_for)));
    }
    context.output.write(text.as_bytes())?;
    if !matches!(release.strategy.as_ref().and_then(|strategy| strategy.kind.as_ref()), Some(Kind::Replace(_))) {
        context.output.line("")?;
        arms(context, &release)?;
    }
    Ok(EXIT_OK)
}

/// What a release in progress does now, and goes by.
fn progress(release: &model::Release) -> String {
    match release.strategy.as_ref().and_then(|strategy| strategy.kind.as_ref()) {
        Some(Kind::BlueGreen(_)) => format!("serving   version {}\n", release.serving_version),
        Some(Kind::AbTest(test)) => {
            format!("share     {} of the runs get the new version\n", percent(test.share_points))
        }
        Some(Kind::Canary(canary)) => {
            let steps: Vec<String> = (0..).zip(&canary.steps).map(|(at, step)| step_text(at, step, release)).collect();
            let mut limits = Vec::new();
            limits.extend(canary.max_failure_points.map(|most| format!("at most {} failures", percent(most))));
            limits.extend(canary.max_slowdown_points.map(|most| format!("at most {} slower", percent(most))));
            if !canary.verdict_task.is_empty() {
                limits.push(format!("verdict of task {}", tame(&canary.verdict_task)));
            }
            format!("steps     {}\nlimits    {}\n", steps.join(" -> "), limits.join(", "))
        }
        Some(Kind::Replace(_)) | None => String::new(),
    }
}

/// `[10%:20]`: the present step is in brackets; behind the colon is its smallest sample.
fn step_text(at: u32, step: &model::CanaryStep, release: &model::Release) -> String {
    let exposure = match step.exposure {
        Some(Exposure::SharePoints(share)) => percent(share),
        Some(Exposure::Runs(runs)) => format!("{runs}runs"),
        None => String::new(),
    };
    let text = format!("{exposure}:{}", step.min_runs);
    if at == release.step { format!("[{text}]") } else { text }
}

fn arms(context: &Context<'_>, release: &model::Release) -> Result<(), Error> {
    let mut table = Table::new(&["VERSION", "RUNS", "SUCCEEDED", "FAILED", "CANCELLED", "LIVE"], 0);
    let rows = [(release.from_version, release.from), (release.to_version, release.to)];
    for (version, arm) in rows.map(|(version, arm)| (version, arm.unwrap_or_default())) {
        let ended = arm.succeeded + arm.failed + arm.cancelled;
        let cells = [
            version.to_string(),
            arm.given.to_string(),
            arm.succeeded.to_string(),
            arm.failed.to_string(),
            arm.cancelled.to_string(),
            arm.given.saturating_sub(ended).to_string(),
        ];
        table.row(cells, Style::Bold);
    }
    table.show(&context.output, "")
}

pub(super) async fn compare(context: &mut Context<'_>, name: &str, release: u64) -> Result<u8, Error> {
    let answer = fetch(context, name, release).await?;
    let comparison = answer.comparison.unwrap_or_default();
    if context.output.is_json() {
        context.output.document(&to_json::message("gofer.api.v1.ReleaseComparison", &comparison)?)?;
        return Ok(EXIT_OK);
    }
    let (from, to) = (comparison.from.unwrap_or_default(), comparison.to.unwrap_or_default());
    let mut table = Table::new(&["", "OLD", "NEW", "DIFFERENCE", "P-VALUE", "SIGNIFICANT"], 5);
    let plain = |name: &str, one: String, other: String| {
        [name.to_owned(), one, other, String::new(), String::new(), String::new()]
    };
    table.row(plain("version", from.version.to_string(), to.version.to_string()), Style::Plain);
    table.row(plain("runs", from.runs.to_string(), to.runs.to_string()), Style::Plain);
    table.row(plain("failed", from.failed.to_string(), to.failed.to_string()), Style::Plain);
    let rate = |rate: f64| format!("{:.1}%", rate * 100.0);
    let difference = format!("{:+.1} points", (to.failure_rate - from.failure_rate) * 100.0);
    let judged = judged(comparison.failures.as_ref());
    let style = judged.2;
    let cells = ["failure rate".to_owned(), rate(from.failure_rate), rate(to.failure_rate), difference];
    table.row(with(cells, judged), style);
    let millis = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.0} ms"));
    let difference = match (from.duration_mean_ms, to.duration_mean_ms) {
        (Some(old), Some(new)) if old > 0.0 => format!("{:+.1}%", (new / old - 1.0) * 100.0),
        _ => String::new(),
    };
    let judged = self::judged(comparison.durations.as_ref());
    let style = judged.2;
    let cells = ["mean duration".to_owned(), millis(from.duration_mean_ms), millis(to.duration_mean_ms), difference];
    table.row(with(cells, judged), style);
    let deviations = (millis(from.duration_deviation_ms), millis(to.duration_deviation_ms));
    table.row(plain("deviation", deviations.0, deviations.1), Style::Plain);
    table.show(&context.output, "")?;
    Ok(EXIT_OK)
}

fn with(cells: [String; 4], (p_value, word, _): (String, &str, Style)) -> [String; 6] {
    let [name, old, new, difference] = cells;
    [name, old, new, difference, p_value, word.to_owned()]
}

/// The p-value, and what it is commonly taken for.
fn judged(significance: Option<&api::Significance>) -> (String, &'static str, Style) {
    let Some(found) = significance else { return (String::new(), "too few runs", Style::Dim) };
    let p_value = if found.p_value < 0.0001 { "< 0.0001".to_owned() } else { format!("{:.4}", found.p_value) };
    match (found.p_value < 0.05, found.is_small_sample) {
        (true, false) => (p_value, "yes", Style::Warning),
        (true, true) => (p_value, "yes, of few runs", Style::Warning),
        (false, false) => (p_value, "no", Style::Plain),
        (false, true) => (p_value, "no, of few runs", Style::Dim),
    }
}

pub(super) async fn history(context: &mut Context<'_>, name: &str, limit: u32) -> Result<u8, Error> {
    let name = reference::pipeline(context.args.namespace(), name)?;
    let mut all = Vec::new();
    let mut page_token = String::new();
    loop {
        let left = limit.saturating_sub(u32::try_from(all.len()).unwrap_or(u32::MAX));
        let message = api::ListReleasesRequest {
            pipeline: Some(name.clone()),
            consistency: context.client.consistency,
            page_size: left.clamp(1, 1_000),
            page_token,
        };
        let ask = async |channel, patience| releases(channel).list_releases(request(message.clone(), patience)).await;
        let page = context.client.call(Call::Read, ask).await?;
        all.extend(page.releases);
        page_token = page.next_page_token;
        if page_token.is_empty() || all.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            break;
        }
    }
    if context.output.is_json() {
        context.output.document(&json!({ "releases": to_json::messages("gofer.model.v1.Release", &all)? }))?;
        return Ok(EXIT_OK);
    }
    let now = time::now();
    let mut table = Table::new(&["RELEASE", "STATUS", "STRATEGY", "FROM", "TO", "BY", "STARTED", "REASON"], 1);
    for release in all {
        let (word, style) = state(&release);
        let from = if release.from_version == 0 { String::new() } else { release.from_version.to_string() };
        let cells = [
            release.id.to_string(),
            word.to_owned(),
            strategy(&release).to_owned(),
            from,
            release.to_version.to_string(),
            release.started_by.clone(),
            time::age(release.started_at.as_ref(), now),
            release.reason.clone(),
        ];
        table.row(cells, style);
    }
    table.show(&context.output, "no releases were recorded")?;
    Ok(EXIT_OK)
}

fn state(release: &model::Release) -> (&'static str, Style) {
    match release.status() {
        model::ReleaseStatus::Running => ("in progress", Style::Busy),
        model::ReleaseStatus::Promoted => ("promoted", Style::Good),
        model::ReleaseStatus::RolledBack => ("rolled back", Style::Bad),
        model::ReleaseStatus::Unspecified => ("unknown", Style::Warning),
    }
}
