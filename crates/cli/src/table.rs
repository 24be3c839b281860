//! Tables without borders, one line a row, one column coloured.

use comfy_table::{ContentArrangement, presets};

use crate::error::Error;
use crate::output::{Output, Style, tame};

/// A table under construction.
#[derive(Debug)]
pub(crate) struct Table {
    headers: &'static [&'static str],
    rows: Vec<(Vec<String>, Style)>,
    /// Column that is coloured.
    painted: usize,
}

impl Table {
    /// A table whose column `painted` gets each row's style.
    pub(crate) fn new(headers: &'static [&'static str], painted: usize) -> Self {
        Self { headers, rows: Vec::new(), painted }
    }

    /// Adds a row; empty cells become `-`.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N], style: Style) {
        let cells = cells.iter().map(|cell| if cell.is_empty() { "-".into() } else { tame(cell) }).collect();
        self.rows.push((cells, style));
    }

    /// Writes it, or `empty` on standard error when there are no rows.
    pub(crate) fn show(&self, output: &Output, empty: &str) -> Result<(), Error> {
        if self.rows.is_empty() {
            output.notice(empty);
            return Ok(());
        }
        output.write(self.render(output).as_bytes())
    }

    pub(crate) fn render(&self, output: &Output) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.headers.iter().copied());
        for (cells, _) in &self.rows {
            table.add_row(cells);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        // Colours are laid over the finished lines, as the width of a cell must not count them.
        let start = self.headers.get(self.painted).and_then(|header| lines.first().and_then(|line| line.find(header)));
        let mut text = String::new();
        for (index, line) in lines.iter().enumerate() {
            let row = index.checked_sub(1).and_then(|index| self.rows.get(index));
            let painted = row.zip(start).and_then(|((cells, style), start)| {
                let cell = cells.get(self.painted)?;
                let rest = line.get(start..)?.strip_prefix(cell.as_str())?;
                Some(format!("{}{}{rest}", line.get(..start)?, output.paint(*style, cell)))
            });
            text.push_str(
                &painted.unwrap_or_else(|| if index == 0 { output.paint(Style::Dim, line) } else { line.clone() }),
            );
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::OutputFormat;

    #[test]
    fn columns_line_up_and_one_is_coloured() {
        let mut table = Table::new(&["ID", "STATUS", "NOTE"], 1);
        table.row(["1".into(), "running".into(), String::new()], Style::Good);
        table.row(["1000".into(), "ok".into(), "a\x1b[31mb".into()], Style::Bad);
        let mut output = Output { format: OutputFormat::Table, color: false, terminal: false };
        assert_eq!(table.render(&output), "ID    STATUS   NOTE\n1     running  -\n1000  ok       a [31mb\n");
        output.color = true;
        let text = table.render(&output);
        assert!(text.contains("1     \x1b[32mrunning\x1b[0m  -\n"), "{text:?}");
        assert!(text.contains("1000  \x1b[31mok\x1b[0m       a"), "{text:?}");
    }
}
