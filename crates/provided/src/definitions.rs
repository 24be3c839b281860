//! The pipelines that the shared tasks are, as pipeline files.

/// A shared task that can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    pub name: &'static str,
    /// A pipeline file in TOML.
    pub file: &'static str,
}

/// All of them, by name.
#[must_use]
pub fn definitions() -> &'static [Definition] {
    &DEFINITIONS
}

/// One of them.
#[must_use]
pub fn definition(name: &str) -> Option<Definition> {
    DEFINITIONS.iter().copied().find(|definition| definition.name == name)
}

macro_rules! define {
    ($($name:literal),*) => {
        [$(Definition { name: $name, file: include_str!(concat!("../tasks/", $name, ".toml")) }),*]
    };
}

static DEFINITIONS: [Definition; 10] = define!(
    "debug",
    "git-clone",
    "git-clone-ssh",
    "git-clone-token",
    "github-status",
    "notify-email",
    "notify-email-login",
    "notify-slack",
    "object-copy",
    "wait"
);
