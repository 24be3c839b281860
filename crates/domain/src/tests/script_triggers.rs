//! Triggers: how they come, change and go, and what that means to subscriptions.

use std::sync::Arc;

use super::script::check;
use super::script_subscriptions::{key, parse, report, spec, state_of, trigger, trigger_spec};
use super::world::World;
use crate::limits::{
    EXPRESSION_BYTES_MAX, NAME_BYTES_MAX, SETTING_BYTES_MAX, SETTINGS_MAX, SUBSCRIPTION_BYTES_MAX, TEXT_BYTES_MAX,
    TRIGGER_BYTES_MAX, TRIGGER_VERSION_BYTES_MAX, TRIGGERS_MAX, VARIABLE_VALUE_BYTES_MAX, VARIABLES_MAX,
};
use crate::validate::{validate_report, validate_subscription, validate_trigger};
use crate::{
    Broken, Command, Launch, Reason, Rejection, Revision, Setting, SettingKind, SubscriptionSpec, TriggerReport,
    TriggerSpec,
};

fn broken(world: &World, subscription: &str) -> Option<String> {
    let spec = state_of(world, subscription).spec;
    world.state.broken(&spec).map(|broken| broken.to_string())
}

#[test]
fn a_trigger_comes_changes_and_goes() {
    let world = check(
        "
        install x               -> x installed
        install x               -> ! ALREADY_EXISTS
        install webhook         -> ! INVALID_ARGUMENT
        install cron            -> ! INVALID_ARGUMENT
        change y                -> ! NOT_FOUND
        change github           -> ! INVALID_ARGUMENT
        change x                ->
        change x generation=1 note=n -> ! FAILED_PRECONDITION
        change x generation=3 note=n -> x updated
        trigger-off x           -> x disabled
        trigger-off x           ->
        trigger-on x            -> x enabled
        trigger-on x            ->
        trigger-off manual      -> ! INVALID_ARGUMENT
        report x needs=url:text -> x reported
        report x needs=url:text ->
        report x generation=3   -> ! FAILED_PRECONDITION
        report y                -> ! NOT_FOUND
        change x                -> x updated
        uninstall y             -> ! NOT_FOUND
        ",
    );
    let known = &world.state.triggers[&trigger("x")];
    assert_eq!((known.generation, known.enabled), (Revision(8), true));
    assert_eq!(known.report.as_deref(), Some(&report(&["needs=url:text"])), "it stays over a change");
}

#[test]
fn a_subscription_is_broken_while_its_trigger_does_not_fit() {
    let mut world = check(
        "
        pipeline p | t
        subscribe p/s x              -> ! NOT_FOUND
        install x
        subscribe p/s x give=old:1   -> p/s created
        take p/s cursor=_>a fire=k1  -> p/s took k1:1 to a, p/1 created v1 for s#k1, p/1 started, p/1/t queued
        report x needs=url:text takes=every:duration
        subscribe p/t x              -> ! INVALID_ARGUMENT
        subscribe p/t x give=url:u give=every:soon -> ! INVALID_ARGUMENT
        take p/s cursor=a>b fire=k2  -> ! FAILED_PRECONDITION
        resubscribe p/s x give=old:1 filter=f -> p/s updated
        ",
    );
    let say = |world: &mut World, words: &[&str]| drop(world.give(parse(words)).unwrap());
    assert_eq!(broken(&world, "p/s").as_deref(), Some("the trigger has no setting \"old\""));
    say(&mut world, &["resubscribe", "p/s", "x", "give=url:u"]);
    assert_eq!(broken(&world, "p/s"), None);
    say(&mut world, &["trigger-off", "x"]);
    assert_eq!(broken(&world, "p/s").as_deref(), Some("trigger x is disabled"));
    say(&mut world, &["uninstall", "x"]);
    assert_eq!(broken(&world, "p/s").as_deref(), Some("trigger x is not installed"));
    let take =
        |world: &World| super::script_subscriptions::with_world(world, &["take", "p/s", "cursor=a>b", "fire=k2"]);
    let refused = world.give(take(&world)).unwrap_err();
    assert_eq!((refused.reason, refused.field.as_str()), (Reason::FailedPrecondition, "trigger"));
    // It goes on where it stood, and knows what it took.
    say(&mut world, &["install", "x", "image=y"]);
    assert_eq!(broken(&world, "p/s"), None, "nothing is known of its settings yet");
    assert!(world.give(take(&world)).is_ok());
    assert_eq!((state_of(&world, "p/s").taken, state_of(&world, "p/s").cursor.as_deref()), (2, Some(&b"b"[..])));
}

