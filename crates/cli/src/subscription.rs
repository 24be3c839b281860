//! `gofer subscription`: which events of a trigger start runs of a pipeline.

mod change;
mod events;
mod show;
mod spec;
mod update;

use clap::Subcommand;

pub use change::CreateSubscriptionArgs;
pub use update::UpdateSubscriptionArgs;

use crate::args::MutationArgs;
use crate::command::Context;
use crate::error::Error;

/// Subscriptions.
#[derive(Subcommand, Clone, Debug)]
pub enum SubscriptionCommand {
    /// Let events of a trigger start runs of a pipeline
    ///
    /// Events count from now on. Each starts one run, unless --filter does not let it through. An --expression says what a
    /// variable is for an event; filter and expressions are written in CEL, the Common Expression Language, and see the
    /// event as `payload`, `event.kind`, `event.key` and `event.time`. `gofer trigger get` lists what may be --set.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer subscription create ci/push --trigger github --set secret=hook \\\n",
            "    --filter 'payload.ref == \"refs/heads/main\"' --expression COMMIT=payload.after\n",
            "  gofer subscription create ci/pulls --trigger github --set repository=octocat/hello-world \\\n",
            "    --set token=github-token --expression COMMIT=payload.git.commit\n",
            "  gofer subscription create deploy/after-ci --trigger pipeline --set pipeline=ci -v TARGET=staging\n",
            "  gofer subscription create team-a/deploy/by-hand --trigger manual --label by=hand --priority 10\n",
            "  gofer subscription create tell/ci-broken --trigger pipeline --set pipeline=ci --set in-a-row=3 \\\n",
            "    --expression 'TEXT=\"ci failed \" + string(payload.in_a_row) + \" times\"'\n",
            "  gofer subscription create tell/slow --trigger pipeline --set pipeline=ci --set longer-than=2h\n",
            "  gofer subscription create tell/nightly --trigger schedule --set pipeline=ci --set on=missed,refused",
        )
    )]
    Create(Box<CreateSubscriptionArgs>),
    /// List subscriptions
    ///
    /// Those of one pipeline, or with --namespace of a namespace; else all.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer subscription list\n",
            "  gofer subscription list ci\n",
            "  gofer subscription list -n team-a --trigger github -o json",
        )
    )]
    List {
        /// PIPELINE or NAMESPACE/PIPELINE
        pipeline: Option<String>,
        /// Only those to this trigger
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TRIGGER")]
        trigger: String,
    },
    /// Show a subscription, with where its events are posted to if they are
    #[command(
        after_help = "Examples:\n  gofer subscription get ci/push\n  gofer subscription get team-a/ci/push -o json"
    )]
    Get {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        subscription: String,
    },
    /// Change what is given of a subscription, and leave the rest
    ///
    /// Its trigger stays, and what it has taken counts on. What somebody else changes at the same time is not lost: then the
    /// subscription is read again, and changed once more.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer subscription update ci/push --filter 'event.kind == \"push\"'\n",
            "  gofer subscription update ci/push --expression AUTHOR=payload.pusher.name --remove-expression COMMIT\n",
            "  gofer subscription update ci/push --set secret=other -v DEPTH=4 --remove-variable DRY_RUN",
        )
    )]
    Update(Box<UpdateSubscriptionArgs>),
    /// Delete a subscription, with what is remembered of the events that it took
    ///
    /// Runs that it has started go on.
    #[command(after_help = "Examples:\n  gofer subscription delete ci/push")]
    Delete {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        subscription: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Let a subscription take events again
    #[command(after_help = "Examples:\n  gofer subscription enable ci/push")]
    Enable {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        subscription: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Keep a subscription from taking events
    #[command(after_help = "Examples:\n  gofer subscription disable ci/push")]
    Disable {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        subscription: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// List the events that a subscription took, newest first, with what became of each
    #[command(
        after_help = "Examples:\n  gofer subscription events ci/push\n  gofer subscription events team-a/ci/push --limit 1000 -o json"
    )]
    Events {
        /// PIPELINE/NAME or NAMESPACE/PIPELINE/NAME
        subscription: String,
        /// Most events
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
}

pub(crate) async fn execute(context: &mut Context<'_>, command: SubscriptionCommand) -> Result<u8, Error> {
    use SubscriptionCommand as Command;
    match command {
        Command::Create(args) => change::create(context, *args).await,
        Command::List { pipeline, trigger } => show::list(context, pipeline.as_deref(), trigger).await,
        Command::Get { subscription } => show::get(context, &subscription).await,
        Command::Update(args) => update::execute(context, *args).await,
        Command::Delete { subscription, mutation } => change::delete(context, &subscription, mutation).await,
        Command::Enable { subscription, mutation } => change::enable(context, &subscription, true, mutation).await,
        Command::Disable { subscription, mutation } => change::enable(context, &subscription, false, mutation).await,
        Command::Events { subscription, limit } => events::list(context, &subscription, limit).await,
    }
}
