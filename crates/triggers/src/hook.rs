//! Subscriptions that requests over HTTP are for.

use gofer_domain::{BuiltIn, Rejection, SecretName, SubscriptionSpec};
use gofer_expressions::PAYLOAD_BYTES_MAX;
use gofer_webhooks::Scheme;
use serde_json::Value;

use crate::built_in::{Settings, fault};
use crate::pulls;

/// Most secrets that a request may be signed with.
const SECRETS_MAX: usize = 4;

/// What a request must show to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    pub scheme: Scheme,
    /// Any of these it may be signed with.
    pub secrets: Vec<SecretName>,
    /// Kinds of events that count; None: all.
    kinds: Option<Vec<String>>,
}

impl Hook {
    /// What requests to a subscription must show; None if it has nothing to do with requests.
    ///
    /// # Errors
    /// `InvalidArgument`, with the field `settings.NAME`.
    pub fn of(spec: &SubscriptionSpec) -> Result<Option<Self>, Rejection> {
        let Some(trigger) = BuiltIn::of(&spec.trigger) else { return Ok(None) };
        let settings = Settings::of(trigger, spec);
        let (scheme, kinds) = match trigger {
            BuiltIn::Webhook => {
                let scheme = settings.text("scheme").parse().map_err(|_| {
                    fault("scheme", format!("{:?} is not known", settings.text("scheme")), format!("use {}", schemes()))
                })?;
                (scheme, None)
            }
            BuiltIn::Github if pulls::looks(spec) => return Ok(None),
            BuiltIn::Github => (Scheme::Github, kinds(&settings)?),
            BuiltIn::Git
            | BuiltIn::Pipeline
            | BuiltIn::Task
            | BuiltIn::Schedule
            | BuiltIn::Object
            | BuiltIn::Event
            | BuiltIn::Manual => return Ok(None),
        };
        Ok(Some(Self { scheme, secrets: secrets(&settings)?, kinds }))
    }

    /// Whether events of a kind count.
    #[must_use]
    pub fn asks_for(&self, kind: &str) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|wanted| wanted == kind))
    }
}

/// The longest lists of a payload that is too long as it is.
const CUTS: [usize; 3] = [100, 20, 5];

/// A payload that expressions can look at: what is too long loses the ends of its lists, such as the commits of a push, and
/// says so by a member `truncated`.
#[must_use]
pub fn fitted(mut payload: Value) -> Value {
    for most in CUTS {
        if payload.to_string().len() <= PAYLOAD_BYTES_MAX - TRUNCATED.len() - 8 {
            break;
        }
        cut(&mut payload, most);
        if let Value::Object(members) = &mut payload {
            members.insert(TRUNCATED.to_owned(), true.into());
        }
    }
    payload
}

const TRUNCATED: &str = "truncated";

fn cut(value: &mut Value, most: usize) {
    match value {
        Value::Array(list) => {
            list.truncate(most);
            list.iter_mut().for_each(|value| cut(value, most));
        }
        Value::Object(members) => members.values_mut().for_each(|value| cut(value, most)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn schemes() -> String {
    Scheme::ALL.map(|scheme| scheme.to_string()).join(", ")
}

fn kinds(settings: &Settings) -> Result<Option<Vec<String>>, Rejection> {
    let is_word = |word: &str| {
        let fits = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'*');
        fits.then(|| word.to_owned())
    };
    if settings.list("events").next().is_none() {
        return Ok(Some(vec!["push".to_owned()]));
    }
    let kinds = settings.words("events", is_word, "names such as push, pull_request or release, or *")?;
    Ok((!kinds.iter().any(|kind| kind == "*")).then_some(kinds))
}

fn secrets(settings: &Settings) -> Result<Vec<SecretName>, Rejection> {
    let names = settings.words("secret", |name| SecretName::new(name).ok(), "the names of secrets")?;
    match names.len() <= SECRETS_MAX {
        true => Ok(names),
        false => {
            let message = format!("{} secrets are named, the limit is {SECRETS_MAX}", names.len());
            Err(fault("secret", message, "take out those that nobody signs with any more"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::spec;

    #[test]
    fn a_long_payload_loses_the_ends_of_its_lists() {
        let short = serde_json::json!({"commits": [1, 2, 3], "ref": "x"});
        assert_eq!(fitted(short.clone()), short);
        let commit = serde_json::json!({"message": "x".repeat(1000), "files": vec!["a"; 30]});
        let long = serde_json::json!({"commits": vec![commit; 1500], "ref": "refs/heads/main"});
        let fitted = fitted(long);
        assert!(fitted.to_string().len() <= PAYLOAD_BYTES_MAX);
        assert_eq!(fitted["commits"].as_array().unwrap().len(), 100);
        assert_eq!((&fitted["ref"], &fitted["truncated"]), (&"refs/heads/main".into(), &true.into()));
        let hopeless = serde_json::json!({"text": "x".repeat(PAYLOAD_BYTES_MAX)});
        assert_eq!(super::fitted(hopeless.clone())["text"], hopeless["text"], "expressions refuse it");
    }

    #[test]
    fn a_hook_is_what_its_settings_say() {
        let hook = |trigger, settings: &[(&str, &str)]| Hook::of(&spec(trigger, settings));
        let github = hook("github", &[("secret", "new, old"), ("events", "push,pull_request")]).unwrap().unwrap();
        assert_eq!(github.scheme, Scheme::Github);
        assert_eq!(github.secrets.len(), 2);
        assert!(github.asks_for("push") && !github.asks_for("ping"));
        let webhook = hook("webhook", &[("secret", "a")]).unwrap().unwrap();
        assert_eq!(webhook.scheme, Scheme::Hmac);
        assert!(webhook.asks_for("anything"));
        assert_eq!(hook("manual", &[]), Ok(None));
        assert_eq!(hook("kafka", &[]), Ok(None));
        for (trigger, settings, field) in [
            ("webhook", &[("secret", "a"), ("scheme", "rot13")][..], "settings.scheme"),
            ("webhook", &[("secret", " , ")], "settings.secret"),
            ("webhook", &[("secret", "no/name")], "settings.secret"),
            ("webhook", &[("secret", "a,b,c,d,e")], "settings.secret"),
            ("github", &[("secret", "a"), ("events", "Push")], "settings.events"),
        ] {
            assert_eq!(hook(trigger, settings).unwrap_err().field, field, "{settings:?}");
        }
    }
}
