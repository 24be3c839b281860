//! A run on a terminal, redrawn in place. Drawing is pure; [`Screen`] adds the terminal's size and the escape codes.

use std::collections::BTreeMap;

use gofer_wire::model::v1 as model;
use jiff::Timestamp;
use unicode_width::UnicodeWidthChar;

use super::{show, state};
use crate::error::Error;
use crate::output::{Output, Style, tame};
use crate::reference::run_text;
use crate::time;

/// Deepest level that is still moved to the right.
const INDENT_MAX: usize = 6;
/// So many bytes of lines wait at most to be written above the view.
const ABOVE_BYTES_MAX: usize = 64 * 1024;
/// Size that is assumed when the terminal tells none.
const SIZE_DEFAULT: (usize, usize) = (80, 24);

/// The view of one run.
#[derive(Debug)]
pub(crate) struct Screen {
    output: Output,
    /// Tasks with their levels, parents first.
    order: Vec<(String, usize)>,
    nodes: BTreeMap<u64, String>,
    run: Option<model::Run>,
    remark: String,
    /// Lines on the terminal that belong to the view.
    drawn: usize,
    /// Whole lines that wait to be written above the view.
    above: String,
}

impl Screen {
    pub(crate) fn new(output: Output, order: Vec<(String, usize)>, nodes: BTreeMap<u64, String>) -> Self {
        Self { output, order, nodes, run: None, remark: String::new(), drawn: 0, above: String::new() }
    }

    /// Shows the run as it is now.
    pub(crate) fn update(&mut self, run: model::Run) -> Result<(), Error> {
        let known = |id: &String| self.order.iter().any(|(other, _)| other == id);
        let new: Vec<_> = run.tasks.iter().filter(|task| !known(&task.id)).map(|task| (task.id.clone(), 0)).collect();
        self.order.extend(new);
        self.run = Some(run);
        self.draw()
    }

    /// Shows a remark below the tasks.
    pub(crate) fn remark(&mut self, text: String) -> Result<(), Error> {
        self.remark = text;
        self.draw()
    }

    /// Puts whole lines above the view, where they scroll away. They may wait for the next drawing.
    pub(crate) fn add_above(&mut self, lines: &str) -> Result<(), Error> {
        self.above.push_str(lines);
        if self.above.len() > ABOVE_BYTES_MAX { self.draw() } else { Ok(()) }
    }

    /// Takes the view away, and gives the cursor back; the lines above it stay.
    pub(crate) fn erase(&mut self) -> Result<(), Error> {
        let mut text = self.begin();
        text.push_str("\r\x1b[J\x1b[?25h\x1b[?2026l");
        self.output.write(text.as_bytes())
    }

    /// Goes back to the first line of the view, and writes what belongs above it.
    fn begin(&mut self) -> String {
        // One write, marked as one update, so that no half-drawn view is ever seen.
        let mut text = String::from("\x1b[?2026h\x1b[?25l");
        if self.drawn > 0 {
            text.push_str(&format!("\x1b[{}A", self.drawn));
        }
        if !self.above.is_empty() {
            text.push_str("\r\x1b[J");
            text.push_str(&std::mem::take(&mut self.above));
        }
        self.drawn = 0;
        text
    }

    /// Draws over what was drawn before.
    pub(crate) fn draw(&mut self) -> Result<(), Error> {
        let (width, height) = size();
        let lines = self.lines(width, height, time::now());
        let mut text = self.begin();
        for line in &lines {
            text.push('\r');
            text.push_str(line);
            text.push_str("\x1b[K\n");
        }
        text.push_str("\x1b[J\x1b[?2026l");
        self.drawn = lines.len();
        self.output.write(text.as_bytes())
    }

    /// Leaves the view as it is and gives the cursor back.
    pub(crate) fn close(&mut self) -> Result<(), Error> {
        self.output.write(b"\x1b[?25h")
    }

    /// The view, each line cut to the width; at most one line less than the height.
    fn lines(&self, width: usize, height: usize, now: Timestamp) -> Vec<String> {
        let Some(run) = &self.run else { return Vec::new() };
        let tasks: BTreeMap<&str, &model::TaskRun> = run.tasks.iter().map(|task| (task.id.as_str(), task)).collect();
        let rows: Vec<(&model::TaskRun, usize)> =
            self.order.iter().filter_map(|(id, level)| tasks.get(id.as_str()).map(|task| (*task, *level))).collect();
        let extra = 2 + usize::from(!self.remark.is_empty());
        let room = height.saturating_sub(extra + 2).max(1);
        let shown = choose(&rows, room);
        let name_width =
            shown.iter().map(|(task, level)| task.id.len() + 2 * level.min(&INDENT_MAX)).max().unwrap_or(0);
        let node_width = self.nodes.values().map(String::len).max().unwrap_or(0).max(4);
        let mut lines = vec![self.head(run, width, now)];
        for (task, level) in &shown {
            lines.push(self.task(task, *level, name_width, node_width, width, now));
        }
        if shown.len() < rows.len() {
            let text = format!("  … {} more tasks", rows.len() - shown.len());
            lines.push(self.output.paint(Style::Dim, &cut(&text, width)));
        }
        lines.push(summary(&rows, &self.output, width));
        if !self.remark.is_empty() {
            lines.push(self.output.paint(Style::Warning, &cut(&tame(&self.remark), width)));
        }
        lines
    }

