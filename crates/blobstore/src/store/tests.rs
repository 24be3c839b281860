use std::fs::{self, File};
use std::path::PathBuf;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::config::BucketOptions;

const MARK: Marker = Marker { store: [1; 16], cluster: [2; 16] };
const ONE: FolderId = FolderId([0x11; 16]);
const TWO: FolderId = FolderId([0x22; 16]);

fn directory() -> (tempfile::TempDir, BlobStore) {
    let dir = tempfile::tempdir().unwrap();
    let location = Location::Directory(dir.path().to_owned());
    (dir, BlobStore::open(&Config { location, bucket: BucketOptions::default() }).unwrap())
}

fn folder(dir: &tempfile::TempDir, id: FolderId) -> PathBuf {
    dir.path().join(FOLDERS).join(hex(&id.0))
}

/// As if it had been written so long ago.
fn age(path: &std::path::Path, seconds: u64) {
    File::open(path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
}

#[tokio::test]
async fn files_come_back_from_a_marked_directory() {
    let (_dir, store) = directory();
    assert_eq!(store.marker().await.unwrap(), None);
    assert_eq!(store.put(ONE, &[7; 32], "x".into()).await, Err(Error::Unmarked));
    assert_eq!(store.mark(&MARK, false).await.unwrap(), MARK);
    let other = Marker { cluster: [3; 16], ..MARK };
    assert_eq!(store.mark(&other, false).await.unwrap(), MARK, "the first one counts");
    assert_eq!(store.mark(&other, true).await.unwrap(), other);

    for digest in [[7; 32], [8; 32]] {
        store.put(ONE, &digest, "bytes".into()).await.unwrap();
    }
    store.put(ONE, &[7; 32], "bytes".into()).await.unwrap();
    assert_eq!(store.get(ONE, &[7; 32], 5).await.unwrap(), "bytes");
    assert!(matches!(store.get(ONE, &[7; 32], 4).await, Err(Error::Damaged(why)) if why.contains("5 bytes")));
    assert!(matches!(store.get(TWO, &[7; 32], 5).await, Err(Error::Missing(_))));
    let files = store.files(ONE).await.unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), [&[7; 32], &[8; 32]]);
    let age = SystemTime::now().duration_since(files[&[7; 32]]).unwrap_or_default();
    assert!(age < Duration::from_secs(60), "{age:?}");
    assert!(store.files(TWO).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_directory_that_is_not_mounted_is_neither_written_to_nor_taken_for_empty() {
    let (dir, store) = directory();
    store.mark(&MARK, false).await.unwrap();
    store.put(ONE, &[7; 32], "x".into()).await.unwrap();
    // The mount point remains.
    let mounted = dir.path().with_extension("mounted");
    fs::rename(dir.path(), &mounted).unwrap();
    fs::create_dir(dir.path()).unwrap();
    assert_eq!(store.put(TWO, &[7; 32], "x".into()).await, Err(Error::Unmarked));
    assert_eq!(store.get(ONE, &[7; 32], 9).await, Err(Error::Unmarked));
    assert_eq!(store.sweep(BTreeSet::new(), SystemTime::now()).await, Err(Error::Unmarked));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    // Not even that.
    fs::remove_dir(dir.path()).unwrap();
    let fault = store.put(TWO, &[7; 32], "x".into()).await.unwrap_err();
    assert!(matches!(&fault, Error::Absent(why) if why.contains("No such file")), "{fault}");
    assert!(!dir.path().exists());
    fs::rename(&mounted, dir.path()).unwrap();
    assert_eq!(store.get(ONE, &[7; 32], 9).await.unwrap(), "x");
}

#[tokio::test]
async fn folders_that_are_old_and_not_named_are_removed_with_all_that_is_in_them() {
    let (dir, store) = directory();
    store.mark(&MARK, false).await.unwrap();
    let [named, old, new, fresh_file] = [0x11, 0x22, 0x33, 0x44].map(|byte| FolderId([byte; 16]));
    for id in [named, old, new, fresh_file] {
        store.put(id, &[7; 32], "seven b".into()).await.unwrap();
        store.put(id, &[8; 32], "x".into()).await.unwrap();
        // What a node that died left.
        fs::write(folder(&dir, id).join("torn#1"), "yz").unwrap();
    }
    let foreign = dir.path().join(FOLDERS).join("of somebody else");
    fs::create_dir(&foreign).unwrap();
    for id in [named, old, fresh_file] {
        fs::read_dir(folder(&dir, id)).unwrap().for_each(|file| age(&file.unwrap().path(), 100));
        age(&folder(&dir, id), 100);
    }
    age(&folder(&dir, fresh_file).join(hex(&[8; 32])), 0);
    age(&foreign, 100);
    let before = SystemTime::now() - Duration::from_secs(50);
    let swept = store.sweep(BTreeSet::from([named]), before).await.unwrap();
    assert_eq!(swept, Swept { kept: 3, removed: 1, bytes: 10 });
    assert!(!folder(&dir, old).exists() && foreign.exists());
    assert!([named, new, fresh_file].iter().all(|id| folder(&dir, *id).exists()));
    let again = store.sweep(BTreeSet::from([named]), before).await.unwrap();
    assert_eq!(again, Swept { kept: 3, removed: 0, bytes: 0 });
}

/// A server that gives one answer to everything, and says what it was asked last.
async fn server(status: &'static str, body: &'static str) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 64 << 10];
            let _ = stream.read(&mut request).await;
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (endpoint, serving)
}

