//! Objects outside the nodes: in a directory that all nodes share, and in a bucket.
//!
//! One of the bucket's servers is versitygw, a real one. The other one is moto's, a stand-in that can be told to refuse, to
//! fail and to damage: it speaks S3's protocol, and checks signatures and policies.
//!
//! `GOFER_OBJECT_MIB=2048 cargo test --release --workspace --test object_stores killed -- --nocapture` puts 2 GiB.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests fail by panicking and report")]

#[path = "object_stores/bucket.rs"]
mod bucket;
#[path = "object_stores/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use gofer_tests::{Cluster, PATIENCE, eventually, gofer, pipeline, run, says, shell_task};

use bucket::Bucket;
use world::{
    Settings, addresses, age, cluster, files, folders, object, object_within, ok, put_through_a_kill, refused,
    restart_with,
};

/// Sweeps come soon, and take what is ten minutes old.
const SWEEPS: &str = "grace-ms = 600000\nsweep-every-ms = 300";

/// Size of the large object.
fn mebibytes(default: u64) -> u64 {
    std::env::var("GOFER_OBJECT_MIB").map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_directory_takes_what_a_killed_node_began_and_loses_what_nobody_names() {
    let shared = tempfile::tempdir().unwrap();
    let settings = Settings::new(&format!("url = 'file://{}'\n{SWEEPS}", shared.path().display()));
    let mut cluster = cluster(&settings).await;
    let mebibytes = mebibytes(128);
    let chunks = usize::try_from(mebibytes / 4).unwrap();
    put_through_a_kill(&mut cluster, mebibytes, || files(shared.path()).len() > chunks / 3).await;
    assert_eq!(files(shared.path()).len(), chunks + 1, "one put was of no use to the other");
    let all = addresses(&cluster);
    says(&ok(object(&all, &["info", "big", "--pipeline", "build"])), &["kept", "in store "]);

    // Another object in its place. The leader dies, and the next one removes what nobody names.
    let old = folders(&shared.path().join("objects"));
    let file = cluster.path().join("small");
    fs::write(&file, "small").unwrap();
    ok(object(&all, &["put", "big", file.to_str().unwrap(), "--pipeline", "build"]));
    let both = folders(&shared.path().join("objects"));
    assert_eq!((old.len(), both.len()), (1, 2));
    let leader = cluster.leader().await.unwrap();
    cluster.nodes[leader].kill();
    age(shared.path());
    let swept = async || Ok(folders(&shared.path().join("objects")).is_disjoint(&old).then_some(()));
    eventually("what nobody names to be gone", PATIENCE, swept).await.unwrap();
    assert_eq!(ok(object(&all, &["get", "big", "--pipeline", "build"])), "small", "what is named was removed");
    ok(object(&all, &["delete", "big", "--pipeline", "build"]));
    let empty = async || Ok(folders(&shared.path().join("objects")).is_empty().then_some(()));
    eventually("what was deleted to be gone", PATIENCE, empty).await.unwrap();
    assert!(shared.path().join("gofer-objects.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_directory_is_said_and_nothing_is_lost() {
    let root = tempfile::tempdir().unwrap();
    let [shared, other] = ["shared", "other"].map(|name| root.path().join(name));
    [&shared, &other].iter().for_each(|dir| fs::create_dir(dir).unwrap());
    let settings = Settings::new(&format!("url = 'file://{}'\n{SWEEPS}", shared.display()));
    let mut cluster = cluster(&settings).await;
    let all = addresses(&cluster);
    let file = cluster.path().join("small");
    let path = file.to_str().unwrap();
    fs::write(&file, "bytes").unwrap();
    let put = ["put", "x", path, "--pipeline", "build"];
    let get = ["get", "x", "--pipeline", "build"];
    ok(object(&all, &put));
    says(&run(&["doctor", "--address", &all]).unwrap().1, &["is the store"]);

    // One node has another directory; one has none.
    let leader = cluster.leader().await.unwrap();
    let [wrong, none] = [(leader + 1) % 3, (leader + 2) % 3];
    let other_url = format!("file://{}", other.display());
    restart_with(&mut cluster, wrong, &["--objects-url", &other_url]).await;
    restart_with(&mut cluster, none, &["--config", "/dev/null"]).await;
    refused(object(&cluster.nodes[wrong].address, &get), &["has no marker", "the same on all nodes"]);
    refused(object(&cluster.nodes[wrong].address, &put), &["has no marker", "the same on all nodes"]);
    refused(object(&cluster.nodes[none].address, &put), &["this node has none outside", "the same objects.url"]);
    refused(object(&cluster.nodes[none].address, &get), &["this node has none outside", "the same objects.url"]);
    assert!(folders(&other).is_empty() && !other.join("gofer-objects.json").exists());
    let (code, text) = run(&["doctor", "--address", &all]).unwrap();
    assert_eq!(code, Some(1), "{text}");
    says(&text, &["has no marker", "has none outside", "is the store"]);

    // Another cluster does not get it.
    let foreign = Cluster::start(1, &["--drivers", "process", "--config", settings.path()]).await.unwrap();
    foreign.register(0, pipeline("build", vec![shell_task("t", "true", &[])])).await.unwrap();
    refused(object(&foreign.nodes[0].address, &put), &["is the store of objects of cluster", "objects.adopt"]);
    // What looks new would become its own.
    drop(foreign);

    // A damaged file is not given out; one that is lost is named; an unmounted directory is not written to.
    let leader = cluster.nodes[leader].address.clone();
    let chunks = files(&shared);
    for chunk in &chunks {
        let bytes = fs::read(chunk).unwrap();
        fs::write(chunk, vec![b'#'; bytes.len()]).unwrap();
        refused(object(&leader, &get), &["is damaged", "put it again"]);
        fs::remove_file(chunk).unwrap();
        refused(object(&leader, &get), &["does not hold", "put it again"]);
        fs::write(chunk, bytes).unwrap();
    }
    let mounted = root.path().join("mounted");
    fs::rename(&shared, &mounted).unwrap();
    fs::create_dir(&shared).unwrap();
    refused(object(&leader, &put), &["has no marker", "mount it"]);
    refused(object(&leader, &get), &["has no marker", "mount it"]);
    fs::remove_dir(&shared).unwrap();
    refused(object(&leader, &put), &["is not there", "mount"]);
    fs::rename(&mounted, &shared).unwrap();
    assert_eq!(ok(object(&leader, &get)), "bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_takes_what_a_killed_node_began_and_loses_what_nobody_names() {
    a_bucket_is_filled_and_swept(&Bucket::start("objects", &[])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_a_real_server_does_so_too() {
    a_bucket_is_filled_and_swept(&Bucket::start_real("objects")).await;
}

async fn a_bucket_is_filled_and_swept(bucket: &Bucket) {
    let settings =
        Settings::new(&bucket.settings("s3://objects/some/prefix", &format!("pipeline-objects = 2\n{SWEEPS}")));
    let mut cluster = cluster(&settings).await;
    let mebibytes = mebibytes(48);
    let chunks = usize::try_from(mebibytes / 4).unwrap();
    let stored = || bucket.keys("some/prefix/objects/");
    put_through_a_kill(&mut cluster, mebibytes, || stored().len() > chunks / 3).await;
    assert_eq!(stored().len(), chunks + 1, "one put was of no use to the other");
    let all = addresses(&cluster);
    says(&run(&["doctor", "--address", &all]).unwrap().1, &["s3://objects/some/prefix is the store"]);

    // What is evicted, replaced and deleted is removed; what is named, and what is not ours, stays.
    let foreign = "some/prefix/objects/of-somebody/else";
    bucket.order(&format!("put {foreign}"));
    let old = folders_of(bucket);
    let file = cluster.path().join("small");
    let put = |key: &str, text: &str| {
        fs::write(&file, text).unwrap();
        ok(object(&all, &["put", key, file.to_str().unwrap(), "--pipeline", "build"]));
    };
    put("a", "first");
    put("a", "second");
    put("b", "kept");
    assert_eq!(folders_of(bucket).len(), 4 + old.len() - 1, "nothing goes before it is old");
    // The last put evicted the large object, so a sweep that removes it knows of that put. One that was begun before would
    // take the others for nobody's, were they old by then: nothing is put and then gets days old while a sweep lasts.
    old.iter().for_each(|folder| drop(bucket.order(&format!("age some/prefix/objects/{folder}"))));
    let gone = async || Ok(folders_of(bucket).is_disjoint(&old).then_some(()));
    eventually("what was evicted to be gone", PATIENCE, gone).await.unwrap();
    bucket.order("age");
    let left = async || Ok((folders_of(bucket).len() == 2).then_some(()));
    eventually("what nobody names to be gone", PATIENCE, left).await.unwrap();
    let get = |key: &str| object(&all, &["get", key, "--pipeline", "build"]);
    assert_eq!((ok(get("a")), ok(get("b"))), ("second".into(), "kept".into()), "what is named was removed");
    refused(get("big"), &["big"]);
    assert_eq!(run(&["pipeline", "delete", "build", "--address", &all]).unwrap().0, Some(0));
    let left = async || Ok(folders_of(bucket).is_empty().then_some(()));
    eventually("what went with its pipeline to be gone", PATIENCE, left).await.unwrap();
    let keys: Vec<String> = bucket.keys("").into_keys().collect();
    assert_eq!(keys, ["some/prefix/gofer-objects.json", foreign]);
}

/// The folders in the bucket that puts made.
fn folders_of(bucket: &Bucket) -> BTreeSet<String> {
    let keys = bucket.keys("some/prefix/objects/").into_keys();
    keys.filter_map(|key| key.split_once('/').map(|(folder, _)| folder.to_owned()))
        .filter(|name| name.len() == 32)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_bucket_is_said_and_nothing_is_lost() {
    let bucket = Bucket::start("objects", &["--tls"]);
    let ca = bucket.said("certificate").to_owned();
    let settings = Settings::new(&bucket.settings("s3://objects/some/prefix", &format!("ca-file = '{ca}'\n{SWEEPS}")));
    let mut cluster = cluster(&settings).await;
    let all = addresses(&cluster);
    let file = cluster.path().join("small");
    fs::write(&file, "bytes").unwrap();
    let put = ["put", "x", file.to_str().unwrap(), "--pipeline", "build"];
    let get = ["get", "x", "--pipeline", "build"];
    ok(object(&all, &put));

    // No secret is anywhere.
    let events = run(&["events", "watch", "--from", "1", "--until-end", "-o", "json", "--address", &all]).unwrap().1;
    says(&events, &["folder"]);
    let config = run(&["config", "print", "--data-dir", "/nowhere", "--config", settings.path()]).unwrap().1;
    says(&config, &["s3://objects/some/prefix", "credentials-file"]);
    for text in [events, config, cluster.log_tails()] {
        assert!(!text.contains(bucket.secret()), "{text}");
    }

    // Nodes that are set otherwise, one after the other; the leader goes on.
    let leader = cluster.leader().await.unwrap();
    let other = cluster.other_than(leader);
    let [wrong, reader] = [bucket.credentials("owner", Some("not-the-secret")), bucket.credentials("reader", None)];
    let [wrong, reader] = [&wrong, &reader].map(|file| file.path().to_str().unwrap());
    for (flags, words) in [
        (["--objects-credentials-file", wrong], ["denies access", "credentials"]),
        (["--objects-credentials-file", reader], ["denies access", "credentials"]),
        (["--objects-ca-file", bucket.said("other_certificate")], ["can't be reached", "certificate"]),
    ] {
        restart_with(&mut cluster, other, &flags).await;
        let address = cluster.nodes[other].address.clone();
        fails_with(&address, &put, &words).await;
        // Who may read can get.
        if flags[1] == reader {
            assert_eq!(ok(object(&address, &get)), "bytes");
        }
    }
    cluster.nodes[other].kill();
    cluster.restart(other).await.unwrap();

    // What is damaged or lost is not given out; what can't be reached comes back.
    for key in bucket.keys("some/prefix/objects/").into_keys() {
        let key = format!("some/prefix/objects/{key}");
        bucket.order(&format!("damage {key}"));
        refused(object(&all, &get), &["is damaged", "put it again"]);
        bucket.order(&format!("damage {key}"));
    }
    assert_eq!(ok(object(&all, &get)), "bytes");
    bucket.order("stop");
    let unreachable = ["can't be reached", "the store of objects s3://objects"];
    fails_with(&cluster.nodes[leader].address, &get, &unreachable).await;
    let started = cluster.start_run(leader, "build", &[]).await.unwrap();
    cluster.finished(leader, &started, PATIENCE).await.unwrap();
    fs::write(&file, "more").unwrap();
    let patient = [&["object"][..], &put, &["--address", &all, "--timeout", "2m"]].concat();
    let patient = gofer(&patient).unwrap().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    bucket.order("start");
    let patient = patient.wait_with_output().unwrap();
    assert!(patient.status.success(), "{}", String::from_utf8_lossy(&patient.stderr));
    assert_eq!(ok(object(&all, &get)), "more");
    for key in bucket.keys("some/prefix/objects/").into_keys() {
        bucket.order(&format!("delete some/prefix/objects/{key}"));
    }
    refused(object(&all, &get), &["does not hold", "put it again"]);
}

/// A call fails for a reason that may pass, and says so when it gives up. On a busy machine it may give up before a node has
/// said anything.
async fn fails_with(address: &str, words: &[&str], expected: &[&str]) {
    let said = async || {
        let printed = object_within("4s", address, words);
        assert_ne!(printed.code, Some(0), "{printed:?}");
        assert!(!printed.stderr.contains("not-the-secret"), "{printed:?}");
        let missing = expected.iter().find(|word| !printed.stderr.contains(**word));
        missing.map_or(Ok(Some(())), |word| Err(anyhow::anyhow!("{word:?} is missing in: {}", printed.stderr)))
    };
    eventually("the reason to be told", PATIENCE, said).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_restores_its_cache_in_the_next_run_and_hands_its_report_on() {
    let shared = tempfile::tempdir().unwrap();
    let settings = Settings::new(&format!("url = 'file://{}'", shared.path().display()));
    let cluster = Cluster::start(1, &["--drivers", "process", "--config", settings.path()]).await.unwrap();
    let address = &cluster.nodes[0].address;
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/cache/build.toml");
    says(&run(&["pipeline", "register", example, "--address", address]).unwrap().1, &["cached-build"]);
    let program = gofer_tests::binary().unwrap();
    for (number, lock, said) in [(1, "b a", "no cache"), (2, "b a", "restored vendor/"), (3, "c", "no cache")] {
        let variables = [("LOCK", lock), ("PROGRAM", program.to_str().unwrap())];
        let started = cluster.start_run(0, "cached-build", &variables).await.unwrap();
        let ended = cluster.finished(0, &started, PATIENCE).await.unwrap();
        assert_eq!(ended.status(), gofer_wire::model::v1::RunStatus::Succeeded, "{ended:?}");
        let logs = |task: &str| {
            run(&["run", "logs", &format!("cached-build/{number}"), task, "--address", address]).unwrap().1
        };
        says(&logs("build"), &[said]);
        let report = logs("report");
        lock.split(' ').for_each(|name| says(&report, &[name]));
    }
    let kept = ok(object(address, &["list", "--pipeline", "cached-build", "--with-runs", "-o", "json"]));
    assert_eq!((kept.matches("vendor/").count(), kept.matches("report.txt").count()), (2, 3), "{kept}");
}
