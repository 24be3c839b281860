//! Cases without a crash.

use std::time::{Duration, Instant};

use futures::StreamExt as _;

use super::{Fixture, PATIENCE, clean, id, items, output, printed, renew, script, wait};
use crate::logfile::Stream;
use crate::{Error, LaunchError, LaunchSpec, Launched, Pull, State};

/// A grace that is never used up.
const GRACE: Duration = Duration::from_secs(20);

pub async fn runs_once_and_tells_the_exit_code(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, &fixture.effect());
    assert_eq!(driver.inspect(&spec.id).await.unwrap(), State::Absent);
    assert!(matches!(driver.wait(&spec.id).await, Err(Error::NotLaunched(_))));
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Started));
    let exit = wait(&*driver, &spec).await;
    assert_eq!((exit.code, exit.signal, exit.fenced, exit.out_of_memory), (Some(0), None, false, false), "{exit:?}");
    assert!(exit.is_success() && exit.started_at_ms > 0 && exit.finished_at_ms > 0, "{exit:?}");
    assert_eq!(driver.inspect(&spec.id).await.unwrap(), State::Exited(exit));
    assert_eq!(fixture.effects(), 1);
    clean(&*driver, &spec).await;
}

pub async fn a_failure_keeps_its_code(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, "exit 42");
    driver.launch(&spec).await.unwrap();
    let exit = wait(&*driver, &spec).await;
    assert_eq!((exit.code, exit.signal), (Some(42), None), "{exit:?}");
    clean(&*driver, &spec).await;
}

pub async fn a_signal_is_told(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, "kill -9 $$");
    driver.launch(&spec).await.unwrap();
    let exit = wait(&*driver, &spec).await;
    assert_eq!((exit.code, exit.signal, exit.fenced), (Some(137), Some(9), false), "{exit:?}");
    clean(&*driver, &spec).await;
}

