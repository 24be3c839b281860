//! Rules on whole files: length, name, white space, executable bit.

use std::path::Path;

use super::{Fault, File, Tree, line_at, words};

const LINES_MAX: usize = 800;
/// Text that is written by hand and therefore held to the rules on white space.
const WRITTEN: [&str; 9] = ["rs", "proto", "sh", "md", "toml", "py", "yaml", "yml", "service"];

/// Checks each file for itself.
pub(super) fn check(tree: &Tree, faults: &mut Vec<Fault>) {
    for file in &tree.files {
        check_length(file, faults);
        check_white_space(file, faults);
        check_mode(file, faults);
        if file.path.file_name().is_some_and(|name| name == "mod.rs") {
            faults.push(Fault::new(&file.path, 0, "no mod.rs: name the file after its module, beside the folder"));
        }
        for macro_name in ["todo!", "unimplemented!"] {
            for at in words(&file.code, &macro_name[..macro_name.len() - 1]) {
                if file.code[at..].starts_with(macro_name) {
                    faults.push(Fault::new(&file.path, line_at(&file.code, at), format!("{macro_name} is a stub")));
                }
            }
        }
    }
}

fn is_script(file: &File) -> bool {
    [Path::new("scripts"), Path::new(".ci")].iter().any(|folder| file.path.starts_with(folder))
}

fn check_length(file: &File, faults: &mut Vec<Fault>) {
    let is_code = is_script(file) || ["rs", "proto", "sh", "py"].iter().any(|code| file.has_extension(code));
    let lines = file.text.lines().count();
    if is_code && lines > LINES_MAX {
        faults.push(Fault::new(&file.path, 0, format!("{lines} lines, the limit is {LINES_MAX}: split it")));
    }
}

fn check_white_space(file: &File, faults: &mut Vec<Fault>) {
    if !is_script(file) && !WRITTEN.iter().any(|written| file.has_extension(written)) {
        return;
    }
    for (index, line) in file.text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            faults.push(Fault::new(&file.path, index + 1, "white space at the end of the line"));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        faults.push(Fault::new(&file.path, file.text.lines().count(), "no line break at the end of the file"));
    }
}

fn check_mode(file: &File, faults: &mut Vec<Fault>) {
    if !is_script(file) {
        return;
    }
    match (file.text.starts_with("#!"), file.executable) {
        (true, false) => faults.push(Fault::new(&file.path, 0, "a script that is not executable: chmod +x")),
        (false, true) => faults.push(Fault::new(&file.path, 0, "executable without a #! line")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{places, tree};
    use super::*;

    #[test]
    fn length_counts_for_code_only() {
        let long = "x\n".repeat(LINES_MAX + 1);
        let files = [("a.rs", long.as_str()), ("a.proto", &long), ("scripts/a", &long), ("a.md", &long)];
        assert_eq!(places(check, &files), ["a.proto:0", "a.rs:0", "scripts/a:0"]);
        assert!(places(check, &[("a.rs", &"x\n".repeat(LINES_MAX))]).is_empty());
    }

    #[test]
    fn white_space_fires_on_each_line() {
        assert_eq!(places(check, &[("a.md", "a \nb\nc\t\nd")]), ["a.md:1", "a.md:3", "a.md:4"]);
        assert!(places(check, &[("a.md", "a\nb\n"), ("a.bin", "a "), ("b.md", "")]).is_empty());
    }

    #[test]
    fn stubs_fire_unless_they_are_text() {
        let code = "// todo!\nfn a() { todo!() }\nfn b() { unimplemented!(\"x\") }\nfn c() { d(\"todo!()\") }\n";
        assert_eq!(places(check, &[("a.rs", code)]), ["a.rs:2", "a.rs:3"]);
        assert_eq!(places(check, &[("a/mod.rs", "")]), ["a/mod.rs:0"]);
    }

    #[test]
    fn modes_of_scripts_follow_their_first_line() {
        let mut tree = tree(&[("scripts/a", "#!/bin/sh\n"), ("scripts/b.sh", "# sourced\n"), ("c", "#!/bin/sh\n")]);
        for file in &mut tree.files {
            file.executable = !file.executable;
        }
        let mut faults = Vec::new();
        check(&tree, &mut faults);
        let paths: Vec<_> = faults.iter().map(|fault| fault.path.to_str().unwrap()).collect();
        assert_eq!(paths, ["scripts/a", "scripts/b.sh"]);
    }
}
