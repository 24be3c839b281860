//! Pull requests that subscriptions to `github` look for, instead of being told.

use std::time::Duration;

use gofer_domain::{BuiltIn, EventKey, Rejection, SecretName, SubscriptionSpec, Timestamp};
use gofer_git::Patterns;
use gofer_git::pulls::{Action, Api, Change, Repository};
use gofer_webhooks::payload::enrich;
use serde_json::{Value, json};

use crate::TriggerEvent;
use crate::built_in::{Settings, fault};
use crate::hook::fitted;
use crate::repository::{check_patterns, secret_of};

/// The only kind of event that is looked for, as `X-GitHub-Event` names it.
const KIND: &str = "pull_request";
/// The setting that has them looked for.
const REPOSITORY: &str = "repository";
/// Settings of no use without it.
const OTHERS: [&str; 4] = ["api", "base", "every", "token"];
/// Least and most that it may take until they are looked for again.
pub(crate) const EVERY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(24 * 3600));

/// Whose pull requests are looked for, and as whom.
#[derive(Clone, Debug)]
pub struct Pulls {
    /// Without the token.
    pub repository: Repository,
    /// Patterns of the branches that they are to be merged into.
    pub base: Vec<String>,
    /// The secret with the token, if there is one.
    pub token: Option<SecretName>,
}

/// Whether a subscription to `github` looks, rather than being told.
pub(crate) fn looks(spec: &SubscriptionSpec) -> bool {
    spec.settings.get(REPOSITORY).is_some_and(|name| !name.is_empty())
}

impl Pulls {
    /// What a subscription to the trigger `github` looks for.
    ///
    /// # Errors
    /// `InvalidArgument`, with the field `settings.NAME`.
    pub fn of(spec: &SubscriptionSpec) -> Result<Self, Rejection> {
        let settings = Settings::of(BuiltIn::Github, spec);
        let wrong = |name: &str, why: gofer_git::Fault| fault(name, why.to_string(), "see docs/triggers.md");
        let api = Api::new(settings.text("api")).map_err(|why| wrong("api", why))?;
        let repository = Repository::new(api, settings.text(REPOSITORY)).map_err(|why| wrong(REPOSITORY, why))?;
        let base = settings.list("base").map(str::to_owned).collect();
        Ok(Self { repository, base, token: secret_of(&settings, "token")? })
    }

    /// Checks the settings of `github` that have to do with looking.
    pub(crate) fn check(spec: &SubscriptionSpec) -> Result<(), Rejection> {
        let given = |name: &str| spec.settings.get(name).is_some_and(|value| !value.is_empty());
        if !looks(spec) {
            return match OTHERS.iter().find(|name| given(name)) {
                None => Ok(()),
                Some(name) => {
                    Err(fault(name, "it is of use with `repository` only".into(), "give `repository`, or leave it out"))
                }
            };
        }
        let pulls = Self::of(spec)?;
        if given("secret") {
            let why = "nobody sends requests that are signed with it, as `repository` is looked at";
            return Err(fault("secret", why.into(), "name the secret with the token of the API in `token`"));
        }
        let settings = Settings::of(BuiltIn::Github, spec);
        if settings.list("events").any(|event| event != KIND) {
            let why = format!("with `repository`, only {KIND} can be looked for");
            let help = "use the trigger git for pushes and tags, or webhooks, without `repository`, for whatever else";
            return Err(fault("events", why, help));
        }
        if pulls.base.is_empty() {
            return Err(fault("base", "no branch is named".into(), "name some, such as main, or ** for all"));
        }
        check_patterns(&pulls.base, "base")?;
        settings.check_every(EVERY)
    }

    /// The patterns of branches.
    ///
    /// # Errors
    /// What is wrong with them; they were found to be right when the subscription was made.
    pub fn patterns(&self) -> Result<Patterns, gofer_git::Fault> {
        Patterns::new(self.base.iter().map(String::as_str), [])
    }
}

