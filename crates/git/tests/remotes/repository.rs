//! A repository of `git`'s own making.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) struct Repository {
    directory: TempDir,
    name: String,
}

impl Repository {
    /// A bare one in which something can be committed.
    pub(crate) fn new() -> Self {
        Self::named("shop.git", "sha1")
    }

    pub(crate) fn named(name: &str, format: &str) -> Self {
        let repository = Self { directory: tempfile::tempdir().unwrap(), name: name.to_owned() };
        std::fs::create_dir(repository.path()).unwrap();
        repository.git(&["init", "--quiet", "--bare", "--initial-branch=main", &format!("--object-format={format}")]);
        repository
    }

    /// The directory in which it is.
    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root().join(&self.name)
    }

    /// What `git` says to this, which must work.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.current_dir(self.path()).args(arguments);
        // Whatever this machine's user has set.
        command.env("HOME", self.root()).env("GIT_CONFIG_NOSYSTEM", "1").env_remove("GIT_DIR");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@example.com");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Makes a commit without parents, and its id.
    pub(crate) fn commit(&self, message: &str) -> String {
        let tree = self.git(&["hash-object", "-w", "-t", "tree", "/dev/null"]);
        self.git(&["commit-tree", &tree, "-m", message])
    }

    /// Lets a reference point to something.
    pub(crate) fn point(&self, reference: &str, object: &str) {
        self.git(&["update-ref", reference, object]);
    }

    /// With two branches, a plain tag, an annotated one, and a reference that is neither; and what is to be seen of it.
    pub(crate) fn filled() -> (Self, BTreeMap<String, String>) {
        let repository = Self::new();
        let (one, two) = (repository.commit("one"), repository.commit("two"));
        repository.point("refs/heads/main", &one);
        repository.point("refs/heads/feature/größe", &two);
        repository.point("refs/tags/v1", &one);
        repository.point("refs/pull/1/head", &two);
        repository.git(&["tag", "-a", "-m", "Release", "v2", &two]);
        let expected = [
            ("refs/heads/main", &one),
            ("refs/heads/feature/größe", &two),
            ("refs/tags/v1", &one),
            ("refs/tags/v2", &two),
        ];
        let expected = expected.map(|(name, id)| (name.to_owned(), id.clone()));
        (repository, expected.into())
    }
}
