//! `git-clone`: the files of a repository at a commit, as an object of the run. The work is that of the node's `git`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use zeroize::Zeroizing;

use crate::failure::{Failure, say, short};
use crate::objects;
use crate::outputs;
use crate::pack::pack;
use crate::process::{program, status};
use crate::settings::Settings;

/// Longest URL.
const URL_BYTES_MAX: usize = 2048;
/// Most commits of a history.
const DEPTH_MAX: u64 = 1_000_000;
const NO_GIT: &str = "install git on the node, or keep the task off it by a label";

/// What is cloned.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    url: String,
    reference: String,
    /// 0: all.
    depth: u64,
    has_submodules: bool,
    keeps_git: bool,
    object: String,
}

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    let plan = plan(settings)?;
    let directory = tempfile::tempdir_in(".").map_err(|error| disk(&error))?;
    let (tree, file) = (directory.path().join("tree"), directory.path().join("tree.tar"));
    let git = Git::new(settings, &plan, directory.path())?;
    check_out(&git, &plan, &tree)?;
    let commit = git.read(&tree, &["rev-parse", "HEAD"])?;
    let seconds = git.read(&tree, &["show", "-s", "--format=%ct", "HEAD"])?.parse().unwrap_or(0);
    let out = std::fs::File::create(&file).map_err(|error| disk(&error))?;
    let without: &[&str] = if plan.keeps_git { &[] } else { &[".git"] };
    let files = pack(&tree, without, seconds, out).map_err(|error| disk(&error))?;
    say(&format!("{files} files at {commit}"));
    objects::put_of_run(&plan.object, &file)?;
    outputs::put(settings, &[("COMMIT", &commit), ("OBJECT", &plan.object)])
}

fn check_out(git: &Git, plan: &Plan, tree: &Path) -> Result<(), Failure> {
    std::fs::create_dir(tree).map_err(|error| disk(&error))?;
    git.run(tree, &["init", "--quiet", "."])?;
    let depth = format!("--depth={}", plan.depth);
    let mut fetch = vec!["fetch", "--no-tags"];
    if plan.depth > 0 {
        fetch.push(&depth);
    }
    let reference = if plan.reference.is_empty() { "HEAD" } else { &plan.reference };
    fetch.extend(["--", &plan.url, reference]);
    git.run(tree, &fetch)?;
    git.run(tree, &["checkout", "--quiet", "--detach", "FETCH_HEAD"])?;
    if plan.has_submodules {
        // A submodule that is given by a relative path is beside the repository.
        git.run(tree, &["config", "remote.origin.url", &plan.url])?;
        let mut update = vec!["submodule", "update", "--init", "--recursive"];
        if plan.depth > 0 {
            update.push(&depth);
        }
        git.run(tree, &update)?;
    }
    Ok(())
}

fn plan(settings: &Settings) -> Result<Plan, Failure> {
    let url = settings.required("URL", "give the address of a repository, such as https://host/owner/name.git")?;
    let is_known = ["https://", "http://", "ssh://"].iter().any(|scheme| url.starts_with(scheme));
    let is_scp = url.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'));
    let is_odd = url.starts_with('-') || url.len() > URL_BYTES_MAX || url.contains(|c: char| c.is_whitespace());
    if is_odd || !(is_known || is_scp) {
        let help = "https://, http:// and ssh:// URLs will do, and user@host:path";
        return Err(Failure::setting(format!("the setting URL is {:?}", short(url)), help));
    }
    if reqwest::Url::parse(url).is_ok_and(|url| url.password().is_some()) {
        let help = "take it out, and use git-clone-token, which has it as a secret";
        return Err(Failure::setting("the setting URL holds a password, which is in the log now", help));
    }
    let reference = settings.text("REF")?.trim();
    if reference.starts_with('-') || reference.contains(|c: char| c.is_whitespace() || c.is_control() || c == ':') {
        let help = "a branch, a tag, or the full name of a commit will do";
        return Err(Failure::setting(format!("the setting REF is {:?}", short(reference)), help));
    }
    let object = match settings.text("OBJECT")?.trim() {
        "" => "source.tar",
        object => object,
    };
    objects::check_key("OBJECT", object)?;
    Ok(Plan {
        url: url.to_owned(),
        reference: reference.to_owned(),
        depth: settings.number("DEPTH", 0..=DEPTH_MAX, 1)?,
        has_submodules: settings.flag("SUBMODULES")?,
        keeps_git: settings.flag("KEEP_GIT")?,
        object: object.to_owned(),
    })
}

