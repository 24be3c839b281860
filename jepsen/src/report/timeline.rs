//! Pictures over time, as SVG.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::escaped;
use crate::history::{Op, Outcome as Known};
use crate::journal::Fault;
use crate::run::Outcome;

/// Colours of outcomes, told apart by everyone.
pub(super) const COLORS: [(Known, &str); 3] =
    [(Known::Ok, "#2c7fb8"), (Known::Fail, "#c02b2b"), (Known::Info, "#e6a100")];

const WIDTH: f64 = 1116.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 24.0;
/// Height of a latency picture without its axis.
const HEIGHT: f64 = 150.0;
/// Height of the axis of time.
const AXIS: f64 = 22.0;
/// Height of a lane of the picture of faults.
const LANE: f64 = 20.0;
/// Points nearer than this to each other are drawn once: a page of megabytes helps nobody.
const GRID: f64 = 2.0;
/// Shortest and longest latency that is told apart, as powers of ten of a millisecond.
const DECADES: (f64, f64) = (-1.0, 4.0);

/// Outcomes in words.
pub(super) fn word(outcome: Known) -> &'static str {
    match outcome {
        Known::Ok => "ok",
        Known::Fail => "failed",
        Known::Info => "unknown",
    }
}

/// The scale of time.
pub(super) struct Shape {
    /// Length of the run in seconds.
    seconds: f64,
}

impl Shape {
    pub(super) fn new(outcome: &Outcome, faults: &[Fault]) -> Self {
        let ops = outcome.running.iter().flat_map(|workload| workload.history.ops());
        let last = ops.map(|op| op.end as f64 / 1e9).fold(1.0, f64::max);
        Self { seconds: faults.iter().map(|fault| fault.start.as_secs_f64()).fold(last, f64::max) }
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + seconds / self.seconds * (WIDTH - LEFT - RIGHT)
    }

    /// Round times for the axis.
    fn ticks(&self) -> Vec<f64> {
        let steps = [5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
        let step = steps.into_iter().find(|step| self.seconds / step <= 14.0).unwrap_or(7200.0);
        let mut ticks = Vec::new();
        let mut at = 0.0;
        while at < self.seconds {
            ticks.push(at);
            at += step;
        }
        ticks
    }

    fn axis(&self, top: f64) -> String {
        let mut text = String::new();
        for tick in self.ticks() {
            let x = self.x(tick);
            let label = if self.seconds > 600.0 { format!("{:.0} min", tick / 60.0) } else { format!("{tick:.0} s") };
            let _ = write!(
                text,
                "<line x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{top}\" stroke=\"#e4e8ee\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                top + 15.0
            );
        }
        text
    }
}

fn end(fault: &Fault, shape: &Shape) -> f64 {
    fault.end.map_or(shape.seconds, |end| end.as_secs_f64()).min(shape.seconds)
}

/// A lane for each kind of fault.
pub(super) fn faults(shape: &Shape, faults: &[Fault]) -> String {
    let kinds: BTreeSet<&str> = faults.iter().map(|fault| fault.kind).collect();
    let height = kinds.len() as f64 * LANE;
    let mut text = format!("<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\">{}", height + AXIS, shape.axis(height));
    for (lane, kind) in kinds.iter().enumerate() {
        let top = lane as f64 * LANE;
        let _ = write!(text, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{kind}</text>", LEFT - 8.0, top + 14.0);
        for fault in faults.iter().filter(|fault| fault.kind == *kind) {
            let (from, to) = (shape.x(fault.start.as_secs_f64()), shape.x(end(fault, shape)));
            let hue = (lane * 47) % 360;
            let _ = write!(
                text,
                "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{}\" rx=\"2\" fill=\"hsl({hue},45%,55%)\">\
                 <title>{}</title></rect>",
                top + 3.0,
                (to - from).max(2.0),
                LANE - 6.0,
                escaped(&fault.detail)
            );
        }
    }
    text + "</svg>\n"
}

/// Points by time and latency, in the colours of their outcomes.
pub(super) fn latency(shape: &Shape, faults: &[Fault], ops: &[Op]) -> String {
    let mut text = format!("<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\">", HEIGHT + AXIS);
    for fault in faults {
        let (from, to) = (shape.x(fault.start.as_secs_f64()), shape.x(end(fault, shape)));
        let _ = write!(
            text,
            "<rect x=\"{from:.1}\" y=\"0\" width=\"{:.1}\" height=\"{HEIGHT}\" fill=\"#8893a3\" fill-opacity=\"0.13\">\
             <title>{}: {}</title></rect>",
            (to - from).max(1.0),
            fault.kind,
            escaped(&fault.detail)
        );
    }
    text.push_str(&shape.axis(HEIGHT));
    for (decade, label) in ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s", "10 s"].into_iter().enumerate() {
        let y = height(10f64.powi(i32::try_from(decade).unwrap_or(0) - 1));
        let _ = write!(
            text,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\" stroke=\"#e4e8ee\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            (y + 4.0).clamp(10.0, HEIGHT)
        );
    }
    for (outcome, color) in COLORS {
        let places: BTreeSet<(i64, i64)> =
            ops.iter().filter(|op| op.outcome == outcome).map(|op| place(shape, op)).collect();
        let _ = write!(text, "<path fill=\"{color}\" fill-opacity=\"0.75\" d=\"");
        for (x, y) in places {
            let (x, y) = (x as f64 * GRID, y as f64 * GRID);
            let _ = write!(text, "M{x:.0} {y:.0}h{GRID}v{GRID}h-{GRID}z");
        }
        text.push_str("\"/>");
    }
    text + "</svg>\n"
}

fn place(shape: &Shape, op: &Op) -> (i64, i64) {
    let millis = (op.end - op.start) as f64 / 1e6;
    let (x, y) = (shape.x(op.start as f64 / 1e9), height(millis));
    ((x / GRID) as i64, (y / GRID) as i64)
}

/// Distance from the top of a latency in milliseconds; logarithmic.
fn height(millis: f64) -> f64 {
    let (low, high) = DECADES;
    let decade = millis.max(1e-3).log10().clamp(low, high);
    (1.0 - (decade - low) / (high - low)) * (HEIGHT - 4.0) + 1.0
}
