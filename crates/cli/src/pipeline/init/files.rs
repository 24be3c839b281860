//! The files that `gofer pipeline init` writes. The SDKs are copied as they are in this program, so that a new pipeline
//! needs nothing from a network.

use super::Language;

/// A file of a new pipeline: its path, and its text with `{id}` and `{version}` to be filled in.
pub(super) type File = (&'static str, &'static str);

/// What a language needs: its own files, then the copy of the SDK, which is written as it is.
pub(super) fn of(language: Language) -> (&'static [File], &'static [File]) {
    match language {
        Language::Rust => (&RUST, &RUST_SDK),
        Language::Go => (&GO, &GO_SDK),
        Language::Python => (&PYTHON, &PYTHON_SDK),
        Language::Toml => (&TOML, &[]),
    }
}

/// The same pipeline in every language has the same tests.
const TESTS: File = ("gofer-test.toml", include_str!("templates/gofer-test.toml.txt"));

const RUST: [File; 5] = [
    ("Cargo.toml", include_str!("templates/Cargo.toml.txt")),
    ("src/main.rs", include_str!("templates/main.rs.txt")),
    (".gitignore", "/target\n"),
    ("gofer-sdk/Cargo.toml", include_str!("templates/sdk-Cargo.toml.txt")),
    TESTS,
];
const GO: [File; 3] =
    [("go.mod", include_str!("templates/go.mod.txt")), ("main.go", include_str!("templates/main.go.txt")), TESTS];
const PYTHON: [File; 3] =
    [("pipeline.py", include_str!("templates/pipeline.py.txt")), (".gitignore", "__pycache__/\n"), TESTS];
const TOML: [File; 2] = [("pipeline.toml", include_str!("templates/pipeline.toml.txt")), TESTS];

/// A file of an SDK, by its path in the copy and in this repository.
macro_rules! copies {
    ($to:literal, $from:literal, [$($name:literal),* $(,)?]) => {
        [$((concat!($to, $name), include_str!(concat!("../../../../sdk/", $from, $name)))),*]
    };
}

const RUST_SDK: [File; 19] = copies!(
    "gofer-sdk/src/",
    "src/",
    [
        "canonical.rs",
        "canonical/values.rs",
        "config.rs",
        "config/values.rs",
        "fault.rs",
        "lib.rs",
        "limits.rs",
        "number.rs",
        "pipeline.rs",
        "retry.rs",
        "script.rs",
        "task.rs",
        "units.rs",
        "validate.rs",
        "validate/graph.rs",
        "validate/parameters.rs",
        "validate/task.rs",
        "validate/values.rs",
        "values.rs",
    ]
);
const GO_SDK: [File; 14] = copies!(
    "gofer-sdk/",
    "go/",
    [
        "canonical.go",
        "config.go",
        "doc.go",
        "fault.go",
        "go.mod",
        "graph.go",
        "limits.go",
        "pipeline.go",
        "script.go",
        "spec.go",
        "units.go",
        "validate.go",
        "validate_values.go",
        "values.go",
    ]
);
const PYTHON_SDK: [File; 14] = copies!(
    "gofer_sdk/",
    "python/gofer_sdk/",
    [
        "__init__.py",
        "_canonical.py",
        "_config.py",
        "_fault.py",
        "_graph.py",
        "_limits.py",
        "_pipeline.py",
        "_script.py",
        "_secret.py",
        "_units.py",
        "_validate.py",
        "_validate_values.py",
        "_values.py",
        "py.typed",
    ]
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn files_under(directory: &Path, into: &mut BTreeSet<String>, root: &Path) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_file() {
                into.insert(name);
            } else if !["internal", "client", "__pycache__"].iter().any(|other| name.starts_with(other)) {
                files_under(&path, into, root);
            }
        }
    }

    #[test]
    fn each_copy_is_whole() {
        for (copy, to, from) in [
            (&RUST_SDK[..], "gofer-sdk/src/", "src"),
            (&GO_SDK, "gofer-sdk/", "go"),
            (&PYTHON_SDK, "gofer_sdk/", "python/gofer_sdk"),
        ] {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk").join(from);
            let mut there = BTreeSet::new();
            files_under(&root, &mut there, &root);
            there.retain(|name| !name.ends_with("_test.go"));
            let copied: BTreeSet<String> =
                copy.iter().map(|(path, _)| path.strip_prefix(to).unwrap().to_owned()).collect();
            assert_eq!(copied, there, "{from}");
        }
    }
}