#[test]
fn why_a_subscription_is_broken_is_told() {
    let mut world = check("pipeline p | t\n install x\n subscribe p/s x give=every:soon");
    let mut with = |settings: &[&str]| {
        world.state.triggers.get_mut(&trigger("x")).unwrap().report = Some(Arc::new(report(settings)));
        let spec = world.state.subscriptions.get(&key("p/s")).unwrap().spec.clone();
        world.state.broken(&spec).map(|broken| (broken.field(), broken.to_string()))
    };
    assert_eq!(with(&["takes=every:text"]), None);
    let malformed = ("settings.every".into(), "the setting \"every\" must be a duration such as 90s or 1h30m".into());
    assert_eq!(with(&["takes=every:duration"]), Some(malformed));
    let missing = ("settings.url".into(), "the trigger needs the setting \"url\"".into());
    assert_eq!(with(&["takes=every:text", "needs=url:text"]), Some(missing));
    for broken in [
        Broken::NotInstalled(trigger("x")),
        Broken::Disabled(trigger("x")),
        Broken::Missing("a".into()),
        Broken::Unknown("a".into()),
        Broken::Malformed("a".into(), SettingKind::Number),
    ] {
        assert!(!broken.help().is_empty());
    }
}

#[test]
fn there_are_so_many_triggers_at_most() {
    let mut world = check("install x");
    let known = world.state.triggers[&trigger("x")].clone();
    for number in 1..TRIGGERS_MAX {
        world.state.triggers.insert(trigger(&format!("t{number}")), known.clone());
    }
    let refused = world.give(parse(&["install", "y"])).unwrap_err();
    assert_eq!(refused.reason, Reason::ResourceExhausted);
}

fn fields(result: Result<(), Vec<Rejection>>) -> Vec<String> {
    result.err().unwrap_or_default().into_iter().map(|fault| fault.field).collect()
}

#[test]
fn what_is_said_of_a_trigger_has_limits() {
    let launch = |change: &dyn Fn(&mut Launch)| {
        let mut launch = Launch { image: Some("i".into()), ..Launch::default() };
        change(&mut launch);
        TriggerSpec { launch: Some(launch), ..trigger_spec(&["tokenless"]) }
    };
    let long = |bytes: usize| "x".repeat(bytes);
    assert_eq!(fields(validate_trigger(&trigger_spec(&["tokenless"]))), ["token_digest"]);
    assert!(validate_trigger(&launch(&|_| {})).is_ok());
    let described = TriggerSpec { description: long(TEXT_BYTES_MAX + 1), ..trigger_spec(&[]) };
    assert_eq!(fields(validate_trigger(&described)), ["description"]);
    type Change<'a> = (&'a str, &'a dyn Fn(&mut Launch));
    let changes: [Change<'_>; 6] = [
        ("launch", &|launch| launch.image = None),
        ("launch.image", &|launch| launch.image = Some("a b".into())),
        ("launch.environment.GOFER_X", &|launch| drop(launch.environment.insert("GOFER_X".into(), String::new()))),
        ("launch.secret_env.GOFER_X", &|launch| drop(launch.secret_env.insert("GOFER_X".into(), "s".into()))),
        ("launch.resources.memory_bytes", &|launch| launch.resources.memory_bytes = 1),
        ("", &|launch| launch.command = vec!["x".repeat(TRIGGER_BYTES_MAX)]),
    ];
    for (field, change) in changes {
        assert_eq!(fields(validate_trigger(&launch(change))), [field]);
    }
    let mut world = World::new();
    let command = Command::InstallTrigger { trigger: trigger("x"), spec: Arc::new(trigger_spec(&["tokenless"])) };
    assert_eq!(world.give(command).unwrap_err().field, "token_digest");
}

