//! The Docker driver passes the suite, with a real daemon. `GOFER_TEST_DOCKER=skip` skips it, and says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use gofer_drivers::conformance::Fixture;
use gofer_drivers::docker::probe;
use gofer_drivers::{DockerDriver, Driver, LaunchError, LaunchId, LaunchSpec, Launched, Pull};
use tempfile::TempDir;

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_drivers-shim");
const IMAGE: &str = "gofer-conformance:1";
/// What the scripts of the suite use.
const APPLETS: &str = "sh echo sleep cat env pwd yes head printf setsid nc route awk true kill";

struct Containers {
    root: TempDir,
    socket: PathBuf,
    port: u16,
    effects: Arc<AtomicUsize>,
}

impl Containers {
    async fn new() -> Option<Self> {
        if std::env::var("GOFER_TEST_DOCKER").is_ok_and(|value| value == "skip") {
            eprintln!("skipped: GOFER_TEST_DOCKER=skip");
            return None;
        }
        let Some(probe) = probe().await else {
            panic!("no Docker or Podman answers; start one, or set GOFER_TEST_DOCKER=skip");
        };
        static IMPORTED: OnceLock<()> = OnceLock::new();
        IMPORTED.get_or_init(import);
        // Containers have an effect outside by connecting here through the bridge.
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let effects = Arc::new(AtomicUsize::new(0));
        let counter = Arc::downgrade(&effects);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut text = String::new();
                let _ = connection.unwrap().read_to_string(&mut text);
                let Some(counter) = counter.upgrade() else { return };
                counter.fetch_add(text.lines().count(), Ordering::SeqCst);
            }
        });
        Some(Self { root: tempfile::tempdir().unwrap(), socket: probe.socket, port, effects })
    }
}

/// Makes an image of busybox alone; no registry is needed.
fn import() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("bin")).unwrap();
    std::fs::create_dir_all(dir.path().join("tmp")).unwrap();
    std::fs::copy("/bin/busybox", dir.path().join("bin/busybox")).expect("install busybox-static");
    for applet in APPLETS.split(' ') {
        symlink("busybox", dir.path().join("bin").join(applet)).unwrap();
    }
    let mut tar =
        Command::new("tar").arg("-C").arg(dir.path()).args(["-c", "."]).stdout(Stdio::piped()).spawn().unwrap();
    let import =
        Command::new("docker").args(["import", "-", IMAGE]).stdin(tar.stdout.take().unwrap()).output().unwrap();
    assert!(tar.wait().unwrap().success() && import.status.success(), "{import:?}");
}

#[async_trait::async_trait]
impl Fixture for Containers {
    fn root(&self) -> &Path {
        self.root.path()
    }

    async fn driver(&self) -> Arc<dyn Driver> {
        Arc::new(DockerDriver::connect(self.root.path(), Path::new(EXECUTABLE), &self.socket).await.unwrap())
    }

    fn prepare(&self, spec: &mut LaunchSpec) {
        spec.image = Some(IMAGE.into());
        spec.pull = Pull::Never;
    }

    fn effect(&self) -> String {
        let host = "$(route -n | awk \"/^0.0.0.0/{print \\$2}\")";
        format!("echo ran | nc -w 5 {host} {}", self.port)
    }

    fn effects(&self) -> usize {
        self.effects.load(Ordering::SeqCst)
    }

    fn launcher(&self, spec: &Path) -> Command {
        let mut command = Command::new(EXECUTABLE);
        command.arg("launch").arg(self.root.path()).arg(spec).arg(&self.socket).process_group(0);
        command
    }

    fn limits_memory(&self) -> bool {
        true
    }

    fn has_images(&self) -> bool {
        true
    }
}

gofer_drivers::conformance_suite!(Containers::new().await);

impl Containers {
    fn spec(&self, name: &str, text: &str) -> LaunchSpec {
        let name = format!("{name}-{}", self.port);
        let mut spec = LaunchSpec::new(LaunchId::new(&name).unwrap());
        spec.entrypoint = ["/bin/sh", "-c", text].map(String::from).to_vec();
        self.prepare(&mut spec);
        spec
    }

