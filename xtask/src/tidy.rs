//! The house rules that no compiler knows.
//!
//! Each rule takes the [`Tree`] and reports all faults it finds, not only the first.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

mod attributes;
mod docs;
mod files;
mod functions;
mod layers;
mod mask;
mod purity;
mod seam;

use mask::mask;

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 6] = [".git", "target", "dist", "node_modules", "__pycache__", ".quickstart"];
/// Larger files are data, not text.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

type Rule = fn(&Tree, &mut Vec<Fault>);
const RULES: [Rule; 8] = [
    layers::check,
    purity::check,
    seam::check,
    files::check,
    attributes::check,
    functions::check,
    docs::check_errors,
    docs::check_links,
];

/// A broken rule and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    pub(crate) path: PathBuf,
    /// Counted from 1; 0 for the whole file.
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(path: impl Into<PathBuf>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path.display(), self.message),
            line => write!(f, "{}:{line}: {}", self.path.display(), self.message),
        }
    }
}

/// A text file of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Relative to the root.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// For Rust: the text with comments and literals blanked out. Else empty.
    pub(crate) code: String,
    pub(crate) executable: bool,
}

impl File {
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|found| found == extension)
    }
}

/// All text files of the workspace, in the order of their paths.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// Reads the workspace at `root`.
    ///
    /// # Errors
    /// When a folder or a file can't be read.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        walk(root, root, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root: root.to_owned(), files })
    }

    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == Path::new(path))
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.has_extension("rs"))
    }

    /// Whether a path relative to the root exists, read or not.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        self.root.join(path).exists()
    }
}

/// Checks the workspace and prints every fault. True if there is none.
///
/// # Errors
/// When the workspace can't be read.
pub(crate) fn report(root: &Path) -> Result<bool> {
    let faults = faults(&Tree::read(root)?);
    for fault in &faults {
        println!("{fault}");
    }
    match faults.len() {
        0 => println!("tidy: no faults"),
        count => println!("tidy: {count} faults"),
    }
    Ok(faults.is_empty())
}

fn faults(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for rule in RULES {
        rule(tree, &mut faults);
    }
    faults.sort();
    faults
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<File>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("can't list {}", folder.display()))? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            if !SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
                walk(root, &path, files)?;
            }
        } else if kind.is_file() {
            files.extend(read(root, &path)?);
        }
    }
    Ok(())
}

/// A file, or nothing when it isn't text.
fn read(root: &Path, path: &Path) -> Result<Option<File>> {
    use std::os::unix::fs::PermissionsExt;
    let failed = || format!("can't read {}", path.display());
    let metadata = path.metadata().with_context(failed)?;
    if metadata.len() > TEXT_BYTES_MAX {
        return Ok(None);
    }
    let Ok(text) = String::from_utf8(std::fs::read(path).with_context(failed)?) else { return Ok(None) };
    let code = if path.extension().is_some_and(|found| found == "rs") { mask(&text) } else { String::new() };
    let executable = metadata.permissions().mode() & 0o111 != 0;
    Ok(Some(File { path: path.strip_prefix(root)?.to_owned(), text, code, executable }))
}

/// The number of the line at a byte offset, counted from 1.
fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

/// Byte offsets at which `word` stands as a whole word.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| !text[..*at].ends_with(is_word) && !text[at + word.len()..].starts_with(is_word))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A tree of files that are nowhere on disk; scripts with a shebang are executable.
    pub(crate) fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File {
            path: PathBuf::from(path),
            text: (*text).to_owned(),
            code: if path.ends_with(".rs") { mask(text) } else { String::new() },
            executable: text.starts_with("#!"),
        };
        Tree { root: PathBuf::from("/nowhere"), files: files.iter().map(file).collect() }
    }

    /// What a rule says of these files, as `path:line`.
    pub(crate) fn places(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
        let mut faults = Vec::new();
        rule(&tree(files), &mut faults);
        faults.sort();
        faults.iter().map(|fault| format!("{}:{}", fault.path.display(), fault.line)).collect()
    }

    #[test]
    fn reads_a_folder_and_reports_faults_of_several_rules_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("crates/a/src/mod.rs", "fn f() { todo!() } \n");
        write("scripts/run", "#!/bin/sh\n");
        write("docs/a.md", "[there](../crates/a/src/mod.rs) [gone](gone.md)\n");
        write("target/generated/mod.rs", "todo!()");
        let faults = faults(&Tree::read(dir.path()).unwrap());
        let lines: Vec<String> = faults.iter().map(|f| format!("{}:{}", f.path.display(), f.line)).collect();
        assert_eq!(
            lines,
            ["crates/a/src/mod.rs:0", "crates/a/src/mod.rs:1", "crates/a/src/mod.rs:1", "docs/a.md:1", "scripts/run:0"]
        );
        assert!(!report(dir.path()).unwrap());
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(words("async as_async async_ (async)", "async").collect::<Vec<_>>(), [0, 23]);
        assert_eq!(line_at("a\nb\nc", 4), 3);
    }
}
