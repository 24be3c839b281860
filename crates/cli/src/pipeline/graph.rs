//! `gofer pipeline graph`: a pipeline as a picture.

mod svg;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::ValueEnum;
use gofer_sdk::config::{PipelineConfig, Requirement};

use super::source::Loaded;
use crate::command::Context;
use crate::error::{EXIT_OK, Error};

/// How a picture is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For a terminal.
    #[default]
    Text,
    /// For Graphviz.
    Dot,
    /// For a browser.
    Svg,
}

pub(super) fn execute(context: &Context<'_>, loaded: &Loaded, format: GraphFormat) -> Result<u8, Error> {
    // What is drawn needs levels, and a cycle has none.
    loaded.check()?;
    let config = &loaded.pipeline.declared;
    let text = match format {
        GraphFormat::Text => text(config),
        GraphFormat::Dot => dot(config),
        GraphFormat::Svg => svg::draw(config),
    };
    context.output.write(text.as_bytes())?;
    Ok(EXIT_OK)
}

/// The tasks by their distance from those without parents, each level in the order of ids.
fn levels(config: &PipelineConfig) -> Vec<Vec<&str>> {
    let mut level: BTreeMap<&str, usize> = BTreeMap::new();
    let mut levels: Vec<Vec<&str>> = Vec::new();
    // Each round places all whose parents have their places. Without a cycle, that is at least one.
    while level.len() < config.tasks.len() {
        let is_ready =
            |parents: &BTreeMap<String, Requirement>| parents.keys().all(|id| level.contains_key(id.as_str()));
        let tasks = config.tasks.iter().filter(|(id, _)| !level.contains_key(id.as_str()));
        let ready: Vec<&str> =
            tasks.filter(|(_, task)| is_ready(&task.depends_on)).map(|(id, _)| id.as_str()).collect();
        if ready.is_empty() {
            break;
        }
        level.extend(ready.iter().map(|id| (*id, levels.len())));
        levels.push(ready);
    }
    levels
}

fn text(config: &PipelineConfig) -> String {
    let width = config.tasks.keys().map(String::len).max().unwrap_or_default();
    let mut text = format!("{}\n", config.id);
    for (index, tasks) in levels(config).iter().enumerate() {
        text.push_str(if index == 0 { "│\n" } else { "▼\n" });
        for (position, id) in tasks.iter().enumerate() {
            let branch = if position + 1 == tasks.len() { '└' } else { '├' };
            let parents = config.tasks.get(*id).map(|task| parents(&task.depends_on)).unwrap_or_default();
            let line = format!("{branch}─ {id:width$}{}", if parents.is_empty() { "" } else { "  ◀ " });
            let _ = writeln!(text, "{}{parents}", if parents.is_empty() { line.trim_end() } else { &line });
        }
    }
    text
}

fn parents(parents: &BTreeMap<String, Requirement>) -> String {
    let one = |(id, requirement): (&String, &Requirement)| match requirement {
        Requirement::Success => id.clone(),
        Requirement::Failure => format!("{id} (failure)"),
        Requirement::Any => format!("{id} (any)"),
    };
    parents.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn dot(config: &PipelineConfig) -> String {
    // Ids are letters, digits, '_' and '-', so they need no escape within quotes.
    let mut text = format!("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box, style=rounded];\n", config.id);
    for id in config.tasks.keys() {
        let _ = writeln!(text, "  \"{id}\";");
    }
    for (id, task) in &config.tasks {
        for (parent, requirement) in &task.depends_on {
            let style = match requirement {
                Requirement::Success => "",
                Requirement::Failure => " [style=dashed, label=\"failure\"]",
                Requirement::Any => " [style=dotted, label=\"any\"]",
            };
            let _ = writeln!(text, "  \"{parent}\" -> \"{id}\"{style};");
        }
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline_file::{Format, parse};

    fn example() -> PipelineConfig {
        let text = r#"
            id = "nightly"
            tasks.build.image = "rust"
            tasks.lint.image = "rust"
            tasks.test = { image = "rust", depends_on = ["build"] }
            tasks.report = { image = "curl", depends_on = { lint = "any", test = "failure" } }
        "#;
        parse("p.toml".as_ref(), text, Format::Toml).unwrap().declared
    }

    #[test]
    fn a_terminal_shows_levels_and_parents() {
        let wanted =
            "nightly\n│\n├─ build\n└─ lint\n▼\n└─ test    ◀ build\n▼\n└─ report  ◀ lint (any), test (failure)\n";
        assert_eq!(text(&example()), wanted);
    }

    #[test]
    fn graphviz_gets_every_task_and_edge() {
        let text = dot(&example());
        assert!(text.starts_with("digraph \"nightly\" {\n"));
        for line in [
            "  \"lint\";\n",
            "  \"build\" -> \"test\";\n",
            "  \"lint\" -> \"report\" [style=dotted, label=\"any\"];\n",
            "  \"test\" -> \"report\" [style=dashed, label=\"failure\"];\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn a_browser_gets_a_box_a_task_and_a_line_an_edge() {
        let text = svg::draw(&example());
        assert_eq!(text.matches("<rect ").count(), 4);
        assert_eq!(text.matches("marker-end=").count(), 3);
        assert_eq!(text.matches("stroke-dasharray=").count(), 2);
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n") && text.contains(">report</text>"), "{text}");
    }
}
