//! What no file can say of values, and where it is said that it was declared.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use gofer_sdk::{Pipeline, Run, Value, item};

/// The fields and the messages of all faults, which all have a place in this file.
fn faults(pipeline: &Pipeline) -> Vec<(String, String)> {
    let faults = pipeline.to_config().unwrap_err();
    let placed = |fault: gofer_sdk::Fault| {
        assert!(fault.source.is_some_and(|source| source.file.ends_with("values.rs") && source.line > 1));
        (fault.field, fault.message)
    };
    faults.into_iter().map(placed).collect()
}

#[test]
fn an_output_of_another_pipeline_is_refused_wherever_it_stands() {
    let (mut p, mut other) = (Pipeline::new("p"), Pipeline::new("other"));
    let there = other.task("there").command(["true"]).handle();
    p.task("a").command(["true"]).input("X", there.output("X")).when(there.output("X").is("x"));
    let run = Run::pipeline("q").variable("X", there.output("X")).for_each(there.output("X"));
    p.run("b", run.variable("Y", item()));
    let found = faults(&p);
    let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
    let wanted = ["a.conditions.0", "a.inputs.X", "b.call.variables.X", "b.call.for_each"];
    // What goes through nothing has no element either.
    assert_eq!(fields[..4], wanted.map(|field| format!("tasks.{field}")));
    assert_eq!(fields[4..], ["tasks.b.call.variables.Y"]);
    assert!(found[..4].iter().all(|(_, message)| message.ends_with("takes an output of a task of another pipeline")));
}

#[test]
fn a_parameter_has_the_place_of_its_declaration_and_comes_once() {
    let mut p = Pipeline::new("p");
    p.task("a").command(["true"]);
    p.parameter("A").boolean().default("yes");
    let line = line!() - 1;
    p.parameter("A").choice([""; 0]);
    let faults = p.to_config().unwrap_err();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(shown[0].contains(&format!("parameters.A comes twice, first at {}:{line}", file!())), "{shown:?}");
    assert!(shown[0].starts_with(&format!("{}:{}: ", file!(), line + 2)), "{shown:?}");
    assert!(shown[1].contains("parameters.A has no choices"), "{shown:?}");
    assert_eq!(shown.len(), 2, "{shown:?}");
}

#[test]
fn a_task_can_be_given_values_later() {
    let mut p = Pipeline::new("p");
    let a = p.task("a").command(["true"]).handle();
    let b = p.task("b").command(["true"]).handle();
    let texts: Vec<Value> = vec!["x".into(), String::from("x").into()];
    p.of(&b).after(&a).when(a.output("X").is_none_of(["x", "y"])).input("X", &texts[0]).input("Y", &texts[1]);
    let config = p.to_config().unwrap();
    assert_eq!((config.tasks["b"].when.len(), config.tasks["b"].inputs.len()), (1, 2));
    assert_eq!(config.tasks["b"].inputs["X"], config.tasks["b"].inputs["Y"]);
}
