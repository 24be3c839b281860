//! Cases in which the node is killed or restarted.

use std::path::PathBuf;
use std::time::Duration;

use super::{Fixture, clean, output, printed, script, wait};
use crate::logfile::Stream;
use crate::{LaunchError, LaunchSpec, Launched, State};

pub async fn a_new_driver_adopts(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, &format!("{}; echo up; sleep 1; exit 9", fixture.effect()));
    driver.launch(&spec).await.unwrap();
    printed(&*driver, &spec, "up").await;
    drop(driver);
    let driver = fixture.driver().await;
    assert_eq!(driver.list().await.unwrap(), vec![spec.id.clone()]);
    assert_eq!(wait(&*driver, &spec).await.code, Some(9));
    assert_eq!(fixture.effects(), 1);
    clean(&*driver, &spec).await;
}

pub async fn output_goes_on_under_a_new_driver(fixture: &dyn Fixture) {
    let text = "i=0; while [ $i -lt 60 ]; do echo line$i; echo fault$i >&2; i=$((i+1)); sleep 0.05; done";
    let spec = script(fixture, text);
    fixture.driver().await.launch(&spec).await.unwrap();
    for _ in 0..4 {
        // Each driver copies for a while, and is dropped at any point.
        let driver = fixture.driver().await;
        driver.inspect(&spec.id).await.unwrap();
        tokio::time::sleep(Duration::from_millis(430)).await;
    }
    let driver = fixture.driver().await;
    wait(&*driver, &spec).await;
    let expected = |name: &str| (0..60).map(|i| format!("{name}{i}\n")).collect::<String>();
    assert_eq!(output(&*driver, &spec, Stream::Stdout).await, expected("line"));
    assert_eq!(output(&*driver, &spec, Stream::Stderr).await, expected("fault"));
    clean(&*driver, &spec).await;
}

pub async fn a_killed_launcher_leaves_one_run(fixture: &dyn Fixture) {
    for (round, delay) in [0, 3, 8, 15, 30, 60, 120, 250, 500].into_iter().enumerate() {
        let spec = script(fixture, &format!("{}; exit 4", fixture.effect()));
        let mut launcher = fixture.launcher(&write_spec(fixture, &spec)).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        launcher.kill().unwrap();
        launcher.wait().unwrap();
        let driver = fixture.driver().await;
        loop {
            match driver.launch(&spec).await {
                Ok(_) => break,
                Err(LaunchError::Unavailable { .. }) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(other) => panic!("after {delay} ms: {other:?}"),
            }
        }
        assert_eq!(wait(&*driver, &spec).await.code, Some(4), "killed after {delay} ms");
        assert_eq!(driver.launch(&spec).await, Ok(Launched::Adopted));
        // A late start would show within this time.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(fixture.effects(), round + 1, "killed after {delay} ms");
        clean(&*driver, &spec).await;
    }
}

pub async fn the_program_outlives_its_launcher(fixture: &dyn Fixture) {
    let spec = script(fixture, "echo up; sleep 2; echo down; exit 6");
    let mut launcher = fixture.launcher(&write_spec(fixture, &spec)).spawn().unwrap();
    let driver = fixture.driver().await;
    while driver.inspect(&spec.id).await.unwrap() != State::Running {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let pid = rustix::process::Pid::from_child(&launcher);
    rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).unwrap();
    launcher.wait().unwrap();
    assert_eq!(wait(&*driver, &spec).await.code, Some(6));
    assert_eq!(output(&*driver, &spec, Stream::Stdout).await, "up\ndown\n");
    clean(&*driver, &spec).await;
}

fn write_spec(fixture: &dyn Fixture, spec: &LaunchSpec) -> PathBuf {
    let path = fixture.root().join(format!("{}.json", spec.id));
    std::fs::write(&path, serde_json::to_vec(spec).unwrap()).unwrap();
    path
}
