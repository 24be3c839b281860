//! Completion scripts and manual pages of the whole program.

use std::io::{self, Write};
use std::path::Path;

use clap_complete::Shell;

/// Writes a shell's completion script for the program.
///
/// # Errors
/// When `out` can't be written.
pub fn write_completion(command: &clap::Command, shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    let mut command = command.clone();
    let name = command.get_name().to_owned();
    // The generator has no way to report that its output is gone, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    out.write_all(&script)?;
    out.flush()
}

/// Writes one manual page for the program and one for each command (`gofer-run-start.1`) into a directory, which is
/// created if need be. Returns how many.
///
/// # Errors
/// When the directory can't be written to.
pub fn write_man_pages(command: &clap::Command, directory: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(directory)?;
    let command = command.clone().disable_help_subcommand(true);
    clap_mangen::generate_to(command.clone(), directory)?;
    Ok(pages(&command))
}

fn pages(command: &clap::Command) -> usize {
    1 + command.get_subcommands().filter(|child| !child.is_hide_set()).map(pages).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    #[command(name = "gofer")]
    struct Program {
        #[command(flatten)]
        _args: crate::ClientArgs,
        #[command(subcommand)]
        _command: Command,
    }

    /// As the program has them.
    #[derive(clap::Subcommand)]
    enum Command {
        /// The members of the cluster
        #[command(subcommand)]
        Cluster(crate::ClusterCommand),
        /// Pipelines and their versions
        #[command(subcommand)]
        Pipeline(crate::PipelineCommand),
        /// Runs of pipelines
        #[command(subcommand)]
        Run(crate::RunCommand),
        /// A run on this machine
        #[command(after_help = "Examples:\n  gofer run local ./ci")]
        Local(Box<crate::LocalRunArgs>),
        /// The cases of a pipeline
        #[command(after_help = "Examples:\n  gofer pipeline test ./ci")]
        Test(Box<crate::TestArgs>),
        #[command(flatten)]
        Client(crate::ClientCommand),
    }

    #[test]
    fn every_command_has_help_with_examples() {
        fn check(command: &clap::Command, path: &str) {
            assert!(command.get_about().is_some(), "{path} has no purpose");
            if command.get_subcommands().next().is_none() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.starts_with("Examples:\n  gofer "), "{path} has no examples");
            }
            for child in command.get_subcommands() {
                check(child, &format!("{path} {}", child.get_name()));
            }
        }
        let command = <Program as clap::CommandFactory>::command();
        command.clone().debug_assert();
        for child in command.get_subcommands() {
            check(child, child.get_name());
        }
    }

    #[test]
    fn pages_and_scripts_are_written() {
        let command = <Program as clap::CommandFactory>::command();
        let directory = tempfile::tempdir().unwrap();
        let pages = write_man_pages(&command, &directory.path().join("man1")).unwrap();
        assert_eq!(std::fs::read_dir(directory.path().join("man1")).unwrap().count(), pages);
        let page = std::fs::read_to_string(directory.path().join("man1/gofer-run-start.1")).unwrap();
        assert!(page.contains("gofer run start release"), "{page}");
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            write_completion(&command, shell, &mut script).unwrap();
            assert!(String::from_utf8(script).unwrap().contains("transfer-leader"), "{shell}");
        }
    }

    #[test]
    fn arguments_are_checked_when_they_are_read() {
        let parse = |text: &str| Program::try_parse_from(text.split(' ')).map(drop).map_err(|error| error.to_string());
        for text in [
            "gofer run start p -v A=b -v C=d --watch --address a:1,b:2 --address [::1]:3",
            "gofer -n team run logs -f p/1 build --timestamps",
            "gofer cluster add 10.0.0.1:7600 --learner --timeout 1m30s",
            "gofer node drain n1 --request-id 0190a1b2-0000-7000-8000-000000000000 -o json",
            "gofer schedule create ci/nightly @daily --tz Europe/Berlin --jitter 5m --var A=b --priority -3 --disabled",
            "gofer schedule create ci/often --every 90m --catch-up all:3 --grace 5m",
            "gofer schedule update ci/nightly --every 2h --no-blackouts --remove-variable A",
            "gofer subscription create ci/push --trigger github --set secret=hook --filter a==b -e A=payload.a==1 -v B=c",
            "gofer subscription update ci/push --unset secret --remove-expression A --note x --priority -3",
            "gofer trigger install mail --description x --token-file t",
            "gofer trigger update mail --new-token",
            "gofer trigger fire ci/push --payload - --kind push --key 1 --dry-run",
            "gofer local ci -v A=b --env C=d --task t --with-parents --driver process --label e=f --keep -- --branch main",
            "gofer test ci --case c --junit r.xml --driver docker --program-timeout 1m",
        ] {
            assert_eq!(parse(text), Ok(()), "{text}");
        }
        for (text, why) in [
            ("gofer run start p -v A", "use NAME=VALUE"),
            ("gofer node list --timeout 30", "has no unit"),
            ("gofer node list --timeout 0s", "longer than 0"),
            ("gofer node list --address host", "use HOST:PORT"),
            ("gofer node drain n1 --request-id x", "invalid"),
            ("gofer run list p --limit 0", "1..=1000000"),
            ("gofer schedule create ci/nightly", "<CRON>"),
            ("gofer schedule create ci/nightly @daily --every 1h", "cannot be used with"),
            ("gofer schedule create ci/nightly @daily --catch-up some", "use none, latest, or all:N"),
            ("gofer schedule update ci/nightly @daily --blackout @daily", "how long it lasts"),
            ("gofer schedule get ci/nightly --count 101", "1..=100"),
            ("gofer subscription create ci/push", "--trigger <TRIGGER>"),
            ("gofer subscription create ci/push --trigger x --set secret", "use NAME=VALUE"),
            ("gofer subscription events ci/push --limit 0", "1..=100000"),
            ("gofer trigger install mail --new-token --token-file t", "cannot be used with"),
            ("gofer trigger update mail --token-file t --new-token", "cannot be used with"),
            ("gofer local ci --with-parents", "--task"),
            ("gofer local ci --driver vm", "[possible values: process, docker]"),
            ("gofer events watch --run p/1 --pipeline p", "cannot be used with"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
