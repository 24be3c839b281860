//! Rules on attributes: a lint that is switched off says why, and no test is switched off at all.

use super::{Fault, Tree, line_at, words};

/// Checks every attribute of every Rust file.
pub(super) fn check(tree: &Tree, faults: &mut Vec<Fault>) {
    for file in tree.rust() {
        for (start, attribute) in attributes(&file.code) {
            for (at, list) in ["allow", "expect"].iter().flat_map(|level| lists(attribute, level)) {
                if words(list, "reason").next().is_none() {
                    let message = "a lint is switched off without a reason: add reason = \"…\"";
                    faults.push(Fault::new(&file.path, line_at(&file.code, start + at), message));
                }
            }
            if let Some(at) = words(attribute, "ignore").next() {
                let message = "an ignored test: assert what holds today, or delete it";
                faults.push(Fault::new(&file.path, line_at(&file.code, start + at), message));
            }
        }
    }
}

/// Every attribute with its offset, from `#` to the closing bracket.
fn attributes(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices('#').filter_map(|(start, _)| {
        let rest = &code[start..];
        let open = rest.strip_prefix("#!").map_or(1, |_| 2);
        let end = rest[open..].starts_with('[').then(|| closing(&rest[open..], '[', ']'))?;
        Some((start, &rest[..open + end]))
    })
}

/// The parenthesised lists after a word, with their offsets.
fn lists<'a>(attribute: &'a str, word: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    words(attribute, word).filter_map(move |at| {
        let rest = &attribute[at + word.len()..];
        rest.starts_with('(').then(|| (at, &rest[..closing(rest, '(', ')')]))
    })
}

/// Length up to and including the bracket that closes the first one; all of it when none does.
fn closing(text: &str, open: char, close: char) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    fn lines(code: &str) -> Vec<String> {
        places(check, &[("a.rs", code)])
    }

    #[test]
    fn switched_off_lints_need_a_reason() {
        assert_eq!(lines("\n#[allow(dead_code)]\nfn f() {}"), ["a.rs:2"]);
        assert_eq!(lines("#![allow(dead_code)]"), ["a.rs:1"]);
        assert_eq!(lines("#[expect(unused)]"), ["a.rs:1"]);
        assert_eq!(lines("#[cfg_attr(\n    test,\n    allow(unused)\n)]"), ["a.rs:3"]);
        assert_eq!(lines("#[allow(unused)] // reason = \"none\""), ["a.rs:1"]);
        assert!(lines("#[allow(unused, reason = \"generated\")]\nfn f() { x.allow(1); x.expect(\"y\") }").is_empty());
    }

    #[test]
    fn ignored_tests_fire() {
        assert_eq!(lines("#[test]\n#[ignore]\nfn f() {}"), ["a.rs:2"]);
        assert_eq!(lines("#[ignore = \"slow\"]"), ["a.rs:1"]);
        assert_eq!(lines("#[cfg_attr(miri, ignore)]"), ["a.rs:1"]);
        assert!(lines("fn ignore() { let a = [1]; }\n#[test]").is_empty());
    }
}
