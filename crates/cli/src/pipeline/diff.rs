//! `gofer pipeline diff`: the newest registered version against a file.

use gofer_wire::model::v1::PipelineRef;
use serde_json::json;
use similar::{ChangeTag, TextDiff};

use super::source::{self, SourceArgs};
use crate::command::Context;
use crate::error::{EXIT_FAILED, EXIT_OK, Error};
use crate::output::{Output, Style};
use crate::pipeline_file;

/// Unchanged lines shown around a change.
const CONTEXT_LINES: usize = 3;

pub(super) async fn execute(context: &mut Context<'_>, source: &SourceArgs) -> Result<u8, Error> {
    let loaded = source::load(source, &context.output).await?;
    let pipeline_file::Pipeline { config, format, .. } = loaded.pipeline;
    let name = PipelineRef { namespace: context.args.namespace().into(), pipeline: config.id.clone() };
    let (version, before) = match super::fetch(&mut context.client, &name, 0).await {
        Ok(pipeline) => {
            let config = pipeline.config.unwrap_or_default();
            (pipeline.version, pipeline_file::canonical(&config, format)?)
        }
        Err(error) if error.is_not_found() => (0, String::new()),
        Err(error) => return Err(error),
    };
    let after = pipeline_file::canonical(&config, format)?;
    let before_name = match version {
        0 => format!("{}/{} (not registered)", name.namespace, name.pipeline),
        version => format!("{}/{} version {version}", name.namespace, name.pipeline),
    };
    let text = render(&context.output, &before, &after, &before_name, &loaded.path.display().to_string());
    let differs = before != after;
    if context.output.is_json() {
        context.output.document(&json!({ "version": version, "differs": differs, "diff": text }))?;
    } else {
        context.output.write(text.as_bytes())?;
    }
    Ok(if differs { EXIT_FAILED } else { EXIT_OK })
}

/// A unified diff; empty when the texts are equal.
fn render(output: &Output, before: &str, after: &str, before_name: &str, after_name: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let color = Output { color: output.color && !output.is_json(), ..*output };
    let mut text = String::new();
    let mut line = |style, line: &str| {
        text.push_str(&color.paint(style, line.trim_end_matches('\n')));
        text.push('\n');
    };
    for (index, hunk) in diff.unified_diff().context_radius(CONTEXT_LINES).iter_hunks().enumerate() {
        if index == 0 {
            line(Style::Bold, &format!("--- {before_name}"));
            line(Style::Bold, &format!("+++ {after_name}"));
        }
        line(Style::Busy, &hunk.header().to_string());
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', Style::Bad),
                ChangeTag::Insert => ('+', Style::Good),
                ChangeTag::Equal => (' ', Style::Plain),
            };
            line(style, &format!("{sign}{}", change.value()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::OutputFormat;

    #[test]
    fn differences_are_unified_and_coloured() {
        let plain = Output { format: OutputFormat::Table, color: false, terminal: false };
        let text = render(&plain, "a\nb\nc\n", "a\nB\nc\n", "old", "new");
        assert_eq!(text, "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
        assert_eq!(render(&plain, "a\n", "a\n", "old", "new"), "");
        let coloured = render(&Output { color: true, ..plain }, "b\n", "B\n", "old", "new");
        assert!(coloured.contains("\x1b[31m-b\x1b[0m\n\x1b[32m+B\x1b[0m\n"), "{coloured:?}");
    }
}
