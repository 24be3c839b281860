//! Objects of real clusters: large ones while a node dies, what tasks may do, and what is kept of what nobody needs.
//!
//! `GOFER_OBJECT_MIB=2048 cargo test --release --workspace --test objects large -- --nocapture` puts 2 GiB.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

use gofer_tests::{Cluster, PATIENCE, Printed, eventually, gofer, import_image, pipeline, printed, says, shell_task};
use serde_json::Value;
use sha2::{Digest, Sha256};

const MIB: u64 = 1 << 20;

fn addresses(cluster: &Cluster) -> String {
    cluster.nodes.iter().map(|node| node.address.clone()).collect::<Vec<_>>().join(",")
}

/// `gofer object` against some nodes.
fn object(address: &str, words: &[&str]) -> Printed {
    printed(&mut gofer(&[&["object"][..], words, &["--address", address]].concat()).unwrap()).unwrap()
}

fn ok(printed: Printed) -> String {
    assert_eq!(printed.code, Some(0), "{printed:?}");
    printed.stdout
}

fn json(printed: Printed) -> Value {
    serde_json::from_str(&ok(printed)).unwrap()
}

fn keys(printed: Printed) -> Vec<String> {
    json(printed)["objects"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
}

/// A file that does not compress; returns its digest.
fn noise(path: &Path, mebibytes: u64) -> String {
    let (mut file, mut hasher) = (File::create(path).unwrap(), Sha256::new());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..mebibytes {
        let mut bytes = Vec::with_capacity(1 << 20);
        while bytes.len() < 1 << 20 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend(state.to_le_bytes());
        }
        hasher.update(&bytes);
        file.write_all(&bytes).unwrap();
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest_of(path: &Path) -> String {
    let (mut file, mut hasher) = (File::open(path).unwrap(), Sha256::new());
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).unwrap() {
            0 => return hex(&hasher.finalize()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// The files that objects are made of on a node.
fn blobs(data: &Path) -> BTreeSet<PathBuf> {
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path());
    let folders = entries(&data.join("objects")).filter(|path| path.is_dir());
    folders.flat_map(|dir| entries(&dir).collect::<Vec<_>>()).collect()
}

fn names(data: &Path) -> BTreeSet<String> {
    blobs(data).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

fn peak_of(process: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_is_put_although_the_node_that_takes_it_is_killed() {
    let mebibytes: u64 = std::env::var("GOFER_OBJECT_MIB").ok().map_or(96, |text| text.parse().unwrap());
    let patience = PATIENCE + Duration::from_secs(mebibytes / 2);
    let mut cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("build", vec![shell_task("t", "true", &[])])).await.unwrap();
    let file = cluster.path().join("noise");
    let wanted = noise(&file, mebibytes);
    let path = file.to_str().unwrap();

    let all = addresses(&cluster);
    let arguments = ["object", "put", "big", path, "--pipeline", "build", "--address", &all, "-o", "json"];
    let started = std::time::Instant::now();
    let mut client = gofer(&arguments).unwrap();
    let mut client = client.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let chunks = usize::try_from(mebibytes / 4).unwrap();
    let data = cluster.nodes[0].data.clone();
    let some = async || Ok((blobs(&data).len() >= chunks / 3).then_some(()));
    eventually("a third of the chunks to be there", patience, some).await.unwrap();
    let first_peak = cluster.nodes[0].peak_memory().unwrap();
    cluster.nodes[0].kill();
    let mut peak = 0;
    let status = loop {
        peak = peak_of(&client).map_or(peak, |now| now.max(peak));
        if let Some(status) = client.try_wait().unwrap() {
            break status;
        }
        assert!(started.elapsed() < patience, "the put takes too long; {}", cluster.log_tails());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let taken = started.elapsed();
    let output = client.wait_with_output().unwrap();
    let (text, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(status.success(), "{text} {said} {}", cluster.log_tails());
    assert!(said.contains("going on with another node"), "the node was killed too late: {said}");
    let put: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((put["digest"].as_str(), put["bytes"].as_u64()), (Some(wanted.as_str()), Some(mebibytes * MIB)));

    let copy = cluster.path().join("copy");
    let read = |cluster: &Cluster, node: usize| {
        let _ = fs::remove_file(&copy);
        let got = ["get", "big", copy.to_str().unwrap(), "--pipeline", "build"];
        ok(object(&cluster.nodes[node].address, &got));
        assert_eq!(digest_of(&copy), wanted, "from node {}", node + 1);
    };
    [1, 2].iter().for_each(|node| read(&cluster, *node));
    cluster.restart(0).await.unwrap();
    read(&cluster, 0);
    // What was sent before the kill was not sent again: it came from the other node, or was there.
    let peaks: Vec<u64> = (0..3).map(|node| cluster.nodes[node].peak_memory().unwrap() >> 20).collect();
    println!(
        "{mebibytes} MiB put in {taken:.1?} with a node killed; peak memory in MiB: client {}, nodes {peaks:?}, the \
         killed one {}",
        peak >> 20,
        first_peak >> 20
    );
    assert!(peak > 0 && peak < 160 * MIB, "the client took {} MiB", peak >> 20);
    let most = peaks.iter().max().unwrap().max(&(first_peak >> 20)).to_owned();
    assert!(most < 500, "a node took {most} MiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_listed_replaced_evicted_and_deleted_and_errors_say_what_to_do() {
    let settings = tempfile::NamedTempFile::new().unwrap();
    fs::write(settings.path(), "[objects]\npipeline-objects = 3\nrun-objects = 2\nrun-bytes = 20\n").unwrap();
    let config = ["--drivers", "process", "--config", settings.path().to_str().unwrap()];
    let cluster = Cluster::start(1, &config).await.unwrap();
    cluster.register(0, pipeline("build", vec![shell_task("t", "true", &[])])).await.unwrap();
    let run = cluster.start_run(0, "build", &[]).await.unwrap();
    cluster.finished(0, &run, PATIENCE).await.unwrap();
    let address = cluster.nodes[0].address.clone();
    let small = cluster.path().join("small");
    let file = small.to_str().unwrap();
    let put = |key: &str, text: &str, more: &[&str]| {
        fs::write(&small, text).unwrap();
        object(&address, &[&["put", key, file, "--pipeline", "build"], more].concat())
    };
    for key in ["a", "b/c", "d", "e"] {
        ok(put(key, key, &[]));
    }
    ok(put("b/c", "", &[]));
    let list = |more: &[&str]| object(&address, &[&["list", "--pipeline", "build", "-o", "json"], more].concat());
    assert_eq!(keys(list(&[])), ["b/c", "d", "e"], "the oldest one had to go");
    ok(put("report", "ten bytes.", &["--run", "1"]));
    assert_eq!(keys(list(&["--run", "latest"])), ["report"]);
    assert_eq!(keys(list(&["--with-runs"])), ["b/c", "d", "e", "report"]);
    assert_eq!(keys(list(&["--prefix", "b/"])), ["b/c"]);
    says(&ok(object(&address, &["list", "--pipeline", "build", "--with-runs"])), &["default/build/1", "report", "10B"]);
    assert_eq!(ok(object(&address, &["get", "report", "--pipeline", "build", "--run", "1"])), "ten bytes.");
    assert_eq!(ok(object(&address, &["get", "b/c", "--pipeline", "build"])), "", "an empty one");
    let info = json(object(&address, &["info", "d", "--pipeline", "build", "-o", "json"]));
    assert_eq!(info["content"]["digest"], hex(&Sha256::digest("d")));
    ok(object(&address, &["delete", "d", "--pipeline", "build"]));
    assert_eq!(keys(list(&[])), ["b/c", "e"]);

    for (refused, code, words) in [
        (put("../x", "", &[]), 3, ["\"..\" is not allowed", "ASCII letters"]),
        (put("x", "", &["--run", "7"]), 3, ["run default/build/7 does not exist", "list"]),
        (put("x", "more than ten", &["--run", "1"]), 3, ["may hold 2 objects and 20 bytes", "delete objects"]),
        (put("x", &"x".repeat(21), &["--run", "1"]), 3, ["more than 20 bytes", "raise the limit"]),
        (object(&address, &["get", "d", "--pipeline", "build"]), 3, ["has no object d", "list the objects"]),
        (object(&address, &["delete", "d", "--pipeline", "build"]), 3, ["has no object d", "list the objects"]),
        (object(&address, &["get", "d", "--pipeline", "none"]), 3, ["default/none does not exist", "check its name"]),
        (object(&address, &["list"]), 2, ["no pipeline is named", "--pipeline"]),
        (object(&address, &["put", "x", "/no/such/file", "--pipeline", "build"]), 2, ["/no/such/file", "exists"]),
    ] {
        assert_eq!(refused.code, Some(code), "{refused:?}");
        says(&refused.stderr, &words);
    }
    let watched =
        gofer(&["events", "watch", "--from", "1", "--until-end", "--address", &address]).map(|mut c| printed(&mut c));
    says(&ok(watched.unwrap().unwrap()), &["object put", "default/build/1 report", "newer ones needed the room"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn voters_get_what_they_lack_and_lose_what_nobody_names() {
    let settings = tempfile::NamedTempFile::new().unwrap();
    fs::write(settings.path(), "[objects]\ngrace-ms = 120000\nsweep-every-ms = 300\n").unwrap();
    let config = ["--drivers", "process", "--config", settings.path().to_str().unwrap()];
    let cluster = Cluster::start(3, &config).await.unwrap();
    cluster.register(0, pipeline("build", vec![shell_task("t", "true", &[])])).await.unwrap();
    let all = addresses(&cluster);
    let file = cluster.path().join("noise");
    let path = file.to_str().unwrap();
    noise(&file, 9);
    ok(object(&all, &["put", "x", path, "--pipeline", "build"]));
    let data: Vec<PathBuf> = cluster.nodes.iter().map(|node| node.data.clone()).collect();
    // Three chunks and a manifest.
    let complete = async || Ok(data.iter().all(|data| names(data).len() == 4).then_some(()));
    eventually("all voters to have all chunks", PATIENCE, complete).await.unwrap();
    let old = names(&data[0]);

    // Damage and loss are mended from the others.
    let lost = blobs(&data[2]).into_iter().next().unwrap();
    fs::remove_file(&lost).unwrap();
    eventually("what was lost to come back", PATIENCE, async || Ok(lost.exists().then_some(()))).await.unwrap();
    fs::write(&lost, b"damaged").unwrap();
    let copy = cluster.path().join("copy");
    ok(object(&cluster.nodes[2].address, &["get", "x", copy.to_str().unwrap(), "--pipeline", "build"]));
    assert_eq!(digest_of(&copy), digest_of(&file));

    // Another object in its place, and everything as old as if it had been put days ago.
    fs::write(&file, b"small").unwrap();
    ok(object(&all, &["put", "x", path, "--pipeline", "build"]));
    let new = eventually("the new object to be on all", PATIENCE, async || {
        let sets: Vec<BTreeSet<String>> = data.iter().map(|data| &names(data) - &old).collect();
        Ok((sets[0].len() == 2 && sets.iter().all(|set| *set == sets[0])).then(|| sets[0].clone()))
    })
    .await
    .unwrap();
    // What is new and not named may be of a put under way.
    let fresh = Sha256::digest(b"fresh");
    let fresh = data[1].join("objects").join(hex(&fresh[..1])).join(hex(&fresh));
    fs::create_dir_all(fresh.parent().unwrap()).unwrap();
    for path in data.iter().flat_map(|data| blobs(data)) {
        let days_ago = SystemTime::now() - Duration::from_secs(3 * 86_400);
        File::options().write(true).open(path).unwrap().set_modified(days_ago).unwrap();
    }
    fs::write(&fresh, b"fresh").unwrap();
    let swept = async || Ok(data.iter().all(|data| names(data).is_disjoint(&old)).then_some(()));
    eventually("what nobody names to be gone", PATIENCE, swept).await.unwrap();
    assert!(data.iter().all(|data| names(data).is_superset(&new)), "what is named was removed");
    assert!(fresh.exists(), "what was put just now was removed");
    assert_eq!(ok(object(&all, &["get", "x", "--pipeline", "build"])), "small");
}

/// What a task does with objects; `$G` is the program.
const WRITER: &str = r#"
    set -e
    G="$GOFER_PROGRAM"
    echo "of run $GOFER_RUN" | $G object put out.txt -
    echo "of pipeline $GOFER_PIPELINE" | $G object put shared/out.txt - --of-pipeline
    case "$TRACEPARENT" in 00-????????????????????????????????-????????????????-01) ;; *) exit 10 ;; esac
    test -n "$GOFER_NODE"
    # Nothing else than its own objects, and nothing without the token.
    if $G object list --pipeline other; then exit 11; fi
    if $G object get secret --pipeline other; then exit 12; fi
    if $G object list --of-pipeline --with-runs; then exit 13; fi
    if GOFER_TOKEN= $G object list; then exit 14; fi
    if GOFER_TOKEN=gofer-task.default.build.t.1.1.00 $G object list; then exit 15; fi
    if $G namespace list; then exit 16; fi
"#;

#[tokio::test(flavor = "multi_thread")]
async fn tasks_have_the_objects_of_their_run_and_pipeline_and_no_others() {
    let mut cluster = Cluster::start(2, &["--drivers", "process"]).await.unwrap();
    let program = gofer_tests::binary().unwrap();
    let [go, token] = ["go", "token"].map(|name| cluster.path().join(name).to_str().unwrap().to_owned());
    let last = format!(
        r#"set -e
        test "$($GOFER_PROGRAM object get out.txt)" = "of run $GOFER_RUN"
        test "$($GOFER_PROGRAM object get shared/out.txt --of-pipeline)" = "of pipeline build"
        echo "$GOFER_ADDRESS $GOFER_TOKEN" > {token}.new; mv {token}.new {token}
        while ! test -e {go}; do sleep 0.05; done
        echo again | $GOFER_PROGRAM object put again -"#
    );
    cluster.register(0, pipeline("other", vec![shell_task("t", "true", &[])])).await.unwrap();
    let tasks = vec![shell_task("write", WRITER, &[]), shell_task("read", &last, &["write"])];
    cluster.register(0, pipeline("build", tasks)).await.unwrap();
    let secret = cluster.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let all = addresses(&cluster);
    ok(object(&all, &["put", "secret", secret.to_str().unwrap(), "--pipeline", "other"]));
    let run = cluster.start_run(0, "build", &[("GOFER_PROGRAM", program.to_str().unwrap())]).await.unwrap();
    let waiting = async || match fs::read_to_string(&token) {
        Ok(text) => Ok(Some(text)),
        Err(_) => {
            let run = cluster.run(0, &run).await?;
            assert!(run.finished_at.is_none(), "{run:?}");
            Ok(None)
        }
    };
    let text = eventually("the second task to wait", PATIENCE, waiting).await.unwrap();
    let (socket, token) = text.trim().split_once(' ').unwrap();

    // Its node starts again meanwhile: the socket is a new one, and the token the same.
    let node = usize::from(socket.contains("/n2/"));
    cluster.nodes[node].kill();
    cluster.restart(node).await.unwrap();
    let with_token = |token: &str| object(socket, &["list", "--pipeline", "build", "--run", "1", "--token", token]);
    says(&ok(with_token(token)), &["out.txt"]);
    fs::write(&go, "").unwrap();
    let run = cluster.finished(1 - node, &run, PATIENCE).await.unwrap();
    assert_eq!(run.status(), gofer_wire::model::v1::RunStatus::Succeeded, "{run:?}");
    let listed = object(&all, &["list", "--pipeline", "build", "--with-runs", "-o", "json"]);
    assert_eq!(keys(listed), ["shared/out.txt", "again", "out.txt"]);

    // With the attempt its token ends.
    let over = with_token(token);
    assert_eq!(over.code, Some(3), "{over:?}");
    says(&over.stderr, &["which does not run here any more", "GOFER_TOKEN"]);
    for node in &cluster.nodes {
        assert!(!node.log_tail().contains(token), "a token is in a log");
    }
    let events = printed(
        &mut gofer(&["events", "watch", "--from", "1", "--until-end", "-o", "json", "--address", &all]).unwrap(),
    );
    let events = ok(events.unwrap());
    says(&events, &["task:default/build/1/write/1"]);
    assert!(!events.contains(token.rsplit_once('.').unwrap().1), "the proof of a token is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_reach_the_socket_of_their_node() {
    import_image().unwrap();
    let program = gofer_tests::binary().unwrap();
    let mounts = format!("/lib:/lib:ro,/lib64:/lib64:ro,{}:/gofer:ro", program.display());
    let cluster = Cluster::start(1, &["--drivers", "docker", "--docker-mount", &mounts]).await.unwrap();
    let script = r#"set -e
        test "$GOFER_ADDRESS" = unix:///run/gofer/api.sock
        echo hello | /gofer object put greeting -
        test "$(/gofer object get greeting)" = hello"#;
    let mut task = shell_task("t", script, &[]);
    task.image = gofer_tests::IMAGE.into();
    cluster.register(0, pipeline("build", vec![task])).await.unwrap();
    let run = cluster.start_run(0, "build", &[]).await.unwrap();
    let run = cluster.finished(0, &run, PATIENCE).await.unwrap();
    assert_eq!(run.status(), gofer_wire::model::v1::RunStatus::Succeeded, "{run:?}");
    let address = &cluster.nodes[0].address;
    assert_eq!(ok(object(address, &["get", "greeting", "--pipeline", "build", "--run", "1"])), "hello\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_objects_and_becomes_a_cluster_that_has_them() {
    let cluster = Cluster::start(1, &["--drivers", "process"]).await.unwrap();
    cluster.register(0, pipeline("build", vec![shell_task("t", "true", &[])])).await.unwrap();
    let file = cluster.path().join("noise");
    let digest = noise(&file, 5);
    let address = cluster.nodes[0].address.clone();
    ok(object(&address, &["put", "x/noise", file.to_str().unwrap(), "--pipeline", "build"]));
    let run = |code: i32, words: &[&str]| {
        let (found, text) = gofer_tests::run(words).unwrap();
        assert_eq!(found, Some(code), "{words:?}: {text}");
        text
    };
    let target = tempfile::Builder::new().prefix("gofer-test-").tempdir().unwrap();
    let [backup, data] = ["backup", "n1"].map(|name| target.path().join(name).to_str().unwrap().to_owned());
    run(0, &["backup", "create", &backup, "--address", &address]);
    run(0, &["backup", "verify", &backup]);
    let statement: Value =
        serde_json::from_str(&fs::read_to_string(Path::new(&backup).join("backup.json")).unwrap()).unwrap();
    assert_eq!((&statement["format"], &statement["content"]["objects"]), (&Value::from(2), &Value::from(1)));
    says(&run(0, &["doctor", "--data-dir", cluster.nodes[0].data.to_str().unwrap()]), &["1 are named by the state"]);

    // Without one of its chunks it is no backup.
    let chunk = names(&cluster.nodes[0].data).into_iter().next().unwrap();
    let chunk = Path::new(&backup).join("blobs").join(&chunk[..2]).join(chunk);
    let bytes = fs::read(&chunk).unwrap();
    fs::remove_file(&chunk).unwrap();
    says(&run(1, &["backup", "verify", &backup]), &["it is missing"]);
    fs::write(&chunk, bytes).unwrap();

    run(0, &["backup", "restore", &backup, "--data-dir", &data]);
    let restored = Cluster::start_on(target, 1, &["--drivers", "process"]).await.unwrap();
    let copy = restored.path().join("copy");
    ok(object(&restored.nodes[0].address, &["get", "x/noise", copy.to_str().unwrap(), "--pipeline", "build"]));
    assert_eq!(digest_of(&copy), digest);
}
