//! What a shape makes of a pipeline of four tasks.

use super::*;
use crate::pipeline_file::{Format, parse};

const PIPELINE: &str = r#"
id = "p"
tasks.build = { image = "i", env = { B = "b" }, constraints = { disk = "ssd" }, retry = { attempts = 3, backoff = "9s" } }
tasks.test = { image = "i", command = ["test"], depends_on = ["build"] }
tasks.report = { image = "i", command = ["report"], depends_on = { test = "failure" } }
tasks.other = { image = "i", command = ["other"], memory = "8MiB" }
"#;

fn config() -> model::PipelineConfig {
    parse("p.toml".as_ref(), PIPELINE, Format::Toml).unwrap().config
}

fn ids(config: &model::PipelineConfig) -> Vec<&str> {
    config.tasks.iter().map(|task| task.id.as_str()).collect()
}

#[test]
fn tasks_are_chosen_and_what_they_wait_for_is_taken_as_done() {
    let none = BTreeMap::new();
    for (only, with_parents, chosen, passed) in [
        (&[][..], false, &["build", "other", "report", "test"][..], &[][..]),
        (&["report"], false, &["report"], &["test"]),
        (&["report"], true, &["build", "report", "test"], &[]),
        (&["test", "other"], false, &["other", "test"], &["build"]),
    ] {
        let mut config = config();
        let only = only.iter().map(|id| (*id).to_owned()).collect();
        let found = Shape { only, with_parents, ..Shape::default() }.apply(&mut config).unwrap();
        assert_eq!((ids(&config), found), (chosen.to_vec(), passed.iter().map(|id| (*id).to_owned()).collect()));
        let parents = config.tasks.iter().flat_map(|task| &task.depends_on);
        assert!(parents.into_iter().all(|parent| chosen.contains(&parent.task.as_str())), "{config:?}");
    }
    let mut config = config();
    let error = Shape { only: vec!["tets".into()], ..Shape::default() }.apply(&mut config).unwrap_err();
    assert!(error.to_text().contains("no task \"tets\"\nhelp: did you mean \"test\"?"), "{}", error.to_text());
    assert!(needs(&config, &none).is_err());
}

#[test]
fn what_is_no_container_can_be_stubbed_and_lacks_no_output_of_what_is_left_out() {
    let text = r#"
id = "p"
[tasks.plan]
command = ["plan"]
[tasks.agree]
approval = {}
depends_on = ["plan"]
[tasks.each]
run = { pipeline = "q", for_each = { output = "plan.LIST" } }
depends_on = ["plan"]
[tasks.last]
command = ["last"]
depends_on = ["agree", "plan"]
when = [{ output = "plan.A", is = "1" }, { variable = "B", is_not = "2" }]
inputs = { A = { output = "plan.A" }, C = "c" }
"#;
    let parsed = || parse("p.toml".as_ref(), text, Format::Toml).unwrap().config;
    let mut config = parsed();
    let stubs = ["agree", "each"].map(|id| (id.to_owned(), Stub::default())).into();
    Shape { stubs, env: [("E".to_owned(), "e".to_owned())].into(), ..Shape::default() }.apply(&mut config).unwrap();
    assert!(config.tasks.iter().all(|task| task.kind.is_none() && !task.command.is_empty()), "{config:?}");
    let mut config = parsed();
    let env = [("E".to_owned(), "e".to_owned())].into();
    Shape { only: vec!["agree".into(), "last".into()], env, ..Shape::default() }.apply(&mut config).unwrap();
    assert!(config.tasks[0].environment.is_empty(), "nothing runs in an approval");
    let last = &config.tasks[1];
    assert_eq!((last.conditions.len(), last.inputs.len(), last.environment.len()), (1, 1, 1), "{last:?}");
}

