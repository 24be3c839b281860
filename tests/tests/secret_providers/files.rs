//! A directory of files, some of which the program `age` has encrypted.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use gofer_tests::run;

use crate::scan::{Needle, find, needles};
use crate::world::{draw, fails, gets, world};

fn write(path: &Path, bytes: &[u8], mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Runs a program of age to its end; what it prints.
fn age(program: &str, arguments: &[&str], input: &str) -> Vec<u8> {
    let mut command = Command::new(program);
    let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_get_the_secrets_of_files_by_scope_in_clear_and_encrypted() {
    let outside = tempfile::tempdir().unwrap();
    let (secrets, keys) = (outside.path().join("secrets"), outside.path().join("keys"));
    let settings =
        format!("[secret-files]\ndirectory = '{}'\nidentity-file = '{}'\n", secrets.display(), keys.display());
    let generated = age("age-keygen", &[], "");
    write(&keys, &generated, 0o600);
    let text = String::from_utf8(generated).unwrap();
    let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let [global, namespace, own, in_cluster] = ["g", "n", "p", "c"].map(draw);
    fs::create_dir(&secrets).unwrap();

    let (_settings, cluster) = world(&settings).await;
    let missing = secrets.join("pipelines/default/build/token");
    fails(&cluster, &["there is no secret token", "nor in the directory", missing.to_str().unwrap()]).await;
    write(&secrets.join("global/token"), global.as_bytes(), 0o600);
    gets(&cluster, &global).await;
    let encrypted = age("age", &["-r", recipient], &namespace);
    write(&secrets.join("namespaces/default/token.age"), &encrypted, 0o644);
    gets(&cluster, &namespace).await;
    let armored = age("age", &["-a", "-r", recipient], &own);
    write(&secrets.join("pipelines/default/build/token.age"), &armored, 0o644);
    gets(&cluster, &own).await;
    // What everybody may read is no secret, and a wider scope is no replacement for it.
    fs::remove_file(secrets.join("pipelines/default/build/token.age")).unwrap();
    write(&missing, own.as_bytes(), 0o644);
    fails(&cluster, &["everybody on the machine", "chmod o="]).await;
    let file = outside.path().join("value");
    write(&file, in_cluster.as_bytes(), 0o600);
    let set = ["secret", "set", "token", "--from-file", file.to_str().unwrap(), "--address", &cluster.nodes[0].address];
    assert_eq!(run(&set).unwrap().0, Some(0));
    gets(&cluster, &in_cluster).await;

    // Nothing of it is in any file of the node; the scan is not blind.
    let key = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY")).unwrap();
    let values = [&*global, &*namespace, &*own, key];
    let wanted: Vec<Needle> = values.iter().flat_map(|value| needles(value.as_bytes())).collect();
    assert!(!find(cluster.path(), &[Needle::new("output", b"canary ***")]).is_empty());
    assert_eq!(find(cluster.path(), &wanted), Vec::<String>::new());
}
