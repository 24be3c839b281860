//! The fork server: a process that makes shims by forking itself.
//!
//! Starting a large program takes longer than all the rest of a launch; a copy of one that has just begun costs a tenth.
//! It serves the node that started it, and ends with it. Its shims don't: each has a session of its own, and belongs to init
//! from then on, or to whoever adopts orphans.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use rustix::process::WaitOptions;

use super::shim;

/// Longest request: a token and a path.
const REQUEST_BYTES_MAX: usize = 8 << 10;
/// How often shims that have ended are looked for.
const REAP: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// A node's side of it.
#[derive(Debug)]
pub(crate) struct ForkServer {
    executable: PathBuf,
    started: Mutex<Option<Started>>,
}

#[derive(Debug)]
struct Started {
    process: Child,
    requests: OwnedFd,
}

impl ForkServer {
    /// Nothing is started before the first request.
    pub(crate) fn new(executable: &Path) -> Self {
        Self { executable: executable.to_owned(), started: Mutex::default() }
    }

    /// Has a shim made for a launch directory. It reads secrets from its end of the pair, if there are any, and writes its
    /// answer there. Blocks for a moment.
    ///
    /// # Errors
    /// When no fork server can be started.
    pub(crate) fn make(&self, dir: &Path, token: &str, shims_end: &UnixStream) -> io::Result<()> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = started.as_ref()
            && send(server.requests.as_fd(), dir, token, shims_end.as_fd()).is_ok()
        {
            return Ok(());
        }
        // It is not there, or not any more.
        *started = None;
        let server = started.insert(Started::new(&self.executable)?);
        send(server.requests.as_fd(), dir, token, shims_end.as_fd())
    }
}

impl Started {
    fn new(executable: &Path) -> io::Result<Self> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let mut command = Command::new(executable);
        command.arg("__shims").stdin(theirs).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { process: command.spawn()?, requests: ours })
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // What it was asked for is done. The end of its requests would end it, too, but not be waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn send(to: BorrowedFd<'_>, dir: &Path, token: &str, answer: BorrowedFd<'_>) -> io::Result<()> {
    let bytes = [token.as_bytes(), b"\0", dir.as_os_str().as_bytes()].concat();
    if bytes.len() > REQUEST_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path of the launch directory is too long"));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [answer];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(to, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// What a node asks for.
struct Request {
    token: String,
    dir: PathBuf,
    answer: OwnedFd,
}

/// The next request; none once the node is gone.
fn receive(from: BorrowedFd<'_>) -> io::Result<Option<Request>> {
    let mut bytes = vec![0; REQUEST_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(from, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    bytes.truncate(received.bytes);
    let answer = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "no request");
    let at = bytes.iter().position(|byte| *byte == 0).ok_or_else(broken)?;
    let dir = PathBuf::from(std::ffi::OsString::from_vec(bytes.split_off(at + 1)));
    bytes.pop();
    let token = String::from_utf8(bytes).map_err(|_| broken())?;
    Ok(Some(Request { token, dir, answer: answer.ok_or_else(broken)? }))
}

/// Runs as the fork server of the process that is at the other end of the standard input: what `gofer __shims` does.
///
/// To be called before any runtime or thread is started.
pub fn shims_main() -> ExitCode {
    // What is sent to the node's terminal is not meant for tasks.
    let _ = rustix::process::setsid();
    let _ = std::env::set_current_dir("/");
    match serve(rustix::stdio::stdin()) {
        Ok(Some((dir, token))) => shim(&dir, &token),
        Ok(None) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Serves until the node is gone. In a shim it returns the launch directory and the token of the launcher.
fn serve(requests: BorrowedFd<'_>) -> io::Result<Option<(PathBuf, String)>> {
    loop {
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
        match poll(&mut [PollFd::new(&requests, PollFlags::IN)], Some(&REAP)) {
            Ok(0) | Err(Errno::INTR) => continue,
            other => drop(other?),
        }
        let Some(Request { token, dir, answer }) = receive(requests)? else { return Ok(None) };
        if fork()? {
            // In place of the requests, which are the server's alone. No other copy may stay open here: the launcher waits
            // until all are closed.
            rustix::stdio::dup2_stdin(&answer)?;
            rustix::stdio::dup2_stdout(&answer)?;
            return Ok(Some((dir, token)));
        }
    }
}

/// Makes a copy of this process; true in the copy.
#[allow(unsafe_code, reason = "there is no other way to copy a process")]
fn fork() -> io::Result<bool> {
    // SAFETY: this process has one thread, so no lock is held in the copy by a thread that is not there.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        child => Ok(child == 0),
    }
}