/// A change as the event that a webhook would bring. Its key has a number, as the same may happen again.
///
/// # Errors
/// When it can't have a key.
pub fn pull_event(change: &Change, repository: &str, number: u64, at: Timestamp) -> Result<TriggerEvent, Rejection> {
    let Change { number: pull_number, action, head, pull, .. } = change;
    let key = EventKey::new(&format!("{number} refs/pull/{pull_number}/head {action} {head}"))?;
    let mut pull = pull.clone();
    if *action != Action::Closed
        && let Some(members) = pull.as_object_mut()
    {
        // Lists leave it out.
        members.entry("merged").or_insert_with(|| false.into());
    }
    let of = pull.pointer("/base/repo").filter(|of| of["full_name"].is_string()).cloned();
    let of = of.unwrap_or_else(|| json!({ "full_name": repository }));
    let mut payload = json!({ "action": action.to_string(), "number": pull_number, "repository": of });
    if let Some(members) = payload.as_object_mut() {
        if let Some(before) = change.before() {
            members.insert("before".to_owned(), before.into());
            members.insert("after".to_owned(), Value::from(head.as_str()));
        }
        members.insert(KIND.to_owned(), pull);
    }
    Ok(TriggerEvent { key, kind: KIND.to_owned(), occurred_at: at, payload: fitted(enrich(KIND, payload)) })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::log::tests::spec;
    use crate::{Hook, every, judge};

    const REPO: (&str, &str) = ("repository", "octocat/hello-world");

    #[test]
    fn what_is_looked_for_is_what_the_settings_say() {
        let given = spec("github", &[REPO, ("token", "gh"), ("every", "30s"), ("base", "main, release/*")]);
        crate::check(&given).unwrap();
        let pulls = Pulls::of(&given).unwrap();
        assert_eq!(pulls.repository.to_string(), "https://api.github.com/repos/octocat/hello-world");
        assert_eq!((pulls.base.len(), pulls.token.unwrap().as_str()), (2, "gh"));
        assert_eq!((every(&given), Hook::of(&given)), (Some(Duration::from_secs(30)), Ok(None)));
        let least = spec("github", &[REPO, ("secret", "")]);
        crate::check(&least).unwrap();
        assert_eq!(every(&least), Some(Duration::from_secs(60)));
        for api in ["https://github.example.com/api/v3", "http://127.0.0.1:9/api/v3"] {
            crate::check(&spec("github", &[REPO, ("api", api), ("events", "pull_request")])).unwrap();
        }
        let told = spec("github", &[("secret", "hook")]);
        crate::check(&told).unwrap();
        assert_eq!(every(&told), None);
        assert!(Hook::of(&told).unwrap().unwrap().asks_for("push"));
        assert!(!Hook::of(&told).unwrap().unwrap().asks_for("pull_request"));
        assert_eq!(every(&spec("manual", &[])), None);
    }

    #[test]
    fn what_can_not_be_looked_for_is_refused() {
        for (settings, field, words) in [
            (&[][..], "settings.secret", "needs the setting \"secret\""),
            (&[("secret", "")], "settings.secret", "nothing is named"),
            (&[("secret", "a"), ("token", "b")], "settings.token", "with `repository` only"),
            (&[("secret", "a"), ("base", "main")], "settings.base", "with `repository` only"),
            (&[("repository", "hello-world")], "settings.repository", "OWNER/NAME"),
            (&[REPO, ("secret", "a")], "settings.secret", "nobody sends requests"),
            (&[REPO, ("events", "push")], "settings.events", "only pull_request can be looked for"),
            (&[REPO, ("events", "*")], "settings.events", "only pull_request can be looked for"),
            (&[REPO, ("events", "pull_request,push")], "settings.events", "only pull_request"),
            (&[REPO, ("api", "http://github.example.com")], "settings.api", "use https"),
            (&[REPO, ("api", "https://me:password@github.example.com")], "settings.api", "has a password"),
            (&[REPO, ("base", " , ")], "settings.base", "no branch is named"),
            (&[REPO, ("every", "9s")], "settings.every", "from 10s to 24h"),
            (&[REPO, ("every", "25h")], "settings.every", "from 10s to 24h"),
            (&[REPO, ("token", "a/b")], "settings.token", ""),
        ] {
            let refused = crate::check(&spec("github", settings)).unwrap_err();
            assert_eq!(refused.field, field, "{settings:?}");
            assert!(refused.message.contains(words), "{settings:?}: {}", refused.message);
        }
        let refused = crate::check(&spec("github", &[REPO, ("events", "push")])).unwrap_err();
        assert!(refused.help.contains("use the trigger git for pushes and tags"), "{}", refused.help);
    }

    fn change(action: &str, before: Option<&str>) -> Change {
        let head = "6dcb09b5b57875f334f61aebed695e2e4193db5e";
        let repo =
            json!({ "full_name": "octocat/Hello-World", "clone_url": "https://github.com/octocat/Hello-World.git" });
        let pull = json!({
            "number": 1347, "state": if action == "closed" { "closed" } else { "open" }, "title": "new feature",
            "user": { "login": "octocat" }, "html_url": "https://github.com/octocat/Hello-World/pull/1347",
            "head": { "ref": "new-topic", "sha": head, "repo": repo }, "base": { "ref": "main", "repo": repo },
        });
        let mut pull = pull;
        if action == "closed" {
            pull["merged"] = true.into();
        }
        let action = match action {
            "opened" => Action::Opened,
            "synchronize" => Action::Synchronize,
            _ => Action::Closed,
        };
        Change::new(1347, action, head, pull, before)
    }

    #[test]
    fn a_change_is_told_as_a_webhook_would_tell_it() {
        let told =
            |action, before| pull_event(&change(action, before), "octocat/hello-world", 8, Timestamp(5)).unwrap();
        let moved = told("synchronize", Some("0123456789abcdef"));
        assert_eq!(moved.key.as_str(), "8 refs/pull/1347/head synchronize 6dcb09b5b57875f334f61aebed695e2e4193db5e");
        assert_eq!((moved.kind.as_str(), &moved.payload["before"]), ("pull_request", &"0123456789".into()));
        let git = json!({
            "repository": "octocat/Hello-World", "number": 1347, "ref": "refs/pull/1347/head", "action": "synchronize",
            "branch": "new-topic", "base": "main", "commit": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
            "before": "0123456789", "author": "octocat", "message": "new feature",
            "url": "https://github.com/octocat/Hello-World/pull/1347",
        });
        assert_eq!(moved.payload["git"], git);
        // Expressions that were written for webhooks.
        let mut spec = spec("github", &[REPO]);
        spec.filter = "payload.action in ['opened', 'synchronize'] && payload.pull_request.base.ref == 'main' && \
                       !payload.pull_request.merged"
            .into();
        spec.variables = BTreeMap::from([
            ("URL".to_owned(), "payload.repository.clone_url".to_owned()),
            ("COMMIT".to_owned(), "payload.pull_request.head.sha".to_owned()),
        ]);
        let opened = judge(&spec, &told("opened", None));
        let gofer_domain::EventVerdict::Fire(firing) = opened else { panic!("{opened:?}") };
        assert_eq!(firing.variables["URL"], "https://github.com/octocat/Hello-World.git");
        spec.filter = "payload.action == 'closed' && payload.pull_request.merged".into();
        assert!(matches!(judge(&spec, &told("closed", Some("01"))), gofer_domain::EventVerdict::Fire(_)));
        assert_eq!(told("closed", Some("01")).payload.get("before"), None);
    }
}
