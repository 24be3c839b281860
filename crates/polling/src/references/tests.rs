use super::*;

fn change(reference: &str, kind: Kind, old: Option<&str>, new: &str) -> Change {
    Change { reference: reference.to_owned(), kind, old: old.map(str::to_owned), new: Some(new.to_owned()) }
}

#[test]
fn a_change_is_told_as_a_webhook_would_tell_it() {
    let (old, new) = ("1".repeat(20), "2".repeat(40));
    let told = event(&change("refs/heads/a/b", Kind::Branch, Some(&old), &new), "https://x/y.git", 8, Timestamp(5));
    let told = told.unwrap();
    assert_eq!(told.key.as_str(), format!("8 refs/heads/a/b {new}"));
    assert_eq!(told.kind, "push");
    let git = json!({
        "repository": "https://x/y.git", "ref": "refs/heads/a/b", "branch": "a/b", "commit": new, "before": old,
        "is_new": false,
    });
    assert_eq!(told.payload, json!({ "git": git }));
    let tag = event(&change("refs/tags/v1", Kind::Tag, None, &new), "x", 1, Timestamp(5)).unwrap();
    assert_eq!((tag.kind.as_str(), &tag.payload["git"]["tag"]), ("tag", &"v1".into()));
    let long = format!("refs/heads/{}", "ü".repeat(300));
    event(&change(&long, Kind::Branch, None, &new), "x", u64::MAX, Timestamp(5)).unwrap();
}

#[test]
fn what_is_not_told_yet_stays_to_be_told() {
    let patterns = Patterns::new(["**"], ["**"]).unwrap();
    let id = |digit: usize| format!("{digit:0<40x}");
    let before: References = (0..150).map(|n| (format!("refs/heads/{n}"), id(n))).collect();
    let mut after: References = before.keys().map(|name| (name.clone(), id(1000))).collect();
    after.insert("refs/tags/new".to_owned(), id(7));
    let seen = Cursor::of(&before, &patterns).unwrap();
    let changes = seen.changes(&after, &patterns);
    assert_eq!(changes.len(), 151);
    let (some, rest) = changes.split_at(100);
    let between = Cursor::of(&without(&after, rest), &patterns).unwrap();
    let left = between.changes(&after, &patterns);
    assert_eq!(
        left.iter().map(|change| &change.reference).collect::<Vec<_>>(),
        rest.iter().map(|change| &change.reference).collect::<Vec<_>>()
    );
    assert!(some.iter().all(|told| left.iter().all(|change| change.reference != told.reference)));
}
