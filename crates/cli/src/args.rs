//! The options that every client command has.

use std::time::Duration;

use clap::{Args, ValueEnum};
use gofer_wire::api::v1::Consistency;
use uuid::Uuid;

use crate::pipeline_file::values::parse_duration;

const HEADING: &str = "Connection and output";

/// Options of every client command; to be flattened into the top-level parser.
#[derive(Args, Clone)]
pub struct ClientArgs {
    /// Nodes to talk to, tried in turn (repeatable, or separated by commas)
    #[arg(long, global = true, env = "GOFER_ADDRESS", value_delimiter = ',', default_value = "127.0.0.1:7600",
          value_name = "HOST:PORT", value_parser = gofer_client::sound_address, help_heading = HEADING)]
    pub address: Vec<String>,
    /// Token of a task, on its node's socket
    #[arg(long, global = true, env = "GOFER_TOKEN", hide_env_values = true, value_name = "TOKEN", hide = true)]
    pub token: Option<String>,
    /// Namespace of pipelines and runs [default: default]
    #[arg(short, long, global = true, env = "GOFER_NAMESPACE", help_heading = HEADING)]
    pub namespace: Option<String>,
    /// How results (and errors) are written
    #[arg(short, long, global = true, value_enum, default_value_t, help_heading = HEADING)]
    pub output: OutputFormat,
    /// Whether to colour; auto: on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t, help_heading = HEADING)]
    pub color: ColorChoice,
    /// Longest time to try, over all nodes
    #[arg(long, global = true, env = "GOFER_TIMEOUT", default_value = "30s", value_parser = parse_timeout,
          value_name = "DURATION", help_heading = HEADING)]
    pub timeout: Duration,
    /// How fresh reads are; local: what the asked node has, even without a leader
    #[arg(long, global = true, value_enum, default_value_t, help_heading = HEADING)]
    pub consistency: Freshness,
}

impl std::fmt::Debug for ClientArgs {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientArgs").field("address", &self.address).field("namespace", &self.namespace).finish()
    }
}

impl ClientArgs {
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("default")
    }
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Table,
    /// For programs; streams are one object a line.
    Json,
}

/// Whether results are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// How fresh reads are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Freshness {
    /// Reflects everything acknowledged before.
    #[default]
    Linearizable,
    /// What the asked node has, possibly stale.
    Local,
}

impl From<Freshness> for i32 {
    fn from(freshness: Freshness) -> Self {
        match freshness {
            Freshness::Linearizable => Consistency::Linearizable.into(),
            Freshness::Local => Consistency::Local.into(),
        }
    }
}

/// Option of every command that changes something.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct MutationArgs {
    /// Repeat an earlier command whose outcome is unknown: the same id makes the same change only once
    #[arg(long, value_name = "UUID")]
    pub request_id: Option<Uuid>,
}

impl MutationArgs {
    /// The id given, else a new one.
    pub(crate) fn id(self) -> Uuid {
        self.request_id.unwrap_or_else(Uuid::now_v7)
    }
}

pub(crate) fn parse_timeout(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() { Err("it must be longer than 0".into()) } else { Ok(duration) }
}