    fn head(&self, run: &model::Run, width: usize, now: Timestamp) -> String {
        let (word, style) = state::run(run.status());
        let took = time::elapsed(run.started_at.as_ref(), run.finished_at.as_ref(), now);
        let stopping = if run.stopping.is_some() && !state::is_final(run.status()) { ", stopping" } else { "" };
        let why = if run.message.is_empty() { String::new() } else { format!(": {}", run.message) };
        let text = cut(&tame(&format!("{} {word}{stopping} {took}{why}", run_text(run.r#ref.as_ref()))), width);
        match text.split_once(&format!(" {word}")) {
            Some((name, rest)) => {
                format!("{} {}{rest}", self.output.paint(Style::Bold, name), self.output.paint(style, word))
            }
            None => text,
        }
    }

    fn task(
        &self,
        task: &model::TaskRun,
        level: usize,
        name_width: usize,
        node_width: usize,
        width: usize,
        now: Timestamp,
    ) -> String {
        let outcome = task.outcome.clone().unwrap_or_default();
        let (glyph, word, style) = state::task(outcome.status());
        let indent = "  ".repeat(level.min(INDENT_MAX));
        let mut text = format!("{:<name_width$}  {word:<9}", format!("{indent}{}", task.id));
        if let Some(attempt) = task.attempts.last() {
            let node = show::node_name(&self.nodes, attempt.node);
            let number = if attempt.number > 1 { format!("#{}", attempt.number) } else { String::new() };
            text.push_str(&format!("  {node:<node_width$}  {number:<3}  {:>7}", show::duration(attempt, now)));
        }
        if outcome.status() == model::TaskStatus::Queued
            && let Some(at) = time::timestamp(task.not_before.as_ref()).filter(|at| *at > now)
        {
            text.push_str(&format!("  again in {}", time::short(time::between(now, at))));
        }
        let cause = state::cause(outcome.reason(), outcome.exit_code, &outcome.message);
        if !cause.is_empty() {
            text.push_str("  ");
            text.push_str(&cause);
        }
        let text = cut(&tame(&text), width.saturating_sub(2));
        // Only the glyph and the word are coloured; the word is cut off on a terminal that narrow.
        let line = match text.split_once(&format!("  {word}")) {
            Some((name, rest)) => format!("{name}  {}{rest}", self.output.paint(style, word)),
            None => text,
        };
        format!("{} {line}", self.output.paint(style, glyph))
    }
}

/// The tasks for so many lines, in their order: first those at work and those that failed, then those that wait, then
/// the others from the end.
fn choose<'a>(rows: &[(&'a model::TaskRun, usize)], room: usize) -> Vec<(&'a model::TaskRun, usize)> {
    if rows.len() <= room {
        return rows.to_vec();
    }
    let status = |task: &model::TaskRun| {
        task.outcome.as_ref().map_or(model::TaskStatus::Unspecified, model::TaskOutcome::status)
    };
    let rank = |task: &model::TaskRun| match status(task) {
        model::TaskStatus::Running | model::TaskStatus::Launching | model::TaskStatus::Placed => 0,
        model::TaskStatus::Failed | model::TaskStatus::Lost | model::TaskStatus::Unknown => 1,
        model::TaskStatus::Queued | model::TaskStatus::Waiting => 2,
        model::TaskStatus::Pending | model::TaskStatus::Unspecified => 3,
        model::TaskStatus::Succeeded | model::TaskStatus::Cancelled | model::TaskStatus::Skipped => 4,
    };
    let mut ranked: Vec<(i32, usize)> = rows.iter().enumerate().map(|(index, (task, _))| (rank(task), index)).collect();
    ranked.sort_unstable();
    let mut chosen: Vec<usize> = ranked.into_iter().take(room).map(|(_, index)| index).collect();
    chosen.sort_unstable();
    chosen.into_iter().filter_map(|index| rows.get(index).copied()).collect()
}

/// How many tasks stand how.
fn summary(rows: &[(&model::TaskRun, usize)], output: &Output, width: usize) -> String {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    for (task, _) in rows {
        *counts.entry(task.outcome.as_ref().map_or(0, |outcome| outcome.status)).or_default() += 1;
    }
    let part = |(status, count): (i32, usize)| {
        let (_, word, _) = state::task(model::TaskStatus::try_from(status).unwrap_or_default());
        format!("{count} {word}")
    };
    let parts: Vec<String> = counts.into_iter().map(part).collect();
    output.paint(Style::Dim, &cut(&format!("{} tasks: {}", rows.len(), parts.join(", ")), width))
}

/// The front of a text that fits a width, with an ellipsis where something is missing.
fn cut(text: &str, width: usize) -> String {
    let wide = |c: char| c.width().unwrap_or(0);
    if text.chars().map(wide).sum::<usize>() <= width {
        return text.trim_end().to_owned();
    }
    let mut used = 1;
    let mut front: String = text
        .chars()
        .take_while(|c| {
            used += wide(*c);
            used <= width
        })
        .collect();
    front.push('…');
    front
}

/// Columns and rows of the terminal.
fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (usize::from(size.ws_col), usize::from(size.ws_row)),
        _ => SIZE_DEFAULT,
    }
}

#[cfg(test)]
#[path = "live/tests.rs"]
mod tests;
