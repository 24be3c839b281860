//! `debug`: what a task finds where it runs. Values of the environment are left out, as there are secrets among them.

use std::io::Read as _;

use crate::failure::{Failure, say};
use crate::settings::Settings;

/// Most of a file that is shown.
const FILE_BYTES_MAX: u64 = 8 * 1024;
/// What is Gofer's and no secret.
const SHOWN: [&str; 9] = [
    "GOFER_NAMESPACE",
    "GOFER_PIPELINE",
    "GOFER_VERSION",
    "GOFER_RUN",
    "GOFER_TASK",
    "GOFER_ATTEMPT",
    "GOFER_NODE",
    "GOFER_SHARED_TASK",
    "GOFER_SHARED_TASK_VERSION",
];

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    title("attempt");
    for name in SHOWN {
        let value = settings.text(name)?;
        if !value.is_empty() {
            say(&format!("{name}={value}"));
        }
    }
    title("settings");
    say(&format!("MESSAGE={:?}", settings.text("MESSAGE")?));
    title("environment, without values");
    say(&settings.names().collect::<Vec<_>>().join(" "));
    title("user");
    let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
    say(&format!("uid {} gid {} pid {}", user.as_raw(), group.as_raw(), std::process::id()));
    title("host");
    let uname = rustix::system::uname();
    let (name, kernel) = (uname.nodename().to_string_lossy(), uname.release().to_string_lossy());
    say(&format!("{name}, Linux {kernel}, {}", uname.machine().to_string_lossy()));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    say(&format!("{cores} processors may be used"));
    for path in ["/etc/resolv.conf", "/etc/hosts", "/proc/loadavg", "/proc/self/cgroup"] {
        file(path);
    }
    cgroup_limits();
    title("disk");
    for path in [".", "/tmp", "/dev/shm"] {
        say(&disk(path));
    }
    Ok(())
}

fn title(text: &str) {
    say(&format!("== {text}"));
}

fn file(path: &str) {
    title(path);
    say(read(path).as_deref().unwrap_or("it can't be read").trim_end());
}

/// The beginning of a small file.
fn read(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the control group of this process allows, where there is one with limits.
fn cgroup_limits() {
    title("control group");
    let own = read("/proc/self/cgroup").unwrap_or_default();
    let Some(path) = own.lines().find_map(|line| line.strip_prefix("0::")) else {
        say("it is none of version 2");
        return;
    };
    for name in ["memory.max", "cpu.max", "pids.max"] {
        let value = read(&format!("/sys/fs/cgroup{path}/{name}"));
        say(&format!("{name} {}", value.as_deref().unwrap_or("no limit").trim()));
    }
}

fn disk(path: &str) -> String {
    match rustix::fs::statvfs(path) {
        Ok(stat) => {
            let mib = |blocks: u64| blocks.saturating_mul(stat.f_frsize) >> 20;
            format!("{path}: {} of {} MiB free", mib(stat.f_bavail), mib(stat.f_blocks))
        }
        Err(error) => format!("{path}: {error}"),
    }
}
