//! Settings of a task, by the names of its parameters. The cluster has checked them; who runs the program by hand has not.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Longest setting, as long as the cluster lets a variable be.
const SETTING_BYTES_MAX: usize = 32 * 1024;
/// Longest secret, likewise.
const SECRET_BYTES_MAX: usize = 64 * 1024;

/// The variables of an environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    variables: BTreeMap<String, Zeroizing<String>>,
}

impl Settings {
    pub(crate) fn of_process() -> Self {
        let text = |value: std::ffi::OsString| Zeroizing::new(value.to_string_lossy().into_owned());
        let variables = std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), text(value)));
        Self { variables: variables.collect() }
    }

    #[cfg(test)]
    pub(crate) fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), Zeroizing::new(value.to_owned()));
        Self { variables: variables.into_iter().map(owned).collect() }
    }

    /// The names of all variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// A setting that may be empty, which one that is missing is.
    ///
    /// # Errors
    /// When it is too long.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Failure> {
        let value = self.variables.get(name).map_or("", |value| value.as_str());
        if value.len() > SETTING_BYTES_MAX {
            let message = format!("the setting {name} is {} bytes long, the limit is {SETTING_BYTES_MAX}", value.len());
            return Err(Failure::setting(message, "shorten it"));
        }
        Ok(value)
    }

    /// A setting that is not empty.
    ///
    /// # Errors
    /// When it is empty or too long; `help` says what would do.
    pub(crate) fn required(&self, name: &str, help: &str) -> Result<&str, Failure> {
        match self.text(name)?.trim() {
            "" => Err(Failure::setting(format!("the setting {name} is empty"), help)),
            text => Ok(text),
        }
    }

    /// A whole number in a range; the default if it is empty.
    ///
    /// # Errors
    /// When it is none of those.
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, Failure> {
        let text = self.text(name)?.trim();
        if text.is_empty() {
            return Ok(default);
        }
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let help = format!("a whole number from {} to {} will do", range.start(), range.end());
            Failure::setting(format!("the setting {name} is {text:?}"), help)
        })
    }

    /// `true` or `false`; the latter if it is empty.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.text(name)?.trim() {
            "true" => Ok(true),
            "false" | "" => Ok(false),
            other => Err(Failure::setting(format!("the setting {name} is {other:?}"), "true or false will do")),
        }
    }

    /// A value that a secret was put into. None: the task has no such secret.
    ///
    /// # Errors
    /// When it is empty or too long. The message does not show it.
    pub(crate) fn secret(&self, name: &str) -> Result<Option<Zeroizing<String>>, Failure> {
        let Some(value) = self.variables.get(name) else { return Ok(None) };
        let value = Zeroizing::new(value.trim().to_owned());
        if value.is_empty() || value.len() > SECRET_BYTES_MAX {
            let message = format!("the secret in {name} has {} bytes, 1 to {SECRET_BYTES_MAX} will do", value.len());
            return Err(Failure::setting(message, "set it anew, in the namespace of the shared tasks"));
        }
        Ok(Some(value))
    }

    /// A secret that has to be there; `secret` is its name in the cluster.
    ///
    /// # Errors
    /// When it is missing, empty or too long.
    pub(crate) fn required_secret(&self, name: &str, secret: &str) -> Result<Zeroizing<String>, Failure> {
        self.secret(name)?.ok_or_else(|| {
            let help = format!("set it: gofer secret set {secret} --namespace tasks");
            Failure::setting(format!("there is no secret in {name}"), help)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_what_they_are() {
        let long = "x".repeat(SETTING_BYTES_MAX + 1);
        let settings = Settings::of([("A", " x "), ("N", "12"), ("F", "true"), ("L", &long), ("S", " s\n"), ("E", "")]);
        assert_eq!(settings.text("A").unwrap(), " x ");
        assert_eq!(settings.required("A", "").unwrap(), "x");
        assert!(settings.required("E", "give it").unwrap_err().text().contains("E is empty; give it"));
        assert!(settings.text("L").unwrap_err().text().contains("the limit is 32768"));
        assert_eq!(settings.number("N", 0..=12, 1).unwrap(), 12);
        assert_eq!(settings.number("MISSING", 0..=12, 1).unwrap(), 1);
        assert!(settings.number("N", 0..=11, 1).unwrap_err().text().contains("from 0 to 11"));
        assert!(settings.flag("F").unwrap() && !settings.flag("E").unwrap());
        assert!(settings.flag("N").is_err());
        assert_eq!(settings.secret("S").unwrap().unwrap().as_str(), "s");
        assert!(settings.secret("MISSING").unwrap().is_none());
        assert!(settings.required_secret("MISSING", "token").unwrap_err().text().contains("secret set token"));
        assert!(settings.secret("E").unwrap_err().text().contains("has 0 bytes"));
    }
}