pub async fn environment_and_directory_are_as_given(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = script(fixture, r#"pwd; echo "$GREETING""#);
    spec.environment.insert("GREETING".into(), "hello = 'world'\n$x".into());
    spec.working_directory = Some("/tmp".into());
    driver.launch(&spec).await.unwrap();
    wait(&*driver, &spec).await;
    assert_eq!(output(&*driver, &spec, Stream::Stdout).await, "/tmp\nhello = 'world'\n$x\n");
    clean(&*driver, &spec).await;
}

pub async fn the_program_finds_the_file_for_its_outputs(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = script(fixture, r#"echo A=1 >> "$GOFER_OUTPUTS"; printf 'B=2\n' >> "$GOFER_OUTPUTS""#);
    let path = std::env::temp_dir().join(format!("gofer-outputs-{}", spec.id));
    std::fs::write(&path, "").unwrap();
    spec.outputs = Some(path.clone());
    driver.launch(&spec).await.unwrap();
    assert!(wait(&*driver, &spec).await.is_success());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "A=1\nB=2\n");
    std::fs::remove_file(&path).unwrap();
    clean(&*driver, &spec).await;
}

pub async fn entrypoint_and_command_are_the_program(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = script(fixture, r#"echo "$0|$1|$#""#);
    spec.command = vec!["a b".into(), "".into()];
    driver.launch(&spec).await.unwrap();
    wait(&*driver, &spec).await;
    assert_eq!(output(&*driver, &spec, Stream::Stdout).await, "a b||1\n");
    clean(&*driver, &spec).await;
    let mut spec = script(fixture, "");
    spec.command = ["/bin/sh", "-c", "echo alone"].map(String::from).to_vec();
    spec.entrypoint.clear();
    driver.launch(&spec).await.unwrap();
    wait(&*driver, &spec).await;
    assert_eq!(output(&*driver, &spec, Stream::Stdout).await, "alone\n");
    clean(&*driver, &spec).await;
}

pub async fn the_environment_is_exact(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = script(fixture, "env");
    spec.environment.insert("MARK".into(), "1".into());
    driver.launch(&spec).await.unwrap();
    wait(&*driver, &spec).await;
    let text = output(&*driver, &spec, Stream::Stdout).await;
    let names: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.contains(&"MARK") && names.contains(&"PATH") && names.contains(&"HOME"), "{names:?}");
    // The shell sets some of its own.
    let allowed = ["MARK", "PATH", "HOME", "HOSTNAME", "PWD", "SHLVL", "OLDPWD", "_"];
    assert!(names.iter().all(|name| allowed.contains(name)), "{names:?}");
    clean(&*driver, &spec).await;
}

pub async fn output_is_ordered_and_told_apart(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let text = "i=0; while [ $i -lt 200 ]; do echo out$i; echo err$i >&2; i=$((i+1)); done; printf end";
    let spec = script(fixture, text);
    driver.launch(&spec).await.unwrap();
    wait(&*driver, &spec).await;
    let expected = |name: &str| (0..200).map(|i| format!("{name}{i}\n")).collect::<String>();
    assert_eq!(output(&*driver, &spec, Stream::Stdout).await, expected("out") + "end");
    assert_eq!(output(&*driver, &spec, Stream::Stderr).await, expected("err"));
    let items = items(&*driver, &spec, 0).await;
    assert!(items.iter().all(|item| item.record.unix_ms > 1_600_000_000_000));
    clean(&*driver, &spec).await;
}

/// What a program writes right before it ends must not get lost between the end and the last read.
pub async fn the_last_output_is_kept(fixture: &dyn Fixture) {
    let text = "i=0; while [ $i -lt 100 ]; do echo out$i; echo err$i >&2; i=$((i+1)); done; printf end; printf END >&2";
    let driver = fixture.driver().await;
    let one = async || {
        let spec = script(fixture, text);
        driver.launch(&spec).await.unwrap();
        wait(&*driver, &spec).await;
        let ends = (output(&*driver, &spec, Stream::Stdout).await, output(&*driver, &spec, Stream::Stderr).await);
        clean(&*driver, &spec).await;
        assert!(ends.0.ends_with("out99\nend") && ends.1.ends_with("err99\nEND"), "{ends:?}");
    };
    let mut launches = futures::stream::iter(0..40).map(|_| one()).buffer_unordered(8);
    while launches.next().await.is_some() {}
}

pub async fn output_is_followed_live(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, "echo first; while [ ! -e /tmp/never ]; do sleep 0.1; done");
    driver.launch(&spec).await.unwrap();
    printed(&*driver, &spec, "first").await;
    assert_eq!(driver.inspect(&spec.id).await.unwrap(), State::Running);
    let stream = driver.logs(&spec.id, 0, true).await.unwrap();
    driver.stop(&spec.id, Duration::ZERO).await.unwrap();
    let rest = tokio::time::timeout(PATIENCE, stream.count()).await;
    assert_eq!(rest.expect("the stream does not end with the program"), 1);
    clean(&*driver, &spec).await;
}

pub async fn output_is_read_from_an_offset(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, "for i in 1 2 3 4; do echo $i; sleep 0.3; done");
    driver.launch(&spec).await.unwrap();
    wait(&*driver, &spec).await;
    let all = items(&*driver, &spec, 0).await;
    assert!(all.len() >= 3, "{all:?}");
    for (index, item) in all.iter().enumerate() {
        assert_eq!(items(&*driver, &spec, item.next).await, all[index + 1..]);
    }
    clean(&*driver, &spec).await;
}

