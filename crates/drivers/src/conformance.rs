//! What every driver must do, as tests on real programs. [`conformance_suite`](crate::conformance_suite) makes a test
//! of each case for a [`Fixture`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test suite fails by panicking")]

mod cases;
mod crash;
mod secrets;

use std::future::Future;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use uuid::Uuid;

use crate::{Driver, Exit, LaunchId, LaunchSpec, LogItem, lease};

pub use cases::*;
pub use crash::*;
pub use secrets::*;

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A driver under test, with its surroundings.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The directory of launches, of this fixture alone.
    fn root(&self) -> &Path;

    /// A new driver object over the root, as after a restart of the node.
    async fn driver(&self) -> Arc<dyn Driver>;

    /// Makes the spec runnable: sets the image.
    fn prepare(&self, spec: &mut LaunchSpec);

    /// A shell command with an effect outside that [`effects`](Self::effects) counts.
    fn effect(&self) -> String;

    /// How often the effect took place.
    fn effects(&self) -> usize;

    /// A process that launches the spec in a JSON file.
    fn launcher(&self, spec: &Path) -> Command;

    /// Whether memory limits hold here.
    fn limits_memory(&self) -> bool;

    /// Whether programs come in images.
    fn has_images(&self) -> bool;
}

/// Makes a test of each case. The expression makes a fixture, or none to skip the test.
#[macro_export]
macro_rules! conformance_suite {
    ($fixture:expr) => {
        $crate::conformance_suite!($fixture;
            runs_once_and_tells_the_exit_code a_failure_keeps_its_code a_signal_is_told
            environment_and_directory_are_as_given the_program_finds_the_file_for_its_outputs
            entrypoint_and_command_are_the_program
            the_environment_is_exact output_is_ordered_and_told_apart the_last_output_is_kept
            output_is_followed_live output_is_read_from_an_offset output_is_capped a_second_launch_adopts
            a_launch_after_the_exit_does_not_run_again racing_launches_run_once stop_lets_the_program_end
            stop_kills_what_does_not_end stop_before_launch_fences stop_races_launch a_missing_program_is_told
            a_missing_image_is_told a_missing_directory_is_told the_memory_limit_kills removal_forgets launches_are_listed the_lease_kills
            no_launch_without_a_lease a_renewed_lease_keeps_running descendants_end_with_the_program
            a_new_driver_adopts output_goes_on_under_a_new_driver a_killed_launcher_leaves_one_run
            the_program_outlives_its_launcher secrets_reach_the_program_and_not_the_disk
            output_is_redacted_under_a_new_driver outputs_with_a_secret_are_refused a_secret_that_no_variable_can_hold_is_refused
        );
    };
    ($fixture:expr; $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(fixture) = $fixture {
                    $crate::conformance::bounded($crate::conformance::$case(&fixture)).await;
                }
            }
        )*
    };
}

/// Fails a case that hangs.
pub async fn bounded(case: impl Future<Output = ()>) {
    tokio::time::timeout(3 * PATIENCE, case).await.expect("the case takes too long");
}

/// A spec that runs a shell script.
fn script(fixture: &dyn Fixture, text: &str) -> LaunchSpec {
    let mut spec = LaunchSpec::new(id());
    spec.entrypoint = vec!["/bin/sh".into(), "-c".into(), text.into()];
    spec.environment.insert("PATH".into(), "/usr/bin:/bin".into());
    fixture.prepare(&mut spec);
    spec
}

/// A new id.
fn id() -> LaunchId {
    LaunchId::new(&format!("test-{}", Uuid::new_v4())).unwrap()
}

async fn wait(driver: &dyn Driver, spec: &LaunchSpec) -> Exit {
    tokio::time::timeout(PATIENCE, driver.wait(&spec.id)).await.expect("the program does not end").unwrap()
}

/// Stops and removes, so that nothing is left behind.
async fn clean(driver: &dyn Driver, spec: &LaunchSpec) {
    driver.stop(&spec.id, Duration::ZERO).await.unwrap();
    driver.remove(&spec.id).await.unwrap();
}

async fn items(driver: &dyn Driver, spec: &LaunchSpec, from: u64) -> Vec<LogItem> {
    let stream = driver.logs(&spec.id, from, false).await.unwrap();
    stream.map(|item| item.unwrap()).collect().await
}

/// All output of one stream.
async fn output(driver: &dyn Driver, spec: &LaunchSpec, stream: crate::logfile::Stream) -> String {
    let items = items(driver, spec, 0).await;
    let bytes: Vec<u8> =
        items.into_iter().filter(|item| item.record.stream == stream).flat_map(|item| item.record.bytes).collect();
    String::from_utf8(bytes).unwrap()
}

/// Waits until the program has printed a text.
async fn printed(driver: &dyn Driver, spec: &LaunchSpec, text: &str) {
    let search = async {
        let mut stream = driver.logs(&spec.id, 0, true).await.unwrap();
        let mut seen = String::new();
        while let Some(item) = stream.next().await {
            seen += &String::from_utf8_lossy(&item.unwrap().record.bytes);
            if seen.contains(text) {
                return;
            }
        }
        panic!("{text:?} was never printed, but {seen:?}");
    };
    tokio::time::timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("{text:?} is not printed"));
}

/// Renews the lease of a spec for so long.
fn renew(spec: &LaunchSpec, time: Duration) {
    let time = u64::try_from(time.as_millis()).unwrap();
    lease::write(spec.lease_file.as_deref().unwrap(), lease::now_ms() + time).unwrap();
}
