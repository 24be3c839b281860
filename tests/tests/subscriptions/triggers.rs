//! Triggers: those that are part of Gofer, and plug-ins that come and go with their tokens.

use std::fmt::Write as _;
use std::path::Path;

use gofer_tests::{Cluster, says};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::support::{REFUSED, WRONG_USAGE, done, json_of, refused, start};

const BUILT_IN: [&str; 9] = ["event", "git", "github", "manual", "object", "pipeline", "schedule", "task", "webhook"];

/// What the cluster knows of a trigger's token.
fn digest(cluster: &Cluster, node: usize) -> Value {
    json_of(cluster, node, &["trigger", "get", "jira"])["installed"]["spec"]["token_digest"].clone()
}

fn digest_of(token: &str) -> Value {
    let digest = Sha256::digest(token);
    let hex = digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    json!(hex)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plug_in_is_installed_with_a_token_that_only_its_owner_has() {
    let cluster = start(3).await;
    let arguments = ["trigger", "install", "jira", "--description", "issues that change"];
    let installed = json_of(&cluster, 1, &arguments);
    let token = installed["token"].as_str().unwrap();
    assert!(token.starts_with("gofer-trigger.") && token.len() > 70, "{installed}");
    assert_eq!(digest(&cluster, 2), digest_of(token), "only its digest is kept");
    says(&done(&cluster, 0, &["trigger", "get", "jira"]), &["issues that change", "plug-in", "known"]);

    let told = done(&cluster, 0, &["trigger", "update", "jira", "--new-token"]);
    let new = told.strip_suffix('\n').unwrap();
    assert!(new.starts_with("gofer-trigger.") && !new.contains(char::is_whitespace), "{told}");
    assert_eq!(digest(&cluster, 1), digest_of(new), "{told}");
    let own = "0123456789abcdef0123456789abcdef";
    let file = cluster.path().join("token");
    std::fs::write(&file, format!("{own}\n")).unwrap();
    let told = done(&cluster, 2, &["trigger", "update", "jira", "--token-file", file.to_str().unwrap()]);
    assert_eq!(told, "updated trigger jira\n", "nobody needs to be told their own token");
    assert_eq!(digest(&cluster, 0), digest_of(own));
    says(&done(&cluster, 0, &["trigger", "get", "jira"]), &["issues that change"]);

    let twice = ["trigger", "update", "jira", "--new-token", "--request-id", "0190a1b2-0000-7000-8000-000000000001"];
    let first = json_of(&cluster, 0, &twice)["token"].clone();
    refused(&cluster, &twice, REFUSED, &["has another token than was drawn now", "--new-token"]);
    assert_eq!(digest(&cluster, 0), digest_of(first.as_str().unwrap()), "the first one is still the one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_broken_while_its_trigger_is_not_there() {
    let cluster = start(1).await;
    done(&cluster, 0, &["trigger", "install", "jira"]);
    done(&cluster, 0, &["subscription", "create", "ci/issues", "--trigger", "jira", "--set", "project=X"]);
    let broken = || json_of(&cluster, 0, &["subscription", "get", "ci/issues"])["broken"].clone();
    assert_eq!(broken(), Value::Null, "which settings it understands is not known yet");
    assert_eq!(json_of(&cluster, 0, &["trigger", "get", "jira"])["subscriptions"], 1);

    done(&cluster, 0, &["trigger", "disable", "jira"]);
    assert_eq!(broken()["message"], "trigger jira is disabled");
    let fire = ["trigger", "fire", "ci/issues"];
    refused(&cluster, &fire, REFUSED, &["subscription default/ci/issues is broken: trigger jira is disabled"]);
    done(&cluster, 0, &["trigger", "enable", "jira"]);
    assert_eq!(broken(), Value::Null);
    says(&done(&cluster, 0, &fire), &["started run default/ci/1"]);

    done(&cluster, 0, &["trigger", "uninstall", "jira"]);
    let shown = done(&cluster, 0, &["subscription", "get", "ci/issues"]);
    says(&shown, &["broken", "trigger jira is not installed; check its name, or install it"]);
    says(&done(&cluster, 0, &["subscription", "list"]), &["broken"]);
    done(&cluster, 0, &["subscription", "update", "ci/issues", "-v", "A=1"]);
    done(&cluster, 0, &["trigger", "install", "jira"]);
    assert_eq!(broken(), Value::Null, "it goes on");
    assert_eq!(json_of(&cluster, 0, &["subscription", "get", "ci/issues"])["subscription"]["taken"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_installed_or_changed_is_told() {
    let cluster = start(1).await;
    done(&cluster, 0, &["trigger", "install", "jira"]);
    let file = cluster.path().join("short");
    std::fs::write(&file, "short").unwrap();
    for (arguments, code, words) in [
        (&["install", "jira"][..], REFUSED, "trigger jira is installed already"),
        (&["install", "github"], REFUSED, "the name github is Gofer's own"),
        (&["install", "cron"], REFUSED, "the name cron is Gofer's own"),
        (&["install", "_x"], REFUSED, "neither a letter nor a digit"),
        (&["install", "x", "--token-file", file.to_str().unwrap()], WRONG_USAGE, "has 5 bytes"),
        (&["install", "x", "--token-file", "/nowhere/token"], WRONG_USAGE, "can't read the token in /nowhere/token"),
        (&["update", "jira"], WRONG_USAGE, "there is nothing to change"),
        (&["update", "github", "--description", "x"], REFUSED, "trigger github is part of Gofer"),
        (&["update", "ghost", "--new-token"], REFUSED, "trigger ghost is not installed"),
        (&["uninstall", "manual"], REFUSED, "trigger manual is part of Gofer"),
        (&["disable", "ghost"], REFUSED, "trigger ghost is not installed"),
        (&["get", "ghost"], REFUSED, "trigger ghost is not installed"),
    ] {
        refused(&cluster, &[&["trigger"], arguments].concat(), code, &[words]);
    }
    let all = json_of(&cluster, 0, &["trigger", "list"]);
    let all = all["triggers"].as_array().unwrap();
    let names: Vec<&str> = all.iter().map(|trigger| trigger["name"].as_str().unwrap()).collect();
    let mut expected = [&BUILT_IN[..], &["jira"]].concat();
    expected.sort_unstable();
    assert_eq!(names, expected, "what was refused has left nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_has_the_settings_of_the_built_in_triggers() {
    let cluster = start(1).await;
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/triggers.md")).unwrap();
    for name in BUILT_IN {
        let trigger = json_of(&cluster, 0, &["trigger", "get", name]);
        let section = section(&trigger);
        assert!(text.contains(&section), "docs/triggers.md must have this:\n{section}");
    }
    let listed = done(&cluster, 0, &["trigger", "list"]);
    says(&listed, &BUILT_IN);
}

/// What the documentation says of a built-in trigger: its purpose, and a table of its settings.
fn section(trigger: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut section = format!("### {}\n\nTells of {}.\n", text(&trigger["name"]), text(&trigger["description"]));
    let settings = trigger["settings"].as_array().unwrap();
    if settings.is_empty() {
        section.push_str("\nIt has no settings.\n");
        return section;
    }
    section.push_str("\n| Setting | Kind | Default | |\n|---|---|---|---|\n");
    for setting in settings {
        let default = match (&setting["required"], text(&setting["default_value"])) {
            (Value::Bool(true), _) => "must be given".to_owned(),
            (_, default) if default.is_empty() => "empty".to_owned(),
            (_, default) => format!("`{default}`"),
        };
        let (name, kind, words) = (text(&setting["name"]), text(&setting["kind"]), text(&setting["description"]));
        let _ = writeln!(section, "| `{name}` | {kind} | {default} | {words} |");
    }
    section
}
