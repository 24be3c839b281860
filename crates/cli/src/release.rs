//! `gofer release`.

mod change;
mod show;
mod start;

use clap::Subcommand;
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::release_strategy::Kind;

pub use start::StartArgs;

use crate::args::MutationArgs;
use crate::command::Context;
use crate::error::Error;

/// Releases: from one version of a pipeline to another.
#[derive(Subcommand, Clone, Debug)]
pub enum ReleaseCommand {
    /// Go from the live version to another
    ///
    /// Runs that name no version get the live one. While a release is in progress, it chooses for each run which of two
    /// versions that gets, and counts what becomes of it:
    ///
    /// canary: few runs first, in steps. Once enough runs of a step have ended, it goes on to the next step by itself, and
    /// from the last one the new version becomes live; or it is rolled back by itself, when too many runs fail, take too
    /// long, or the verdict task of one fails.
    ///
    /// blue-green: one of the versions gets all runs, at first the old one; `gofer release switch` gives them to the other.
    ///
    /// ab-test: both get runs until you promote one or roll back; `gofer release compare` shows them side by side.
    ///
    /// replace: the version is live at once.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer release start ci --strategy canary                        # the newest version, 10% then 50% of the runs\n",
            "  gofer release start ci --strategy canary --steps 5runs,25%,50%:20 --max-failure-rate 5% --max-slowdown 30%\n",
            "  gofer release start ci --strategy canary --verdict-task smoke-test\n",
            "  gofer release start ci --version 7 --strategy blue-green\n",
            "  gofer release start ci --strategy ab-test --share 30%",
        )
    )]
    Start(StartArgs),
    /// Show the release in progress, or the newest one
    #[command(after_help = "Examples:\n  gofer release status ci\n  gofer release status ci --release 3 -o json")]
    Status {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Number of the release
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        release: u64,
    },
    /// Compare the two versions of a release
    ///
    /// Failure rates are compared by a two-proportion z-test, mean durations of succeeded runs by Welch's t-test. The
    /// p-value is how often chance alone would make such a difference: below 0.05 it is commonly called significant.
    #[command(after_help = "Examples:\n  gofer release compare ci\n  gofer release compare ci --release 3 -o json")]
    Compare {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Number of the release
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        release: u64,
    },
    /// Make the new version of the release in progress live, or go on to the next step
    ///
    /// It does so whatever the runs before have shown.
    #[command(after_help = "Examples:\n  gofer release promote ci\n  gofer release promote ci --step")]
    Promote {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Only to the next step of a canary
        #[arg(long)]
        step: bool,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Go back to the version before, at once
    ///
    /// A release in progress ends, and the version that it came from gets all runs; its runs that wait get that one, too,
    /// and those that run go on. Without a release in progress, the version that was live before becomes live again; runs
    /// that wait keep theirs.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer release rollback ci\n",
            "  gofer release rollback ci --version 4 --message 'incident 12'",
        )
    )]
    Rollback {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Version to go to, without a release in progress [default: the one that was live before]
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        version: u64,
        /// Why, for the record
        #[arg(short, long, default_value = "", hide_default_value = true)]
        message: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Give runs to the other version of a blue/green release, at once
    #[command(after_help = "Examples:\n  gofer release switch ci\n  gofer release switch ci --version 4")]
    Switch {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Version that is to get the runs [default: the one that gets none now]
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        version: u64,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// End a blue/green release: the version that gets the runs becomes, or stays, live
    #[command(after_help = "Examples:\n  gofer release finish ci")]
    Finish {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Keep a version live, whatever is registered
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer release pin ci\n",
            "  gofer release pin ci --version 4 --message 'freeze until Monday'",
        )
    )]
    Pin {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Version to make live and keep [default: the one that is live]
        #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "N")]
        version: u64,
        /// Why, for the record
        #[arg(short, long, default_value = "", hide_default_value = true)]
        message: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Let other versions become live again
    ///
    /// Nothing changes at once: what is live stays so until another version is registered or released.
    #[command(after_help = "Examples:\n  gofer release unpin ci")]
    Unpin {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// List what was live, and how it became so
    #[command(after_help = "Examples:\n  gofer release history ci\n  gofer release history ci --limit 100 -o json")]
    History {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: String,
        /// Most releases to show, the newest first
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000), value_name = "N")]
        limit: u32,
    },
}

pub(crate) async fn execute(context: &mut Context<'_>, command: ReleaseCommand) -> Result<u8, Error> {
    use change::Change;
    use model::Promotion;
    match command {
        ReleaseCommand::Start(args) => start::execute(context, args).await,
        ReleaseCommand::Status { pipeline, release } => show::status(context, &pipeline, release).await,
        ReleaseCommand::Compare { pipeline, release } => show::compare(context, &pipeline, release).await,
        ReleaseCommand::History { pipeline, limit } => show::history(context, &pipeline, limit).await,
        ReleaseCommand::Promote { pipeline, step, mutation } => {
            let promotion = if step { Promotion::NextStep } else { Promotion::Full };
            change::execute(context, &pipeline, Change::Promote(promotion), mutation).await
        }
        ReleaseCommand::Finish { pipeline, mutation } => {
            change::execute(context, &pipeline, Change::Promote(Promotion::Serving), mutation).await
        }
        ReleaseCommand::Switch { pipeline, version, mutation } => {
            change::execute(context, &pipeline, Change::Switch { version }, mutation).await
        }
        ReleaseCommand::Rollback { pipeline, version, message, mutation } => {
            change::execute(context, &pipeline, Change::RollBack { version, message }, mutation).await
        }
        ReleaseCommand::Pin { pipeline, version, message, mutation } => {
            change::execute(context, &pipeline, Change::Pin { version, message }, mutation).await
        }
        ReleaseCommand::Unpin { pipeline, mutation } => {
            change::execute(context, &pipeline, Change::Unpin, mutation).await
        }
    }
}

/// How a release goes about it, in a word.
pub(crate) fn strategy(release: &model::Release) -> &'static str {
    strategy_name(release.strategy.as_ref())
}

/// The same, of a strategy alone.
pub(crate) fn strategy_name(strategy: Option<&model::ReleaseStrategy>) -> &'static str {
    match strategy.and_then(|strategy| strategy.kind.as_ref()) {
        Some(Kind::Replace(replace)) => match replace.cause() {
            model::ReplaceCause::Registered => "register",
            model::ReplaceCause::Pinned => "pin",
            model::ReplaceCause::RolledBack => "rollback",
            model::ReplaceCause::Asked | model::ReplaceCause::Unspecified => "replace",
        },
        Some(Kind::BlueGreen(_)) => "blue-green",
        Some(Kind::Canary(_)) => "canary",
        Some(Kind::AbTest(_)) => "ab-test",
        None => "unknown",
    }
}

/// Why a version became live at once.
pub(crate) fn cause(cause: model::ReplaceCause) -> &'static str {
    match cause {
        model::ReplaceCause::Registered => "registered",
        model::ReplaceCause::Asked => "released",
        model::ReplaceCause::Pinned => "pinned",
        model::ReplaceCause::RolledBack => "brought back",
        model::ReplaceCause::Unspecified => "made live",
    }
}

/// Basis points as people read them: `12.5%`.
pub(crate) fn percent(points: u32) -> String {
    format!("{}%", f64::from(points) / 100.0)
}
