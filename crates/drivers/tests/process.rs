//! The process driver passes the suite, with real processes.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use gofer_drivers::conformance::Fixture;
use gofer_drivers::{Driver, LaunchId, LaunchSpec, Launched, ProcessDriver};
use tempfile::TempDir;

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_drivers-shim");

struct Processes {
    root: TempDir,
    effects: PathBuf,
}

impl Processes {
    #[allow(clippy::unnecessary_wraps, reason = "the suite's form: none would skip")]
    fn new() -> Option<Self> {
        let root = tempfile::tempdir().unwrap();
        let effects = root.path().join("effects.txt");
        Some(Self { root, effects })
    }
}

#[async_trait::async_trait]
impl Fixture for Processes {
    fn root(&self) -> &Path {
        self.root.path()
    }

    async fn driver(&self) -> Arc<dyn Driver> {
        Arc::new(ProcessDriver::new(self.root.path(), Path::new(EXECUTABLE)).unwrap())
    }

    fn prepare(&self, _spec: &mut LaunchSpec) {}

    fn effect(&self) -> String {
        format!("echo ran >> {}", self.effects.display())
    }

    fn effects(&self) -> usize {
        std::fs::read_to_string(&self.effects).unwrap_or_default().lines().count()
    }

    fn launcher(&self, spec: &Path) -> Command {
        let mut command = Command::new(EXECUTABLE);
        command.arg("launch").arg(self.root.path()).arg(spec).process_group(0);
        command
    }

    /// Where this user may make control groups.
    fn limits_memory(&self) -> bool {
        let writable = |path: &str| {
            let probe = Path::new(path).join(format!("gofer-probe-{}", std::process::id()));
            std::fs::create_dir(&probe).and_then(|()| std::fs::remove_dir(&probe)).is_ok()
        };
        let limits = writable("/sys/fs/cgroup/memory") || writable("/sys/fs/cgroup");
        if !limits {
            eprintln!("memory limits are not tested: control groups can't be made here");
        }
        limits
    }

    fn has_images(&self) -> bool {
        false
    }
}

gofer_drivers::conformance_suite!(Processes::new());

/// The launch is not repeated, and the program does not outlive what watches it.
#[tokio::test]
async fn a_killed_shim_ends_the_program_and_leaves_its_exit_unknown() {
    let fixture = Processes::new().unwrap();
    let driver = fixture.driver().await;
    let mut spec = LaunchSpec::new(LaunchId::new("killed-shim").unwrap());
    spec.command = ["/bin/sh", "-c", &format!("{}; exec sleep 60", fixture.effect())].map(String::from).to_vec();
    driver.launch(&spec).await.unwrap();
    while fixture.effects() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let claim = std::fs::read_to_string(fixture.root().join("killed-shim/claim")).unwrap();
    let ids = claim.lines().find_map(|line| line.strip_prefix("running ")).unwrap();
    let ids: serde_json::Value = serde_json::from_str(ids).unwrap();
    let [shim, program] = ["shim_pid", "program_pid"].map(|name| ids[name].as_i64().unwrap());
    assert!(Command::new("kill").arg("-9").arg(shim.to_string()).status().unwrap().success());
    let exit = driver.wait(&spec.id).await.unwrap();
    assert_eq!((exit.code, exit.signal, exit.never_started), (None, None, false), "{exit:?}");
    assert!(!exit.message.is_empty());
    let state = std::fs::read_to_string(format!("/proc/{program}/stat")).unwrap_or_default();
    assert!(!state.contains("(sleep) S"), "the program runs still: {state}");
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Adopted));
    assert_eq!(fixture.effects(), 1);
    driver.remove(&spec.id).await.unwrap();
}

/// A program named `gofer` is the one that launches, whatever is in `PATH`.
#[tokio::test]
async fn the_own_program_is_found_without_a_path() {
    let fixture = Processes::new().unwrap();
    let driver = fixture.driver().await;
    let mut spec = LaunchSpec::new(LaunchId::new("own").unwrap());
    spec.command = ["gofer", "no such order"].map(String::from).to_vec();
    spec.environment.insert("PATH".into(), "/nowhere".into());
    driver.launch(&spec).await.unwrap();
    let exit = driver.wait(&spec.id).await.unwrap();
    assert_eq!((exit.code, exit.command_not_found), (Some(1), false), "it refuses such an order: {exit:?}");
    driver.remove(&spec.id).await.unwrap();
}

/// What the node's environment holds is not the program's business, and a spec's is not left on the disk.
#[tokio::test]
async fn secrets_do_not_stay_on_the_disk() {
    let fixture = Processes::new().unwrap();
    let driver = fixture.driver().await;
    let mut spec = LaunchSpec::new(LaunchId::new("secret").unwrap());
    spec.command = ["/bin/sh", "-c", "exit 0"].map(String::from).to_vec();
    spec.environment.insert("TOKEN".into(), "hunter2".into());
    driver.launch(&spec).await.unwrap();
    driver.wait(&spec.id).await.unwrap();
    let files = std::fs::read_dir(fixture.root().join("secret")).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.is_file()).collect();
    assert_eq!(files.len(), 2, "the claim and the log: {files:?}");
    for path in files {
        assert!(!String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains("hunter2"), "{}", path.display());
    }
    driver.remove(&spec.id).await.unwrap();
}
