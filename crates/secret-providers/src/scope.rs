//! Who may use a secret.

use std::fmt;

/// Who may use a secret, by names that are safe in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    Global,
    Namespace(&'a str),
    Pipeline { namespace: &'a str, pipeline: &'a str },
}

impl<'a> Scope<'a> {
    /// The scopes whose secrets a pipeline gets, the narrowest first.
    pub(crate) fn of(namespace: &'a str, pipeline: &'a str) -> [Self; 3] {
        [Self::Pipeline { namespace, pipeline }, Self::Namespace(namespace), Self::Global]
    }
}

/// As the beginning of a path.
impl fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Namespace(namespace) => write!(f, "namespaces/{namespace}"),
            Self::Pipeline { namespace, pipeline } => write!(f, "pipelines/{namespace}/{pipeline}"),
        }
    }
}
