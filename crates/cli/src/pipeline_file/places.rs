//! Where a TOML file declares its pipeline and its tasks, for messages.

use std::path::Path;

use gofer_sdk::Source;
use gofer_sdk::config::PipelineConfig;
use toml::Spanned;
use toml::de::DeTable;

/// Fills in the places that the file itself does not name: the line of the id, and of each task its own header, else its
/// first mention.
pub(super) fn fill(path: &Path, text: &str, pipeline: &mut PipelineConfig) {
    let Ok(table) = DeTable::parse(text) else { return };
    let breaks: Vec<usize> = text.match_indices('\n').map(|(offset, _)| offset).collect();
    let source = |offset: usize| {
        let line = u32::try_from(breaks.partition_point(|end| *end < offset) + 1).unwrap_or(u32::MAX);
        Some(Source { file: path.display().to_string(), line })
    };
    for (key, value) in table.get_ref() {
        match key.get_ref().as_ref() {
            "id" if pipeline.source.is_none() => pipeline.source = source(key.span().start),
            "tasks" => {
                for key in value.get_ref().as_table().into_iter().flat_map(DeTable::keys) {
                    let task = pipeline.tasks.get_mut(key.get_ref().as_ref());
                    if let Some(task) = task.filter(|task| task.source.is_none()) {
                        task.source = source(Spanned::span(key).start);
                    }
                }
            }
            "parameters" => {
                for key in value.get_ref().as_table().into_iter().flat_map(DeTable::keys) {
                    if let Some(parameter) = pipeline.parameters.get_mut(key.get_ref().as_ref()) {
                        parameter.source = source(Spanned::span(key).start);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, parse};

    #[test]
    fn each_task_has_the_line_of_its_header_else_of_its_first_mention() {
        let text = "description = 'é'\r\n\r\nid = 'p'\n[env]\nid = 'x'\n\n[tasks.\"a\"]\nimage = 'i'\n\n[tasks]\n";
        let text = text.replace(
            "[tasks]\n",
            "[tasks.b.env]\nX = 1\n[tasks.b]\nimage = 'i'\n[tasks.c.env]\n[tasks.d]\nimage = 'i'\n",
        );
        let pipeline = parse("ci/p.toml".as_ref(), &text, Format::Toml).unwrap();
        for (field, line) in
            [("timeout", 3), ("tasks.a.image", 7), ("tasks.b", 12), ("tasks.c.env", 14), ("tasks.none", 3)]
        {
            let source = pipeline.source(field).unwrap();
            assert_eq!((source.file.as_str(), source.line), ("ci/p.toml", line), "{field}");
        }
        let inline = "id = 'p'\ntasks = { a = { image = 'i' },\n b = { image = 'i' } }";
        let pipeline = parse("p.toml".as_ref(), inline, Format::Toml).unwrap();
        assert_eq!(pipeline.source("tasks.b").unwrap().line, 3);
    }

    #[test]
    fn what_a_file_says_itself_counts() {
        let text = "id = 'p'\ntasks.a = { image = 'i', source = { file = 'main.go', line = 40 } }";
        let pipeline = parse("p.toml".as_ref(), text, Format::Toml).unwrap();
        assert_eq!(pipeline.source("tasks.a.image").unwrap().to_string(), "main.go:40");
        assert_eq!(pipeline.source("timeout").unwrap().to_string(), "p.toml:1");
    }
}
