//! What is done about slots, as it is written in arguments.

use std::time::Duration;

use clap::Args;
use gofer_domain::limits::CATCH_UP_MAX;
use gofer_domain::schedule::CatchUp;
use gofer_wire::model::v1 as model;

use super::due::duration;
use crate::pipeline_file::values::parse_duration;

/// What is done about slots, besides when they are. What is not given is up to the cluster, or stays as it is.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct PolicyArgs {
    /// What becomes of missed slots: none, latest, or all:N for the latest N [default: latest]
    #[arg(long, value_name = "POLICY", value_parser = parse_catch_up)]
    pub(super) catch_up: Option<CatchUp>,
    /// How late a slot may be started before it counts as missed [default: 1m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(super) grace: Option<Duration>,
    /// Start each run up to so long after its slot, by an amount of its own [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(super) jitter: Option<Duration>,
}

impl PolicyArgs {
    pub(super) fn write(&self, spec: &mut model::ScheduleSpec) {
        if let Some(catch_up) = self.catch_up {
            let (policy, most) = match catch_up {
                CatchUp::None => (model::CatchUp::None, 0),
                CatchUp::Latest => (model::CatchUp::Latest, 0),
                CatchUp::All(most) => (model::CatchUp::All, most.into()),
            };
            spec.set_catch_up(policy);
            spec.catch_up_most = most;
        }
        let wire = |duration: Duration| prost_types::Duration::try_from(duration).ok();
        spec.grace = self.grace.and_then(wire).or(spec.grace);
        spec.jitter = self.jitter.and_then(wire).or(spec.jitter);
    }
}

pub(super) fn parse_catch_up(text: &str) -> Result<CatchUp, String> {
    match text {
        "none" => Ok(CatchUp::None),
        "latest" => Ok(CatchUp::Latest),
        _ => match text.strip_prefix("all:").and_then(|most| most.parse().ok()) {
            Some(most @ 1..=CATCH_UP_MAX) => Ok(CatchUp::All(most)),
            _ => Err(format!("use none, latest, or all:N with N from 1 to {CATCH_UP_MAX}")),
        },
    }
}

/// The policy as it was written.
pub(super) fn text(spec: &model::ScheduleSpec) -> String {
    let catch_up = match spec.catch_up() {
        model::CatchUp::None => "none".to_owned(),
        model::CatchUp::Latest => "latest".to_owned(),
        model::CatchUp::All => format!("all:{}", spec.catch_up_most),
        model::CatchUp::Unspecified => "unknown".to_owned(),
    };
    format!("{catch_up}, after a grace of {}", duration(spec.grace.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_written() {
        assert_eq!(parse_catch_up("all:7"), Ok(CatchUp::All(7)));
        assert!(["", "all", "all:0", "all:1001", "some"].iter().all(|text| parse_catch_up(text).is_err()));
        let mut spec =
            model::ScheduleSpec { jitter: Some(prost_types::Duration { seconds: 5, nanos: 0 }), ..Default::default() };
        let args = PolicyArgs { catch_up: Some(CatchUp::All(7)), grace: Some(Duration::from_secs(90)), jitter: None };
        args.write(&mut spec);
        assert_eq!(
            (text(&spec).as_str(), spec.jitter.map(|jitter| jitter.seconds)),
            ("all:7, after a grace of 1m30s", Some(5))
        );
        PolicyArgs { catch_up: Some(CatchUp::None), grace: None, jitter: None }.write(&mut spec);
        assert_eq!(text(&spec), "none, after a grace of 1m30s");
    }
}