/// How git is run: without questions, without the settings of the machine, with the way in if there is one.
struct Git {
    variables: Vec<(String, zeroize::Zeroizing<String>)>,
}

impl Git {
    fn new(settings: &Settings, plan: &Plan, directory: &Path) -> Result<Self, Failure> {
        let home = directory.canonicalize().map_err(|error| disk(&error))?;
        let mut git = Self { variables: Vec::new() };
        for (name, value) in [
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_ALLOW_PROTOCOL", "https:http:ssh"),
            ("GIT_ADVICE", "0"),
            ("GIT_ASKPASS", "true"),
            ("LC_ALL", "C"),
        ] {
            git.set(name, value);
        }
        git.set("HOME", &home.to_string_lossy());
        let mut config = vec![
            // A server that sends next to nothing for a minute.
            ("http.lowSpeedLimit".to_owned(), "100".to_owned()),
            ("http.lowSpeedTime".to_owned(), "60".to_owned()),
            ("init.defaultBranch".to_owned(), "main".to_owned()),
            ("submodule.fetchJobs".to_owned(), "1".to_owned()),
        ];
        if let Some(token) = settings.secret("GIT_TOKEN")? {
            config.push(header(&plan.url, settings, &token)?);
        }
        git.set("GIT_CONFIG_COUNT", &config.len().to_string());
        for (number, (name, value)) in config.iter().enumerate() {
            git.set(&format!("GIT_CONFIG_KEY_{number}"), name);
            git.set(&format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        if let Some(command) = ssh(settings, &home)? {
            git.set("GIT_SSH_COMMAND", &command);
        }
        Ok(git)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), Zeroizing::new(value.to_owned())));
    }

    fn command(&self, tree: &Path, words: &[&str]) -> Command {
        let mut command = program("git");
        command.current_dir(tree).args(words);
        command.envs(self.variables.iter().map(|(name, value)| (name, value.as_str())));
        command
    }

    fn run(&self, tree: &Path, words: &[&str]) -> Result<(), Failure> {
        let ended = status(&mut self.command(tree, words), NO_GIT)?;
        if ended.success() {
            return Ok(());
        }
        let what = words.first().copied().unwrap_or_default();
        let help =
            "see above for what it says; if it can't reach the server now and then, give the task a retry policy";
        Err(Failure::new(format!("git {what} ended with {ended}"), help))
    }

    fn read(&self, tree: &Path, words: &[&str]) -> Result<String, Failure> {
        let failed = |why: String| Failure::new(format!("git {} failed: {why}", words.join(" ")), NO_GIT);
        let output = self.command(tree, words).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(output.status.to_string()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The setting that has git send a token, to the server of the repository alone: submodules may be on others.
fn header(url: &str, settings: &Settings, token: &str) -> Result<(String, String), Failure> {
    let url = reqwest::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    let url = url
        .ok_or_else(|| Failure::setting("a token opens https:// URLs only", "give such a URL, or use git-clone-ssh"))?;
    let user = match settings.text("USERNAME")?.trim() {
        "" => "x-access-token",
        user => user,
    };
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{token}"));
    let origin = url.origin().ascii_serialization();
    Ok((format!("http.{origin}/.extraHeader"), format!("Authorization: Basic {encoded}")))
}

/// How ssh is called, if the task has a key: with that one alone, and to hosts alone that are known.
fn ssh(settings: &Settings, home: &Path) -> Result<Option<String>, Failure> {
    let directory = settings.text("GOFER_SECRETS_DIR")?;
    let key = Path::new(directory).join("git-ssh-key");
    if directory.is_empty() || !key.exists() {
        return Ok(None);
    }
    let key = whole(&key).map_err(|error| disk(&error))?;
    let hosts = settings.required("KNOWN_HOSTS", "give the lines of the server's keys: ssh-keyscan HOST, checked")?;
    let file = home.join("known_hosts");
    std::fs::write(&file, format!("{hosts}\n")).map_err(|error| disk(&error))?;
    let quoted = |path: &Path| format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"));
    Ok(Some(format!(
        "ssh -F /dev/null -i {} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes \
         -o ConnectTimeout=20 -o UserKnownHostsFile={}",
        quoted(&key),
        quoted(&file)
    )))
}

/// The key with the end of its last line, which secrets lose when they are set, and without which ssh can't read it. It is
/// beside the other one, in memory, and goes with it.
fn whole(key: &Path) -> std::io::Result<PathBuf> {
    let text = Zeroizing::new(std::fs::read(key)?);
    let path = key.with_extension("whole");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    file.write_all(text.trim_ascii_end())?;
    file.write_all(b"\n")?;
    Ok(path)
}

fn disk(error: &std::io::Error) -> Failure {
    Failure::new(format!("the files can't be written or read: {error}"), "look at the node's disk")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, reference: &str) -> Result<Plan, Failure> {
        plan(&Settings::of([("URL", url), ("REF", reference)]))
    }

    #[test]
    fn only_repositories_of_servers_are_cloned() {
        for good in ["https://host/o/r.git", "http://127.0.0.1:80/r", "ssh://git@host/r", "git@host:o/r.git"] {
            assert_eq!(of(good, "main").unwrap().url, good);
        }
        for bad in ["/etc", "file:///etc", "ext::sh -c id", "--upload-pack=id", "host:path", "https://h/a b", ""] {
            assert!(of(bad, "").is_err(), "{bad}");
        }
        assert!(of("https://u:secret@host/r", "").unwrap_err().text().contains("holds a password"));
        for bad in ["--all", "a b", "main:main"] {
            assert!(of("https://host/r", bad).unwrap_err().text().contains("REF"), "{bad}");
        }
    }

    #[test]
    fn a_token_goes_to_its_own_server_only() {
        let (name, value) = header("https://host:8443/o/r.git", &Settings::default(), "t0ken").unwrap();
        assert_eq!(name, "http.https://host:8443/.extraHeader");
        assert_eq!(value, "Authorization: Basic eC1hY2Nlc3MtdG9rZW46dDBrZW4=");
        assert!(header("git@host:r", &Settings::default(), "t").unwrap_err().text().contains("git-clone-ssh"));
    }

    #[test]
    fn a_key_is_used_with_known_hosts_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_str().unwrap();
        std::fs::write(directory.path().join("git-ssh-key"), "key").unwrap();
        let settings = Settings::of([("GOFER_SECRETS_DIR", path)]);
        assert!(ssh(&settings, directory.path()).unwrap_err().text().contains("KNOWN_HOSTS"));
        let settings = Settings::of([("GOFER_SECRETS_DIR", path), ("KNOWN_HOSTS", "host ssh-ed25519 AAAA")]);
        let command = ssh(&settings, directory.path()).unwrap().unwrap();
        assert!(command.contains("StrictHostKeyChecking=yes") && command.contains("git-ssh-key"), "{command}");
        assert_eq!(std::fs::read(directory.path().join("git-ssh-key.whole")).unwrap(), b"key\n");
        assert_eq!(ssh(&Settings::default(), directory.path()).unwrap(), None);
    }
}
