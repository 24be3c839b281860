//! Parameters, conditions and the like as people write them, right and wrong.

use gofer_sdk::config::{ConditionConfig, ItemsConfig, KindConfig, ParameterKind, TestConfig, UsesConfig, ValueConfig};

use super::*;

const EXAMPLE: &str = r#"
id = "release"

[parameters.VERSION]
description = "Which."

[parameters.COUNT]
type = "integer"
least = -3
default = 2

[parameters.DRY]
type = "boolean"
default = false

[parameters.STAGE]
type = "choice"
choices = ["dev", 1, true]
default = 1

[parameters.HOSTS]
type = "list"
default = ["a", "b"]

[tasks.plan]
command = ["plan"]
when = [{ variable = "STAGE", is = 1 }, { variable = "DRY", is_not = [true, "yes"] }, { text = "a", is = "a" }]
inputs = { V = { variable = "VERSION" }, N = 7, T = { text = "x" }, L = "a\nb" }

[tasks.go]
approval = { approvers = ["user:ada"] }
depends_on = ["plan"]

[tasks.anybody]
approval = {}

[tasks.each]
depends_on = ["plan"]
run = { pipeline = "one", for_each = { output = "plan.HOSTS" }, variables = { H = { item = true } }, parallelism = 4 }

[tasks.some]
run = { pipeline = "one", for_each = ["a", 2] }

[tasks.lines]
run = { pipeline = "one", for_each = "a\nb" }

[tasks.short]
run = "one"

[tasks.shared]
uses = "notify@3"
depends_on = ["plan"]
retry = 2
settings = { TEXT = { output = "plan.TEXT" }, TIMES = 2 }
"#;

#[test]
fn values_are_read_with_some_freedom() {
    let declared = parse(Path::new("p.toml"), EXAMPLE, Format::Toml).unwrap().declared;
    let parameter = |name: &str| (declared.parameters[name].kind.clone(), declared.parameters[name].default.as_deref());
    assert_eq!(parameter("VERSION"), (ParameterKind::Text, None));
    assert_eq!(parameter("COUNT"), (ParameterKind::Integer { least: -3, most: i64::MAX }, Some("2")));
    assert_eq!(parameter("DRY"), (ParameterKind::Boolean, Some("false")));
    assert_eq!(parameter("STAGE").0, ParameterKind::Choice(["dev", "1", "true"].map(String::from).to_vec()));
    assert_eq!(parameter("HOSTS"), (ParameterKind::List, Some("a\nb")));
    let plan = &declared.tasks["plan"];
    let text = |text: &str| ValueConfig::Text(text.into());
    let is_not = TestConfig::IsNot(vec!["true".into(), "yes".into()]);
    assert_eq!(plan.when[1], ConditionConfig { value: ValueConfig::Variable("DRY".into()), test: is_not });
    assert_eq!(plan.when[2], ConditionConfig { value: text("a"), test: TestConfig::Is(vec!["a".into()]) });
    assert_eq!([&plan.inputs["N"], &plan.inputs["T"]], [&text("7"), &text("x")]);
    let items = |task: &str| match &declared.tasks[task].kind {
        KindConfig::Run(run) => run.for_each.clone(),
        KindConfig::Container | KindConfig::Approval(_) | KindConfig::Uses(_) => panic!("{task} runs a pipeline"),
    };
    let output = ValueConfig::Output { task: "plan".into(), name: "HOSTS".into() };
    assert_eq!(items("each"), Some(ItemsConfig::Lines(output)));
    assert_eq!(items("some"), Some(ItemsConfig::These(vec!["a".into(), "2".into()])));
    assert_eq!(items("lines"), Some(ItemsConfig::Lines(text("a\nb"))));
    assert_eq!(items("short"), None);
    assert_eq!(declared.tasks["anybody"].kind, KindConfig::Approval(Vec::new()));
    let settings = [("TEXT", ValueConfig::Output { task: "plan".into(), name: "TEXT".into() }), ("TIMES", text("2"))];
    let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
    let uses = KindConfig::Uses(UsesConfig { task: "notify".into(), version: 3, settings });
    assert_eq!(declared.tasks["shared"].kind, uses);
    assert_eq!(declared.validate(), Ok(()));
}