pub async fn output_is_capped(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = script(fixture, "yes 0123456789 | head -c 3000000; echo error >&2; exit 3");
    spec.log_bytes_max = 100_000;
    driver.launch(&spec).await.unwrap();
    let exit = wait(&*driver, &spec).await;
    assert_eq!(exit.code, Some(3), "a full log must not block or kill: {exit:?}");
    let kept = output(&*driver, &spec, Stream::Stdout).await + &output(&*driver, &spec, Stream::Stderr).await;
    assert_eq!(kept.len(), 100_000);
    assert!(output(&*driver, &spec, Stream::Notice).await.contains("100000"));
    clean(&*driver, &spec).await;
}

pub async fn a_second_launch_adopts(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, &format!("{}; echo up; sleep 60", fixture.effect()));
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Started));
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Adopted));
    printed(&*driver, &spec, "up").await;
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Adopted));
    assert!(matches!(driver.remove(&spec.id).await, Err(Error::StillRunning(_))));
    driver.stop(&spec.id, Duration::ZERO).await.unwrap();
    assert_eq!(fixture.effects(), 1);
    clean(&*driver, &spec).await;
}

pub async fn a_launch_after_the_exit_does_not_run_again(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, &format!("{}; exit 5", fixture.effect()));
    driver.launch(&spec).await.unwrap();
    let exit = wait(&*driver, &spec).await;
    for driver in [driver, fixture.driver().await] {
        assert_eq!(driver.launch(&spec).await, Ok(Launched::Adopted));
        assert_eq!(wait(&*driver, &spec).await, exit);
    }
    assert_eq!(fixture.effects(), 1);
    clean(&*fixture.driver().await, &spec).await;
}

pub async fn racing_launches_run_once(fixture: &dyn Fixture) {
    let (one, other) = (fixture.driver().await, fixture.driver().await);
    for round in 1..=3 {
        let spec = script(fixture, &fixture.effect());
        let launches = [&one, &other, &one, &other].map(|driver| driver.launch(&spec));
        let launched = futures::future::join_all(launches).await;
        let started = launched.iter().filter(|launched| **launched == Ok(Launched::Started)).count();
        let adopted = launched.iter().filter(|launched| **launched == Ok(Launched::Adopted)).count();
        assert_eq!((started, adopted), (1, 3), "{launched:?}");
        assert!(wait(&*one, &spec).await.is_success());
        assert_eq!(fixture.effects(), round);
        clean(&*one, &spec).await;
    }
}

pub async fn stop_lets_the_program_end(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, "trap 'echo bye; exit 7' TERM; echo up; while true; do sleep 0.1; done");
    driver.launch(&spec).await.unwrap();
    printed(&*driver, &spec, "up").await;
    driver.stop(&spec.id, GRACE).await.unwrap();
    let exit = wait(&*driver, &spec).await;
    assert_eq!((exit.code, exit.signal), (Some(7), None), "{exit:?}");
    assert_eq!(output(&*driver, &spec, Stream::Stdout).await, "up\nbye\n");
    driver.stop(&spec.id, GRACE).await.unwrap();
    assert_eq!(wait(&*driver, &spec).await, exit);
    clean(&*driver, &spec).await;
}

pub async fn stop_kills_what_does_not_end(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, "trap '' TERM; echo up; while true; do sleep 0.1; done");
    driver.launch(&spec).await.unwrap();
    printed(&*driver, &spec, "up").await;
    let start = Instant::now();
    driver.stop(&spec.id, Duration::from_secs(1)).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1), "the grace was not given");
    let exit = wait(&*driver, &spec).await;
    assert_eq!((exit.code, exit.signal, exit.fenced), (Some(137), Some(9), false), "{exit:?}");
    clean(&*driver, &spec).await;
}

pub async fn stop_before_launch_fences(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, &fixture.effect());
    driver.stop(&spec.id, GRACE).await.unwrap();
    for driver in [driver, fixture.driver().await] {
        assert_eq!(driver.launch(&spec).await, Err(LaunchError::Fenced));
        assert_eq!(driver.inspect(&spec.id).await.unwrap(), State::Fenced);
        assert!(matches!(driver.wait(&spec.id).await, Err(Error::NotLaunched(_))));
    }
    assert_eq!(fixture.effects(), 0);
    clean(&*fixture.driver().await, &spec).await;
}