    /// What a node leaves that is killed when it is about to send the start: answers the container's id.
    fn leave_before_start(&self, spec: &LaunchSpec) -> String {
        let node = std::fs::read_to_string(self.root.path().join("node")).unwrap();
        let labels = [format!("gofer.launch={}", spec.id), format!("gofer.node={node}")];
        let name = spec.id.as_str();
        let mut arguments = vec!["create", "--name", name, "--label", &labels[0], "--label", &labels[1], IMAGE];
        arguments.extend(spec.entrypoint.iter().map(String::as_str));
        let container = docker(&arguments);
        let dir = self.root.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("claim"), "run killed\n").unwrap();
        std::fs::write(dir.join("start.json"), format!(r#"{{"container":"{container}","retired":false}}"#)).unwrap();
        container
    }
}

/// Waits until something holds.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_start_that_never_came_is_replaced() {
    let Some(fixture) = Containers::new().await else { return };
    let driver = fixture.driver().await;
    let spec = fixture.spec("unstarted", &fixture.effect());
    let old = fixture.leave_before_start(&spec);
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Started));
    assert!(driver.wait(&spec.id).await.unwrap().is_success());
    let late = Command::new("docker").args(["start", &old]).output().unwrap();
    assert!(!late.status.success(), "the late start must find nothing to start");
    assert_eq!(fixture.effects(), 1);
    driver.remove(&spec.id).await.unwrap();
}

#[tokio::test]
async fn a_start_that_comes_late_is_adopted() {
    let Some(fixture) = Containers::new().await else { return };
    let driver = fixture.driver().await;
    let spec = fixture.spec("late", &fixture.effect());
    let old = fixture.leave_before_start(&spec);
    let under_way = fixture.root.path().join(spec.id.as_str()).join("meta.json");
    let late = async {
        until("the launch to begin", || under_way.exists()).await;
        // From here on the launch only asks the daemon, which nobody can see, until it gives up after three seconds. A
        // start that comes before the first question is adopted all the same, so the pause decides no more than how
        // often the waiting is what is tested.
        tokio::time::sleep(Duration::from_millis(500)).await;
        tokio::process::Command::new("docker").args(["start", &old]).output().await.unwrap()
    };
    let (launched, late) = tokio::join!(driver.launch(&spec), late);
    assert!(late.status.success(), "{late:?}");
    assert_eq!(launched, Ok(Launched::Adopted));
    assert!(driver.wait(&spec.id).await.unwrap().is_success());
    assert_eq!(fixture.effects(), 1);
    driver.remove(&spec.id).await.unwrap();
}

#[tokio::test]
async fn stop_ends_a_launch_whose_start_is_in_doubt() {
    let Some(fixture) = Containers::new().await else { return };
    let driver = fixture.driver().await;
    let spec = fixture.spec("doubt", &fixture.effect());
    fixture.leave_before_start(&spec);
    driver.stop(&spec.id, Duration::ZERO).await.unwrap();
    let exit = driver.wait(&spec.id).await.unwrap();
    assert!(exit.never_started, "{exit:?}");
    assert!(driver.launch(&spec).await.is_err());
    assert_eq!(fixture.effects(), 0);
    driver.remove(&spec.id).await.unwrap();
}

#[tokio::test]
async fn a_container_that_somebody_removed_is_not_launched_again() {
    let Some(fixture) = Containers::new().await else { return };
    let driver = fixture.driver().await;
    let spec = fixture.spec("removed", &format!("{}; sleep 60", fixture.effect()));
    driver.launch(&spec).await.unwrap();
    until("the container to run", || fixture.effects() > 0).await;
    drop(driver);
    docker(&["rm", "--force", spec.id.as_str()]);
    let driver = fixture.driver().await;
    let exit = driver.wait(&spec.id).await.unwrap();
    assert_eq!((exit.code, exit.never_started), (None, false), "{exit:?}");
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Adopted));
    assert_eq!(fixture.effects(), 1);
    driver.remove(&spec.id).await.unwrap();
}

#[tokio::test]
async fn a_container_of_somebody_else_is_left_alone() {
    let Some(fixture) = Containers::new().await else { return };
    let driver = fixture.driver().await;
    let spec = fixture.spec("foreign", &fixture.effect());
    let other = docker(&["create", "--name", spec.id.as_str(), IMAGE, "/bin/true"]);
    assert!(matches!(driver.launch(&spec).await, Err(LaunchError::Invalid { .. })));
    driver.stop(&spec.id, Duration::ZERO).await.unwrap();
    driver.remove(&spec.id).await.unwrap();
    docker(&["rm", &other]);
    assert_eq!(fixture.effects(), 0);
}
