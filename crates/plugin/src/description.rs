//! What a trigger says of itself.

use gofer_wire::model::v1 as model;

/// Version and settings of a trigger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    version: String,
    settings: Vec<model::Setting>,
    takes_http: bool,
}

/// Which values of a setting are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A decimal number, such as `-12` or `0.5`.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Whole numbers with units, such as `90s` or `1h30m`; the units are ms, s, m, h and d.
    Duration,
}

impl Description {
    /// A trigger without settings; `version` is text for people.
    #[must_use]
    pub fn new(version: &str) -> Self {
        Self { version: version.to_owned(), settings: Vec::new(), takes_http: false }
    }

    /// A setting that every subscription must give.
    #[must_use]
    pub fn required(self, name: &str, kind: Kind, description: &str) -> Self {
        self.with(name, kind, None, description)
    }

    /// A setting that a subscription may give.
    #[must_use]
    pub fn optional(self, name: &str, kind: Kind, default: &str, description: &str) -> Self {
        self.with(name, kind, Some(default), description)
    }

    /// It answers requests over HTTP, by [`Trigger::http`](crate::Trigger::http).
    #[must_use]
    pub fn takes_http(self) -> Self {
        Self { takes_http: true, ..self }
    }

    fn with(mut self, name: &str, kind: Kind, default: Option<&str>, description: &str) -> Self {
        let kind = match kind {
            Kind::Text => model::SettingKind::Text,
            Kind::Number => model::SettingKind::Number,
            Kind::Boolean => model::SettingKind::Boolean,
            Kind::Duration => model::SettingKind::Duration,
        };
        self.settings.push(model::Setting {
            name: name.to_owned(),
            kind: kind.into(),
            required: default.is_none(),
            default_value: default.map(str::to_owned),
            description: description.to_owned(),
        });
        self
    }

    pub(crate) fn hello(mut self, trigger: &str) -> gofer_wire::plugin::v1::Hello {
        self.settings.sort_by(|one, other| one.name.cmp(&other.name));
        let Self { version, settings, takes_http } = self;
        gofer_wire::plugin::v1::Hello { trigger: trigger.to_owned(), version, settings, takes_http }
    }
}
