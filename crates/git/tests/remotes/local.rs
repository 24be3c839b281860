//! Repositories on this machine.

use std::collections::BTreeMap;

use gofer_git::{Cursor, Fault, Limits, Patterns, Remote, changes, references};

use super::repository::Repository;

fn look(repository: &Repository) -> BTreeMap<String, String> {
    let remote = Remote::new(repository.path().to_str().unwrap(), true).unwrap();
    references(&remote, &Limits::default()).unwrap()
}

#[test]
fn branches_and_tags_are_seen_with_their_commits() {
    let (repository, expected) = Repository::filled();
    assert_eq!(look(&repository), expected);
    let url = format!("file://{}", repository.path().display());
    assert_eq!(references(&Remote::new(&url, true).unwrap(), &Limits::default()).unwrap(), expected);
}

#[test]
fn an_empty_repository_has_none() {
    assert_eq!(look(&Repository::new()), BTreeMap::new());
}

#[test]
fn objects_may_be_of_sha_256() {
    let repository = Repository::named("new.git", "sha256");
    let commit = repository.commit("one");
    assert_eq!(commit.len(), 64);
    repository.point("refs/heads/main", &commit);
    assert_eq!(look(&repository), [("refs/heads/main".to_owned(), commit)].into());
}

#[test]
fn a_path_may_have_any_characters() {
    let repository = Repository::named("it's $HOME -x;ü.git", "sha1");
    let commit = repository.commit("one");
    repository.point("refs/heads/main", &commit);
    let path = repository.path().to_str().unwrap().replace(' ', "%20").replace('$', "%24").replace('ü', "%C3%BC");
    let seen = references(&Remote::new(&format!("file://{path}"), true).unwrap(), &Limits::default()).unwrap();
    assert_eq!(seen["refs/heads/main"], commit);
}

#[test]
fn changes_are_seen_from_one_look_to_the_next() {
    let (repository, before) = Repository::filled();
    let patterns = Patterns::new(["main", "feature/*", "new"], ["v*"]).unwrap();
    let cursor = Cursor::decode(&Cursor::of(&before, &patterns).unwrap().encode()).unwrap();
    assert_eq!(cursor.changes(&look(&repository), &patterns), []);

    let third = repository.commit("three");
    repository.point("refs/heads/main", &third);
    repository.point("refs/heads/new", &third);
    repository.point("refs/heads/other", &third);
    repository.git(&["update-ref", "-d", "refs/tags/v1"]);
    let after = look(&repository);
    let seen = changes(&before, &after, &patterns);
    let names: Vec<&str> = seen.iter().map(|change| change.reference.as_str()).collect();
    assert_eq!(names, ["refs/heads/main", "refs/heads/new", "refs/tags/v1"]);
    let from_cursor = cursor.changes(&after, &patterns);
    assert_eq!(from_cursor.len(), 2);
    assert_eq!(from_cursor[0].old.as_deref(), Some(&before["refs/heads/main"][..20]));
    assert_eq!((&from_cursor[1].old, from_cursor[1].new.as_deref()), (&None, Some(third.as_str())));
}

#[test]
fn what_is_no_repository_is_said() {
    let directory = tempfile::tempdir().unwrap();
    for path in [directory.path().to_owned(), directory.path().join("none")] {
        let remote = Remote::new(path.to_str().unwrap(), true).unwrap();
        match references(&remote, &Limits::default()) {
            Err(Fault::NotFound(why)) => {
                assert!(why.contains(path.to_str().unwrap()) && why.contains("it says: "), "{why}")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn more_than_the_limits_is_refused() {
    let (repository, _) = Repository::filled();
    let remote = Remote::new(repository.path().to_str().unwrap(), true).unwrap();
    let ask = |limits: Limits| references(&remote, &limits);
    assert!(ask(Limits { references: 4, ..Limits::default() }).is_ok());
    let few = ask(Limits { references: 3, ..Limits::default() });
    assert!(matches!(few, Err(Fault::TooMuch(why)) if why.contains("more than 3 branches and tags")));
    let short = ask(Limits { bytes: 300, ..Limits::default() });
    assert!(matches!(short, Err(Fault::TooMuch(why)) if why.contains("more than 300 bytes")));
}

#[tokio::test]
async fn it_can_be_asked_where_futures_are_driven() {
    let (repository, expected) = Repository::filled();
    assert_eq!(look(&repository), expected);
}
