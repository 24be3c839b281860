//! `gofer run logs`: captured output, once each byte whatever node is lost on the way.

use std::collections::BTreeMap;

use gofer_client::Shown;
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use serde_json::{Value, json};

use super::LogsArgs;
use crate::client::{Call, Client, Next, runs};
use crate::command::Context;
use crate::error::{EXIT_OK, Error};
use crate::json::hex;
use crate::losses::Losses;
use crate::output::{Output, Style, tame};
use crate::time;

/// Longest line that is held back until its end comes, in bytes.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Colours of task names, in turn.
const STYLES: [Style; 4] = [Style::Busy, Style::Good, Style::Warning, Style::Bold];

/// One source of bytes: task, attempt, stream.
type Source = (String, u32, i32);

pub(super) async fn logs(
    context: &mut Context<'_>,
    run: model::RunRef,
    task: String,
    options: LogsArgs,
) -> Result<u8, Error> {
    let output = context.output;
    let mut printer = Printer::new(output, !task.is_empty(), options.timestamps);
    let message = api::StreamLogsRequest { run: Some(run), task, attempt: options.attempt, follow: options.follow };
    let result = tokio::select! {
        result = read(context, message, &mut printer) => result,
        _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
    };
    if !matches!(result, Err(Error::Closed)) {
        printer.finish()?;
    }
    result
}

async fn read(context: &mut Context<'_>, message: api::StreamLogsRequest, printer: &mut Printer) -> Result<u8, Error> {
    let mut shown = Shown::default();
    let mut losses = Losses::new();
    loop {
        let ask = async |channel, _| runs(channel).stream_logs(message.clone()).await;
        let mut stream = context.client.call(Call::Read, ask).await?;
        let why = loop {
            match Client::next(&mut stream).await? {
                Next::Item(record) => {
                    let source = (record.task.clone(), record.attempt, record.stream);
                    let fresh = shown.fresh(&source, &record.data);
                    if !fresh.is_empty() {
                        printer.print(&record, fresh)?;
                    }
                }
                Next::End => return Ok(EXIT_OK),
                Next::Lost(why) => break why,
            }
        };
        shown.reopen();
        let lost = losses.next_node(&mut context.client, &why).await?;
        context.output.notice(&format!("lost {lost} ({why}); going on with {}", context.client.address()));
    }
}

/// Writes records as objects, as raw bytes (one task), or as whole lines with their task.
#[derive(Debug)]
pub(crate) struct Printer {
    output: Output,
    raw: bool,
    timestamps: bool,
    /// Lines that have not ended yet.
    partial: BTreeMap<Source, Vec<u8>>,
    /// Tasks in the order they came up, for their colours.
    tasks: Vec<String>,
}

impl Printer {
    pub(crate) fn new(output: Output, single: bool, timestamps: bool) -> Self {
        Self { output, raw: single && !timestamps, timestamps, partial: BTreeMap::new(), tasks: Vec::new() }
    }

    pub(crate) fn print(&mut self, record: &api::StreamLogsResponse, data: &[u8]) -> Result<(), Error> {
        if self.output.is_json() {
            return self.output.record(&object(record, data));
        }
        if record.stream() == api::LogStream::Notice {
            let text = tame(String::from_utf8_lossy(data).trim_end());
            self.output.notice(&format!("{} attempt {}: {text}", record.task, record.attempt));
            return Ok(());
        }
        if self.raw {
            return self.output.write(data);
        }
        let text = self.lines(record, data);
        self.output.write(&text)
    }

    /// The lines that have ended with these bytes, each with its task.
    pub(crate) fn lines(&mut self, record: &api::StreamLogsResponse, data: &[u8]) -> Vec<u8> {
        let prefix = self.prefix(record);
        let source = (record.task.clone(), record.attempt, record.stream);
        let buffer = self.partial.entry(source).or_default();
        buffer.extend_from_slice(data);
        let mut text = Vec::new();
        while let Some(end) = buffer
            .iter()
            .position(|byte| *byte == b'\n')
            .or((buffer.len() > LINE_BYTES_MAX).then_some(LINE_BYTES_MAX - 1))
        {
            let mut line: Vec<u8> = buffer.drain(..=end).collect();
            if line.last() != Some(&b'\n') {
                line.push(b'\n');
            }
            text.extend_from_slice(prefix.as_bytes());
            text.append(&mut line);
        }
        text
    }

    fn prefix(&mut self, record: &api::StreamLogsResponse) -> String {
        let index = self.tasks.iter().position(|task| *task == record.task).unwrap_or_else(|| {
            self.tasks.push(record.task.clone());
            self.tasks.len() - 1
        });
        let style = STYLES.get(index % STYLES.len()).copied().unwrap_or(Style::Plain);
        let clock = match time::timestamp(record.time.as_ref()) {
            Some(time) if self.timestamps => format!("{} ", self.output.paint(Style::Dim, &time.to_string())),
            _ => String::new(),
        };
        let attempt = if record.attempt > 1 { format!("#{}", record.attempt) } else { String::new() };
        format!("{clock}{} | ", self.output.paint(style, &format!("{}{attempt}", record.task)))
    }

    /// Writes the lines that never ended.
    fn finish(&mut self) -> Result<(), Error> {
        let text = self.rest();
        if text.is_empty() { Ok(()) } else { self.output.write(&text) }
    }

    /// The lines that never ended.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        for ((task, attempt, _), line) in std::mem::take(&mut self.partial) {
            if !line.is_empty() {
                let record = api::StreamLogsResponse { task, attempt, ..Default::default() };
                text.extend_from_slice(self.prefix(&record).as_bytes());
                text.extend_from_slice(&line);
                text.push(b'\n');
            }
        }
        text
    }
}

/// A record as an object: `text` where it is text, else `data` in hexadecimal.
pub(crate) fn object(record: &api::StreamLogsResponse, data: &[u8]) -> Value {
    let stream = match record.stream() {
        api::LogStream::Stdout => "stdout",
        api::LogStream::Stderr => "stderr",
        api::LogStream::Notice => "notice",
        api::LogStream::Unspecified => "unknown",
    };
    let time = time::timestamp(record.time.as_ref()).map(|time| time.to_string());
    let (name, content) = match std::str::from_utf8(data) {
        Ok(text) => ("text", text.to_owned()),
        Err(_) => ("data", hex(data)),
    };
    json!({ "task": record.task, "attempt": record.attempt, "stream": stream, "time": time, name: content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_text_where_they_can_be() {
        let record = api::StreamLogsResponse { task: "t".into(), attempt: 2, stream: 2, ..Default::default() };
        assert_eq!(object(&record, b"x\n")["text"], "x\n");
        assert_eq!(object(&record, b"\xff")["data"], "ff");
        assert_eq!(object(&record, b"")["stream"], "stderr");
    }
}
