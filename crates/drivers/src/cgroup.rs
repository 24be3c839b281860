//! Control groups of one program: memory and CPU limits, and who belongs to it. Version 2 and version 1.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

const ROOT: &str = "/sys/fs/cgroup";
/// Length of the time slices that the CPU limit is a share of.
const PERIOD_US: u64 = 100_000;

/// The group (version 2), or one group per controller (version 1).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cgroup {
    paths: Vec<PathBuf>,
}

impl Cgroup {
    /// Makes the group below that of this process. A limit of 0 is none.
    pub(crate) fn create(name: &str, memory_bytes: u64, cpu_millis: u64) -> io::Result<Self> {
        let name = format!("gofer-{name}");
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let unified = Path::new(ROOT).join("cgroup.controllers").exists();
        if unified {
            create_v2(&name, &own, memory_bytes, cpu_millis)
        } else {
            create_v1(&name, &own, memory_bytes, cpu_millis)
        }
    }

    /// Files into which a process writes "0" to enter.
    pub(crate) fn doors(&self) -> io::Result<Vec<File>> {
        self.paths.iter().map(|path| OpenOptions::new().write(true).open(path.join("cgroup.procs"))).collect()
    }

    /// Whether the memory limit killed somebody.
    pub(crate) fn ran_out_of_memory(&self) -> bool {
        let killed = |file: PathBuf| {
            let text = fs::read_to_string(file).unwrap_or_default();
            text.lines().any(|line| line.strip_prefix("oom_kill ").is_some_and(|count| count.trim() != "0"))
        };
        self.paths.iter().any(|path| killed(path.join("memory.events")) || killed(path.join("memory.oom_control")))
    }

    /// Kills all members, also those that fork meanwhile.
    pub(crate) fn kill(&self) {
        for path in &self.paths {
            if fs::write(path.join("cgroup.kill"), "1").is_ok() {
                continue;
            }
            // A member may fork between the listing and its death, so look again; a bounded number of times, as one
            // that can't die for now keeps its place.
            for _ in 0..100 {
                let members = fs::read_to_string(path.join("cgroup.procs")).unwrap_or_default();
                let members: Vec<Pid> = members.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)).collect();
                if members.is_empty() {
                    break;
                }
                for pid in members {
                    let _ = rustix::process::kill_process(pid, Signal::KILL);
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
    }

    /// Removes the group, which must be empty.
    pub(crate) fn remove(&self) {
        for path in &self.paths {
            let _ = fs::remove_dir(path);
        }
    }
}

fn create_v2(name: &str, own: &str, memory_bytes: u64, cpu_millis: u64) -> io::Result<Cgroup> {
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    // A group with processes can't hand controllers down, unless it is the root: so below our own group, beside it,
    // or in one at the top, whichever we may.
    let own = Path::new(ROOT).join(own);
    let beside = own.parent().filter(|parent| parent.starts_with(ROOT)).map(Path::to_owned);
    let top = Path::new(ROOT).join("gofer");
    for parent in [Some(own), beside, Some(top)].into_iter().flatten() {
        let path = parent.join(name);
        let attempt = || {
            if parent == Path::new(ROOT).join("gofer") {
                let _ = fs::create_dir(&parent);
                fs::write(Path::new(ROOT).join("cgroup.subtree_control"), "+memory +cpu")?;
            }
            fs::write(parent.join("cgroup.subtree_control"), "+memory +cpu")?;
            make(&path)?;
            if memory_bytes > 0 {
                fs::write(path.join("memory.max"), memory_bytes.to_string())?;
                // Absent where swap is not accounted.
                let _ = fs::write(path.join("memory.swap.max"), "0");
            }
            if cpu_millis > 0 {
                fs::write(path.join("cpu.max"), format!("{} {PERIOD_US}", quota(cpu_millis)))?;
            }
            OpenOptions::new().write(true).open(path.join("cgroup.procs")).map(drop)
        };
        match attempt() {
            Ok(()) => return Ok(Cgroup { paths: vec![path] }),
            Err(error) => {
                let _ = fs::remove_dir(&path);
                failure = error;
            }
        }
    }
    Err(failure)
}

fn create_v1(name: &str, own: &str, memory_bytes: u64, cpu_millis: u64) -> io::Result<Cgroup> {
    let mut cgroup = Cgroup { paths: Vec::new() };
    let mut attempt = || {
        if memory_bytes > 0 {
            let path = group_v1(own, "memory", name)?;
            make(&path)?;
            cgroup.paths.push(path.clone());
            fs::write(path.join("memory.limit_in_bytes"), memory_bytes.to_string())?;
            // Absent where swap is not accounted.
            let _ = fs::write(path.join("memory.memsw.limit_in_bytes"), memory_bytes.to_string());
        }
        if cpu_millis > 0 {
            let path = group_v1(own, "cpu", name)?;
            make(&path)?;
            cgroup.paths.push(path.clone());
            fs::write(path.join("cpu.cfs_period_us"), PERIOD_US.to_string())?;
            fs::write(path.join("cpu.cfs_quota_us"), quota(cpu_millis).to_string())?;
        }
        Ok(())
    };
    match attempt() {
        Ok(()) => Ok(cgroup),
        Err(error) => {
            cgroup.remove();
            Err(error)
        }
    }
}

/// Where the group of a controller goes: below this process's own.
fn group_v1(own: &str, controller: &str, name: &str) -> io::Result<PathBuf> {
    let parent = own.lines().find_map(|line| {
        let (_, line) = line.split_once(':')?;
        let (controllers, path) = line.split_once(':')?;
        controllers.split(',').any(|each| each == controller).then(|| (controllers, path.trim_start_matches('/')))
    });
    let missing = || io::Error::new(io::ErrorKind::NotFound, format!("there is no {controller} controller"));
    let (controllers, path) = parent.ok_or_else(missing)?;
    // Mounted under the list of controllers, with links for each; or each alone.
    let mount = [controllers, controller].into_iter().map(|each| Path::new(ROOT).join(each)).find(|path| path.is_dir());
    let mount = mount.ok_or_else(missing)?;
    // In a container the path may be that of the host.
    let parent = Some(mount.join(path)).filter(|parent| parent.is_dir()).unwrap_or(mount);
    Ok(parent.join(name))
}

fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// CPU time per period. The kernel takes no less than 1 ms.
fn quota(cpu_millis: u64) -> u64 {
    (cpu_millis.saturating_mul(PERIOD_US) / 1_000).max(1_000)
}
