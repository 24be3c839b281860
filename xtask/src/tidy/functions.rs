//! Length of functions, with a ratchet: what is listed may stay as long as it is, and the list only shrinks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Fault, Tree, line_at, words};

const LINES_MAX: usize = 70;
const RATCHET: &str = "xtask/long-functions.txt";

/// Checks all functions against the limit, and the list against the functions.
pub(super) fn check(tree: &Tree, faults: &mut Vec<Fault>) {
    let mut allowed = ratchet(tree, faults);
    for file in tree.rust() {
        for function in functions(&file.code).into_iter().filter(|function| function.lines > LINES_MAX) {
            let Function { name, line, lines } = function;
            match allowed.remove(&(file.path.clone(), name.clone())) {
                Some((_, limit)) if lines == limit => {}
                Some((_, limit)) if lines < limit => {
                    let message = format!("{name} has shrunk to {lines} lines: write that in {RATCHET}");
                    faults.push(Fault::new(&file.path, line, message));
                }
                Some((_, limit)) => {
                    let message = format!("{name} has grown to {lines} lines, {RATCHET} allows {limit}");
                    faults.push(Fault::new(&file.path, line, message));
                }
                None => {
                    let message = format!("function {name} has {lines} lines, the limit is {LINES_MAX}: split it");
                    faults.push(Fault::new(&file.path, line, message));
                }
            }
        }
    }
    for ((path, name), (line, _)) in allowed {
        let message = format!("{name} in {} is no longer too long: delete this line", path.display());
        faults.push(Fault::new(RATCHET, line, message));
    }
}

/// What is tolerated: path and name, with the line of the list and the number of lines.
type Allowed = BTreeMap<(PathBuf, String), (usize, usize)>;

fn ratchet(tree: &Tree, faults: &mut Vec<Fault>) -> Allowed {
    let mut allowed = Allowed::new();
    let Some(file) = tree.get(RATCHET) else { return allowed };
    for (index, line) in file.text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        match (fields.as_slice(), fields.last().and_then(|count| count.parse().ok())) {
            ([path, name, _], Some(count)) => {
                allowed.insert((PathBuf::from(path), (*name).to_owned()), (index + 1, count));
            }
            _ => faults.push(Fault::new(RATCHET, index + 1, "write: path, name, lines")),
        }
    }
    allowed
}

#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    line: usize,
    /// From the line of `fn` to that of the closing brace.
    lines: usize,
}

/// Every function with a body. `code` has neither comments nor literals, so its braces balance.
fn functions(code: &str) -> Vec<Function> {
    let function = |at: usize| {
        let name: String =
            code[at + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let end = body_end(&code[at..])?;
        let (line, last) = (line_at(code, at), line_at(code, at + end));
        // `fn(u8)` is a type, not a function.
        (!name.is_empty()).then_some(Function { name, line, lines: last - line + 1 })
    };
    words(code, "fn").filter_map(function).collect()
}

/// Offset of the brace that closes the body; none for a declaration without one.
fn body_end(code: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0_usize, 0_usize);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.checked_sub(1)?,
            ';' if brackets == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces = braces.checked_sub(1)?;
                if braces == 0 && brackets == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    fn long(name: &str, lines: usize) -> String {
        format!("fn {name}() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
    }

    #[test]
    fn finds_functions_and_their_lengths() {
        let code = "fn a(x: [u8; 2], f: fn(u8)) -> u8 {\n  if x { y }\n}\ntrait T { fn b(&self);\n fn c() {} }\n";
        let found: Vec<_> = functions(code).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("a".to_owned(), 1, 3), ("c".to_owned(), 5, 1)]);
    }

    #[test]
    fn the_limit_is_exact() {
        assert!(places(check, &[("a.rs", &long("f", LINES_MAX))]).is_empty());
        assert_eq!(places(check, &[("a.rs", &long("f", LINES_MAX + 1))]), ["a.rs:1"]);
    }

    #[test]
    fn the_ratchet_holds_and_only_shrinks() {
        let with = |list: &str, lines| places(check, &[("a.rs", &long("f", lines)), (RATCHET, list)]);
        assert!(with("# comment\n\na.rs f 80\n", 80).is_empty());
        assert_eq!(with("a.rs f 80\n", 81), ["a.rs:1"]);
        assert_eq!(with("a.rs f 80\n", 79), ["a.rs:1"]);
        assert_eq!(with("a.rs f 80\n", 60), [format!("{RATCHET}:1")]);
        assert_eq!(with("a.rs f many\n", 10), [format!("{RATCHET}:1")]);
    }
}
