use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;

use super::{RECORD_BYTES_MAX, Reader, Stream, Writer, follow};
use crate::driver::Error;

#[test]
fn a_torn_tail_is_not_there_yet_and_is_cut_by_the_next_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut writer = Writer::open(&path, 1000).unwrap();
    writer.append(Stream::Stdout, 5, b"one").unwrap();
    writer.append(Stream::Stderr, 6, b"two").unwrap();
    drop(writer);
    let whole = std::fs::read(&path).unwrap();
    for cut in 17..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let mut reader = Reader::open(&path, 0).unwrap();
        assert_eq!(reader.next().unwrap().unwrap().bytes, "one");
        assert_eq!(reader.next().unwrap(), None, "cut at {cut}");
        let mut writer = Writer::open(&path, 1000).unwrap();
        writer.append(Stream::Stderr, 7, b"three").unwrap();
        let record = reader.next().unwrap().unwrap();
        assert_eq!((record.stream, record.unix_ms, &record.bytes[..]), (Stream::Stderr, 7, &b"three"[..]));
    }
}

#[test]
fn damage_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    std::fs::write(&path, [9; 40]).unwrap();
    assert!(matches!(Reader::open(&path, 0).unwrap().next(), Err(Error::Corrupt { .. })));
    assert!(matches!(Writer::open(&path, 10), Err(Error::Corrupt { .. })));
}

#[test]
fn the_limit_holds_to_the_byte_and_across_writers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    Writer::open(&path, 10).unwrap().append(Stream::Stdout, 1, b"1234567").unwrap();
    let mut writer = Writer::open(&path, 10).unwrap();
    writer.append(Stream::Stderr, 1, b"89abc").unwrap();
    writer.append(Stream::Stderr, 1, b"more").unwrap();
    let mut writer = Writer::open(&path, 10).unwrap();
    assert!(writer.is_capped());
    writer.append(Stream::Stderr, 1, b"more").unwrap();
    let mut reader = Reader::open(&path, 0).unwrap();
    let texts: Vec<_> = std::iter::from_fn(|| reader.next().unwrap()).map(|record| record.bytes).collect();
    assert_eq!(texts, ["1234567", "89a", "output past 10 bytes was dropped"]);
}

#[test]
fn long_output_is_split() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut writer = Writer::open(&path, u64::MAX).unwrap();
    writer.append(Stream::Stdout, 1, &vec![7; 2 * RECORD_BYTES_MAX + 1]).unwrap();
    let mut reader = Reader::open(&path, 0).unwrap();
    let lengths: Vec<_> = std::iter::from_fn(|| reader.next().unwrap()).map(|record| record.bytes.len()).collect();
    assert_eq!(lengths, [RECORD_BYTES_MAX, RECORD_BYTES_MAX, 1]);
}

#[tokio::test]
async fn a_follower_sees_what_comes_and_ends_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let complete = Arc::new(AtomicBool::new(false));
    let mut stream = follow(&path, 0, {
        let complete = Arc::clone(&complete);
        move || complete.load(Ordering::SeqCst)
    });
    assert!(tokio::time::timeout(Duration::from_millis(300), stream.next()).await.is_err(), "no file yet");
    let mut writer = Writer::open(&path, 1000).unwrap();
    writer.append(Stream::Stdout, 1, b"one").unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(first.record.bytes, "one");
    writer.append(Stream::Stdout, 2, b"two").unwrap();
    complete.store(true, Ordering::SeqCst);
    assert_eq!(stream.next().await.unwrap().unwrap().record.bytes, "two");
    assert!(stream.next().await.is_none());
    let rest: Vec<_> = follow(&path, first.next, || true).map(|item| item.unwrap().record.bytes).collect().await;
    assert_eq!(rest, ["two"]);
}

#[tokio::test]
async fn a_follower_ends_at_a_torn_tail_of_a_dead_writer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    Writer::open(&path, 1000).unwrap().append(Stream::Stdout, 1, b"one").unwrap();
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&[1, 0, 0]).unwrap();
    assert_eq!(follow(&path, 0, || true).count().await, 1);
}

#[test]
fn damaged_logs_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut writer = Writer::open(&path, 1 << 20).unwrap();
    writer.append(Stream::Stdout, 5, b"one").unwrap();
    writer.append(Stream::Stderr, 6, b"two").unwrap();
    let valid = std::fs::read(&path).unwrap();
    gofer_fuzz::fuzz_some("log-file", &[valid], 1000, |bytes| {
        std::fs::write(&path, bytes).unwrap();
        let mut reader = Reader::open(&path, 0).unwrap();
        while let Ok(Some(_)) = reader.next() {
            assert!(reader.offset() <= bytes.len() as u64);
        }
    });
}
