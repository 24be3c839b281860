//! The gate: which steps make it up.

use std::path::Path;

use anyhow::Result;

use crate::step::Steps;
use crate::tidy;

/// Runs all checks, also after one has failed. True if none did.
///
/// # Errors
/// When a check can't be run at all.
pub(crate) fn check(root: &Path, quick: bool) -> Result<bool> {
    let mut steps = Steps::new(root);
    steps.function("tidy", tidy::report)?;
    steps.command("fmt", &["cargo", "fmt", "--all", "--check"], &[])?;
    steps.command("buf lint", &["buf", "lint", "proto"], &[])?;
    steps.command("buf format", &["buf", "format", "--diff", "--exit-code", "proto"], &[])?;
    steps.command("clients", &["bash", "scripts/generate-clients", "--check"], &[])?;
    // Not the advisories: their database is a Git repository that an offline machine can't fetch.
    let deny =
        ["cargo-deny", "--locked", "--workspace", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"];
    steps.command("cargo deny", &deny, &[])?;
    if !quick {
        let clippy =
            ["cargo", "clippy", "--release", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        steps.command("clippy", &clippy, &[])?;
        let doc = ["cargo", "doc", "--release", "--workspace", "--no-deps", "--locked"];
        steps.command("doc", &doc, &[("RUSTDOCFLAGS", "-D warnings")])?;
    }
    Ok(steps.summary())
}

/// Repairs what a machine can repair. True if every tool ran well.
///
/// # Errors
/// When a tool can't be run at all.
pub(crate) fn fix(root: &Path) -> Result<bool> {
    let mut steps = Steps::new(root);
    let clippy =
        ["cargo", "clippy", "--fix", "--release", "--workspace", "--all-targets", "--allow-dirty", "--allow-staged"];
    steps.command("clippy", &clippy, &[])?;
    steps.command("fmt", &["cargo", "fmt", "--all"], &[])?;
    steps.command("buf format", &["buf", "format", "--write", "proto"], &[])?;
    steps.command("clients", &["bash", "scripts/generate-clients"], &[])?;
    Ok(steps.summary())
}