pub async fn stop_races_launch(fixture: &dyn Fixture) {
    let (one, other) = (fixture.driver().await, fixture.driver().await);
    for delay in [0, 5, 20, 80, 200] {
        let spec = script(fixture, "sleep 60");
        let stop = async {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            other.stop(&spec.id, Duration::ZERO).await.unwrap();
        };
        let (launched, ()) = tokio::join!(one.launch(&spec), stop);
        match one.inspect(&spec.id).await.unwrap() {
            State::Fenced => assert_eq!(launched, Err(LaunchError::Fenced)),
            State::Exited(exit) => assert!(exit.code == Some(137) || exit.never_started, "{exit:?}"),
            state => panic!("after a stop: {state:?}, launch: {launched:?}"),
        }
        clean(&*one, &spec).await;
    }
}

pub async fn a_missing_program_is_told(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = script(fixture, "");
    spec.entrypoint = vec!["/does/not/exist".into()];
    for _ in 0..2 {
        // Some backends find out only once it runs.
        match driver.launch(&spec).await {
            Err(LaunchError::CommandNotFound { program, .. }) => assert_eq!(program, "/does/not/exist"),
            Ok(_) => {}
            Err(other) => panic!("{other:?}"),
        }
        let exit = wait(&*driver, &spec).await;
        assert!(exit.command_not_found && exit.never_started && exit.code == Some(127), "{exit:?}");
        assert!(exit.message.contains("/does/not/exist"), "{exit:?}");
    }
    clean(&*driver, &spec).await;
}

pub async fn a_missing_image_is_told(fixture: &dyn Fixture) {
    if !fixture.has_images() {
        return;
    }
    let driver = fixture.driver().await;
    let mut spec = script(fixture, "");
    spec.image = Some("gofer-no-such-image:1".into());
    spec.pull = Pull::Never;
    let error = driver.launch(&spec).await.unwrap_err();
    assert!(matches!(&error, LaunchError::ImagePull { image, .. } if image == "gofer-no-such-image:1"), "{error:?}");
    assert_eq!(driver.inspect(&spec.id).await.unwrap(), State::Absent);
    // Nothing listens there, so the pull fails at once.
    spec.image = Some("127.0.0.1:1/nothing:1".into());
    spec.pull = Pull::IfNotPresent;
    let error = driver.launch(&spec).await.unwrap_err();
    assert!(matches!(&error, LaunchError::ImagePull { .. }), "{error:?}");
    fixture.prepare(&mut spec);
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Started), "the id is not used up");
    assert!(wait(&*driver, &spec).await.is_success());
    clean(&*driver, &spec).await;
}

pub async fn a_missing_directory_is_told(fixture: &dyn Fixture) {
    if fixture.has_images() {
        // The daemon makes it.
        return;
    }
    let driver = fixture.driver().await;
    let mut spec = script(fixture, "");
    spec.working_directory = Some("/does/not/exist".into());
    assert!(matches!(driver.launch(&spec).await, Err(LaunchError::Invalid { .. })));
    assert_eq!(driver.inspect(&spec.id).await.unwrap(), State::Absent);
    clean(&*driver, &spec).await;
}

pub async fn the_memory_limit_kills(fixture: &dyn Fixture) {
    if !fixture.limits_memory() {
        return;
    }
    let driver = fixture.driver().await;
    // The shell doubles a text in its memory until it is killed.
    let mut spec = script(fixture, "x=0123456789; while true; do x=$x$x; done");
    spec.memory_bytes = 32 << 20;
    spec.cpu_millis = 1_000;
    driver.launch(&spec).await.unwrap();
    let exit = wait(&*driver, &spec).await;
    assert!(exit.out_of_memory && exit.code == Some(137), "{exit:?}");
    clean(&*driver, &spec).await;
}

