//! Schedules of a real cluster, by its command line and its API: how they come, change and go, what is refused with which
//! words, and that they start runs.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use gofer_tests::{Cluster, PATIENCE, Printed, eventually, gofer, pipeline, printed, request_id, says, shell_task};
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::schedule_service_client::ScheduleServiceClient;
use gofer_wire::model::v1 as model;
use gofer_wire::model::v1::schedule_spec::Rule;
use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Exit codes of the command line.
const WRONG_USAGE: Option<i32> = Some(2);
const REFUSED: Option<i32> = Some(3);

async fn start(size: usize) -> Cluster {
    let cluster = Cluster::start(size, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("ci", vec![shell_task("t", "true", &[])])).await.unwrap();
    cluster
}

/// Calls `gofer schedule` on one node.
fn call(cluster: &Cluster, node: usize, arguments: &[&str]) -> Printed {
    let mut command = gofer(&[&["schedule"], arguments].concat()).unwrap();
    printed(command.args(["--address", &cluster.nodes[node].address])).unwrap()
}

fn done(cluster: &Cluster, node: usize, arguments: &[&str]) -> String {
    let printed = call(cluster, node, arguments);
    assert_eq!(printed.code, Some(0), "{arguments:?}: {printed:?}");
    printed.stdout
}

fn json_of(cluster: &Cluster, node: usize, arguments: &[&str]) -> Value {
    serde_json::from_str(&done(cluster, node, &[arguments, &["-o", "json"]].concat())).unwrap()
}

fn refused(cluster: &Cluster, arguments: &[&str], code: Option<i32>, words: &[&str]) {
    let printed = call(cluster, 0, arguments);
    assert_eq!(printed.code, code, "{arguments:?}: {printed:?}");
    says(&printed.stderr, words);
    says(&printed.stderr, &["help: "]);
}

fn schedules(cluster: &Cluster) -> ScheduleServiceClient<Channel> {
    ScheduleServiceClient::new(cluster.nodes[0].channel().unwrap())
}

fn name(pipeline: &str, name: &str) -> Option<model::ScheduleRef> {
    Some(model::ScheduleRef { namespace: "default".into(), pipeline: pipeline.into(), name: name.into() })
}

fn cron(expression: &str) -> model::ScheduleSpec {
    model::ScheduleSpec { rule: Some(Rule::Cron(expression.into())), ..Default::default() }
}

async fn create(cluster: &Cluster, name: Option<model::ScheduleRef>, spec: model::ScheduleSpec) -> Result<(), Status> {
    let request =
        api::CreateScheduleRequest { request_id: request_id(), schedule: name, spec: Some(spec), disabled: false };
    schedules(cluster).create_schedule(request).await.map(drop)
}

