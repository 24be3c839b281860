//! Over HTTP.

use gofer_git::{Fault, Limits, Remote, references};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::impatient;
use super::repository::Repository;
use super::server::{Server, Settings};

fn settings(repository: &Repository) -> Settings {
    Settings { root: repository.root().to_owned(), ..Settings::default() }
}

fn remote(server: &Server, path: &str) -> Remote {
    Remote::new(&server.url(path), false).unwrap()
}

#[test]
fn branches_and_tags_are_seen_in_both_versions() {
    let (repository, expected) = Repository::filled();
    for is_old in [false, true] {
        let server = Server::new(Settings { is_old, ..settings(&repository) });
        for path in ["shop.git", "shop.git/"] {
            assert_eq!(references(&remote(&server, path), &Limits::default()).unwrap(), expected, "old: {is_old}");
        }
    }
}

#[test]
fn an_empty_repository_has_none() {
    let repository = Repository::new();
    for is_old in [false, true] {
        let server = Server::new(Settings { is_old, ..settings(&repository) });
        assert!(references(&remote(&server, "shop.git"), &Limits::default()).unwrap().is_empty(), "old: {is_old}");
    }
}

#[test]
fn a_token_lets_in_and_is_never_shown() {
    let (repository, expected) = Repository::filled();
    // ada:s3cret
    let server = Server::new(Settings { wanted: Some("YWRhOnMzY3JldA==".to_owned()), ..settings(&repository) });
    let ask = |remote: &Remote| references(remote, &Limits::default());
    let with = |token: &str| remote(&server, "shop.git").with_token(Some("ada"), token).unwrap();
    assert_eq!(ask(&with("s3cret")).unwrap(), expected);
    let wrong = with("wr0ng");
    let fault = ask(&wrong).unwrap_err();
    assert!(
        matches!(&fault, Fault::Unauthorized(why) if why.contains("it doesn't take this user and token")),
        "{fault}"
    );
    for text in [fault.to_string(), format!("{fault:?} {wrong} {wrong:?}")] {
        assert!(!text.contains("wr0ng") && !text.contains("YWRh"), "{text}");
    }
    let fault = ask(&remote(&server, "shop.git")).unwrap_err();
    assert!(matches!(&fault, Fault::Unauthorized(why) if why.contains("it wants a user and a token")), "{fault}");
}

#[test]
fn what_is_not_there_or_no_repository_is_said() {
    let repository = Repository::new();
    let server = Server::new(settings(&repository));
    let fault = references(&remote(&server, "none.git"), &Limits::default()).unwrap_err();
    assert!(matches!(&fault, Fault::NotFound(why) if why.contains("/none.git: there is no repository")), "{fault}");

    let page = axum::Router::new().fallback(async || "Welcome");
    let server = Server::serving(async |listener| axum::serve(listener, page).await.unwrap());
    let fault = references(&remote(&server, "shop.git"), &Limits::default()).unwrap_err();
    assert!(matches!(&fault, Fault::Protocol(why) if why.contains("is no Git repository")), "{fault}");
}

#[test]
fn one_that_has_moved_is_followed_without_the_token() {
    let (repository, expected) = Repository::filled();
    let target = Server::new(settings(&repository));
    let moved = |to: String| Server::new(Settings { moved_to: Some(to), ..settings(&repository) });
    let server = moved(format!("http://{}", target.address));
    assert_eq!(references(&remote(&server, "shop.git"), &Limits::default()).unwrap(), expected);

    // ada:s3cret
    let closed = Server::new(Settings { wanted: Some("YWRhOnMzY3JldA==".to_owned()), ..settings(&repository) });
    let server = moved(format!("http://{}", closed.address));
    let with_token = remote(&server, "shop.git").with_token(Some("ada"), "s3cret").unwrap();
    let fault = references(&with_token, &Limits::default()).unwrap_err();
    assert!(matches!(&fault, Fault::Unauthorized(why) if why.contains("it wants a user and a token")), "{fault}");

    let elsewhere = moved("ftp://example.com".to_owned());
    let fault = references(&remote(&elsewhere, "shop.git"), &Limits::default()).unwrap_err();
    assert!(
        matches!(&fault, Fault::Protocol(why) if why.contains("sends on to an address that is no repository's")),
        "{fault}"
    );

    let around = moved(String::new());
    let fault = references(&remote(&around, "shop.git"), &Limits::default()).unwrap_err();
    assert!(matches!(&fault, Fault::Unreachable(why) if why.contains("more than 5 times")), "{fault}");
}

/// A server that reads a request and answers with these bytes, as often as there is somebody who reads them.
fn raw(head: &'static str, piece: &'static [u8], times: usize) -> Server {
    Server::serving(async move |listener| {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(head.as_bytes()).await;
                for _ in 0..times {
                    if stream.write_all(piece).await.is_err() {
                        return;
                    }
                }
                // Whoever waits for more waits.
                let _ = stream.read(&mut request).await;
            });
        }
    })
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n";

#[test]
fn one_that_hangs_is_left() {
    for (head, piece) in [("", b"".as_slice()), (HEAD, b""), (HEAD, b"001e# service=git-upload-pack\n0000")] {
        let server = raw(head, piece, 1);
        let fault = references(&remote(&server, "shop.git"), &impatient()).unwrap_err();
        assert!(
            matches!(&fault, Fault::Unreachable(why) if why.contains("it has not answered within 300ms")),
            "{fault}"
        );
    }
}

#[test]
fn endless_answers_are_cut_off() {
    let server = raw(HEAD, &[b'0'; 4096], usize::MAX);
    let limits = Limits { bytes: 1_000_000, ..Limits::default() };
    let fault = references(&remote(&server, "shop.git"), &limits).unwrap_err();
    assert!(matches!(&fault, Fault::TooMuch(why) if why.contains("more bytes than the limit")), "{fault}");
}

#[test]
fn an_answer_that_is_damaged_or_an_error_is_said() {
    const LENGTH: &str =
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 40\r\n\r\n";
    let ask = |head, piece| references(&remote(&raw(head, piece, 1), "shop.git"), &Limits::default()).unwrap_err();
    let fault = ask(LENGTH, b"<html>hello, this is no repository </htm");
    assert!(matches!(&fault, Fault::Protocol(why) if why.contains("isn't in Git's protocol")), "{fault}");
    let fault = ask(LENGTH, b"0028ERR access denied or not exported  \n");
    assert!(
        matches!(&fault, Fault::Unauthorized(why) if why.ends_with("it says: access denied or not exported")),
        "{fault}"
    );
    let fault = ask(LENGTH, b"00ffeb3c6ee2eb3c6ee2eb3c6ee2eb3c6ee2ebee");
    assert!(matches!(&fault, Fault::Protocol(why) if why.contains("ends in the middle")), "{fault}");
    let fault = ask("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", b"");
    assert!(matches!(&fault, Fault::Unreachable(why) if why.contains("it answers 503")), "{fault}");
}

#[test]
fn where_nobody_listens_is_said() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/shop.git", listener.local_addr().unwrap());
    drop(listener);
    let fault = references(&Remote::new(&url, false).unwrap(), &Limits::default()).unwrap_err();
    assert!(matches!(&fault, Fault::Unreachable(why) if why.starts_with(&url) && why.contains("refused")), "{fault}");
}
