//! What a task puts out for later tasks: lines that it appends to the file that `GOFER_OUTPUTS` names.
//!
//! `NAME=value` is one output. One with several lines begins with `NAME<<END`, and goes on to the line `END`, which may
//! be any word.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gofer_consensus::{Host, Work};
use gofer_domain::limits::OUTPUTS_BYTES_MAX;
use gofer_domain::validate::check_outputs;
use gofer_drivers::{LaunchError, LaunchId};
use rustix::io::Errno;
use tokio::time::Instant;
use tracing::warn;

use crate::config::Config;
use crate::context::Backoff;
use crate::spec::Placed;

/// How long outputs that this node can't read are asked for again, before the attempt is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why there are no outputs.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// What the task left there is wrong.
    Task(String),
    /// This node can't read it at the moment.
    Node(String),
}

/// The file of an attempt's outputs. It outlives this process, as the attempt does.
pub(crate) fn path(config: &Config, id: &LaunchId) -> PathBuf {
    config.lease_file.with_file_name("outputs").join(id.to_string())
}

/// Makes the file, unless an earlier launch of the attempt did.
pub(crate) async fn prepare(host: &Host, placed: &Placed) -> Result<(), LaunchError> {
    let Some(path) = placed.spec.outputs.clone() else { return Ok(()) };
    let make = move || make(&path).map_err(|error| format!("can't make {}: {error}", path.display()));
    blocking(host, make).await.map_err(|message| LaunchError::Unavailable { message })
}

/// What a program that has ended put out. A disk that fails for a while, or a worker that is stopped with the process,
/// says nothing of the task: the file is read again.
///
/// # Errors
/// What is wrong with it, in words for whoever wrote the task.
pub(crate) async fn read(host: &Host, placed: &Placed) -> Result<BTreeMap<String, String>, String> {
    let Some(path) = placed.spec.outputs.clone() else { return Ok(BTreeMap::new()) };
    let read = || {
        let path = path.clone();
        async move {
            let read = host.blocking(Work::Outputs, move || read_once(&path)).await;
            read.unwrap_or_else(|error| Err(Fault::Node(error.to_string())))
        }
    };
    patiently(read).await
}

async fn patiently<T, F>(read: impl Fn() -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
    let start = Instant::now();
    loop {
        match read().await {
            Ok(outputs) => return Ok(outputs),
            Err(Fault::Task(message)) => return Err(message),
            Err(Fault::Node(message)) if start.elapsed() > PATIENCE => {
                return Err(format!("this node can't read the task's outputs: {message}"));
            }
            Err(Fault::Node(error)) => warn!(error, "the outputs of a task can't be read yet; trying again"),
        }
        backoff.pause().await;
    }
}

fn read_once(path: &Path) -> Result<BTreeMap<String, String>, Fault> {
    let text = load(path)?;
    let outputs = parse(&text).map_err(Fault::Task)?;
    check_outputs(&outputs).map_err(Fault::Task)?;
    Ok(outputs)
}

/// Removes the file.
pub(crate) async fn remove(host: &Host, placed: &Placed) {
    let Some(path) = placed.spec.outputs.clone() else { return };
    let removed = blocking(host, move || match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(format!("{}: {error}", path.display())),
        _ => Ok(()),
    });
    if let Err(error) = removed.await {
        warn!(error, "the outputs of an attempt that is over can't be removed");
    }
}

async fn blocking<T: Send + 'static>(
    host: &Host,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    host.blocking(Work::Outputs, work).await.unwrap_or_else(|error| Err(error.to_string()))
}

/// Programs of containers run under any user, so the file is writable for all; its directory keeps others out.
fn make(path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    let file = OpenOptions::new().append(true).create(true).mode(0o666).open(path)?;
    let mut permissions = file.metadata()?.permissions();
    permissions.set_mode(0o666);
    file.set_permissions(permissions)
}

