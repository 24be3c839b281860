//! What a cluster keeps running of a plug-in, as it is written in arguments.

use clap::{Args, ValueEnum};
use gofer_wire::model::v1 as model;

use crate::error::Error;
use crate::local::DriverChoice;
use crate::pipeline_file::values::{format_cpu, format_memory, parse_cpu, parse_memory};
use crate::run::{parse_variable, variables};
use crate::update::merge;

/// When an image is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PullChoice {
    /// When the node has none of that name.
    IfNotPresent,
    /// Before each start.
    Always,
    /// Never: the node has it.
    Never,
}

/// What is kept running. What is not given stays as it is.
#[derive(Args, Clone, Debug)]
pub(super) struct LaunchArgs {
    /// Image of the plug-in
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// When the image is pulled [default: if-not-present]
    #[arg(long, value_enum)]
    pull: Option<PullChoice>,
    /// Word of the entry point instead of the image's; may be given again
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    entrypoint: Vec<String>,
    /// Variable in its environment; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    env: Vec<(String, String)>,
    /// Variable in its environment, with the name of a secret that it gets its value from; may be given again. The secret is
    /// of the namespace plugins, or of the pipeline there that has the trigger's name
    #[arg(long, value_name = "NAME=SECRET", value_parser = parse_variable)]
    secret_env: Vec<(String, String)>,
    /// Processor cores that it is given, such as 0.5
    #[arg(long, value_name = "CORES", value_parser = parse_cpu)]
    cpu: Option<u64>,
    /// Memory that it is given, such as 128MiB
    #[arg(long, value_name = "SIZE", value_parser = parse_memory)]
    memory: Option<u64>,
    /// What launches it [default: the best that a node has]
    #[arg(long, value_enum)]
    driver: Option<DriverChoice>,
    /// Command of the plug-in
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl LaunchArgs {
    pub(super) fn is_given(&self) -> bool {
        let Self { image, pull, entrypoint, env, secret_env, cpu, memory, driver, command } = self;
        let lists = entrypoint.is_empty() && env.is_empty() && secret_env.is_empty() && command.is_empty();
        let values = pull.is_none() && cpu.is_none() && memory.is_none() && driver.is_none();
        image.is_some() || !lists || !values
    }

    /// Sets what is given, and takes variables away.
    pub(super) fn write(&self, launch: &mut model::Launch, removed: &[String]) -> Result<(), Error> {
        if let Some(image) = &self.image {
            launch.image.clone_from(image);
        }
        if let Some(pull) = self.pull {
            launch.pull = match pull {
                PullChoice::IfNotPresent => model::PullPolicy::IfNotPresent,
                PullChoice::Always => model::PullPolicy::Always,
                PullChoice::Never => model::PullPolicy::Never,
            }
            .into();
        }
        if let Some(driver) = self.driver {
            launch.driver = match driver {
                DriverChoice::Process => model::Driver::Process,
                DriverChoice::Docker => model::Driver::Docker,
            }
            .into();
        }
        for (known, given) in [(&mut launch.entrypoint, &self.entrypoint), (&mut launch.command, &self.command)] {
            if !given.is_empty() {
                known.clone_from(given);
            }
        }
        merge(&mut launch.environment, variables("variable", self.env.clone())?, removed);
        merge(&mut launch.secret_env, variables("variable", self.secret_env.clone())?, removed);
        let resources = launch.resources.get_or_insert_default();
        resources.cpu_millis = self.cpu.unwrap_or(resources.cpu_millis);
        resources.memory_bytes = self.memory.unwrap_or(resources.memory_bytes);
        Ok(())
    }
}

/// What is kept running as pairs of a name and a text, without what isn't said.
pub(super) fn lines(launch: &model::Launch) -> Vec<(&'static str, String)> {
    let resources = launch.resources.unwrap_or_default();
    let some = |number: u64, format: fn(u64) -> String| if number == 0 { String::new() } else { format(number) };
    let pull = match launch.pull() {
        model::PullPolicy::Always => "always",
        model::PullPolicy::Never => "never",
        model::PullPolicy::IfNotPresent | model::PullPolicy::Unspecified => "",
    };
    let driver = match launch.driver() {
        model::Driver::Process => "process",
        model::Driver::Docker => "docker",
        model::Driver::Unspecified => "",
    };
    let mut lines = vec![
        ("image", launch.image.clone()),
        ("pull", pull.to_owned()),
        ("entrypoint", launch.entrypoint.join(" ")),
        ("command", launch.command.join(" ")),
        ("cpu", some(resources.cpu_millis, format_cpu)),
        ("memory", some(resources.memory_bytes, format_memory)),
        ("driver", driver.to_owned()),
    ];
    lines.extend(launch.environment.iter().map(|pair| ("variable", format!("{}={}", pair.name, pair.value))));
    lines.extend(launch.secret_env.iter().map(|pair| ("secret", format!("{} from {}", pair.name, pair.value))));
    lines.retain(|(_, text)| !text.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> LaunchArgs {
        let none = Vec::new;
        LaunchArgs {
            image: None,
            pull: None,
            entrypoint: none(),
            env: Vec::new(),
            secret_env: Vec::new(),
            cpu: None,
            memory: None,
            driver: None,
            command: none(),
        }
    }

    #[test]
    fn what_is_given_is_set_and_the_rest_stays() {
        assert!(!args().is_given());
        let first = LaunchArgs {
            image: Some("a:1".into()),
            pull: Some(PullChoice::Always),
            env: vec![("B".into(), "2".into()), ("A".into(), "1".into())],
            secret_env: vec![("PASSWORD".into(), "mail".into())],
            cpu: Some(500),
            command: vec!["watch".into(), "--all".into()],
            ..args()
        };
        assert!(first.is_given());
        let mut launch = model::Launch::default();
        first.write(&mut launch, &[]).unwrap();
        let text = |launch: &model::Launch| {
            lines(launch).iter().map(|(name, text)| format!("{name} {text}")).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(
            text(&launch),
            "image a:1; pull always; command watch --all; cpu 0.5; variable A=1; variable B=2; secret PASSWORD from mail"
        );
        let second = LaunchArgs {
            image: Some("a:2".into()),
            memory: Some(1 << 27),
            driver: Some(DriverChoice::Docker),
            ..args()
        };
        second.write(&mut launch, &["A".into(), "PASSWORD".into()]).unwrap();
        assert_eq!(
            text(&launch),
            "image a:2; pull always; command watch --all; cpu 0.5; memory 128MiB; driver docker; variable B=2"
        );
        let twice = LaunchArgs { env: vec![("A".into(), "1".into()), ("A".into(), "2".into())], ..args() };
        assert!(twice.write(&mut launch, &[]).is_err());
    }
}
