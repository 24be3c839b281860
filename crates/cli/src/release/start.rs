//! `gofer release start`: a strategy from flags.

use clap::{Args, ValueEnum};
use gofer_wire::api::v1 as api;
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::canary_step::Exposure;
use gofer_wire::model::v1::release_strategy::Kind;
use serde_json::json;

use crate::args::MutationArgs;
use crate::client::{Call, releases, request};
use crate::command::Context;
use crate::error::Error;
use crate::reference;

const HEADING_CANARY: &str = "Canary";

/// What a release goes by, as flags.
#[derive(Args, Clone, Debug)]
pub struct StartArgs {
    /// PIPELINE or NAMESPACE/PIPELINE
    pipeline: String,
    /// Version to go to [default: the newest]
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
    version: u64,
    /// How to go about it
    #[arg(long, value_enum)]
    strategy: StrategyName,
    /// Share of the runs that get the new version in an A/B test [default: 50%]
    #[arg(long, value_parser = parse_share, value_name = "PERCENT")]
    share: Option<u32>,
    /// Steps: a share of the runs (`10%`), or a number of them (`5runs`); behind a colon the step's own --min-runs
    /// [default: 10%,50%]
    #[arg(long, value_delimiter = ',', value_parser = parse_step, value_name = "STEP", help_heading = HEADING_CANARY)]
    steps: Vec<StepArg>,
    /// Runs of the new version that must have ended in a step before it is judged [default: 10; of a step with a
    /// number of runs all]
    #[arg(long, value_name = "N", help_heading = HEADING_CANARY)]
    min_runs: Option<u32>,
    /// Largest share of failed runs; `any` for no limit [default: 10%]
    #[arg(long, value_parser = parse_limit, value_name = "PERCENT", help_heading = HEADING_CANARY)]
    max_failure_rate: Option<Limit>,
    /// How much longer than those of the old version succeeded runs may take on average
    #[arg(long, value_parser = parse_percent, value_name = "PERCENT", help_heading = HEADING_CANARY)]
    max_slowdown: Option<u32>,
    /// A task of the new version whose failure ends the release
    #[arg(long, value_name = "TASK", help_heading = HEADING_CANARY)]
    verdict_task: Option<String>,
    #[command(flatten)]
    mutation: MutationArgs,
}

/// The strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum StrategyName {
    /// Few runs first, then more; by itself onwards or back
    Canary,
    /// Both versions ready, switched at once
    BlueGreen,
    /// Both versions get runs, to be compared
    AbTest,
    /// Live at once
    Replace,
}

/// A step as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StepArg {
    exposure: Exposure,
    min_runs: Option<u32>,
}

/// A limit in basis points, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit(Option<u32>);

pub(super) async fn execute(context: &mut Context<'_>, args: StartArgs) -> Result<u8, Error> {
    let name = reference::pipeline(context.args.namespace(), &args.pipeline)?;
    let strategy = strategy(&args)?;
    let id = args.mutation.id();
    let message = api::StartReleaseRequest {
        request_id: id.as_bytes().to_vec(),
        pipeline: Some(name.clone()),
        version: args.version,
        strategy: Some(strategy),
    };
    let ask = async |channel, patience| releases(channel).start_release(request(message.clone(), patience)).await;
    let answer = context.client.call(Call::Mutate(id), ask).await?;
    let name = reference::pipeline_text(Some(&name));
    let (release, revision) = (answer.release, answer.header.unwrap_or_default().revision);
    let done = match args.strategy {
        StrategyName::Replace => format!("release {release} of {name} made its version live"),
        _ => format!("started release {release} of {name}; see `gofer release status {name}`"),
    };
    context.done(&done, &json!({ "pipeline": name, "release": release, "revision": revision }))
}

fn strategy(args: &StartArgs) -> Result<model::ReleaseStrategy, Error> {
    let is_canary = args.strategy == StrategyName::Canary;
    let for_canary = [
        ("--steps", !args.steps.is_empty()),
        ("--min-runs", args.min_runs.is_some()),
        ("--max-failure-rate", args.max_failure_rate.is_some()),
        ("--max-slowdown", args.max_slowdown.is_some()),
        ("--verdict-task", args.verdict_task.is_some()),
    ];
    if let Some((flag, _)) = for_canary.iter().find(|(_, given)| *given && !is_canary) {
        return Err(Error::usage(format!("{flag} is for a canary"), "use --strategy canary, or leave it out"));
    }
    if args.share.is_some() && args.strategy != StrategyName::AbTest {
        return Err(Error::usage("--share is for an A/B test", "use --strategy ab-test, or --steps for a canary"));
    }
    let kind = match args.strategy {
        StrategyName::Replace => Kind::Replace(model::ReplaceStrategy::default()),
        StrategyName::BlueGreen => Kind::BlueGreen(model::BlueGreenStrategy {}),
        StrategyName::AbTest => Kind::AbTest(model::AbTestStrategy { share_points: args.share.unwrap_or(5_000) }),
        StrategyName::Canary => Kind::Canary(canary(args)),
    };
    Ok(model::ReleaseStrategy { kind: Some(kind) })
}

