//! `gofer schedule`: schedules of a cluster, and when a schedule is due, without one.

mod backfill;
mod change;
pub(crate) mod due;
mod next;
mod policy;
mod show;
mod simulate;
mod spec;
mod update;

use clap::Subcommand;
use jiff::Timestamp;

pub use backfill::{BackfillArgs, BackfillsCommand};
pub use change::CreateArgs;
pub use simulate::SimulateArgs;
pub use spec::SpecArgs;
pub use update::UpdateArgs;

use crate::args::MutationArgs;
use crate::command::Context;
use crate::error::Error;

/// Most slots that are shown.
const SLOTS_MAX: u32 = 10_000;

/// Schedules.
#[derive(Subcommand, Clone, Debug)]
pub enum ScheduleCommand {
    /// Let a pipeline run at times
    ///
    /// Its slots, the instants at which it is due, count from now on. Each starts one run, whatever becomes of the nodes: a
    /// slot is started late when no leader was there in time, and past --grace the catch-up policy decides. Times of day
    /// are those of --tz.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer schedule create ci/nightly '30 2 * * *' --tz Europe/Berlin\n",
            "  gofer schedule create team-a/backup/hourly @hourly --jitter 10m --catch-up none\n",
            "  gofer schedule create scan/often --every 90m --blackout '0 18 * * FRI for 60h' -v DEPTH=3 --priority -10",
        )
    )]
    Create(Box<CreateArgs>),
    /// List schedules, each with its next slot
    ///
    /// Those of one pipeline, or with --namespace of a namespace; else all.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer schedule list\n",
            "  gofer schedule list ci\n",
            "  gofer schedule list -n team-a -o json",
        )
    )]
    List {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: Option<String>,
    },
    /// Show a schedule with the slots that come next
    #[command(
        after_help = "Examples:\n  gofer schedule get ci/nightly\n  gofer schedule get team-a/ci/nightly --count 30 -o json"
    )]
    Get {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        schedule: String,
        /// How many slots to come
        #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
        count: u32,
    },
    /// Change what is given of a schedule, and leave the rest
    ///
    /// When its times change, no slot of the new ones lies in the past. What somebody else changes at the same time is not
    /// lost: then the schedule is read again, and changed once more.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer schedule update ci/nightly '15 3 * * *'\n",
            "  gofer schedule update ci/nightly --jitter 5m -v DEPTH=4 --remove-variable DRY_RUN\n",
            "  gofer schedule update scan/often --every 2h --no-blackouts",
        )
    )]
    Update(Box<UpdateArgs>),
    /// Delete a schedule
    ///
    /// Runs that it has started go on.
    #[command(after_help = "Examples:\n  gofer schedule delete ci/nightly")]
    Delete {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        schedule: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Let a schedule start runs again
    ///
    /// What was due while it was disabled is skipped.
    #[command(after_help = "Examples:\n  gofer schedule enable ci/nightly")]
    Enable {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        schedule: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Keep a schedule from starting runs
    #[command(after_help = "Examples:\n  gofer schedule disable ci/nightly")]
    Disable {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        schedule: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Start runs for the slots of a schedule in a range of the past
    ///
    /// Each slot of the range starts one run, be the schedule enabled or not, whatever became of the slot before. At most
    /// --parallelism of these runs go on at a time. The overlap policy of the pipeline counts for them as for others: a slot
    /// whose run is refused is counted, and not tried again. Slots in blackout windows are left out.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer schedule backfill ci/nightly --from 2026-01-01 --to 2026-02-01 --parallelism 2 --dry-run\n",
            "  gofer schedule backfill ci/nightly --from 2026-01-01 --to 2026-02-01 --parallelism 2 --newest-first\n",
            "  gofer schedule backfill team-a/etl/hourly --from 2026-03-01T06:00 --to 2026-03-01T18:00:00Z",
        )
    )]
    Backfill(Box<BackfillArgs>),
    /// Show and cancel backfills
    #[command(subcommand)]
    Backfills(BackfillsCommand),
    /// Show when an expression is due next; no node is asked
    ///
    /// Computed here, from time zones that are part of this program. With no star in its fields for hour, minute and second,
    /// an expression names times of day, and each is due once a day: one that is left out when clocks go forward is due right
    /// after the gap, and one that comes twice when they go back is due the first time only. With a star it follows the clock
    /// on the wall. For a schedule of a cluster see `gofer schedule get`.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer schedule next '30 2 * * *' --tz Europe/Berlin\n",
            "  gofer schedule next '*/10 * * * MON-FRI' --count 50 --after 2026-10-25T00:00:00Z -o json\n",
            "  gofer schedule next '0 * * * *' --blackout '0 18 * * FRI for 60h'\n",
            "  gofer schedule next --every 90m",
        )
    )]
    Next {
        #[command(flatten)]
        spec: SpecArgs,
        /// How many slots
        #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(SLOTS_MAX)))]
        count: u32,
        /// Slots after this instant; now by default
        #[arg(long, value_name = "TIME")]
        after: Option<Timestamp>,
    },
    /// Show what becomes of slots when nobody keeps a schedule for a while; no node is asked
    ///
    /// A slot that is started within --grace is on time: that covers the election of a new leader. What is older was missed,
    /// and the catch-up policy says what becomes of it.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer schedule simulate '0 * * * *' --for 1d --down 2026-03-01T02:30:00Z..2026-03-01T07:10:00Z --catch-up latest\n",
            "  gofer schedule simulate '0 3 * * *' --tz Europe/Berlin --from 2026-03-25T00:00:00Z --for 7d --catch-up all:5\n",
            "  gofer schedule simulate '*/5 * * * *' --for 1h --jitter 10m",
        )
    )]
    Simulate(Box<SimulateArgs>),
}

pub(crate) async fn execute(context: &mut Context<'_>, command: ScheduleCommand) -> Result<u8, Error> {
    match command {
        ScheduleCommand::Create(args) => change::create(context, *args).await,
        ScheduleCommand::List { pipeline } => show::list(context, pipeline.as_deref()).await,
        ScheduleCommand::Get { schedule, count } => show::get(context, &schedule, count).await,
        ScheduleCommand::Update(args) => update::execute(context, *args).await,
        ScheduleCommand::Delete { schedule, mutation } => change::delete(context, &schedule, mutation).await,
        ScheduleCommand::Enable { schedule, mutation } => change::enable(context, &schedule, true, mutation).await,
        ScheduleCommand::Disable { schedule, mutation } => change::enable(context, &schedule, false, mutation).await,
        ScheduleCommand::Backfill(args) => backfill::start(context, *args).await,
        ScheduleCommand::Backfills(command) => backfill::execute(context, command).await,
        ScheduleCommand::Next { spec, count, after } => next::execute(context, &spec, count, after),
        ScheduleCommand::Simulate(args) => simulate::execute(context, &args),
    }
}
