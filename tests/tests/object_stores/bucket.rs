//! A server of buckets in a process of its own: `tests/python/s3.py`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;
use tempfile::{NamedTempFile, TempDir};

/// The server, and its one bucket. Killed when dropped.
pub(crate) struct Bucket {
    _files: TempDir,
    process: Child,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    ready: Value,
    credentials: NamedTempFile,
}

impl Bucket {
    pub(crate) fn start(name: &str, flags: &[&str]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/s3.py");
        let mut command = Command::new(gofer_tests::python().unwrap());
        command.arg(script).arg(files.path()).arg(name).args(flags).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let talk = Mutex::new((process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap())));
        let credentials = NamedTempFile::new().unwrap();
        let mut bucket = Self { _files: files, process, talk, ready: Value::Null, credentials };
        bucket.ready = read(&mut bucket.talk.lock().unwrap().1);
        write(&bucket.credentials, &bucket.ready["owner"], None);
        bucket
    }

    /// Does what the script says of an order.
    pub(crate) fn order(&self, line: &str) -> Value {
        let mut talk = self.talk.lock().unwrap();
        writeln!(talk.0, "{line}").unwrap();
        read(&mut talk.1)
    }

    /// The keys in the bucket that begin so, without that, and their sizes.
    pub(crate) fn keys(&self, prefix: &str) -> BTreeMap<String, u64> {
        let keys = self.order("keys");
        let keys = keys.as_object().unwrap().iter();
        keys.filter_map(|(key, size)| Some((key.strip_prefix(prefix)?.to_owned(), size.as_u64().unwrap()))).collect()
    }

    /// Settings for `[objects]`.
    pub(crate) fn settings(&self, url: &str, more: &str) -> String {
        let (endpoint, credentials) = (self.said("endpoint"), self.credentials.path().display());
        format!("url = '{url}'\nendpoint = '{endpoint}'\ncredentials-file = '{credentials}'\n{more}")
    }

    /// What it said of itself.
    pub(crate) fn said(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// The secret of the user who may do all.
    pub(crate) fn secret(&self) -> &str {
        self.ready["owner"]["secret"].as_str().unwrap()
    }

    /// A file with the key of a user, and with another secret if there is one.
    pub(crate) fn credentials(&self, user: &str, secret: Option<&str>) -> NamedTempFile {
        let file = NamedTempFile::new().unwrap();
        write(&file, &self.ready[user], secret);
        file
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(answers: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("the server of buckets said {line:?}: {error}"))
}

fn write(file: &NamedTempFile, user: &Value, secret: Option<&str>) {
    let (id, secret) = (user["id"].as_str().unwrap(), secret.unwrap_or(user["secret"].as_str().unwrap()));
    fs::write(file.path(), format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")).unwrap();
}
