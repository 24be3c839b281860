//! The core's purity: words that must not stand in the domain's code.

use super::{Fault, Tree, line_at, words};

const DOMAIN: &str = "crates/domain/src";

/// A word and why a decision must not use it.
const FORBIDDEN: [(&str, &str); 22] = [
    ("SystemTime", CLOCK),
    ("Instant", CLOCK),
    ("HashMap", ORDER),
    ("HashSet", ORDER),
    ("RandomState", ORDER),
    ("async", ASYNC),
    ("await", ASYNC),
    ("Future", ASYNC),
    ("f32", FLOAT),
    ("f64", FLOAT),
    ("unsafe", "the core needs no unsafe code"),
    ("rand", "chance arrives in the command's envelope"),
    ("println", IO),
    ("eprintln", IO),
    ("std::fs", IO),
    ("std::io", IO),
    ("std::net", IO),
    ("std::os", IO),
    ("std::path", IO),
    ("std::process", IO),
    ("std::env", "a decision must not depend on a node's environment"),
    ("std::thread", "the core starts no threads"),
];
const CLOCK: &str = "time arrives in the command's envelope";
const ORDER: &str = "its order differs from node to node; use BTreeMap or BTreeSet";
const ASYNC: &str = "the core is synchronous";
const FLOAT: &str = "decisions count in whole numbers";
const IO: &str = "the core does no IO";

/// Checks the code of the domain, its tests included.
pub(super) fn check(tree: &Tree, faults: &mut Vec<Fault>) {
    for file in tree.rust().filter(|file| file.path.starts_with(DOMAIN)) {
        // `use std::{fs, net}` says the same as `use std::fs`.
        for (word, why) in FORBIDDEN {
            let plain = words(&file.code, word);
            let grouped = word.strip_prefix("std::").into_iter().flat_map(|module| in_group(&file.code, module));
            for at in plain.chain(grouped) {
                faults.push(Fault::new(&file.path, line_at(&file.code, at), format!("{word} in the core: {why}")));
            }
        }
    }
}

/// Where a module stands directly in a `std::{…}` group.
fn in_group(code: &str, module: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for (start, opening) in code.match_indices("std::{") {
        let body = start + opening.len();
        let (mut depth, mut is_first) = (0_usize, true);
        for (at, c) in code[body..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => is_first = true,
                c if c.is_whitespace() => {}
                _ if is_first && depth == 0 => {
                    is_first = false;
                    if words(&code[body + at..], module).next() == Some(0) {
                        found.push(body + at);
                    }
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    fn lines(code: &str) -> Vec<String> {
        places(check, &[("crates/domain/src/a.rs", code)])
    }

    #[test]
    fn each_word_fires() {
        for (word, _) in FORBIDDEN {
            assert_eq!(lines(&format!("\n{word} x")), ["crates/domain/src/a.rs:2"], "{word}");
        }
        assert_eq!(lines("use std::{collections::BTreeMap,\n fs::{self, File}};"), ["crates/domain/src/a.rs:2"]);
    }

    #[test]
    fn comments_strings_and_other_crates_may_say_them() {
        assert!(lines("// HashMap\nfn f() { g(\"async\") }").is_empty());
        assert!(lines("use std::{fmt, collections::{BTreeMap, fs}};").is_empty());
        assert!(places(check, &[("crates/store/src/a.rs", "std::fs")]).is_empty());
    }
}
