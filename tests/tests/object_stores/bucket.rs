//! Servers of buckets in processes of their own: `tests/python/s3.py` with moto, and `s3_gateway.py` with a real one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gofer_tests::StandIn;
use serde_json::Value;
use tempfile::NamedTempFile;

/// The server, and its one bucket.
pub(crate) struct Bucket {
    server: StandIn,
    credentials: NamedTempFile,
}

impl Bucket {
    pub(crate) fn start(name: &str, flags: &[&str]) -> Self {
        Self::of(StandIn::start("s3.py", &[&[name], flags].concat()).unwrap())
    }

    /// A real server, which `scripts/install-deps --test` builds.
    pub(crate) fn start_real(name: &str) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/versitygw");
        assert!(Path::new(program).exists(), "{program} is missing; run scripts/install-deps --test");
        Self::of(StandIn::start("s3_gateway.py", &[name, program]).unwrap())
    }

    fn of(server: StandIn) -> Self {
        let credentials = NamedTempFile::new().unwrap();
        write(&credentials, &server.ready["owner"], None);
        Self { server, credentials }
    }

    /// Does what the script says of an order.
    pub(crate) fn order(&self, line: &str) -> Value {
        self.server.order(line).unwrap()
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
        self.server.said(name)
    }

    /// The secret of the user who may do all.
    pub(crate) fn secret(&self) -> &str {
        self.server.ready["owner"]["secret"].as_str().unwrap()
    }

    /// A file with the key of a user, and with another secret if there is one.
    pub(crate) fn credentials(&self, user: &str, secret: Option<&str>) -> NamedTempFile {
        let file = NamedTempFile::new().unwrap();
        write(&file, &self.server.ready[user], secret);
        file
    }
}

fn write(file: &NamedTempFile, user: &Value, secret: Option<&str>) {
    let (id, secret) = (user["id"].as_str().unwrap(), secret.unwrap_or(user["secret"].as_str().unwrap()));
    fs::write(file.path(), format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")).unwrap();
}
