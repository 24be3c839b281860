//! `gofer trigger`: what tells of events that start runs.

mod change;
mod fire;
mod launch;
mod show;
mod token;
mod update;

use clap::Subcommand;
use gofer_domain::plugin::{PLUGIN_TASK, PLUGINS};

pub use change::InstallTriggerArgs;
pub use fire::FireEventArgs;
pub use update::UpdateTriggerArgs;

use crate::args::MutationArgs;
use crate::command::Context;
use crate::error::Error;
use crate::run::{self, LogsArgs};

/// Triggers.
#[derive(Subcommand, Clone, Debug)]
pub enum TriggerCommand {
    /// Let pipelines subscribe to a plug-in
    ///
    /// A plug-in that runs by itself shows a token: a new one is drawn and printed this once, unless --token-file has one.
    /// The cluster keeps only a digest of it. With --image, or a command after --, the cluster keeps the plug-in running
    /// instead, and it needs no token.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer trigger install jira --description 'Issues of jira.example.org'\n",
            "  gofer trigger install jira --token-file jira.token\n",
            "  gofer trigger install mail --image example.org/mail-trigger:1 --env IMAP=imap.example.org --memory 128MiB\n",
            "  gofer trigger install disk --driver process -- /opt/triggers/disk --quiet",
        )
    )]
    Install(Box<InstallTriggerArgs>),
    /// List triggers, those that are part of Gofer among them
    #[command(after_help = "Examples:\n  gofer trigger list\n  gofer trigger list -o json")]
    List,
    /// Show a trigger, with the settings that it understands
    #[command(after_help = "Examples:\n  gofer trigger get github\n  gofer trigger get jira -o json")]
    Get {
        /// Its name
        trigger: String,
    },
    /// Show what a plug-in that the cluster keeps running has printed
    ///
    /// It is the output of the newest run of plugins/TRIGGER; gofer run list plugins/TRIGGER has those before it.
    #[command(after_help = "Examples:\n  gofer trigger logs mail\n  gofer trigger logs mail --follow --timestamps")]
    Logs {
        /// Its name
        trigger: String,
        #[command(flatten)]
        options: LogsArgs,
    },
    /// Change what is given of a plug-in, and leave the rest
    ///
    /// What somebody else changes at the same time is not lost: then the trigger is read again, and changed once more.
    /// With another token, a plug-in that shows the old one is not listened to any more.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer trigger update jira --new-token\n",
            "  gofer trigger update mail --image example.org/mail-trigger:2 --remove-env IMAP\n",
            "  gofer trigger update mail --no-launch --token-file mail.token",
        )
    )]
    Update(Box<UpdateTriggerArgs>),
    /// Take a plug-in away
    ///
    /// Subscriptions to it are broken from then on. They keep what they have taken, and go on when it is installed again.
    #[command(after_help = "Examples:\n  gofer trigger uninstall jira")]
    Uninstall {
        /// Its name
        trigger: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Let events of a plug-in be taken again
    #[command(after_help = "Examples:\n  gofer trigger enable jira")]
    Enable {
        /// Its name
        trigger: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Let no event of a plug-in be taken
    #[command(after_help = "Examples:\n  gofer trigger disable jira")]
    Disable {
        /// Its name
        trigger: String,
        #[command(flatten)]
        mutation: MutationArgs,
    },
    /// Tell a subscription of an event, whatever its trigger is
    ///
    /// It is taken like one that the trigger tells of: filter and expressions are held against it, and its key counts once.
    /// With --dry-run only what would become of it is shown. Exits with 1 if no run is started, or would be.
    #[command(
        after_help = concat!(
            "Examples:\n",
            "  gofer trigger fire ci/push --payload push.json --kind push --dry-run\n",
            "  gofer trigger fire deploy/by-hand\n",
            "  echo '{\"ref\": \"refs/heads/main\"}' | gofer trigger fire team-a/ci/push --payload - --key 2f6a81c",
        )
    )]
    Fire(FireEventArgs),
}

pub(crate) async fn execute(context: &mut Context<'_>, command: TriggerCommand) -> Result<u8, Error> {
    match command {
        TriggerCommand::Install(args) => change::install(context, *args).await,
        TriggerCommand::List => show::list(context).await,
        TriggerCommand::Get { trigger } => show::get(context, &trigger).await,
        TriggerCommand::Logs { trigger, options } => logs(context, &trigger, options).await,
        TriggerCommand::Update(args) => update::execute(context, *args).await,
        TriggerCommand::Uninstall { trigger, mutation } => change::uninstall(context, &trigger, mutation).await,
        TriggerCommand::Enable { trigger, mutation } => change::enable(context, &trigger, true, mutation).await,
        TriggerCommand::Disable { trigger, mutation } => change::enable(context, &trigger, false, mutation).await,
        TriggerCommand::Fire(args) => fire::execute(context, args).await,
    }
}

async fn logs(context: &mut Context<'_>, trigger: &str, options: LogsArgs) -> Result<u8, Error> {
    show::check_launched(context, trigger).await?;
    let words = [format!("{PLUGINS}/{trigger}/latest"), PLUGIN_TASK.to_owned()];
    run::show_logs(context, &words, options).await
}
