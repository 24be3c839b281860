//! A Vault: `tests/python/vault.py`, a strict stand-in that was made from the published API of Vault and OpenBao; or a real one
//! of either, when `GOFER_TEST_VAULT` names its program.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use gofer_tests::{Cluster, PATIENCE, StandIn, eventually, gofer, pipeline};
use gofer_wire::model::v1 as model;
use tempfile::NamedTempFile;

use crate::scan::{Needle, find, needles};
use crate::world::{draw, fails, fails_of, gets, shower, world};

fn start() -> StandIn {
    match std::env::var("GOFER_TEST_VAULT") {
        Ok(program) => StandIn::start("vault_server.py", &[&program]).unwrap(),
        Err(_) => StandIn::start("vault.py", &["team/a"]).unwrap(),
    }
}

/// A node that knows a Vault.
async fn vault_world(vault: &StandIn, login: &str) -> (NamedTempFile, Cluster) {
    let (address, certificate) = (vault.said("address"), vault.said("certificate"));
    let place =
        format!("[vault]\naddress = '{address}'\nca-file = '{certificate}'\nmount = 'kv'\nnamespace = 'team/a'");
    world(&format!("{place}\n{login}")).await
}

fn put(vault: &StandIn, path: &str, value: &str) {
    vault.order(&format!("put gofer/{path} {{\"value\":\"{value}\"}}")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_get_the_secrets_of_a_vault_by_scope_and_after_the_clusters_own() {
    let vault = start();
    let (role, secret_id) = (vault.said("role_id").to_owned(), vault.said("secret_id_file").to_owned());
    let login = format!("role-id = '{role}'\nsecret-id-file = '{secret_id}'\n");
    let (_settings, cluster) = vault_world(&vault, &login).await;
    let [global, namespace, own, newer, in_cluster] = ["g", "n", "p", "q", "c"].map(draw);

    fails(&cluster, &["there is no secret token", "kv/gofer/pipelines/default/build/token", "kv/gofer/global/token"])
        .await;
    put(&vault, "global/token", &global);
    gets(&cluster, &global).await;
    put(&vault, "namespaces/default/token", &namespace);
    gets(&cluster, &namespace).await;
    put(&vault, "pipelines/default/build/token", &own);
    gets(&cluster, &own).await;
    put(&vault, "pipelines/default/build/token", &newer);
    gets(&cluster, &newer).await;
    // One login did for all of them; when its token ends there is another one.
    let asked = vault.order("log").unwrap().to_string();
    assert_eq!(asked.matches("auth/approle/login").count(), 1, "{asked}");
    vault.order("revoke").unwrap();
    vault.order("delete gofer/pipelines/default/build/token").unwrap();
    gets(&cluster, &namespace).await;

    // What is there but no value fails at once; a Vault that is sealed is waited for.
    vault.order("put gofer/pipelines/default/build/token {\"password\":\"x\"}").unwrap();
    fails(&cluster, &["kv/gofer/pipelines/default/build/token", "has no field \\\"value\\\""]).await;
    put(&vault, "pipelines/default/build/token", &newer);
    vault.order("log").unwrap();
    vault.order("seal").unwrap();
    let started = cluster.start_run(0, "build", &[]).await.unwrap();
    let asked = async || Ok(vault.order("log")?.to_string().contains("/v1/kv/data/").then_some(()));
    eventually("the sealed Vault to be asked", PATIENCE, asked).await.unwrap();
    vault.order("unseal").unwrap();
    let ended = cluster.finished(0, &started, PATIENCE).await.unwrap();
    assert_eq!(ended.status(), model::RunStatus::Succeeded, "{ended:?}");

    // The cluster's own come first, of whatever scope.
    let mut set = gofer(&["secret", "set", "token", "--address", &cluster.nodes[0].address]).unwrap();
    let mut set = set.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    set.stdin.take().unwrap().write_all(in_cluster.as_bytes()).unwrap();
    assert!(set.wait().unwrap().success());
    gets(&cluster, &in_cluster).await;

    // Nothing of it is in any file of the node; the scan is not blind.
    let secret_id = fs::read_to_string(&secret_id).unwrap();
    let values = [&global, &namespace, &own, &newer].map(|value| value.as_bytes());
    let wanted: Vec<Needle> = values.into_iter().chain([secret_id.trim().as_bytes()]).flat_map(needles).collect();
    assert!(!find(cluster.path(), &[Needle::new("output", b"canary ***")]).is_empty());
    assert_eq!(find(cluster.path(), &wanted), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_file_is_enough_and_what_it_may_not_read_is_said() {
    let vault = start();
    let token = vault.said("token_file").to_owned();
    let (_settings, cluster) = vault_world(&vault, &format!("token-file = '{token}'\n")).await;
    put(&vault, "global/token", "a-value-of-all");
    gets(&cluster, "a-value-of-all").await;
    cluster.register(0, pipeline("locked", vec![shower()])).await.unwrap();
    let denied = ["does not let this node read kv/gofer/pipelines/default/locked/token", "in the policy"];
    fails_of(&cluster, "locked", &denied).await;
}