pub async fn removal_forgets(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = script(fixture, &fixture.effect());
    driver.remove(&spec.id).await.unwrap();
    for round in 1..=2 {
        assert_eq!(driver.launch(&spec).await, Ok(Launched::Started));
        wait(&*driver, &spec).await;
        driver.remove(&spec.id).await.unwrap();
        assert_eq!(driver.inspect(&spec.id).await.unwrap(), State::Absent);
        assert!(matches!(driver.logs(&spec.id, 0, false).await.err(), Some(Error::NotLaunched(_))));
        assert_eq!(fixture.effects(), round);
    }
}

pub async fn launches_are_listed(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let (ended, fenced) = (script(fixture, ""), LaunchSpec::new(id()));
    driver.launch(&ended).await.unwrap();
    wait(&*driver, &ended).await;
    driver.stop(&fenced.id, GRACE).await.unwrap();
    let mut expected = vec![ended.id.clone(), fenced.id.clone()];
    expected.sort();
    assert_eq!(driver.list().await.unwrap(), expected);
    clean(&*driver, &ended).await;
    clean(&*driver, &fenced).await;
    assert_eq!(driver.list().await.unwrap(), []);
}

pub async fn the_lease_kills(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = script(fixture, "trap '' TERM; echo up; sleep 60; echo late");
    spec.lease_file = Some(fixture.root().join("lease"));
    renew(&spec, PATIENCE);
    driver.launch(&spec).await.unwrap();
    printed(&*driver, &spec, "up").await;
    // As when the node hangs.
    drop(driver);
    renew(&spec, Duration::from_secs(1));
    let start = Instant::now();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let driver = fixture.driver().await;
    let exit = wait(&*driver, &spec).await;
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert!(exit.fenced && exit.code == Some(137), "{exit:?}");
    clean(&*driver, &spec).await;
}

pub async fn no_launch_without_a_lease(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = script(fixture, &fixture.effect());
    spec.lease_file = Some(fixture.root().join("lease"));
    assert!(matches!(driver.launch(&spec).await, Err(LaunchError::Unavailable { .. })), "no lease file");
    renew(&spec, Duration::ZERO);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(matches!(driver.launch(&spec).await, Err(LaunchError::Unavailable { .. })), "it ran out");
    assert_eq!(driver.inspect(&spec.id).await.unwrap(), State::Absent);
    renew(&spec, PATIENCE);
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Started));
    assert!(wait(&*driver, &spec).await.is_success());
    assert_eq!(fixture.effects(), 1);
    renew(&spec, Duration::ZERO);
    clean(&*driver, &spec).await;
}

pub async fn a_renewed_lease_keeps_running(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = script(fixture, "sleep 3; echo done");
    spec.lease_file = Some(fixture.root().join("lease"));
    renew(&spec, Duration::from_secs(2));
    let renewal = async {
        loop {
            renew(&spec, Duration::from_secs(2));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let work = async {
        driver.launch(&spec).await.unwrap();
        wait(&*driver, &spec).await
    };
    let exit = tokio::select! {
        exit = work => exit,
        () = renewal => unreachable!("it renews for ever"),
    };
    assert!(exit.is_success() && !exit.fenced, "{exit:?}");
    renew(&spec, Duration::ZERO);
    clean(&*driver, &spec).await;
}

pub async fn descendants_end_with_the_program(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let late = format!("sleep 3; {}", fixture.effect());
    let spec = script(fixture, &format!("(setsid sh -c '{late}' &); ({late}) & echo up"));
    driver.launch(&spec).await.unwrap();
    let start = Instant::now();
    assert!(wait(&*driver, &spec).await.is_success());
    assert!(start.elapsed() < Duration::from_secs(3), "the end waited for a descendant");
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(fixture.effects(), 0);
    clean(&*driver, &spec).await;
}
