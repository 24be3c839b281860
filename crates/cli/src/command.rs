//! The client's commands as one list, and what they share in execution.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use gofer_wire::api::v1::GetStatusRequest;
use serde_json::json;

use crate::args::ClientArgs;
use crate::client::{Call, Client, clusters, request};
use crate::error::{EXIT_OK, Error};
use crate::output::Output;
use crate::{
    ClusterCommand, EventsCommand, NamespaceCommand, NodeCommand, ObjectCommand, PipelineCommand, ReleaseCommand,
    RunCommand, ScheduleCommand, SecretCommand, SubscriptionCommand, TaskCommand, TriggerCommand,
};

/// The exit codes, for the help of the whole program.
pub const EXIT_CODES_HELP: &str = "\
Exit codes:
  0  all went well
  1  what was asked about failed: the watched run failed, the diff found differences
  2  wrong usage, or an input file that can't be read or understood
  3  the cluster refused; the error says why and what to do
  4  no node could be reached, or it is unknown whether a change was made";

/// Commands that talk to a cluster.
#[derive(Subcommand, Clone, Debug)]
pub enum ClientCommand {
    /// Look at the cluster and change its members. The program has it among commands of its own.
    #[command(skip)]
    Cluster(ClusterCommand),
    /// Create, list and delete namespaces
    #[command(subcommand)]
    Namespace(NamespaceCommand),
    /// Register and look at pipelines. The program has it among commands of its own.
    #[command(skip)]
    Pipeline(PipelineCommand),
    /// Decide which version of a pipeline its runs get
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Start, follow and end runs. The program has it among commands of its own.
    #[command(skip)]
    Run(RunCommand),
    /// Put, get, list and delete objects: bytes that pipelines and runs keep
    #[command(subcommand)]
    Object(ObjectCommand),
    /// Let pipelines run at times; compute when those are
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Look at triggers, which tell of events, and install plug-ins
    #[command(subcommand)]
    Trigger(TriggerCommand),
    /// Install shared tasks, which pipelines use by their names, and look at them
    #[command(subcommand)]
    Task(TaskCommand),
    /// Let events of triggers start runs of pipelines
    #[command(subcommand)]
    Subscription(SubscriptionCommand),
    /// Set, list and delete secrets. The program has it among commands of its own.
    #[command(skip)]
    Secret(SecretCommand),
    /// Follow the event log
    #[command(subcommand)]
    Events(EventsCommand),
    /// Look at the nodes that execute, and drain them
    #[command(subcommand)]
    Node(NodeCommand),
    /// Show the versions of this program and of a node
    ///
    /// Asks the first node that answers for its version.
    #[command(after_help = "Examples:\n  gofer version\n  gofer version --client")]
    Version(VersionArgs),
}

/// Arguments of `gofer version`.
#[derive(Args, Clone, Copy, Debug)]
pub struct VersionArgs {
    /// Ask no node
    #[arg(long)]
    client: bool,
}

/// What a command works with.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) args: &'a ClientArgs,
    pub(crate) client: Client,
    pub(crate) output: Output,
}

impl Context<'_> {
    /// Says in words that something was done, or as an object.
    pub(crate) fn done(&self, text: &str, value: &serde_json::Value) -> Result<u8, Error> {
        if self.output.is_json() {
            self.output.document(value)?
        } else {
            self.output.line(text)?
        }
        Ok(EXIT_OK)
    }
}

/// Executes a command and shows its result, or its error on standard error.
pub async fn run(args: &ClientArgs, command: ClientCommand) -> ExitCode {
    let output = Output::new(args);
    let mut context = Context { args, client: Client::new(args), output };
    let result = match command {
        ClientCommand::Cluster(command) => crate::cluster::execute(&mut context, command).await,
        ClientCommand::Namespace(command) => crate::namespace::execute(&mut context, command).await,
        ClientCommand::Pipeline(command) => crate::pipeline::execute(&mut context, command).await,
        ClientCommand::Release(command) => crate::release::execute(&mut context, command).await,
        ClientCommand::Run(command) => Box::pin(crate::run::execute(&mut context, command)).await,
        ClientCommand::Object(command) => Box::pin(crate::object::execute(&mut context, command)).await,
        ClientCommand::Schedule(command) => Box::pin(crate::schedule::execute(&mut context, command)).await,
        ClientCommand::Task(command) => Box::pin(crate::task::execute(&mut context, command)).await,
        ClientCommand::Trigger(command) => Box::pin(crate::trigger::execute(&mut context, command)).await,
        ClientCommand::Subscription(command) => Box::pin(crate::subscription::execute(&mut context, command)).await,
        ClientCommand::Secret(command) => Box::pin(crate::secret::execute(&mut context, command)).await,
        ClientCommand::Events(command) => crate::events::execute(&mut context, command).await,
        ClientCommand::Node(command) => crate::node::execute(&mut context, command).await,
        ClientCommand::Version(args) => version(&mut context, args).await,
    };
    let code = result.unwrap_or_else(|error| {
        output.error(&error);
        error.exit_code()
    });
    ExitCode::from(code)
}

async fn version(context: &mut Context<'_>, args: VersionArgs) -> Result<u8, Error> {
    let client = env!("CARGO_PKG_VERSION");
    if args.client {
        return context.done(&format!("client  {client}"), &json!({ "client": client }));
    }
    if !context.output.is_json() {
        context.output.line(&format!("client  {client}"))?;
    }
    let ask = async |channel, patience| clusters(channel).get_status(request(GetStatusRequest {}, patience)).await;
    let build = context.client.call(Call::Read, ask).await?.build;
    context.done(&format!("node    {build}"), &json!({ "client": client, "node": build }))
}
