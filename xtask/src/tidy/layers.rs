//! Which crate may use which: the table, and the check against every `Cargo.toml`.

use std::path::Path;

use super::{Fault, File, Tree, line_at, words};

/// A crate, its layer, and the crates of ours that it may use.
struct Crate {
    name: &'static str,
    layer: u8,
    uses: &'static [&'static str],
}

/// The only place that says what the layers are. A new edge needs a reason; `docs/architecture.md` draws this table.
const CRATES: &[Crate] = &[
    Crate { name: "gofer-domain", layer: 0, uses: &[] },
    Crate { name: "gofer-wire", layer: 0, uses: &[] },
    Crate { name: "gofer-calendar", layer: 1, uses: &["gofer-domain"] },
    Crate { name: "gofer-sdk", layer: 0, uses: &[] },
    Crate { name: "gofer-expressions", layer: 0, uses: &[] },
    Crate { name: "gofer-webhooks", layer: 0, uses: &[] },
    Crate { name: "gofer-git", layer: 0, uses: &[] },
    Crate { name: "gofer-provided", layer: 0, uses: &[] },
    Crate { name: "gofer-example", layer: 1, uses: &["gofer-sdk"] },
    Crate { name: "gofer-catalogue", layer: 1, uses: &["gofer-sdk"] },
    Crate { name: "gofer-blobstore", layer: 1, uses: &[] },
    Crate { name: "gofer-secret-providers", layer: 1, uses: &[] },
    Crate { name: "gofer-client", layer: 1, uses: &["gofer-wire"] },
    Crate { name: "gofer-plugin", layer: 1, uses: &["gofer-wire"] },
    Crate {
        name: "gofer-triggers",
        layer: 1,
        uses: &["gofer-domain", "gofer-wire", "gofer-expressions", "gofer-webhooks", "gofer-git"],
    },
    Crate { name: "gofer-store", layer: 1, uses: &["gofer-domain", "gofer-wire"] },
    Crate { name: "gofer-consensus", layer: 1, uses: &["gofer-domain", "gofer-store", "gofer-wire"] },
    Crate { name: "gofer-drivers", layer: 1, uses: &[] },
    Crate {
        name: "gofer-scheduler",
        layer: 2,
        uses: &["gofer-domain", "gofer-store", "gofer-consensus", "gofer-calendar", "gofer-triggers"],
    },
    Crate {
        name: "gofer-executor",
        layer: 2,
        uses: &["gofer-domain", "gofer-store", "gofer-consensus", "gofer-drivers"],
    },
    Crate {
        name: "gofer-gateway",
        layer: 2,
        uses: &[
            "gofer-domain",
            "gofer-calendar",
            "gofer-store",
            "gofer-blobstore",
            "gofer-consensus",
            "gofer-triggers",
            "gofer-webhooks",
            "gofer-wire",
        ],
    },
    Crate { name: "gofer-audit", layer: 2, uses: &["gofer-domain", "gofer-store", "gofer-wire"] },
    Crate { name: "gofer-archive", layer: 2, uses: &["gofer-domain", "gofer-store", "gofer-consensus", "gofer-audit"] },
    Crate {
        name: "gofer-polling",
        layer: 2,
        uses: &["gofer-domain", "gofer-store", "gofer-consensus", "gofer-triggers", "gofer-git"],
    },
    Crate { name: "gofer-secrets", layer: 2, uses: &["gofer-domain", "gofer-store", "gofer-consensus"] },
    Crate {
        name: "gofer-recovery",
        layer: 3,
        uses: &["gofer-domain", "gofer-store", "gofer-consensus", "gofer-audit"],
    },
    Crate {
        name: "gofer-cli",
        layer: 3,
        uses: &["gofer-domain", "gofer-calendar", "gofer-client", "gofer-provided", "gofer-sdk", "gofer-wire"],
    },
    Crate {
        name: "gofer-node",
        layer: 3,
        uses: &[
            "gofer-domain",
            "gofer-wire",
            "gofer-store",
            "gofer-blobstore",
            "gofer-consensus",
            "gofer-drivers",
            "gofer-scheduler",
            "gofer-executor",
            "gofer-gateway",
            "gofer-archive",
            "gofer-polling",
            "gofer-secrets",
            "gofer-secret-providers",
        ],
    },
    Crate {
        name: "gofer",
        layer: 4,
        uses: &[
            "gofer-node",
            "gofer-cli",
            "gofer-drivers",
            "gofer-audit",
            "gofer-recovery",
            "gofer-secrets",
            "gofer-provided",
            "gofer-domain",
        ],
    },
    Crate { name: "gofer-tests", layer: 5, uses: &["gofer-wire"] },
    Crate {
        name: "gofer-sim",
        layer: 5,
        uses: &[
            "gofer-domain",
            "gofer-store",
            "gofer-consensus",
            "gofer-drivers",
            "gofer-scheduler",
            "gofer-executor",
            "gofer-rng",
            "gofer-archive",
            "gofer-audit",
        ],
    },
    Crate { name: "gofer-jepsen", layer: 6, uses: &["gofer-tests", "gofer-wire", "gofer-rng"] },
    Crate {
        name: "gofer-benches",
        layer: 6,
        uses: &[
            "gofer-tests",
            "gofer-wire",
            "gofer-audit",
            "gofer-recovery",
            "gofer-store",
            "gofer-domain",
            "gofer-plugin",
        ],
    },
    Crate { name: "gofer-rng", layer: 0, uses: &[] },
    Crate { name: "gofer-fuzz", layer: 0, uses: &[] },
    Crate { name: "xtask", layer: 0, uses: &[] },
];

