//! The picture for browsers: levels from left to right, a box for each task.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gofer_sdk::config::{PipelineConfig, Requirement};

use super::levels;

/// Sizes in pixels.
const CHARACTER: usize = 8;
const PADDING: usize = 16;
const BOX_HEIGHT: usize = 36;
const ROW: usize = 56;
const GAP: usize = 72;
const MARGIN: usize = 20;

/// Draws a pipeline without cycles.
pub(super) fn draw(config: &PipelineConfig) -> String {
    let levels = arranged(config);
    let rows = levels.iter().map(Vec::len).max().unwrap_or_default();
    let longest = config.tasks.keys().map(String::len).max().unwrap_or_default();
    let wide = longest * CHARACTER + 2 * PADDING;
    let (width, height) =
        (2 * MARGIN + levels.len() * (wide + GAP) - GAP.min(levels.len() * GAP), 2 * MARGIN + rows * ROW);
    let mut places: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (column, tasks) in levels.iter().enumerate() {
        // Shorter levels stand in the middle.
        let top = MARGIN + (rows - tasks.len()) * ROW / 2;
        for (row, id) in tasks.iter().enumerate() {
            places.insert(id, (MARGIN + column * (wide + GAP), top + row * ROW + (ROW - BOX_HEIGHT) / 2));
        }
    }
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"monospace\" font-size=\"13\">\n\
         <title>{}</title>\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto\"><path d=\"M0 0 L8 4 L0 8 z\" fill=\"#555\"/></marker></defs>\n",
        config.id
    );
    for (id, task) in &config.tasks {
        for (parent, requirement) in &task.depends_on {
            if let (Some(from), Some(to)) = (places.get(parent.as_str()), places.get(id.as_str())) {
                edge(&mut text, (from.0 + wide, from.1), *to, *requirement);
            }
        }
    }
    for (id, (x, y)) in &places {
        let (middle, line) = (x + wide / 2, y + BOX_HEIGHT / 2 + 5);
        let _ = writeln!(
            text,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{BOX_HEIGHT}\" rx=\"6\" fill=\"#f4f6f8\" stroke=\"#555\"/>\
             <text x=\"{middle}\" y=\"{line}\" text-anchor=\"middle\" fill=\"#111\">{id}</text>"
        );
    }
    text.push_str("</svg>\n");
    text
}

fn edge(text: &mut String, from: (usize, usize), to: (usize, usize), requirement: Requirement) {
    let (start, end) = (from.1 + BOX_HEIGHT / 2, to.1 + BOX_HEIGHT / 2);
    let bend = (from.0 + to.0) / 2;
    let (dashes, name) = match requirement {
        Requirement::Success => ("", "success"),
        Requirement::Failure => (" stroke-dasharray=\"7 4\"", "failure"),
        Requirement::Any => (" stroke-dasharray=\"2 4\"", "any"),
    };
    let _ = writeln!(
        text,
        "<path d=\"M{} {start} C{bend} {start} {bend} {end} {} {end}\" fill=\"none\" stroke=\"#555\"{dashes} \
         marker-end=\"url(#arrow)\"><title>{name}</title></path>",
        from.0, to.0
    );
}

/// The levels, each task near the middle of its parents, so that fewer edges cross.
fn arranged(config: &PipelineConfig) -> Vec<Vec<&str>> {
    let mut levels = levels(config);
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for tasks in &mut levels {
        tasks.sort_by_key(|id| {
            let parents = config.tasks.get(*id).map(|task| &task.depends_on);
            let parents = parents.into_iter().flatten().filter_map(|(parent, _)| rows.get(parent.as_str()));
            let (sum, count) = parents.fold((0, 0), |(sum, count), row| (sum + row, count + 1));
            // In thousandths of a row: integers sort alike everywhere.
            (sum * 1_000_usize).checked_div(count).unwrap_or_default()
        });
        rows.extend(tasks.iter().enumerate().map(|(row, id)| (*id, row)));
    }
    levels
}
