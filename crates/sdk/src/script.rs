//! Inline source that an interpreter runs.

/// The known interpreters, and the words that make each run a source given as the next word.
const INTERPRETERS: [(&str, &[&str]); 6] = [
    ("sh", &["/bin/sh", "-ec"]),
    ("bash", &["bash", "-euo", "pipefail", "-c"]),
    ("python3", &["python3", "-c"]),
    ("node", &["node", "-e"]),
    ("ruby", &["ruby", "-e"]),
    ("perl", &["perl", "-e"]),
];

/// A program in an interpreted language, written in the pipeline itself; see [`script`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub(crate) interpreter: Vec<String>,
    pub(crate) source: String,
    /// The name of an interpreter that is not known.
    pub(crate) unknown: Option<String>,
}

/// Inline source, run by an interpreter of the task's image (or of the node, with the process driver).
///
/// | Interpreter | What is run |
/// |---|---|
/// | `sh` | `/bin/sh -ec SOURCE`: ends at the first command that fails |
/// | `bash` | `bash -euo pipefail -c SOURCE`: also at unset variables and in pipes |
/// | `python3` | `python3 -c SOURCE` |
/// | `node` | `node -e SOURCE` |
/// | `ruby` | `ruby -e SOURCE` |
/// | `perl` | `perl -e SOURCE` |
///
/// The indentation that all lines share is taken away, and blank lines at both ends, so that the source may be indented
/// like the code around it. It is at most 131 071 bytes long, which is what the kernel takes as one word.
///
/// ```
/// use gofer_sdk::{Pipeline, script};
///
/// let mut pipeline = Pipeline::new("hello");
/// pipeline.task("greet").image("busybox").script(script(
///     "sh",
///     "
///         echo 'Hello'
///         date
///     ",
/// ));
/// assert!(pipeline.to_json().unwrap().contains(r#""echo 'Hello'\ndate\n""#));
/// ```
#[must_use]
pub fn script(interpreter: &str, source: &str) -> Script {
    let words = INTERPRETERS.iter().find(|(name, _)| *name == interpreter).map(|(_, words)| *words);
    Script {
        interpreter: words.unwrap_or_default().iter().map(|word| (*word).to_owned()).collect(),
        source: dedent(source),
        unknown: words.is_none().then(|| interpreter.to_owned()),
    }
}

impl Script {
    /// A script for any interpreter: `words` are the program and its flags, the source becomes the word after them.
    ///
    /// ```
    /// let script = gofer_sdk::Script::with(["lua5.4", "-e"], "print('hello')");
    /// ```
    #[must_use]
    pub fn with<W: Into<String>>(words: impl IntoIterator<Item = W>, source: &str) -> Self {
        Self { interpreter: words.into_iter().map(Into::into).collect(), source: dedent(source), unknown: None }
    }
}

/// The names of the known interpreters, for messages.
pub(crate) fn interpreters() -> String {
    INTERPRETERS.map(|(name, _)| name).join(", ")
}

/// Takes the common indentation and the blank lines at both ends away; what is left ends with one line break.
fn dedent(source: &str) -> String {
    let is_blank = |line: &&str| line.trim_matches([' ', '\t']).is_empty();
    let lines: Vec<&str> = source.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let Some(first) = lines.iter().position(|line| !is_blank(line)) else { return String::new() };
    let last = lines.iter().rposition(|line| !is_blank(line)).unwrap_or(first);
    let lines = lines.get(first..=last).unwrap_or_default();
    let indents = lines.iter().filter(|line| !is_blank(line)).map(|line| {
        let text = line.trim_start_matches([' ', '\t']);
        line.get(..line.len() - text.len()).unwrap_or_default()
    });
    let common = indents.reduce(shared).unwrap_or_default();
    let mut text = String::with_capacity(source.len());
    for line in lines {
        if !is_blank(line) {
            text.push_str(line.strip_prefix(common).unwrap_or(line));
        }
        text.push('\n');
    }
    text
}

/// What both begin with.
fn shared<'a>(left: &'a str, right: &str) -> &'a str {
    let length = left.bytes().zip(right.bytes()).take_while(|(a, b)| a == b).count();
    left.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_indentation_goes() {
        for (source, wanted) in [
            ("echo a", "echo a\n"),
            ("\n    if a\n      b\n\n    fi\n  ", "if a\n  b\n\nfi\n"),
            ("\t\ta\n\t b\n", "\ta\n b\n"),
            ("  a\n\tb", "  a\n\tb\n"),
            (" \n\t\n", ""),
            ("a\r\n  b\r\n", "a\n  b\n"),
        ] {
            assert_eq!(dedent(source), wanted, "{source:?}");
        }
    }
}
