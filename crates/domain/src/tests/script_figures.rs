//! What the log says of the ends of runs and of tasks that are tried again, held against what happened before.

use std::collections::BTreeMap;

use super::script::check;
use super::world::World;
use crate::{Ends, Event, PipelineKey, RunKey, RunStatus, Timestamp};

/// What a pipeline's runs came to so far: whether each failed, without those that were cancelled.
#[derive(Default)]
struct Story {
    failed: Vec<bool>,
    is_deleted: bool,
}

fn alike(ends: &[bool]) -> usize {
    ends.iter().rev().take_while(|end| Some(*end) == ends.last()).count()
}

/// Holds the figures of all ends of a log against those that are counted one by one. All of its nodes must know figures.
pub(super) fn check_figures(log: &[(Timestamp, Event)]) {
    let mut stories: BTreeMap<&PipelineKey, Story> = BTreeMap::new();
    let mut started: BTreeMap<&RunKey, Timestamp> = BTreeMap::new();
    for (time, event) in log {
        if let Event::RunStarted { run } = event {
            started.insert(run, *time);
        } else if let Event::PipelineDeleted { pipeline } = event {
            stories.entry(pipeline).or_default().is_deleted = true;
        } else if let Event::PipelineRegistered { pipeline, .. } = event {
            let story = stories.entry(pipeline).or_default();
            if story.is_deleted {
                *story = Story::default();
            }
        } else if let Event::RunFinished { run, status, started_at, ends } = event {
            let story = stories.entry(&run.pipeline).or_default();
            check_end(story, status, *ends, event);
            // One that is started and ended by one command has lasted for nothing.
            assert!(started_at.is_none_or(|at| Some(&at) == started.get(run)), "{event:?}");
            assert!(started_at.is_some() || started.get(run).is_none_or(|at| at == time), "{event:?}");
        }
    }
}

fn check_end(story: &mut Story, status: &RunStatus, ends: Option<Ends>, event: &Event) {
    let failed = match status {
        RunStatus::Succeeded => false,
        RunStatus::Failed { .. } => true,
        RunStatus::Cancelled { .. } => return assert_eq!(ends, None, "{event:?}"),
        RunStatus::Queued | RunStatus::Running => panic!("{event:?}"),
    };
    story.failed.push(failed);
    let ends = ends.unwrap();
    assert!(ends.is_sound(), "{event:?}");
    let all = &story.failed;
    let streak = alike(all);
    assert_eq!((ends.streak, ends.broken), (streak as u64, alike(&all[..all.len() - streak]) as u64), "{event:?}");
    for window in [1, 3, 20] {
        let newest = all.iter().rev().take(window as usize);
        let counted = newest.filter(|failed| **failed).count();
        let counted = (all.len() >= window as usize).then_some(counted as u32);
        assert_eq!(ends.failures(window, 0), counted, "{event:?}");
    }
}

fn newest_ends(world: &World) -> Vec<Ends> {
    let ends = world
        .log
        .iter()
        .filter_map(|(_, event)| if let Event::RunFinished { ends, .. } = event { *ends } else { None });
    ends.collect()
}

const TWO_FAIL_ONE_IS_CANCELLED_ONE_SUCCEEDS: &str = "
    pipeline p | t
    start p
    assign p/1/t/1 1
    finished p/1/t/1 1 failed
    start p
    cancel p/2
    start p
    assign p/3/t/1 1
    finished p/3/t/1 1 failed
    start p
    assign p/4/t/1 1
    finished p/4/t/1 1 ok
";

#[test]
fn a_cancelled_run_neither_breaks_nor_lengthens_a_streak() {
    let world = check(&format!("node 1\n{TWO_FAIL_ONE_IS_CANCELLED_ONE_SUCCEEDS}"));
    let figures: Vec<_> = newest_ends(&world).iter().map(|ends| (ends.failed, ends.streak, ends.broken)).collect();
    assert_eq!(figures, [(0b1, 1, 0), (0b11, 2, 0), (0b110, 1, 2)]);
    check_figures(&world.log);
}

#[test]
fn runs_that_end_together_count_one_after_the_other() {
    let world = check(
        "
        node 1
        pipeline p | t keep-lost
        start p
        start p
        assign p/1/t/1 1
        assign p/2/t/1 1
        lost 1 1 -> node 1 lost, p/1/t/1 lost, p/1/t LOST, p/1 FAILED, p/2/t/1 lost, p/2/t LOST, p/2 FAILED
        ",
    );
    assert_eq!(newest_ends(&world).iter().map(|ends| ends.streak).collect::<Vec<_>>(), [1, 2]);
    check_figures(&world.log);
}

#[test]
fn a_pipeline_that_is_made_anew_begins_anew() {
    let world = check(&format!(
        "node 1\n{TWO_FAIL_ONE_IS_CANCELLED_ONE_SUCCEEDS}
        delete p
        pipeline p | t
        start p
        assign p/5/t/1 1
        finished p/5/t/1 1 failed
        "
    ));
    let last = newest_ends(&world).pop().unwrap();
    assert_eq!(last, Ends { count: 1, failed: 1, streak: 1, broken: 0 });
}

/// A node that does not know figures would write other events.
#[test]
fn an_older_node_keeps_all_from_saying_figures() {
    let world = check(&format!("node 1\n node 2 logic=3\n{TWO_FAIL_ONE_IS_CANCELLED_ONE_SUCCEEDS}"));
    assert_eq!(newest_ends(&world), []);
    assert!(world.state.pipelines.values().all(|pipeline| pipeline.ends == Ends::default()));
}

#[test]
fn a_task_that_is_tried_again_says_how_often_it_was() {
    let world = check(
        "
        node 1
        pipeline p | t retry=3
        start p
        assign p/1/t/1 1
        finished p/1/t/1 1 failed
        wait 100
        assign p/1/t/2 1
        finished p/1/t/2 1 failed
        ",
    );
    let attempts = world.log.iter().filter_map(|(_, event)| {
        let Event::TaskQueued { attempts, .. } = event else { return None };
        Some(*attempts)
    });
    assert_eq!(attempts.collect::<Vec<_>>(), [0, 1, 2]);
}