/// Crates from outside that only one crate may name, in its manifest and in its code.
const CONFINED: [(&str, &str, &str); 1] = [("openraft", "gofer-consensus", "crates/consensus")];

/// Checks the edges between our crates, the core's empty dependency list, and the crates confined to one place.
pub(super) fn check(tree: &Tree, faults: &mut Vec<Fault>) {
    for file in &tree.files {
        if file.path.ends_with("Cargo.toml") && file.path != Path::new("Cargo.toml") {
            check_manifest(file, faults);
        }
    }
    for file in tree.rust() {
        for (outside, _, home) in CONFINED.iter().filter(|(.., home)| !file.path.starts_with(home)) {
            for at in words(&file.code, outside) {
                let message = format!("only {home} may name {outside}");
                faults.push(Fault::new(&file.path, line_at(&file.code, at), message));
            }
        }
    }
}

fn check_manifest(file: &File, faults: &mut Vec<Fault>) {
    let manifest: toml::Table = match file.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return faults.push(Fault::new(&file.path, 0, format!("not valid TOML: {}", error.message()))),
    };
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    let Some(of) = CRATES.iter().find(|known| Some(known.name) == name) else {
        let message =
            format!("package {:?} is not in the table of layers (xtask/src/tidy/layers.rs)", name.unwrap_or(""));
        return faults.push(Fault::new(&file.path, 0, message));
    };
    for (kind, used) in dependencies(&manifest) {
        if let Some(message) = verdict(of, kind, &used) {
            faults.push(Fault::new(&file.path, line_of(&file.text, &used), message));
        }
    }
}

/// Why an edge is forbidden, if it is. Tests may use more of our crates, though none above.
fn verdict(of: &Crate, kind: &str, used: &str) -> Option<String> {
    let name = of.name;
    if let Some((_, home, _)) = CONFINED.iter().find(|(outside, home, _)| *outside == used && *home != name) {
        return Some(format!("only {home} may use {used}"));
    }
    let is_dev = kind == "dev-dependencies";
    if name == "gofer-domain" && !is_dev {
        return Some(format!("gofer-domain has no dependencies, and {used} is one"));
    }
    match CRATES.iter().find(|known| known.name == used) {
        Some(ours) if is_dev && ours.layer <= of.layer => None,
        Some(_) if !is_dev && of.uses.contains(&used) => None,
        Some(_) => Some(format!("{name} must not use {used}; the layers are in xtask/src/tidy/layers.rs")),
        None if used.starts_with("gofer") => Some(format!("{used} is not in the table of layers")),
        None => None,
    }
}

