//! Runs a program that prints a pipeline: with a limit on its time and its output, and nothing on its input.

use std::convert::Infallible;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::detect::Program;
use crate::error::Error;
use crate::output::Output;
use crate::pipeline_file::FILE_BYTES_MAX;
use crate::pipeline_file::values::format_duration;

/// How long nothing is said about a program that runs.
const SILENCE: Duration = Duration::from_secs(1);
/// How long the pipes are still read after the program's end: what it left behind may hold them open for ever.
const GRACE: Duration = Duration::from_secs(2);
/// Of what a program says on standard error, so much of the end is kept, in bytes.
const REMARKS_BYTES_MAX: usize = 64 * 1024;
const HELP: &str = "end the program with emit, and print everything else to standard error";

/// What a program left behind.
struct Done {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: String,
}

/// Runs the program, and returns what it printed.
///
/// # Errors
/// `Program` when it can't be started, takes too long, fails, or prints what is no pipeline; with what it said.
pub(super) async fn run(program: &Program, limit: Duration, output: &Output) -> Result<String, Error> {
    let shown = program.shown();
    let mut child = start(program)?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let result = tokio::select! {
        done = finish(&mut child, &shown) => done,
        never = report(&shown, output) => match never {},
        () = tokio::time::sleep(limit) => Err(failed(
            format!("{shown} was not done after {}, and was ended", format_duration(limit)),
            "",
            "allow more with --program-timeout",
        )),
        () = interrupted() => Err(Error::Interrupted),
    };
    if result.is_err()
        && let Some(group) = group
    {
        // The compilers that it started, too.
        let _ = kill_process_group(group, Signal::KILL);
    }
    accept(&shown, result?, output)
}

/// Waits until somebody wants this command to end: its program would otherwise go on.
async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// What a program printed, if it is a text that may be a pipeline.
fn accept(shown: &str, done: Done, output: &Output) -> Result<String, Error> {
    let Done { status, stdout, stderr } = done;
    if !status.success() {
        let help = "correct what it says above, then repeat the command";
        return Err(failed(format!("{shown} failed: {status}"), &stderr, help));
    }
    let Ok(text) = String::from_utf8(stdout) else {
        return Err(failed(format!("{shown} printed what is not UTF-8"), &stderr, HELP));
    };
    let begin = text.trim_start();
    if begin.is_empty() {
        return Err(failed(format!("{shown} printed no pipeline"), &stderr, HELP));
    }
    if !begin.starts_with('{') {
        let line: String = begin.lines().next().unwrap_or_default().chars().take(100).collect();
        return Err(failed(format!("{shown} printed something else than a pipeline: {line:?}"), &stderr, HELP));
    }
    if !stderr.trim().is_empty() {
        output.notice(stderr.trim_end());
    }
    Ok(text)
}

fn failed(message: String, said: &str, help: &str) -> Error {
    Error::Program { message, said: said.into(), help: help.into() }
}

fn start(program: &Program) -> Result<Child, Error> {
    let (name, arguments) =
        program.words.split_first().ok_or_else(|| Error::usage("no program is named", "name one"))?;
    let mut command = Command::new(name);
    command.args(arguments).current_dir(&program.directory).process_group(0).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            failed(format!("{name} is needed to run the pipeline, and is not in PATH"), "", program.install)
        }
        _ => failed(format!("{} can't be started: {error}", program.shown()), "", "check its permissions"),
    })
}

/// Reads what the program says until it has ended.
async fn finish(child: &mut Child, shown: &str) -> Result<Done, Error> {
    let broken = |error: std::io::Error| failed(format!("{shown} can't be read: {error}"), "", "try again");
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut ended: Option<(ExitStatus, tokio::time::Instant)> = None;
    loop {
        if let (Some((status, _)), None, None) = (ended, &out, &err) {
            return Ok(Done { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() });
        }
        tokio::select! {
            count = read(&mut out, &mut stdout), if out.is_some() => {
                if count.map_err(broken)? == 0 {
                    out = None;
                }
                // At once: who prints too much may go on for ever.
                if u64::try_from(stdout.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
                    let message = format!("{shown} printed more than {FILE_BYTES_MAX} bytes, the limit of a pipeline");
                    let said = String::from_utf8_lossy(&stderr).into_owned();
                    return Err(failed(message, &said, "move long scripts and data into the images"));
                }
            }
            count = read(&mut err, &mut stderr), if err.is_some() => {
                if count.map_err(broken)? == 0 {
                    err = None;
                }
                stderr.drain(..stderr.len().saturating_sub(REMARKS_BYTES_MAX));
            }
            status = child.wait(), if ended.is_none() => {
                ended = Some((status.map_err(broken)?, tokio::time::Instant::now() + GRACE));
            }
            () = until(ended) => (out, err) = (None, None),
        }
    }
}

async fn read(stream: &mut Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> std::io::Result<usize> {
    match stream {
        Some(stream) => stream.read_buf(into).await,
        None => Ok(0),
    }
}

/// The end of the grace; never, before the program's end.
async fn until(ended: Option<(ExitStatus, tokio::time::Instant)>) {
    match ended {
        Some((_, end)) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// Says after a second what takes so long, and again every ten.
async fn report(shown: &str, output: &Output) -> Infallible {
    let start = Instant::now();
    tokio::time::sleep(SILENCE).await;
    output.notice(&format!("running {shown} …"));
    loop {
        tokio::time::sleep(10 * SILENCE).await;
        output.notice(&format!("still running {shown}, for {} s", start.elapsed().as_secs()));
    }
}