async fn get(cluster: &Cluster, name: Option<model::ScheduleRef>) -> model::Schedule {
    let request = api::GetScheduleRequest { schedule: name, ..Default::default() };
    schedules(cluster).get_schedule(request).await.unwrap().into_inner().schedule.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_comes_changes_and_goes_on_whichever_node_is_asked() {
    let cluster = start(3).await;
    let arguments = ["create", "ci/nightly", "30 2 * * *", "--tz", "Europe/Berlin", "--jitter", "10m", "--catch-up"];
    let rest =
        ["all:5", "--blackout", "0 18 * * FRI for 60h", "-v", "DEPTH=3", "--label", "team=a", "--priority", "-5"];
    let told = done(&cluster, 1, &[&arguments[..], &rest, &["--note", "by the clock"]].concat());
    says(&told, &["created schedule default/ci/nightly, next due ", " 02:30:00 +0"]);

    let made = json_of(&cluster, 2, &["get", "ci/nightly", "--count", "20"]);
    let spec = &made["spec"];
    assert_eq!((&spec["cron"], &spec["zone"]), (&json!("30 2 * * *"), &json!("Europe/Berlin")), "{made}");
    assert_eq!((&spec["catch_up"], &spec["catch_up_most"], &spec["grace"]), (&json!("all"), &json!(5), &json!("60s")));
    assert_eq!((&spec["variables"], &spec["labels"]), (&json!({"DEPTH": "3"}), &json!({"team": "a"})), "{made}");
    assert_eq!((&made["enabled"], &spec["priority"]), (&json!(true), &json!(-5)), "{made}");
    check_next(made["next"].as_array().unwrap());
    let shown = done(&cluster, 0, &["get", "ci/nightly"]);
    says(&shown, &["30 2 * * * (Europe/Berlin)", "0 18 * * FRI for 2d12h", "all:5, after a grace of 1m", "DEPTH=3"]);

    says(&done(&cluster, 0, &["disable", "ci/nightly"]), &["disabled schedule default/ci/nightly"]);
    let paused = json_of(&cluster, 1, &["get", "ci/nightly"]);
    assert_eq!((&paused["enabled"], &paused["generation"]), (&json!(false), &made["generation"]), "{paused}");
    let change =
        ["update", "ci/nightly", "--every", "90m", "--no-blackouts", "-v", "A=1", "--remove-variable", "DEPTH"];
    says(&done(&cluster, 1, &change), &["updated schedule default/ci/nightly"]);
    let changed = json_of(&cluster, 2, &["get", "ci/nightly"]);
    let mut expected = spec.clone();
    expected.as_object_mut().unwrap().remove("cron");
    expected["every"] = json!("5400s");
    expected["blackouts"] = json!([]);
    expected["variables"] = json!({"A": "1"});
    assert_eq!(changed["spec"], expected, "nothing else has changed");
    assert!(changed["generation"].as_u64() > made["generation"].as_u64(), "{changed}");
    done(&cluster, 2, &["enable", "ci/nightly"]);
    let enabled = json_of(&cluster, 0, &["get", "ci/nightly"]);
    assert_eq!(enabled["last_skipped"]["reason"], "paused", "{enabled}");

    let listed = done(&cluster, 1, &["list", "ci"]);
    says(&listed, &["default/ci/nightly", "every 1h30m", "yes", "disabled then"]);
    kept_from_going(&cluster);
    says(&done(&cluster, 2, &["delete", "ci/nightly"]), &["deleted schedule default/ci/nightly"]);
    refused(&cluster, &["get", "ci/nightly"], REFUSED, &["schedule default/ci/nightly does not exist"]);
    assert_eq!(json_of(&cluster, 0, &["list"]), json!({"schedules": []}));
}

/// In order, at half past two in Berlin, never from Friday's evening to Monday's morning, and put off by less than the
/// jitter.
fn check_next(next: &[Value]) {
    let time = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let slots: Vec<jiff::Timestamp> = next.iter().map(|next| time(&next["slot"])).collect();
    assert_eq!(slots.len(), 20);
    assert!(slots.is_sorted_by(|one, next| one < next), "{slots:?}");
    for (slot, next) in slots.iter().zip(next) {
        let local = slot.in_tz("Europe/Berlin").unwrap();
        // On the day on which that time is left out, it is due right after.
        let expected = if (local.month(), local.hour()) == (3, 3) { (3, 0) } else { (2, 30) };
        assert_eq!((local.hour(), local.minute()), expected, "{local}");
        let day = local.strftime("%a").to_string();
        assert!(!["Sat", "Sun", "Mon"].contains(&day.as_str()), "{local} is in a window");
        let late = time(&next["start"]).duration_since(*slot).as_secs();
        assert!((0..600).contains(&late), "{next}");
    }
}

/// The pipeline, as long as it has a schedule.
fn kept_from_going(cluster: &Cluster) {
    let mut command = gofer(&["pipeline", "delete", "ci", "--address", &cluster.nodes[0].address]).unwrap();
    let kept = printed(&mut command).unwrap();
    assert_eq!(kept.code, REFUSED, "{kept:?}");
    says(&kept.stderr, &["pipeline default/ci has 1 schedule\n", "delete its schedules first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_with_its_field_and_what_would_do() {
    let cluster = start(1).await;
    let window = |opens: &str, seconds| model::BlackoutWindow { opens: opens.into(), length: seconds };
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    let every = |every| model::ScheduleSpec { rule: every, ..Default::default() };
    let bad_windows = vec![window("@daily", seconds(1)), window("61 * * * *", seconds(60))];
    let wrong = [
        ("cron", cron("61 * * * *")),
        ("cron", cron("30 2 30 2 *")),
        ("cron", cron("")),
        ("cron", cron(&"1".repeat(300))),
        ("rule", every(None)),
        ("every", every(Some(Rule::Every(prost_types::Duration { seconds: 0, nanos: 500_000_000 })))),
        ("every", every(Some(Rule::Every(prost_types::Duration { seconds: -1, nanos: 0 })))),
        ("zone", model::ScheduleSpec { zone: "Mars/Olympus".into(), ..cron("@daily") }),
        ("blackouts.1", model::ScheduleSpec { blackouts: bad_windows, ..cron("@daily") }),
        ("blackouts", model::ScheduleSpec { blackouts: vec![window("@daily", seconds(1)); 21], ..cron("@daily") }),
        ("grace", model::ScheduleSpec { grace: seconds(0), ..cron("@daily") }),
        ("jitter", model::ScheduleSpec { jitter: seconds(86_401), ..cron("@daily") }),
        ("catch_up", model::ScheduleSpec { catch_up: model::CatchUp::All.into(), ..cron("@daily") }),
        ("catch_up", model::ScheduleSpec { catch_up: 77, ..cron("@daily") }),
        ("priority", model::ScheduleSpec { priority: 101, ..cron("@daily") }),
    ];
    for (field, spec) in wrong {
        let text = format!("{spec:?}");
        let status = create(&cluster, name("ci", "s"), spec).await.unwrap_err();
        check_fault(&status, field, &text);
    }
    check_fault(&create(&cluster, name("ci", "-s"), cron("@daily")).await.unwrap_err(), "name", "a name");
    let listed = json_of(&cluster, 0, &["list"]);
    assert_eq!(listed, json!({"schedules": []}), "what was refused has left nothing");
    let tell = [
        (["create", "ci/s", "30 25 * * *"], REFUSED, "cron \"30 25 * * *\": "),
        (["create", "ghost/s", "@daily"], REFUSED, "pipeline default/ghost does not exist"),
        (["create", "s", "@daily"], WRONG_USAGE, "PIPELINE/NAME"),
    ];
    for (arguments, code, word) in tell {
        refused(&cluster, &arguments, code, &[word]);
    }
    refused(&cluster, &["create", "ci/s", "@daily", "--tz", "Mars/Olympus"], REFUSED, &["Mars/Olympus", "IANA"]);
    done(&cluster, 0, &["create", "ci/s", "@daily", "--disabled"]);
    refused(&cluster, &["create", "ci/s", "@daily"], REFUSED, &["exists already"]);
    refused(&cluster, &["update", "ci/s"], WRONG_USAGE, &["there is nothing to change"]);
    refused(&cluster, &["update", "ci/s", "--tz", "Mars/Olympus"], REFUSED, &["Mars/Olympus"]);
    refused(&cluster, &["enable", "ci/ghost"], REFUSED, &["schedule default/ci/ghost does not exist"]);
    refused(&cluster, &["list", "ghost"], REFUSED, &["pipeline default/ghost does not exist"]);
    refused(&cluster, &["list", "-n", "ghost"], REFUSED, &["namespace ghost does not exist"]);
}

fn check_fault(status: &Status, field: &str, what: &str) {
    assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status}");
    let details = status.get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    assert_eq!(metadata.get("field").map(String::as_str), Some(field), "{what}: {status}");
    assert!(metadata.get("help").is_some_and(|help| !help.is_empty()), "{what}: {status}");
    let violations = &details.bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, field, "{what}: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_has_defaults_and_a_change_of_what_is_gone_is_refused() {
    let cluster = start(1).await;
    create(&cluster, name("ci", "s"), cron("@daily")).await.unwrap();
    let made = get(&cluster, name("ci", "s")).await;
    let spec = made.spec.clone().unwrap();
    assert_eq!((spec.zone.as_str(), spec.catch_up()), ("UTC", model::CatchUp::Latest));
    assert_eq!(spec.grace, Some(prost_types::Duration { seconds: 60, nanos: 0 }));
    let update = |spec: model::ScheduleSpec, generation| api::UpdateScheduleRequest {
        request_id: request_id(),
        schedule: name("ci", "s"),
        spec: Some(spec),
        generation,
    };
    schedules(&cluster).update_schedule(update(cron("@hourly"), made.generation)).await.unwrap();
    let late = schedules(&cluster).update_schedule(update(cron("@weekly"), made.generation)).await.unwrap_err();
    assert_eq!(late.code(), Code::FailedPrecondition, "{late}");
    let details = late.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["field"], "generation", "{late}");
    assert_eq!(get(&cluster, name("ci", "s")).await.spec.unwrap().rule, Some(Rule::Cron("@hourly".into())));
    let again = update(cron("@weekly"), 0);
    let first = schedules(&cluster).update_schedule(again.clone()).await.unwrap().into_inner();
    let repeated = schedules(&cluster).update_schedule(again).await.unwrap().into_inner();
    assert_eq!(first.header, repeated.header, "a repeat has the first answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_change_a_schedule_at_once_both_succeed() {
    let cluster = start(1).await;
    done(&cluster, 0, &["create", "ci/s", "@daily"]);
    for round in 0..4 {
        let change = |who: &str| {
            let value = format!("{who}{round}=1");
            let mut command = gofer(&["schedule", "update", "ci/s", "-v", &value]).unwrap();
            command.args(["--address", &cluster.nodes[0].address]);
            std::thread::spawn(move || printed(&mut command).unwrap())
        };
        for other in [change("A"), change("B")] {
            let printed = other.join().unwrap();
            assert_eq!(printed.code, Some(0), "{printed:?}");
        }
    }
    let variables = json_of(&cluster, 0, &["get", "ci/s"])["spec"]["variables"].as_object().unwrap().len();
    assert_eq!(variables, 8, "no change is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_comes_in_pages() {
    let cluster = start(1).await;
    cluster.register(0, pipeline("deploy", vec![shell_task("t", "true", &[])])).await.unwrap();
    let names = [("ci", "a"), ("ci", "b"), ("ci", "c"), ("deploy", "a"), ("deploy", "b")];
    for (pipeline, schedule) in names.iter().rev() {
        create(&cluster, name(pipeline, schedule), cron("@daily")).await.unwrap();
    }
    let of = |namespace: &str, pipeline: &str| {
        Some(model::PipelineRef { namespace: namespace.into(), pipeline: pipeline.into() })
    };
    for (scope, expected) in [(None, &names[..]), (of("default", ""), &names), (of("default", "ci"), &names[..3])] {
        let mut request = api::ListSchedulesRequest { pipeline: scope, page_size: 2, ..Default::default() };
        let mut listed = Vec::new();
        loop {
            let page = schedules(&cluster).list_schedules(request.clone()).await.unwrap().into_inner();
            assert!(page.schedules.len() <= 2);
            listed.extend(page.schedules.into_iter().map(|schedule| schedule.r#ref.unwrap()));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        let listed: Vec<_> = listed.iter().map(|name| (name.pipeline.as_str(), name.name.as_str())).collect();
        assert_eq!(listed, expected);
        let other = api::ListSchedulesRequest { pipeline: of("default", "deploy"), ..request };
        let status = schedules(&cluster).list_schedules(other).await.unwrap_err();
        check_fault(&status, "page_token", "the token of another list");
    }
    let request = api::GetScheduleRequest { schedule: name("ci", "a"), next_slots: 101, ..Default::default() };
    check_fault(&schedules(&cluster).get_schedule(request).await.unwrap_err(), "next_slots", "too many slots");
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_start_runs_that_say_which_they_are_for() {
    let cluster = start(1).await;
    done(&cluster, 0, &["create", "ci/tick", "--every", "1s", "-v", "DEPTH=3", "--label", "by=clock"]);
    let third = model::RunRef { namespace: "default".into(), pipeline: "ci".into(), run: 3 };
    let run = eventually("a third run", PATIENCE, || async { Ok(cluster.run(0, &third).await.ok()) }).await.unwrap();
    done(&cluster, 0, &["disable", "ci/tick"]);
    assert_eq!(run.schedule.as_ref().unwrap().schedule, "tick");
    assert_eq!((run.variables[0].value.as_str(), run.labels[0].value.as_str()), ("3", "clock"));
    cluster.finished(0, &third, PATIENCE).await.unwrap();

    let schedule = json_of(&cluster, 0, &["get", "ci/tick"]);
    let fired = schedule["last_fired"]["run"].as_u64().unwrap();
    assert!(fired >= 3, "{schedule}");
    let address = cluster.nodes[0].address.as_str();
    let show = |arguments: &[&str]| printed(gofer(arguments).unwrap().args(["--address", address])).unwrap().stdout;
    let runs: Value = serde_json::from_str(&show(&["run", "list", "ci", "-o", "json"])).unwrap();
    let runs = runs["runs"].as_array().unwrap();
    assert_eq!(runs.len() as u64, fired, "the schedule is the only one that starts any");
    let slots: Vec<_> = runs.iter().map(|run| run["schedule"]["slot"].as_str().unwrap()).collect();
    assert!(slots.is_sorted_by(|newer, older| newer > older), "a run for each slot, in order: {slots:?}");
    assert_eq!(schedule["last_fired"]["slot"].as_str(), slots.first().copied());
    let told = format!("schedule tick for {}", slots[0]);
    says(&show(&["run", "list", "ci"]), &[&told]);
    says(&show(&["run", "get", "ci/latest"]), &[&told]);
    says(&show(&["schedule", "list"]), &["every 1s", "no", &format!(", run {fired}")]);
}