/// The kind and the package name of every dependency, those of single targets included.
fn dependencies(manifest: &toml::Table) -> Vec<(&'static str, String)> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables = targets.into_iter().flat_map(|targets| targets.values().filter_map(toml::Value::as_table));
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(tables) {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(entries) = table.get(kind).and_then(toml::Value::as_table) else { continue };
            for (key, value) in entries {
                let package = value.get("package").and_then(toml::Value::as_str).unwrap_or(key);
                found.push((kind, package.to_owned()));
            }
        }
    }
    found
}

fn line_of(text: &str, used: &str) -> usize {
    text.lines().position(|line| line.starts_with(used) || line.contains(&format!("\"{used}\""))).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    fn manifest(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n{rest}\n")
    }

    fn faults_of(name: &str, rest: &str) -> Vec<String> {
        places(check, &[("crates/x/Cargo.toml", &manifest(name, rest))])
    }

    #[test]
    fn allowed_edges_pass() {
        assert!(faults_of("gofer-store", "[dependencies]\ngofer-domain.workspace = true\nprost = \"1\"").is_empty());
        assert!(faults_of("gofer-executor", "[dev-dependencies]\ngofer-scheduler.workspace = true").is_empty());
        assert!(faults_of("gofer-domain", "[dev-dependencies]\nproptest = \"1\"").is_empty());
        assert!(faults_of("gofer-consensus", "[dependencies]\nopenraft = \"=0.10.0\"").is_empty());
    }

    #[test]
    fn forbidden_edges_fire_with_their_line() {
        let at = ["crates/x/Cargo.toml:4"];
        assert_eq!(faults_of("gofer-store", "[dependencies]\ngofer-consensus.workspace = true"), at);
        assert_eq!(faults_of("gofer-client", "[dependencies]\ngofer-domain.workspace = true"), at);
        assert_eq!(faults_of("gofer-store", "[dev-dependencies]\ngofer-node.workspace = true"), at);
        assert_eq!(faults_of("gofer-store", "[build-dependencies]\ngofer-node.workspace = true"), at);
        assert_eq!(faults_of("gofer-domain", "[dependencies]\nserde = \"1\""), at);
        assert_eq!(faults_of("gofer-store", "[dependencies]\nopenraft = \"1\""), at);
        assert_eq!(faults_of("gofer-store", "[dependencies]\nraft = { package = \"openraft\" }"), at);
        assert_eq!(faults_of("gofer-store", "[target.'cfg(unix)'.dependencies]\ngofer-node = \"1\""), at);
        assert_eq!(faults_of("gofer-store", "[dependencies]\ngofer-common = \"1\""), at);
    }

    #[test]
    fn unknown_packages_and_broken_manifests_fire() {
        assert_eq!(faults_of("gofer-utils", ""), ["crates/x/Cargo.toml:0"]);
        assert_eq!(places(check, &[("crates/x/Cargo.toml", "[package")]), ["crates/x/Cargo.toml:0"]);
    }

    #[test]
    fn code_names_openraft_only_in_consensus() {
        let code = "// openraft\nuse openraft::Raft;\n";
        assert_eq!(places(check, &[("crates/node/src/a.rs", code)]), ["crates/node/src/a.rs:2"]);
        assert!(places(check, &[("crates/consensus/src/a.rs", code)]).is_empty());
    }

    #[test]
    fn the_table_only_points_downwards() {
        let layer = |name: &str| CRATES.iter().find(|known| known.name == name).map(|known| known.layer);
        for of in CRATES {
            for used in of.uses {
                let neighbours = [("gofer-consensus", "gofer-store"), ("gofer-archive", "gofer-audit")];
                let is_down = layer(used) < Some(of.layer) || neighbours.contains(&(of.name, used));
                assert!(is_down, "{} uses {used}", of.name);
            }
        }
    }
}