#[test]
fn values_in_the_canonical_form_read_back_as_the_same() {
    let config = toml(EXAMPLE).unwrap();
    for format in [Format::Toml, Format::Json] {
        let text = canonical(&config, format).unwrap();
        let again = parse(Path::new("x"), &text, format).unwrap();
        assert_eq!(again.config, config, "{text}");
        assert_eq!(canonical(&again.config, format).unwrap(), text);
        assert_eq!(again.declared.to_json(), canonical(&config, Format::Json).unwrap());
    }
}

#[test]
fn parameters_and_their_faults_have_the_line_of_their_header() {
    let pipeline = parse(Path::new("p.toml"), EXAMPLE, Format::Toml).unwrap();
    let source = |field: &str| pipeline.source(field).unwrap().to_string();
    assert_eq!(source("parameters.COUNT.default"), "p.toml:7");
    assert_eq!(source("config.parameters.VERSION"), "p.toml:4");
    assert_eq!(source("parameters.NONE"), "p.toml:2");
}

#[test]
fn faults_of_values_name_the_place_and_the_way_out() {
    let task = |line: &str| toml(&format!("id = \"a\"\n[tasks.t]\n{line}\n"));
    let parameter = |line: &str| toml(&format!("id = \"a\"\ntasks = {{}}\n[parameters.P]\n{line}\n"));
    let fault = |found: Result<model::PipelineConfig, Box<Fault>>, line: usize, words: &str| {
        let fault = found.unwrap_err();
        assert!(format!("{} {}", fault.message, fault.help).contains(words), "{fault:?}");
        assert_eq!(fault.place.map(|(line, _)| line), Some(line), "{fault:?}");
    };
    fault(task("inputs = { X = { output = \"X\" } }"), 3, "{ output = \"TASK.X\" }");
    fault(task("inputs = { X = { outptu = \"a.X\" } }"), 3, "mean \"output\"");
    fault(task("inputs = { X = {} }"), 3, "has no origin");
    fault(task("inputs = { X = { item = false } }"), 3, "can only be true");
    fault(task("inputs = { X = { item = true, variable = \"Y\" } }"), 3, "several origins");
    fault(task("inputs = { X = [\"a\"] }"), 3, "expected a text, or where it comes from");
    fault(task("inputs = { X = 1.5 }"), 3, "expected a text, or where it comes from");
    fault(task("when = [{ variable = \"X\" }]"), 3, "`is` or `is_not`");
    fault(task("when = [{ variable = \"X\", is = 1, is_not = 2 }]"), 3, "make two conditions of it");
    fault(task("when = [{ variable = \"X\", is = { a = 1 } }]"), 3, "expected a text, or a list of texts");
    fault(task("if = []"), 3, "mean \"when\"");
    fault(task("approval = { approver = [] }"), 3, "mean \"approvers\"");
    fault(task("run = { variables = {} }"), 3, "missing field `pipeline`");
    fault(task("run = { pipeline = \"b\", for_each = 1.5 }"), 3, "expected a list of texts");
    fault(task("run = 1"), 3, "the id of a pipeline");
    fault(parameter("type = \"number\""), 4, "unknown variant");
    fault(parameter("least = 1"), 3, "only go with `type = \"integer\"`");
    fault(parameter("choices = [\"a\"]"), 3, "only go with `type = \"choice\"`");
    fault(parameter("type = \"list\"\ndefault = [\"a\\nb\"]"), 5, "make two of it");
    for version in ["", "0", "03", "x", "1@2", "99999999999999999999"] {
        fault(task(&format!("uses = \"b@{version}\"")), 3, "is a whole number from 1");
    }
    let alone = task("settings = { A = 1 }").unwrap_err();
    assert!(alone.message.contains("tasks.t has settings, and uses no shared task"), "{alone}");
    let both = task("run = \"a\"\nuses = \"b\"").unwrap_err();
    assert!(both.message.contains("tasks.t both uses a shared task and runs a pipeline"), "{both}");
    let both = task("approval = {}\nrun = \"b\"").unwrap_err();
    assert!(both.message.contains("tasks.t both waits"), "{both}");
}
