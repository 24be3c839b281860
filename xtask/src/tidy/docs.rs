//! Rules on the documentation: a page for each reason of refusal, and no link that leads nowhere.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::{Fault, Tree};

const REASONS: &str = "crates/domain/src/rejection.rs";
const PAGES: &str = "docs/errors";

/// Checks that the reasons in the code and the pages in `docs/errors` are the same.
pub(super) fn check_errors(tree: &Tree, faults: &mut Vec<Fault>) {
    let mut pages: BTreeMap<String, &Path> = tree
        .files
        .iter()
        .filter(|file| file.path.starts_with(PAGES) && !file.path.ends_with("README.md"))
        .filter_map(|file| Some((file.path.file_stem()?.to_str()?.to_owned(), file.path.as_path())))
        .collect();
    let Some(source) = tree.get(REASONS).filter(|_| !pages.is_empty()) else { return };
    for (line, name) in reasons(&source.text) {
        let page = name.to_lowercase().replace('_', "-");
        if pages.remove(&page).is_none() {
            faults.push(Fault::new(REASONS, line, format!("{name} has no page {PAGES}/{page}.md")));
        }
    }
    for path in pages.values() {
        faults.push(Fault::new(*path, 0, format!("no reason of that name in {REASONS}")));
    }
}

/// The stable names, as they stand in the arms of `Reason::name`.
fn reasons(source: &str) -> Vec<(usize, &str)> {
    let name = |line: &str| -> Option<usize> { line.trim_start().starts_with("Self::").then(|| line.find("=> \""))? };
    let mut found = Vec::new();
    for (index, line) in source.lines().enumerate() {
        if let Some((name, _)) = name(line).and_then(|at| line[at + 4..].split_once('"')) {
            found.push((index + 1, name));
        }
    }
    found
}

/// Checks the relative links of all Markdown files.
pub(super) fn check_links(tree: &Tree, faults: &mut Vec<Fault>) {
    for file in tree.files.iter().filter(|file| file.has_extension("md")) {
        let folder = file.path.parent().unwrap_or(Path::new(""));
        for (line, target) in links(&file.text) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let wanted = normal(&folder.join(path));
            let is_known = tree.files.iter().any(|known| known.path == wanted || known.path.starts_with(&wanted));
            if !is_known && !tree.exists(&wanted) {
                faults.push(Fault::new(&file.path, line, format!("the link {target} leads nowhere")));
            }
        }
    }
}

/// Targets of the links outside fenced code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let (mut found, mut is_fenced) = (Vec::new(), false);
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        }
        if is_fenced || line.starts_with("    ") {
            continue;
        }
        for (at, opening) in line.match_indices("](") {
            if let Some((target, _)) = line[at + opening.len()..].split_once(')') {
                found.push((index + 1, target));
            }
        }
    }
    found
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    const CODE: &str = "match self {\n    Self::NotFound => \"NOT_FOUND\",\n    Self::Stale => \"STALE\",\n}\n";

    #[test]
    fn reasons_and_pages_agree_both_ways() {
        let both = [(REASONS, CODE), ("docs/errors/not-found.md", "x"), ("docs/errors/stale.md", "x")];
        assert!(places(check_errors, &both).is_empty());
        assert_eq!(places(check_errors, &both[..2]), [format!("{REASONS}:3")]);
        let extra = [both[0], both[1], both[2], ("docs/errors/gone.md", "x"), ("docs/errors/README.md", "x")];
        assert_eq!(places(check_errors, &extra), ["docs/errors/gone.md:0"]);
        assert!(places(check_errors, &both[..1]).is_empty());
    }

    #[test]
    fn dead_links_fire() {
        let page = "[a](b.md) [c](gone.md)\n[d](../README.md#top) [e](https://example.com/x) [f](#here)\n[g](sub)\n";
        let files =
            [("docs/a.md", page), ("docs/b.md", ""), ("README.md", "[x](docs/nowhere/)"), ("docs/sub/c.md", "")];
        assert_eq!(places(check_links, &files), ["README.md:1", "docs/a.md:1"]);
    }

    #[test]
    fn code_blocks_hold_no_links() {
        assert!(links("```\n[a](b)\n```\n    [c](d)\n").is_empty());
        assert_eq!(links("```\n```\n[a](b)"), [(3, "b")]);
    }
}
