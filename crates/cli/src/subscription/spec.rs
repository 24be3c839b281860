//! What a subscription makes of events, as it is written in arguments.

use clap::Args;
use gofer_wire::model::v1 as model;

use crate::error::Error;
use crate::run::{parse_variable, variables};
use crate::update::merge;

/// What is made of events. What is not given stays as it is.
#[derive(Args, Clone, Debug)]
pub(super) struct SpecArgs {
    /// Setting of the trigger; may be given again
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_variable)]
    settings: Vec<(String, String)>,
    /// CEL expression that is true for events that count; empty: all do
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Variable of its runs that is computed from the event, by a CEL expression; may be given again
    #[arg(short, long = "expression", visible_alias = "expr", value_name = "NAME=EXPRESSION", value_parser = parse_variable)]
    expressions: Vec<(String, String)>,
    /// Variable of its runs that is always the same; may be given again
    #[arg(short, long = "variable", visible_alias = "var", value_name = "NAME=VALUE", value_parser = parse_variable)]
    variables: Vec<(String, String)>,
    /// Label of its runs; may be given again
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = parse_variable)]
    labels: Vec<(String, String)>,
    /// Free text about its runs; empty: none
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// From -100 to 100; of the runs and tasks that wait, the greater goes first
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    priority: Option<i32>,
    /// What the subscription is for; empty: nothing is said
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// What is taken away, by name.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct RemovalArgs {
    /// Setting to take away; may be given again
    #[arg(long = "unset", value_name = "NAME")]
    settings_removed: Vec<String>,
    /// Expression to take away; may be given again
    #[arg(long = "remove-expression", value_name = "NAME")]
    expressions_removed: Vec<String>,
    /// Variable to take away; may be given again
    #[arg(long = "remove-variable", value_name = "NAME")]
    variables_removed: Vec<String>,
    /// Label to take away; may be given again
    #[arg(long = "remove-label", value_name = "NAME")]
    labels_removed: Vec<String>,
}

impl SpecArgs {
    pub(super) fn is_given(&self) -> bool {
        let Self { settings, filter, expressions, variables, labels, note, priority, description } = self;
        let lists = [settings, expressions, variables, labels];
        let texts = [filter, note, description];
        lists.iter().any(|list| !list.is_empty()) || texts.iter().any(|text| text.is_some()) || priority.is_some()
    }

    pub(super) fn write(&self, spec: &mut model::SubscriptionSpec, removed: &RemovalArgs) -> Result<(), Error> {
        let RemovalArgs { settings_removed, expressions_removed, variables_removed, labels_removed } = removed;
        let lists = [
            ("setting", &mut spec.settings, &self.settings, settings_removed),
            ("expression", &mut spec.expressions, &self.expressions, expressions_removed),
            ("variable", &mut spec.variables, &self.variables, variables_removed),
            ("label", &mut spec.labels, &self.labels, labels_removed),
        ];
        for (what, known, given, removed) in lists {
            merge(known, variables(what, given.clone())?, removed);
        }
        let texts = [
            (&mut spec.filter, &self.filter),
            (&mut spec.note, &self.note),
            (&mut spec.description, &self.description),
        ];
        for (known, given) in texts {
            if let Some(given) = given {
                known.clone_from(given);
            }
        }
        spec.priority = self.priority.unwrap_or(spec.priority);
        Ok(())
    }
}

impl RemovalArgs {
    pub(super) fn is_given(&self) -> bool {
        let Self { settings_removed, expressions_removed, variables_removed, labels_removed } = self;
        let lists = [settings_removed, expressions_removed, variables_removed, labels_removed];
        lists.iter().any(|list| !list.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        text.split_whitespace().map(|pair| parse_variable(pair).unwrap()).collect()
    }

    fn args() -> SpecArgs {
        SpecArgs {
            settings: Vec::new(),
            filter: None,
            expressions: Vec::new(),
            variables: Vec::new(),
            labels: Vec::new(),
            note: None,
            priority: None,
            description: None,
        }
    }

    fn text(pairs: &[model::Variable]) -> String {
        pairs.iter().map(|pair| format!("{}={}", pair.name, pair.value)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_given_is_set_and_the_rest_stays() {
        assert!(!args().is_given() && !RemovalArgs::default().is_given());
        let mut spec = model::SubscriptionSpec { trigger: "github".into(), ..Default::default() };
        let first = SpecArgs {
            settings: pairs("secret=hook"),
            filter: Some("a==b".into()),
            expressions: pairs("Z=payload.a=='='  A=payload.b"),
            variables: pairs("X=1"),
            priority: Some(-3),
            ..args()
        };
        first.write(&mut spec, &RemovalArgs::default()).unwrap();
        assert_eq!(text(&spec.expressions), "A=payload.b Z=payload.a=='='");
        let removed = RemovalArgs { expressions_removed: vec!["A".into()], ..RemovalArgs::default() };
        assert!(removed.is_given());
        let second =
            SpecArgs { filter: Some(String::new()), labels: pairs("by=hand"), note: Some("n".into()), ..args() };
        assert!(second.is_given());
        second.write(&mut spec, &removed).unwrap();
        assert_eq!((text(&spec.expressions).as_str(), spec.filter.as_str()), ("Z=payload.a=='='", ""));
        assert_eq!((text(&spec.settings), text(&spec.labels)), ("secret=hook".into(), "by=hand".into()));
        assert_eq!((spec.priority, spec.note.as_str(), spec.trigger.as_str()), (-3, "n", "github"));
        let twice = SpecArgs { settings: pairs("a=1 a=2"), ..args() };
        assert!(twice.write(&mut spec, &removed).is_err());
    }
}
