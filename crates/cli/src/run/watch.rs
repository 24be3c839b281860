//! `gofer run watch`: the run after each change until it ends, over as many nodes as it takes.

use std::collections::BTreeMap;
use std::time::Duration;

use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;

use super::live::Screen;
use super::{exit_code, show, state};
use crate::client::{Call, Client, Next, runs};
use crate::command::Context;
use crate::error::Error;
use crate::losses::Losses;
use crate::output::{Output, Style, tame};
use crate::reference::run_text;
use crate::{json, time};

/// How often the live view counts on while nothing changes.
const TICK: Duration = Duration::from_millis(500);

/// What a watch shows, in one of three ways.
enum View {
    Json,
    Lines(Lines),
    Live(Box<Screen>),
}

/// Follows a run; the exit code tells how it ended.
pub(super) async fn watch(context: &mut Context<'_>, run: model::RunRef) -> Result<u8, Error> {
    let first = show::fetch(&mut context.client, &run).await?;
    let nodes = if context.output.is_json() { BTreeMap::new() } else { show::node_names(&mut context.client).await };
    let mut view = if context.output.is_json() {
        View::Json
    } else if context.output.terminal {
        View::Live(Box::new(Screen::new(context.output, show::order(&mut context.client, &first).await, nodes)))
    } else {
        View::Lines(Lines { seen: BTreeMap::new(), run: None, nodes })
    };
    let result = tokio::select! {
        result = follow(context, run.clone(), &mut view) => result,
        _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
    };
    if let View::Live(screen) = &mut view {
        screen.close()?;
    }
    if matches!(result, Err(Error::Interrupted)) {
        let name = run_text(Some(&run));
        context.output.notice(&format!("the run goes on; follow it again: gofer run watch {name}"));
    }
    result
}

async fn follow(context: &mut Context<'_>, run: model::RunRef, view: &mut View) -> Result<u8, Error> {
    let mut revision = 0;
    let mut losses = Losses::new();
    loop {
        let message = api::WatchRunRequest { run: Some(run.clone()) };
        let ask = async |channel, _| runs(channel).watch_run(message.clone()).await;
        let mut stream = context.client.call(Call::Read, ask).await?;
        let why = loop {
            let next = tokio::select! {
                next = Client::next(&mut stream) => next?,
                () = tokio::time::sleep(TICK), if matches!(view, View::Live(_)) => {
                    view.tick()?;
                    continue;
                }
            };
            match next {
                Next::Item(api::WatchRunResponse { run: Some(run), .. }) => {
                    // A node that lags behind the one lost may repeat what was shown.
                    let status = run.status();
                    if run.revision > revision || revision == 0 {
                        revision = run.revision;
                        view.update(&context.output, run)?;
                    }
                    if state::is_final(status) {
                        return Ok(exit_code(status));
                    }
                }
                Next::Item(_) => {}
                Next::End => break "it ended the watch".to_owned(),
                Next::Lost(why) => break why,
            }
        };
        let lost = losses.next_node(&mut context.client, &why).await?;
        let text = format!("lost {lost} ({why}); going on with {}", context.client.address());
        match view {
            View::Live(screen) => screen.remark(text)?,
            View::Json | View::Lines(_) => context.output.notice(&text),
        }
    }
}

impl View {
    fn update(&mut self, output: &Output, run: model::Run) -> Result<(), Error> {
        match self {
            Self::Json => output.record(&json::message("gofer.model.v1.Run", &run)?),
            Self::Lines(lines) => lines.update(output, &run),
            Self::Live(screen) => screen.update(run),
        }
    }

    fn tick(&mut self) -> Result<(), Error> {
        match self {
            Self::Live(screen) => screen.draw(),
            Self::Json | Self::Lines(_) => Ok(()),
        }
    }
}

/// One line for each change, for outputs that can't be redrawn.
struct Lines {
    /// What was said of each task last.
    seen: BTreeMap<String, String>,
    run: Option<model::RunStatus>,
    nodes: BTreeMap<u64, String>,
}

impl Lines {
    fn update(&mut self, output: &Output, run: &model::Run) -> Result<(), Error> {
        let now = time::now();
        let clock = output.paint(Style::Dim, &now.strftime("%TZ").to_string());
        let (word, style) = state::run(run.status());
        let name = run_text(run.r#ref.as_ref());
        if self.run.is_none() {
            self.run = Some(model::RunStatus::Unspecified);
        }
        let ended = state::is_final(run.status());
        if self.run != Some(run.status()) && !ended {
            output.line(&format!("{clock}  run {name}  {}", output.paint(style, word)))?;
        }
        self.run = Some(run.status());
        for task in &run.tasks {
            let line = self.describe(task);
            let status = task.outcome.as_ref().map_or(model::TaskStatus::Unspecified, model::TaskOutcome::status);
            let known = self.seen.get(&task.id);
            // What every task begins with is no change.
            let begins = known.is_none() && status == model::TaskStatus::Pending;
            if known != Some(&line) && !begins {
                let (glyph, _, style) = state::task(status);
                output.line(&format!("{clock}  {} {}  {line}", output.paint(style, glyph), task.id))?;
            }
            self.seen.insert(task.id.clone(), line);
        }
        if ended {
            let took = time::elapsed(run.started_at.as_ref(), run.finished_at.as_ref(), now);
            let why = if run.message.is_empty() { String::new() } else { format!(": {}", tame(&run.message)) };
            output.line(&format!("{clock}  run {name}  {} after {took}{why}", output.paint(style, word)))?;
        }
        Ok(())
    }

    fn describe(&self, task: &model::TaskRun) -> String {
        let outcome = task.outcome.clone().unwrap_or_default();
        let (_, word, _) = state::task(outcome.status());
        let mut text = word.to_owned();
        if let Some(attempt) = task.attempts.last() {
            text.push_str(&format!(", attempt {} on {}", attempt.number, show::node_name(&self.nodes, attempt.node)));
        }
        let cause = state::cause(outcome.reason(), outcome.exit_code, &outcome.message);
        if !cause.is_empty() {
            text.push_str(&format!(": {}", tame(&cause)));
        }
        text
    }
}