fn load(path: &Path) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let most = u64::try_from(OUTPUTS_BYTES_MAX).unwrap_or(u64::MAX).saturating_mul(2);
    // What a program leaves in the place of the file must not make this wait.
    let opened =
        OpenOptions::new().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed()).open(path);
    match opened.and_then(|file| file.take(most + 1).read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(unreadable(&error)),
    }
    if bytes.len() as u64 > most {
        let what = format!("the task's outputs have more than {OUTPUTS_BYTES_MAX} bytes, which is the limit");
        return Err(Fault::Task(what));
    }
    String::from_utf8(bytes).map_err(|_| Fault::Task("the task's outputs are not UTF-8".to_owned()))
}

/// Tells a file in whose place the task left something else from a disk that fails.
fn unreadable(error: &io::Error) -> Fault {
    match Errno::from_io_error(error) {
        Some(Errno::ISDIR | Errno::LOOP | Errno::NOTDIR | Errno::NXIO | Errno::AGAIN | Errno::ACCESS) => {
            Fault::Task(format!("the task's outputs can't be read: {error}"))
        }
        _ => Fault::Node(error.to_string()),
    }
}

fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let (name, value) = match (line.find('='), line.find("<<")) {
            (Some(at), other) if other.is_none_or(|other| at < other) => (&line[..at], line[at + 1..].to_owned()),
            (_, Some(at)) => {
                let end = &line[at + 2..];
                let mut value = Vec::new();
                loop {
                    match lines.next() {
                        Some((_, line)) if line == end => break,
                        Some((_, line)) => value.push(line),
                        None => {
                            return Err(format!(
                                "line {number} of the task's outputs begins a text that no line {end:?} ends"
                            ));
                        }
                    }
                }
                (&line[..at], value.join("\n"))
            }
            _ => return Err(format!("line {number} of the task's outputs is neither NAME=value nor NAME<<END")),
        };
        outputs.insert(name.to_owned(), value);
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn outputs_are_lines_or_texts_of_several() {
        let outputs = parse("A=1\n\nB=x=<<y\nC<<END\none\n\ntwo=2\nEND\nA=3\nD<<E\nE\n").unwrap();
        let found: Vec<_> = outputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, [("A", "3"), ("B", "x=<<y"), ("C", "one\n\ntwo=2"), ("D", "")]);
        assert!(parse("A=1\nnothing").unwrap_err().contains("line 2"));
        assert!(parse("A<<END\nx").unwrap_err().contains("\"END\""));
    }

    #[test]
    fn what_is_no_small_text_file_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("outputs").join("a");
        let fault = |path| match load(path) {
            Err(Fault::Task(message)) => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(load(&path).as_deref(), Ok(""), "a task that puts out nothing");
        make(&path).unwrap();
        make(&path).unwrap();
        std::fs::write(&path, b"\xff").unwrap();
        assert!(fault(&path).contains("UTF-8"));
        std::fs::write(&path, "x".repeat(OUTPUTS_BYTES_MAX * 2 + 1)).unwrap();
        assert!(fault(&path).contains("limit"));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(fault(&path).contains("can't be read"));
        std::fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink(&path, &path).unwrap();
        assert!(fault(&path).contains("can't be read"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_fails_is_asked_again_and_a_task_is_not() {
        let failing = || unreadable(&io::Error::from_raw_os_error(Errno::IO.raw_os_error()));
        let asked = Cell::new(0);
        let ask = |good_at: u32, fault: fn() -> Fault| {
            asked.set(0);
            let asked = &asked;
            patiently(move || async move {
                asked.set(asked.get() + 1);
                if asked.get() == good_at { Ok("outputs") } else { Err(fault()) }
            })
        };
        assert_eq!(ask(3, failing).await, Ok("outputs"));
        assert_eq!(ask(3, || Fault::Task("bad".into())).await, Err("bad".into()));
        assert_eq!(asked.get(), 1);
        assert!(ask(u32::MAX, failing).await.unwrap_err().contains("this node"));
        assert!(asked.get() > 10);
    }
}
