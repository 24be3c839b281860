//! `gofer secret export-key-ring` and `import-key-ring`: the keys of a node, to a file and from it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use gofer_cli::{ClientArgs, EXIT_OK};
use gofer_domain::ClusterKey;
use serde_json::{Value, json};

use crate::audit::Failure;
use crate::audit::screen::Screen;

/// Arguments of `gofer secret export-key-ring`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExportKeyRingArgs {
    /// The file to make; nobody else may read it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Data directory of a node, running or not
    #[arg(long, env = "GOFER_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
}

/// Arguments of `gofer secret import-key-ring`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ImportKeyRingArgs {
    /// A file that export-key-ring made
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Data directory of the stopped node
    #[arg(long, env = "GOFER_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
}

/// Copies the keys of a node to a file, and says which.
pub(crate) fn export(client: &ClientArgs, args: &ExportKeyRingArgs) -> ExitCode {
    shown(client, |screen| {
        let keys = gofer_secrets::export(&args.data_dir, &args.file)?;
        if keys.is_empty() {
            let message =
                "the node has no keys; were secrets ever set, and is it up to date? See `gofer secret status`";
            return Err(Failure::Usage(message.into()));
        }
        tell(screen, &keys, &format!("copied {} to {}", numbers(&keys), args.file.display()))?;
        screen.notice("whoever has this file and the log has the secrets: keep it apart from backups");
        Ok(())
    })
}

/// Gives the keys in a file to a stopped node, and says which.
pub(crate) fn import(client: &ClientArgs, args: &ImportKeyRingArgs) -> ExitCode {
    shown(client, |screen| {
        let keys = gofer_secrets::import(&args.data_dir, &args.file)?;
        let data = args.data_dir.display();
        tell(
            screen,
            &keys,
            &format!("the node on {data} has {}; start it and see `gofer secret status`", numbers(&keys)),
        )
    })
}

fn tell(screen: &Screen, keys: &[ClusterKey], text: &str) -> Result<(), Failure> {
    if !screen.is_json() {
        return screen.line(text);
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let keys: Vec<Value> =
        keys.iter().map(|key| json!({ "number": key.number, "fingerprint": hex(&key.fingerprint) })).collect();
    screen.document(&json!({ "keys": keys }))
}

fn numbers(keys: &[ClusterKey]) -> String {
    let numbers: Vec<String> = keys.iter().map(|key| key.number.to_string()).collect();
    format!("{} {}", if keys.len() == 1 { "key" } else { "keys" }, numbers.join(", "))
}

fn shown(client: &ClientArgs, work: impl FnOnce(&Screen) -> Result<(), Failure>) -> ExitCode {
    let screen = Screen::new(client);
    ExitCode::from(match work(&screen) {
        Ok(()) => EXIT_OK,
        Err(failure) => {
            screen.failure(&failure);
            failure.exit_code()
        }
    })
}
