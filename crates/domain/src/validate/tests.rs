use std::time::Duration;

use super::*;
use crate::config::{DriverKind, Overlap, PipelineConfig, Requirement, TaskConfig};
use crate::ids::TaskId;
use crate::tests::{node_spec, pipeline_config, task_config};

fn id(text: &str) -> TaskId {
    TaskId::new(text).unwrap()
}

/// A pipeline of tasks with parents: `a`, `b<a,c`.
fn pipeline(tasks: &[&str]) -> PipelineConfig {
    let mut config = pipeline_config("p");
    for text in tasks {
        let (name, parents) = text.split_once('<').unwrap_or((text, ""));
        let mut task = task_config();
        for parent in parents.split(',').filter(|parent| !parent.is_empty()) {
            task.depends_on.insert(id(parent), Requirement::Success);
        }
        config.tasks.insert(id(name), task);
    }
    config
}

fn faults(config: &PipelineConfig) -> Vec<Rejection> {
    validate_config(config).err().unwrap_or_default()
}

/// The fields of all faults after one change to the only task.
fn fields(change: impl FnOnce(&mut TaskConfig)) -> Vec<String> {
    let mut config = pipeline(&["a"]);
    change(config.tasks.get_mut(&id("a")).unwrap());
    faults(&config).into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_sound_pipeline_passes() {
    assert_eq!(faults(&pipeline(&["a", "b<a", "c<a", "d<b,c"])), []);
}

#[test]
fn a_cycle_is_named() {
    let faults = faults(&pipeline(&["root", "a<c,root", "b<a", "c<b"]));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].message.ends_with("a -> c -> b -> a"), "{}", faults[0].message);
    assert_eq!(faults[0].field, "tasks.a.depends_on.c");
}

#[test]
fn a_missing_parent_is_named_and_near_ones_offered() {
    let faults = faults(&pipeline(&["build", "lint", "test<biuld", "ship<Lnit,zzzzzz,ship"]));
    let found: Vec<_> = faults.iter().map(|fault| (fault.field.as_str(), fault.help.as_str())).collect();
    assert_eq!(
        found,
        [
            ("tasks.ship.depends_on.Lnit", "did you mean lint?"),
            ("tasks.ship.depends_on.ship", "take that dependency out"),
            ("tasks.ship.depends_on.zzzzzz", "add that task, or take the dependency out"),
            ("tasks.test.depends_on.biuld", "did you mean build?"),
        ]
    );
}

#[test]
fn every_fault_of_a_pipeline_is_reported() {
    let mut config = pipeline(&[]);
    config.description = "x".repeat(TEXT_BYTES_MAX + 1);
    config.overlap = Overlap::Queue(0);
    config.timeout = Some(Duration::ZERO);
    config.variables.insert("A=B".into(), "\0".into());
    let fields: Vec<_> = faults(&config).into_iter().map(|fault| fault.field).collect();
    assert_eq!(fields, ["description", "overlap", "timeout", "variables.A=B", "variables.A=B", "tasks"]);
}

#[test]
fn faults_of_a_task_have_paths() {
    let max = crate::limits::ARGUMENTS_MAX;
    assert_eq!(fields(|task| task.command.clear()), ["tasks.a"]);
    assert_eq!(fields(|task| task.driver = Some(DriverKind::Docker)), ["tasks.a.image"]);
    assert_eq!(fields(|task| task.image = Some(String::new())), ["tasks.a.image"]);
    assert_eq!(fields(|task| task.image = Some("a b".into())), ["tasks.a.image"]);
    assert_eq!(fields(|task| task.command = vec!["a\0".into()]), ["tasks.a.command.0"]);
    assert_eq!(fields(|task| task.command = vec![String::new()]), ["tasks.a"]);
    assert_eq!(fields(|task| task.command = vec!["a".into(); max + 1]), ["tasks.a.command"]);
    assert_eq!(fields(|task| task.working_directory = Some("tmp".into())), ["tasks.a.working_directory"]);
    assert_eq!(fields(|task| task.retry.attempts = 0), ["tasks.a.retry.attempts"]);
    assert_eq!(fields(|task| task.retry.attempts = 101), ["tasks.a.retry.attempts"]);
    assert_eq!(fields(|task| task.retry.multiplier_percent = 99), ["tasks.a.retry.multiplier_percent"]);
    assert_eq!(fields(|task| task.retry.backoff = Duration::from_secs(61)), ["tasks.a.retry.backoff_max"]);
    assert_eq!(fields(|task| task.resources.memory_bytes = 1), ["tasks.a.resources.memory_bytes"]);
    assert_eq!(fields(|task| task.resources.cpu_millis = u64::MAX), ["tasks.a.resources.cpu_millis"]);
    assert_eq!(fields(|task| task.timeout = Some(Duration::MAX)), ["tasks.a.timeout"]);
    assert_eq!(fields(|task| drop(task.constraints.insert("a b".into(), String::new()))), ["tasks.a.constraints.a b"]);
    assert_eq!(fields(|task| drop(task.environment.insert(String::new(), String::new()))), ["tasks.a.environment."]);
}

#[test]
fn a_process_needs_a_program_even_with_an_image() {
    let no_program = |task: &mut TaskConfig| {
        task.image = Some("busybox".into());
        task.command.clear();
    };
    assert_eq!(fields(no_program), [""; 0]);
    let process = |task: &mut TaskConfig| {
        no_program(task);
        task.driver = Some(DriverKind::Process);
    };
    assert_eq!(fields(process), ["tasks.a.command"]);
}

#[test]
fn too_much_of_anything_is_refused() {
    let mut config = pipeline(&[]);
    for number in 0..=crate::limits::TASKS_MAX {
        config.tasks.insert(id(&format!("t{number}")), task_config());
    }
    assert_eq!(faults(&config)[0].field, "tasks");
    let mut config = pipeline(&["a"]);
    for number in 0..40 {
        config.variables.insert(format!("V{number}"), "x".repeat(VARIABLE_VALUE_BYTES_MAX));
    }
    assert!(faults(&config)[0].message.contains("1048576"), "{:?}", faults(&config)[0]);
}

#[test]
fn the_worst_pipeline_is_refused_soon() {
    let mut config = pipeline(&[]);
    for task in 0..crate::limits::TASKS_MAX {
        let mut config_of_task = task_config();
        for parent in 0..crate::limits::PARENTS_MAX {
            config_of_task.depends_on.insert(id(&format!("missing{parent}")), Requirement::Any);
        }
        config.tasks.insert(id(&format!("task{task}")), config_of_task);
    }
    assert_eq!(faults(&config).len(), FAULTS_MAX);
}

#[test]
fn a_node_says_who_and_where_it_is() {
    assert_eq!(validate_node_spec(&node_spec("node-1.example")), Ok(()));
    let mut spec = node_spec("a b");
    spec.address = "nowhere".into();
    spec.slots = SLOTS_MAX + 1;
    let fields: Vec<_> = validate_node_spec(&spec).unwrap_err().into_iter().map(|fault| fault.field).collect();
    assert_eq!(fields, ["name", "address", "slots"]);
}