#[test]
fn a_value_replaces_that_of_the_pipeline_and_names_stay_sorted() {
    let mut config = config();
    let env = BTreeMap::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())]);
    Shape { env, ..Shape::default() }.apply(&mut config).unwrap();
    for task in &config.tasks {
        let found: Vec<_> = task.environment.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
        assert_eq!(found, [("A", "1"), ("B", "2")], "{}", task.id);
    }
}

#[test]
fn a_stub_needs_nothing_and_keeps_its_place_in_the_graph() {
    let mut config = config();
    let stub = Stub { exit_code: 3, stdout: "out".into(), stderr: "err".into() };
    let stubs = BTreeMap::from([("build".to_owned(), stub)]);
    Shape { stubs, driver: Some(DriverChoice::Docker), ..Shape::default() }.apply(&mut config).unwrap();
    let build = &config.tasks[0];
    assert_eq!((build.driver(), build.image.as_str()), (model::Driver::Process, ""));
    assert_eq!(build.command[4..], ["out", "err", "3"]);
    assert!(build.constraints.is_empty() && build.resources.is_none());
    assert_eq!(build.retry.as_ref().unwrap().attempts, 3);
    assert_eq!(build.environment.len(), 1, "what it is told stays");
    assert_eq!(config.tasks[3].depends_on.len(), 1);
    assert_eq!(config.tasks[3].driver(), model::Driver::Docker);
    config.tasks[1].image = String::new();
    let error = Shape { driver: Some(DriverChoice::Docker), ..Shape::default() }.apply(&mut config).unwrap_err();
    assert!(error.to_text().contains("without an image: build, other\nhelp: "), "{}", error.to_text());
    let unknown = Shape { stubs: BTreeMap::from([("x".to_owned(), Stub::default())]), ..Shape::default() };
    assert!(unknown.apply(&mut config).is_err());
}

#[test]
fn a_node_gets_the_drivers_and_labels_that_tasks_ask_for() {
    let labels = BTreeMap::from([("disk".to_owned(), "ssd".to_owned())]);
    let mut config = config();
    let error = needs(&config, &BTreeMap::new()).unwrap_err().to_text();
    assert!(error.contains("task build asks for a node labelled disk=ssd"), "{error}");
    assert!(error.contains("help: ") && error.contains("--label disk=ssd"), "{error}");
    assert_eq!(needs(&config, &labels).unwrap().drivers, None, "an image may do without");
    assert_eq!(without_docker(&config), (vec!["other", "report", "test"], vec!["build"]));
    for (driver, wanted) in
        [(DriverChoice::Process, vec!["process"]), (DriverChoice::Docker, vec!["process", "docker"])]
    {
        Shape { driver: Some(driver), ..Shape::default() }.apply(&mut config).unwrap();
        assert_eq!(needs(&config, &labels).unwrap().drivers, Some(wanted));
        assert_eq!(without_docker(&config), (vec![], vec![]));
    }
}

#[test]
fn secrets_are_given_as_variables_and_no_stub_asks_for_any() {
    let text = r#"
id = "p"
tasks.push = { command = ["push"], secret_env = { TOKEN = "t", OTHER = "o" }, secret_files = { key = "k" } }
tasks.stubbed = { command = ["push"], secret_env = { TOKEN = "t" }, secret_files = { key = "k" } }
"#;
    let mut config = parse("p.toml".as_ref(), text, Format::Toml).unwrap().config;
    let env = [("TOKEN".to_owned(), "mine".to_owned())].into();
    let stubs = [("stubbed".to_owned(), Stub::default())].into();
    Shape { env, stubs, ..Shape::default() }.apply(&mut config).unwrap();
    let [push, stubbed] = &config.tasks[..] else { panic!("{config:?}") };
    let of = |name: &str, value: &str| vec![model::Variable { name: name.into(), value: value.into() }];
    assert_eq!((&push.environment, &push.secret_env), (&of("TOKEN", "mine"), &of("OTHER", "o")));
    assert_eq!(push.secret_files, of("key", "k"));
    assert!(stubbed.secret_env.is_empty() && stubbed.secret_files.is_empty());
}
