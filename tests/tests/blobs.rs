//! Blobs that a node lacks, fetched from other nodes: large ones, and ones that come wrong.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use gofer_tests::Cluster;
use gofer_wire::api::v1 as api;
use gofer_wire::api::v1::backup_service_client::BackupServiceClient;
use gofer_wire::api::v1::get_blobs_response::Part;
use sha2::{Digest, Sha256};

const MIB: usize = 1 << 20;

/// Where a node has a blob, or would have it.
fn path_of(data: &Path, digest: &[u8]) -> PathBuf {
    let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    data.join("blobs").join(&name[..2]).join(name)
}

fn put(data: &Path, digest: &[u8], pieces: impl Iterator<Item = Vec<u8>>) {
    let path = path_of(data, digest);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(path).unwrap();
    pieces.for_each(|piece| file.write_all(&piece).unwrap());
}

/// Asks a node for a blob: how many bytes came, and their digest; else why it can't be had.
async fn get(cluster: &Cluster, node: usize, digest: &[u8]) -> Result<(usize, Vec<u8>), String> {
    let mut client = BackupServiceClient::new(cluster.nodes[node].channel().unwrap());
    let request = api::GetBlobsRequest { digests: vec![digest.to_vec()] };
    let mut stream = client.get_blobs(request).await.unwrap().into_inner();
    let (mut length, mut hasher) = (0, Sha256::new());
    while let Some(message) = stream.message().await.unwrap() {
        match message.part.unwrap() {
            Part::Blob(named) => assert_eq!(named, digest),
            Part::Chunk(chunk) => {
                length += chunk.len();
                hasher.update(chunk);
            }
            Part::Missing(missing) => return Err(missing.reason),
        }
    }
    Ok((length, hasher.finalize().to_vec()))
}

/// What lies in a node's blob directory that is no blob.
fn leftovers(data: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data.join("blobs")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_fetches_a_large_blob_in_little_memory() {
    const PIECES: usize = 200;
    let cluster = Cluster::start(2, &["--drivers", "process"]).await.unwrap();
    let pieces = || (0..PIECES).map(|piece| vec![u8::try_from(piece).unwrap(); MIB]);
    let mut hasher = Sha256::new();
    pieces().for_each(|piece| hasher.update(piece));
    let digest = hasher.finalize().to_vec();
    put(&cluster.nodes[0].data, &digest, pieces());
    let before = cluster.nodes[1].peak_memory().unwrap();
    assert_eq!(get(&cluster, 1, &digest).await, Ok((PIECES * MIB, digest.clone())));
    let grown = cluster.nodes[1].peak_memory().unwrap().saturating_sub(before);
    assert!(grown < (PIECES * MIB / 2) as u64, "fetching a blob of {PIECES} MiB took {} MiB", grown >> 20);
    assert_eq!(fs::metadata(path_of(&cluster.nodes[1].data, &digest)).unwrap().len(), (PIECES * MIB) as u64);
    assert_eq!(leftovers(&cluster.nodes[1].data), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_bytes_from_a_node_are_not_kept_and_another_node_is_asked() {
    let cluster = Cluster::start(3, &["--drivers", "process"]).await.unwrap();
    let right = vec![7; 3 * MIB];
    let digest = Sha256::digest(&right).to_vec();
    let wrong = || std::iter::once([&right[1..], &[8]].concat());
    let data = |node: usize| cluster.nodes[node].data.clone();
    put(&data(0), &digest, wrong());
    put(&data(1), &digest, wrong());
    let why = get(&cluster, 2, &digest).await.unwrap_err();
    assert!(why.contains("the bytes received are not blob"), "{why}");
    assert!(!path_of(&data(2), &digest).exists(), "wrong bytes were kept");
    assert_eq!(leftovers(&data(2)), Vec::<PathBuf>::new());

    // Whichever of the two is asked first, the other one has it right.
    for healthy in [0, 1] {
        put(&data(healthy), &digest, std::iter::once(right.clone()));
        put(&data(1 - healthy), &digest, wrong());
        assert_eq!(get(&cluster, 2, &digest).await, Ok((right.len(), digest.clone())));
        fs::remove_file(path_of(&data(2), &digest)).unwrap();
    }
}
