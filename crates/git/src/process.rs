//! Over ssh, and to repositories on this machine: `git-upload-pack` answers on its standard output.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::collected::Collected;
use crate::packets::{FLUSH, Packets, refused, text};
use crate::protocol::{self, Greeting};
use crate::references::too_slow;
use crate::{Fault, Limits};

/// What a program says on its standard error that is read, in bytes.
const SAID_BYTES_MAX: u64 = 8 * 1024;
/// How long a program may take to end once everything is said.
const END: Duration = Duration::from_secs(1);
/// Variables by which Git would look elsewhere than it is told to.
const ELSEWHERE: [&str; 6] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"];

pub(crate) async fn local(path: &Path, limits: &Limits) -> Result<BTreeMap<String, String>, Fault> {
    let mut command = Command::new("git-upload-pack");
    command.arg("--").arg(path);
    for name in ELSEWHERE {
        command.env_remove(name);
    }
    ask(command, limits).await
}

pub(crate) async fn over_ssh(
    ssh: &Path,
    host: &str,
    port: Option<u16>,
    path: &str,
    limits: &Limits,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut command = Command::new(ssh);
    // Nobody is there to type a password.
    command.args(["-o", "BatchMode=yes", "-o", "SendEnv=GIT_PROTOCOL"]);
    if let Some(port) = port {
        command.args(["-p", &port.to_string()]);
    }
    command.args(["--", host, &format!("git-upload-pack {}", quoted(path))]);
    ask(command, limits).await
}

/// A path as one word of a shell.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', "'\\''"))
}

async fn ask(mut command: Command, limits: &Limits) -> Result<BTreeMap<String, String>, Fault> {
    command.env("GIT_PROTOCOL", protocol::VERSION).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|error| {
        Fault::Unreachable(format!("the program {program} can't be started here ({error}); install it on every node"))
    })?;
    let outcome =
        timeout(limits.time, converse(&mut child, limits)).await.unwrap_or_else(|_| Err(too_slow(limits.time)));
    if outcome.is_err() || timeout(END, child.wait()).await.is_err() {
        // It is gone afterwards, or beyond anybody's reach.
        let _ = child.kill().await;
    }
    outcome
}

async fn converse(child: &mut Child, limits: &Limits) -> Result<BTreeMap<String, String>, Fault> {
    let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Fault::Unreachable("the program has no standard streams".to_owned()));
    };
    let said = tokio::spawn(said(stderr));
    let fault = match speak(stdin, stdout, limits).await {
        Ok(references) => return Ok(references),
        Err(fault) => fault,
    };
    // What ended in the middle has said why, unless it is still there.
    if !matches!(fault, Fault::Protocol(_)) {
        return Err(fault);
    }
    match timeout(END, said).await {
        Ok(Ok(said)) if !said.is_empty() => Err(refused(&said)),
        _ => Err(fault),
    }
}

async fn speak(mut stdin: ChildStdin, stdout: ChildStdout, limits: &Limits) -> Result<BTreeMap<String, String>, Fault> {
    let mut packets = Packets::new(stdout, limits.bytes);
    let mut collected = Collected::new(limits.references);
    let greeting = protocol::greeting(&mut packets, &mut collected).await?;
    let mut say = async |bytes: &[u8]| {
        let outcome = stdin.write_all(bytes).await;
        outcome.map_err(|error| Fault::Unreachable(format!("it can't be asked: {error}")))
    };
    if let Greeting::Version2(format) = greeting {
        say(&protocol::question(format.as_deref())).await?;
        protocol::answer(&mut packets, &mut collected).await?;
    }
    // That there is no other question. Whoever has gone already needs not hear it.
    let _ = say(FLUSH).await;
    Ok(collected.into_references())
}

/// What a program says on its standard error. What is beyond the limit is read, too, as it would wait otherwise.
async fn said(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    let _ = (&mut stderr).take(SAID_BYTES_MAX).read_to_end(&mut bytes).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    text(&bytes)
}
