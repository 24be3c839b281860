//! What the tests of stores of objects share: files, settings, and a server for buckets.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use gofer_tests::{Cluster, PATIENCE, Printed, eventually, gofer, pipeline, printed, says, shell_task};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

pub(crate) const MIB: u64 = 1 << 20;

/// Three nodes with these settings, and the pipeline `build`.
pub(crate) async fn cluster(settings: &Settings) -> Cluster {
    let cluster = Cluster::start(3, &["--drivers", "process", "--config", settings.path()]).await.unwrap();
    cluster.register(0, pipeline("build", vec![shell_task("t", "true", &[])])).await.unwrap();
    cluster
}

/// Starts a killed node with flags besides its own.
pub(crate) async fn restart_with(cluster: &mut Cluster, node: usize, flags: &[&str]) {
    cluster.nodes[node].kill();
    cluster.nodes[node].start_with(&["--name", &format!("n{}", node + 1)], flags).unwrap();
    eventually("it to answer", PATIENCE, async || Ok(cluster.status(node).await.ok())).await.unwrap();
}

/// Nothing of objects is on the nodes' own disks.
pub(crate) fn nothing_on(cluster: &Cluster) {
    for node in &cluster.nodes {
        assert_eq!(files(&node.data.join("objects")), Vec::<PathBuf>::new(), "on {}", node.address);
    }
}

/// Puts a large file as `big`; the node that takes it is killed once `begun`, and another one goes on. Then each node gives
/// it out. All of that takes little memory.
pub(crate) async fn put_through_a_kill(cluster: &mut Cluster, mebibytes: u64, begun: impl Fn() -> bool) {
    let file = cluster.path().join("noise");
    let wanted = noise(&file, mebibytes);
    let patience = PATIENCE + Duration::from_secs(mebibytes / 2);
    let taker = cluster.other_than(cluster.leader().await.unwrap());
    let all = format!("{},{}", cluster.nodes[taker].address, addresses(cluster));
    let path = file.to_str().unwrap();
    let mut client =
        gofer(&["object", "put", "big", path, "--pipeline", "build", "--address", &all, "--timeout", "2m"]).unwrap();
    let started = Instant::now();
    let client = client.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("some chunks to be there", patience, async || Ok(begun().then_some(()))).await.unwrap();
    let mut peaks = vec![cluster.nodes[taker].peak_memory().unwrap()];
    cluster.nodes[taker].kill();
    let (output, peak) = ended(client, patience).await;
    peaks.push(peak);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said} {}", cluster.log_tails());
    assert!(said.contains("going on with another node"), "the node was killed too late: {said}");
    println!("{mebibytes} MiB put in {:.1?} with a node killed", started.elapsed());
    cluster.restart(taker).await.unwrap();
    for node in &cluster.nodes {
        assert_eq!(digest_of_object(&node.address, "big"), wanted, "from {}", node.address);
        peaks.push(node.peak_memory().unwrap());
    }
    let peaks: Vec<u64> = peaks.iter().map(|bytes| bytes / MIB).collect();
    println!("peak memory in MiB: the killed node, the client, the nodes: {peaks:?}");
    assert!(peaks.iter().all(|peak| (1..400).contains(peak)), "{peaks:?}");
    nothing_on(cluster);
}

/// Waits for the end of a process; answers its peak memory, too.
async fn ended(mut process: Child, patience: Duration) -> (Output, u64) {
    let (id, start, mut peak) = (process.id(), Instant::now(), 0);
    while process.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < patience, "it takes too long");
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak = line.map_or(peak, |kilobytes| kilobytes.parse::<u64>().unwrap() << 10);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (process.wait_with_output().unwrap(), peak)
}

pub(crate) fn addresses(cluster: &Cluster) -> String {
    cluster.nodes.iter().map(|node| node.address.clone()).collect::<Vec<_>>().join(",")
}

/// `gofer object` against some nodes, with the patience that busy machines need.
pub(crate) fn object(address: &str, words: &[&str]) -> Printed {
    object_within("2m", address, words)
}

/// The same, which gives up what may pass after some time.
pub(crate) fn object_within(time: &str, address: &str, words: &[&str]) -> Printed {
    let more = ["--address", address, "--timeout", time];
    printed(&mut gofer(&[&["object"][..], words, &more].concat()).unwrap()).unwrap()
}

pub(crate) fn ok(printed: Printed) -> String {
    assert_eq!(printed.code, Some(0), "{printed:?}");
    printed.stdout
}

pub(crate) fn refused(printed: Printed, words: &[&str]) {
    assert_eq!(printed.code, Some(3), "{printed:?}");
    says(&printed.stderr, words);
}

/// A file that does not compress; returns its digest.
pub(crate) fn noise(path: &Path, mebibytes: u64) -> String {
    let (mut file, mut hasher, mut state) = (File::create(path).unwrap(), Sha256::new(), 0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..mebibytes {
        let bytes: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(1 << 17)
        .flatten()
        .collect();
        hasher.update(&bytes);
        file.write_all(&bytes).unwrap();
    }
    hex(&hasher.finalize())
}

/// What a node gives out, by its digest: written to a pipe, as disks have enough to do.
fn digest_of_object(address: &str, key: &str) -> String {
    let mut client =
        gofer(&["object", "get", key, "-", "--pipeline", "build", "--address", address, "--timeout", "2m"]).unwrap();
    let mut client = client.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut bytes = client.stdout.take().unwrap();
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match bytes.read(&mut buffer).unwrap() {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    assert!(client.wait().unwrap().success(), "get {key} from {address}");
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Directories in a directory, if it is there.
pub(crate) fn folders(dir: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

/// The parts of objects anywhere below a directory: files named by digests.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let is_digest = |path: &Path| path.file_name().unwrap().len() == 64;
    everything(dir).into_iter().filter(|path| path.is_file() && is_digest(path)).collect()
}

fn everything(dir: &Path) -> Vec<PathBuf> {
    // What is removed meanwhile is not there.
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { [everything(&path), vec![path]].concat() } else { vec![path] }).collect()
}

/// As if all of it had been put days ago.
pub(crate) fn age(dir: &Path) {
    for path in everything(dir) {
        let days_ago = SystemTime::now() - Duration::from_secs(3 * 86_400);
        // Some may be removed by a sweep at this moment.
        let _ = File::open(path).and_then(|file| file.set_modified(days_ago));
    }
}

/// A file of settings for `[objects]`.
pub(crate) struct Settings(NamedTempFile);

impl Settings {
    pub(crate) fn new(objects: &str) -> Self {
        let file = NamedTempFile::new().unwrap();
        fs::write(file.path(), format!("[objects]\n{objects}\n")).unwrap();
        Self(file)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }
}
