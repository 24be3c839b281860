//! A repository that is cloned over SSH, from a server of this machine (`tests/python/ssh_server.py`).

use gofer_tests::{Cluster, StandIn, needs, says};

use super::provided::{git, start, succeeds, tried};
use super::support::secret;

async fn fails(cluster: &Cluster, settings: &[(&str, &str)], words: &[&str]) {
    let (end, told) = tried(cluster, "git-clone-ssh", settings).await;
    assert_eq!(end, "failed", "{told}");
    says(&told, words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_cloned_with_its_key_and_from_the_known_server_only() {
    needs(&["git", "ssh"]).unwrap();
    let cluster = start().await;
    let root = tempfile::tempdir().unwrap();
    let (work, bare) = (root.path().join("work"), root.path().join("hello.git"));
    std::fs::create_dir(&work).unwrap();
    git(&work, &["init", "--quiet", "--initial-branch=main"]);
    std::fs::write(work.join("README"), "one\n").unwrap();
    git(&work, &["add", "."]);
    git(&work, &["commit", "--quiet", "-m", "one"]);
    let commit = git(&work, &["rev-parse", "HEAD"]);
    git(root.path(), &["clone", "--quiet", "--bare", work.to_str().unwrap(), bare.to_str().unwrap()]);

    let server = StandIn::start("ssh_server.py", &[]).unwrap();
    let url = format!("ssh://git@127.0.0.1:{}{}", server.ready["port"], bare.to_str().unwrap());
    let settings = |known: &'static str| [("URL", url.as_str()), ("REF", "main"), ("KNOWN_HOSTS", server.said(known))];

    secret(&cluster, "git-ssh-key", server.said("key"));
    says(&succeeds(&cluster, "git-clone-ssh", &settings("known_hosts")).await, &[&commit]);
    fails(&cluster, &settings("impostor"), &["Host key verification failed"]).await;
    secret(&cluster, "git-ssh-key", server.said("other_key"));
    fails(&cluster, &settings("known_hosts"), &["Permission denied"]).await;
}
