//! Git repositories that subscriptions have looked at.

use std::time::Duration;

use gofer_domain::{BuiltIn, Rejection, SecretName, SubscriptionSpec};
use gofer_git::{Patterns, Remote};

use crate::built_in::{Settings, fault};

/// Least and most that it may take until a repository is looked at again.
pub(crate) const EVERY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(24 * 3600));

/// What is to be looked at, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    pub url: String,
    /// Patterns.
    pub branches: Vec<String>,
    /// Patterns.
    pub tags: Vec<String>,
    pub user: String,
    /// The secret with the password or token, if there is one.
    pub secret: Option<SecretName>,
}

impl Repository {
    /// The repository of a subscription to the trigger `git`.
    ///
    /// # Errors
    /// `InvalidArgument`, with the field `settings.NAME`.
    pub fn of(spec: &SubscriptionSpec) -> Result<Self, Rejection> {
        let settings = Settings::of(BuiltIn::Git, spec);
        let list = |name: &str| settings.list(name).map(str::to_owned).collect();
        Ok(Self {
            url: settings.text("url").to_owned(),
            branches: list("branches"),
            tags: list("tags"),
            user: settings.text("user").to_owned(),
            secret: secret_of(&settings, "secret")?,
        })
    }

    /// Checks what a subscription says of a repository.
    pub(crate) fn check(spec: &SubscriptionSpec) -> Result<(), Rejection> {
        let Self { url, branches, tags, user, secret } = Self::of(spec)?;
        let remote =
            Remote::new(&url, false).map_err(|error| fault("url", error.to_string(), "see docs/triggers.md"))?;
        if secret.is_some() {
            let check = remote.with_token(Some(&user), "-");
            check.map_err(|error| fault("secret", error.to_string(), "see docs/triggers.md"))?;
        }
        if branches.is_empty() && tags.is_empty() {
            return Err(fault("branches", "neither branches nor tags are looked at".into(), "name some, such as main"));
        }
        check_patterns(&branches, "branches")?;
        check_patterns(&tags, "tags")?;
        Settings::of(BuiltIn::Git, spec).check_every(EVERY)
    }
}

/// Checks patterns of names.
pub(crate) fn check_patterns(list: &[String], name: &str) -> Result<(), Rejection> {
    let patterns = Patterns::new(list.iter().map(String::as_str), []);
    patterns.map(drop).map_err(|error| fault(name, error.to_string(), "write such as main, release/* or **"))
}

/// The secret that a setting names, if it names one.
pub(crate) fn secret_of(settings: &Settings, name: &str) -> Result<Option<SecretName>, Rejection> {
    match settings.text(name) {
        "" => Ok(None),
        text => {
            let secret = SecretName::new(text);
            secret.map(Some).map_err(|rejection| fault(name, rejection.message, "write the name of a secret"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::spec;

    #[test]
    fn a_repository_is_what_its_settings_say() {
        let given =
            [("url", "https://git.example/a.git"), ("tags", "v*, rc-*"), ("every", "1m30s"), ("secret", "token")];
        let spec = spec("git", &given);
        crate::check(&spec).unwrap();
        let repository = Repository::of(&spec).unwrap();
        assert_eq!((repository.branches, repository.tags), (vec!["**".to_owned()], vec!["v*".into(), "rc-*".into()]));
        assert_eq!(repository.secret.unwrap().as_str(), "token");
        assert_eq!(crate::every(&spec), Some(Duration::from_secs(90)));
    }

    #[test]
    fn what_can_not_be_looked_at_is_refused() {
        let url = ("url", "https://git.example/a.git");
        for (settings, field) in [
            (&[("url", "/srv/a.git")][..], "settings.url"),
            (&[("url", "file:///srv/a.git")], "settings.url"),
            (&[("url", "https://me:password@git.example/a.git")], "settings.url"),
            (&[("url", "http://git.example/a.git"), ("secret", "token")], "settings.secret"),
            (&[url, ("branches", ""), ("tags", "")], "settings.branches"),
            (&[url, ("every", "1s")], "settings.every"),
            (&[url, ("every", "2d")], "settings.every"),
            (&[url, ("secret", "a/b")], "settings.secret"),
        ] {
            assert_eq!(crate::check(&spec("git", settings)).unwrap_err().field, field, "{settings:?}");
        }
    }
}