fn at(endpoint: &str) -> (tempfile::NamedTempFile, BlobStore) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "aws_access_key_id = id\naws_secret_access_key = sesame").unwrap();
    let bucket = BucketOptions {
        endpoint: Some(endpoint.to_owned()),
        credentials_file: Some(file.path().to_owned()),
        ..BucketOptions::default()
    };
    let location = "s3://bucket/a/b".parse().unwrap();
    (file, BlobStore::open(&Config { location, bucket }).unwrap())
}

#[tokio::test]
async fn what_a_server_answers_is_told_by_what_to_do_next() {
    for (status, body, expected) in [
        ("403 Forbidden", "<Error><Code>SignatureDoesNotMatch</Code></Error>", "denies access"),
        ("401 Unauthorized", "", "denies access"),
        ("404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>", "is not there"),
        ("400 Bad Request", "<Error><Code>XMinioStorageFull</Code></Error>", "is full"),
        ("503 Service Unavailable", "<Error><Code>SlowDown</Code></Error>", "can't be reached"),
        ("418 I'm a teapot", "", "teapot"),
    ] {
        let (endpoint, serving) = server(status, body).await;
        let (_file, store) = at(&endpoint);
        let fault = store.put(ONE, &[7; 32], "x".into()).await.unwrap_err().to_string();
        assert!(fault.contains(expected) && !fault.contains("sesame"), "{status}: {fault}");
        serving.abort();
    }
    let (endpoint, serving) = server("404 Not Found", "<Error><Code>NoSuchKey</Code></Error>").await;
    let (_file, store) = at(&endpoint);
    assert!(matches!(store.get(ONE, &[7; 32], 9).await, Err(Error::Missing(_))));
    assert_eq!(store.marker().await.unwrap(), None);
    serving.abort();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (_file, store) = at(&endpoint);
    let fault = store.get(ONE, &[7; 32], 9).await.unwrap_err();
    assert!(matches!(&fault, Error::Unreachable(why) if why.contains(&endpoint)), "{fault}");
}

#[tokio::test]
async fn what_hangs_ends_in_time_and_keeps_its_turn() {
    let (_dir, store) = directory();
    let patience = Duration::from_millis(50);
    let hanging = (0..OPERATIONS_MAX).map(|_| store.in_time(patience, std::future::pending::<Result<(), Error>>()));
    let ended = futures::future::join_all(hanging).await;
    assert!(ended.iter().all(|ended| *ended == Err(Error::Slow(patience))), "{ended:?}");
    assert_eq!(store.in_time(patience, async { Ok(()) }).await, Err(Error::Slow(patience)));
    let (_dir, other) = directory();
    assert_eq!(other.in_time(Duration::from_secs(60), async { Ok(()) }).await, Ok(()));
}

#[test]
fn a_bucket_needs_credentials_and_certificates_that_can_be_read() {
    let location: Location = "s3://bucket".parse().unwrap();
    let fault = |bucket: BucketOptions| {
        BlobStore::open(&Config { location: location.clone(), bucket }).unwrap_err().to_string()
    };
    let missing = BucketOptions { credentials_file: Some("/no/such".into()), ..BucketOptions::default() };
    assert!(fault(missing).contains("can't read /no/such"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let no_certificate = BucketOptions { ca_file: Some(file.path().to_owned()), ..BucketOptions::default() };
    assert!(fault(no_certificate).contains("it holds none"));
}
