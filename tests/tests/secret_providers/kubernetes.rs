//! Kubernetes: `tests/python/kubernetes_api.py`, a strict stand-in that was made from the published API.

use gofer_tests::{Cluster, PATIENCE, StandIn, eventually, pipeline};
use gofer_wire::model::v1 as model;

use crate::scan::{Needle, find, needles};
use crate::world::{draw, fails, fails_of, gets, shower, world};

/// A secret of an object, which has one more.
fn put(kubernetes: &StandIn, object: &str, value: &str) {
    kubernetes.order(&format!("put gofer.{object} {{\"token\":\"{value}\",\"other\":\"x\"}}")).unwrap();
}

async fn registered(cluster: &Cluster, id: &str) {
    cluster.register(0, pipeline(id, vec![shower()])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_get_the_secrets_of_kubernetes_by_scope() {
    let kubernetes = StandIn::start("kubernetes_api.py", &["builds"]).unwrap();
    let [address, certificate, token] = ["address", "certificate", "token_file"].map(|name| kubernetes.said(name));
    let place = format!("[kubernetes-secrets]\nnamespace = 'builds'\naddress = '{address}'");
    let (_settings, cluster) = world(&format!("{place}\nca-file = '{certificate}'\ntoken-file = '{token}'\n")).await;
    let [global, namespace, own] = ["g", "n", "p"].map(draw);

    fails(&cluster, &["there is no secret token", "nor in namespace builds", "gofer.pipelines.default.build/token"])
        .await;
    put(&kubernetes, "global", &global);
    gets(&cluster, &global).await;
    put(&kubernetes, "namespaces.default", &namespace);
    gets(&cluster, &namespace).await;
    put(&kubernetes, "pipelines.default.build", &own);
    gets(&cluster, &own).await;
    // The token is another one after a while, and the file has it.
    kubernetes.order("rotate").unwrap();
    gets(&cluster, &own).await;

    // No object can be named after this pipeline, so it gets what its namespace has.
    registered(&cluster, "Build_2").await;
    let (status, said) = crate::world::outcome(&cluster, "Build_2").await;
    assert_eq!(status, model::RunStatus::Succeeded, "{said}");
    registered(&cluster, "locked").await;
    fails_of(&cluster, "locked", &["does not let this node read gofer.pipelines.default.locked", "verb \\\"get\\\""])
        .await;

    // A service that is not ready is waited for.
    kubernetes.order("log").unwrap();
    kubernetes.order("stop").unwrap();
    let started = cluster.start_run(0, "build", &[]).await.unwrap();
    let asked = async || Ok(kubernetes.order("log")?.to_string().contains("/secrets/").then_some(()));
    eventually("Kubernetes to be asked", PATIENCE, asked).await.unwrap();
    kubernetes.order("go").unwrap();
    let ended = cluster.finished(0, &started, PATIENCE).await.unwrap();
    assert_eq!(ended.status(), model::RunStatus::Succeeded, "{ended:?}");

    let token = std::fs::read_to_string(token).unwrap();
    let values = [&*global, &*namespace, &*own, token.trim()];
    let wanted: Vec<Needle> = values.iter().flat_map(|value| needles(value.as_bytes())).collect();
    assert!(!find(cluster.path(), &[Needle::new("output", b"canary ***")]).is_empty());
    assert_eq!(find(cluster.path(), &wanted), Vec::<String>::new());
}
