//! `gofer doctor`: of a cluster over the API, or of a data directory.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use gofer_cli::{ClientArgs, EXIT_FAILED, Finding, disk_findings, doctor, show_findings};
use gofer_recovery::{Examined, examine};

use crate::audit::screen::Screen;
use crate::audit::source::ArchiveArgs;
use crate::audit::{Failure, ScratchArgs};

/// Arguments of `gofer doctor`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorArgs {
    /// Data directory to look at, instead of asking a cluster; best while its node is stopped
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    scratch: ScratchArgs,
}

/// Runs the command and shows its result.
pub(crate) fn run(client: &ClientArgs, args: &DoctorArgs) -> ExitCode {
    let Some(dir) = &args.data_dir else {
        // One thread does for a client.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        return runtime.map_or(ExitCode::from(EXIT_FAILED), |runtime| runtime.block_on(doctor(client)));
    };
    let screen = Screen::new(client);
    match offline(&screen, dir, &args.archive, &args.scratch.path()) {
        Ok(findings) => show_findings(client, &findings),
        Err(failure) => {
            screen.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn offline(screen: &Screen, dir: &Path, archive: &ArchiveArgs, scratch: &Path) -> Result<Vec<Finding>, Failure> {
    let archive = archive.open()?;
    let (disk, examined) = screen.metered("looking", None, |meter| examine(dir, archive, scratch, meter))?;
    let of_disk = disk_findings("", disk.size_bytes, disk.free_bytes, disk.sync, disk.error.as_deref());
    let of_data = examined.into_iter().map(|Examined { check, result }| match result {
        Ok(detail) => Finding::good("", check, detail),
        Err((detail, advice)) => Finding::bad("", check, detail, advice),
    });
    Ok(of_disk.into_iter().chain(of_data).collect())
}
