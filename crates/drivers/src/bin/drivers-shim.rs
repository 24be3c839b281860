//! What the `gofer` binary does for the drivers, alone: shim, guard, and a launch that tests can kill.

use std::path::Path;
use std::process::ExitCode;

use gofer_drivers::{DockerDriver, Driver, LaunchSpec, ProcessDriver, guard_main, shims_main};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["__shims"] => shims_main(),
        ["__guard", root, lease_file, socket] => guard_main(Path::new(root), Path::new(lease_file), Path::new(socket)),
        ["launch", root, spec] => launch(root, spec, None),
        ["launch", root, spec, socket] => launch(root, spec, Some(socket)),
        _ => ExitCode::FAILURE,
    }
}

fn launch(root: &str, spec: &str, socket: Option<&str>) -> ExitCode {
    let work = async {
        let executable = std::env::current_exe()?;
        let spec: LaunchSpec = serde_json::from_slice(&std::fs::read(spec)?)?;
        let driver: Box<dyn Driver> = match socket {
            Some(socket) => Box::new(DockerDriver::connect(Path::new(root), &executable, Path::new(socket)).await?),
            None => Box::new(ProcessDriver::new(Path::new(root), &executable)?),
        };
        driver.launch(&spec).await?;
        driver.wait(&spec.id).await?;
        Ok::<_, Box<dyn std::error::Error>>(())
    };
    match tokio::runtime::Runtime::new().map(|runtime| runtime.block_on(work)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(_)) | Err(_) => ExitCode::FAILURE,
    }
}