#[test]
fn what_a_plug_in_says_has_limits() {
    let with = |name: &str, change: &dyn Fn(&mut Setting)| {
        let kind = SettingKind::Number;
        let mut setting = Setting { kind, required: false, default: None, description: String::new() };
        change(&mut setting);
        TriggerReport { version: "1".into(), settings: [(name.to_owned(), setting)].into() }
    };
    assert!(validate_report(&with("a.b-c_1", &|_| {})).is_ok());
    for name in ["", "a b", "ä", &"x".repeat(NAME_BYTES_MAX + 1)] {
        assert_eq!(fields(validate_report(&with(name, &|_| {}))).len(), 1, "{name}");
    }
    let wrong = with("a", &|setting| setting.default = Some("soon".into()));
    assert_eq!(fields(validate_report(&wrong)), ["settings.a.default"]);
    let both = with("a", &|setting| (setting.required, setting.default) = (true, Some("1".into())));
    assert_eq!(fields(validate_report(&both)), ["settings.a.default"]);
    let long = with("a", &|setting| setting.default = Some("1".repeat(SETTING_BYTES_MAX + 1)));
    assert_eq!(fields(validate_report(&long)), ["settings.a.default"]);
    let words = with("a", &|setting| setting.description = "x".repeat(TEXT_BYTES_MAX + 1));
    assert_eq!(fields(validate_report(&words)), ["settings.a.description"]);
    let mut many = with("a", &|setting| setting.description = "x".repeat(TEXT_BYTES_MAX));
    let setting = many.settings["a"].clone();
    many.settings.extend((0..TRIGGER_BYTES_MAX / TEXT_BYTES_MAX).map(|n| (format!("s{n}"), setting.clone())));
    assert_eq!(fields(validate_report(&many)), [""]);
    many.settings.extend((0..=SETTINGS_MAX).map(|n| (format!("t{n}"), setting.clone())));
    assert_eq!(fields(validate_report(&many)), ["settings"]);
    for version in ["x".repeat(TRIGGER_VERSION_BYTES_MAX + 1), "a\nb".into()] {
        assert_eq!(fields(validate_report(&TriggerReport { version, ..TriggerReport::default() })), ["version"]);
    }
}

#[test]
fn what_a_subscription_says_has_limits() {
    type Change<'a> = (&'a str, &'a dyn Fn(&mut SubscriptionSpec));
    let insert = |to: &mut std::collections::BTreeMap<String, String>, name: &str, value: String| {
        to.insert(name.to_owned(), value);
    };
    let changes: [Change<'_>; 9] = [
        ("description", &|spec| spec.description = "x".repeat(TEXT_BYTES_MAX + 1)),
        ("settings", &|spec| spec.settings = (0..=SETTINGS_MAX).map(|n| (format!("s{n}"), String::new())).collect()),
        ("settings.a b", &|spec| insert(&mut spec.settings, "a b", String::new())),
        ("settings.a", &|spec| insert(&mut spec.settings, "a", "x".repeat(SETTING_BYTES_MAX + 1))),
        ("filter", &|spec| spec.filter = "x".repeat(EXPRESSION_BYTES_MAX + 1)),
        ("variables.A", &|spec| insert(&mut spec.variables, "A", String::new())),
        ("variables.A", &|spec| insert(&mut spec.variables, "A", "x".repeat(EXPRESSION_BYTES_MAX + 1))),
        ("variables.A=", &|spec| insert(&mut spec.variables, "A=", "x".into())),
        ("variables", &|spec| spec.variables = (0..=VARIABLES_MAX).map(|n| (format!("V{n}"), "x".into())).collect()),
    ];
    let plain = || spec(&["subscribe", "p/s", "webhook"]);
    assert!(validate_subscription(&plain()).is_ok());
    for (field, change) in changes {
        let mut spec = plain();
        change(&mut spec);
        assert_eq!(fields(validate_subscription(&spec)), [field]);
    }
    let mut large = plain();
    for name in ["A", "B", "C"] {
        insert(&mut large.options.variables, name, "x".repeat(VARIABLE_VALUE_BYTES_MAX.min(SUBSCRIPTION_BYTES_MAX)));
    }
    assert_eq!(fields(validate_subscription(&large)), [""]);
}