fn canary(args: &StartArgs) -> model::CanaryStrategy {
    let usual = [1_000, 5_000].map(|share| StepArg { exposure: Exposure::SharePoints(share), min_runs: None });
    let steps = if args.steps.is_empty() { &usual[..] } else { &args.steps };
    let step = |step: &StepArg| {
        let min_runs = match step.exposure {
            Exposure::Runs(runs) => step.min_runs.unwrap_or(args.min_runs.map_or(runs, |least| least.min(runs))),
            Exposure::SharePoints(_) => step.min_runs.or(args.min_runs).unwrap_or(10),
        };
        model::CanaryStep { exposure: Some(step.exposure), min_runs }
    };
    model::CanaryStrategy {
        steps: steps.iter().map(step).collect(),
        max_failure_points: args.max_failure_rate.map_or(Some(1_000), |limit| limit.0),
        max_slowdown_points: args.max_slowdown,
        verdict_task: args.verdict_task.clone().unwrap_or_default(),
    }
}

/// `12.5%` in basis points.
fn parse_percent(text: &str) -> Result<u32, String> {
    let wrong = || format!("{text:?} is no percentage; write for example 25% or 0.5%");
    let number = text.trim().strip_suffix('%').ok_or_else(wrong)?.trim();
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || rest.len() > 2 || (number.contains('.') && !digits(rest)) {
        return Err(wrong());
    }
    let points = format!("{rest:0<2}").parse::<u32>().map_err(|_| wrong())?;
    let whole = whole.parse::<u32>().map_err(|_| wrong())?;
    whole.checked_mul(100).and_then(|whole| whole.checked_add(points)).ok_or_else(wrong)
}

fn parse_share(text: &str) -> Result<u32, String> {
    match parse_percent(text)? {
        points @ 1..10_000 => Ok(points),
        _ => Err("use a share from 0.01% to 99.99%, so that both versions get runs".into()),
    }
}

fn parse_limit(text: &str) -> Result<Limit, String> {
    match text {
        "any" => Ok(Limit(None)),
        _ => parse_percent(text).map(|points| Limit(Some(points))),
    }
}

/// `10%`, `10%:20`, `5runs`, `5runs:3`.
fn parse_step(text: &str) -> Result<StepArg, String> {
    let (exposure, least) = match text.split_once(':') {
        Some((exposure, least)) => {
            let least = least.trim().parse().map_err(|_| format!("{least:?} is no number of runs"))?;
            (exposure, Some(least))
        }
        None => (text, None),
    };
    let runs = exposure.trim().strip_suffix("runs").or_else(|| exposure.trim().strip_suffix("run"));
    let exposure = match runs {
        Some(runs) => Exposure::Runs(runs.trim().parse().map_err(|_| format!("{runs:?} is no number of runs"))?),
        None => Exposure::SharePoints(
            parse_share(exposure).map_err(|error| format!("{error}; or a number of runs, for example 5runs"))?,
        ),
    };
    Ok(StepArg { exposure, min_runs: least })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_two_places_at_most() {
        for (text, points) in [("1%", 100), ("0.5%", 50), ("12.05 %", 1_205), ("100%", 10_000), ("0.01%", 1)] {
            assert_eq!(parse_percent(text), Ok(points), "{text}");
        }
        for text in ["", "%", "5", "-1%", "1.234%", "1.%", ".5%", "a%", "99999999999%", "+5%", "1.+5%"] {
            assert!(parse_percent(text).is_err(), "{text}");
        }
        assert!(parse_share("100%").is_err() && parse_share("0%").is_err());
        assert_eq!(parse_limit("any"), Ok(Limit(None)));
    }

    #[test]
    fn steps_are_shares_or_numbers() {
        let step = |exposure, min_runs| Ok(StepArg { exposure, min_runs });
        assert_eq!(parse_step("10%"), step(Exposure::SharePoints(1_000), None));
        assert_eq!(parse_step("10%:20"), step(Exposure::SharePoints(1_000), Some(20)));
        assert_eq!(parse_step("5 runs"), step(Exposure::Runs(5), None));
        assert_eq!(parse_step("1run:1"), step(Exposure::Runs(1), Some(1)));
        for text in ["", "10", "runs", "10%:x", "100%", "-5runs"] {
            assert!(parse_step(text).is_err(), "{text}");
        }
    }
}
