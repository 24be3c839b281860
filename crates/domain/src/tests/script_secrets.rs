//! Secrets: their scopes, their values, and the key that wraps the values' keys.

use super::script::check;
use crate::limits::{SEALED_BYTES_MAX, SECRETS_PER_SCOPE_MAX};
use crate::{
    ClusterKey, Command, Event, NamespaceId, PipelineId, PipelineKey, Reason, SealedSecret, SecretKey, SecretName,
    SecretScope, WrappedKey,
};

/// `token`, `default/token` or `default/p/token`.
fn key(text: &str) -> SecretKey {
    let parts: Vec<&str> = text.split('/').collect();
    let (scope, name) = match parts[..] {
        [name] => (SecretScope::Global, name),
        [namespace, name] => (SecretScope::Namespace(NamespaceId::new(namespace).unwrap()), name),
        [namespace, pipeline, name] => {
            let namespace = NamespaceId::new(namespace).unwrap();
            (SecretScope::Pipeline(PipelineKey { namespace, pipeline: PipelineId::new(pipeline).unwrap() }), name)
        }
        _ => panic!("no such secret: {text}"),
    };
    SecretKey { scope, name: SecretName::new(name).unwrap() }
}

pub(crate) fn sealed(key: SecretKey, version: u64, cluster_key: u64) -> SealedSecret {
    SealedSecret { key, version, cluster_key, wrapped_key: vec![1; 60], ciphertext: vec![2; 40] }
}

pub(super) fn parse(words: &[&str]) -> Command {
    match words[0] {
        "set" => set(words),
        "delete-secret" => Command::DeleteSecret { key: key(words[1]) },
        "rotate" => rotate(words),
        other => panic!("no such command: {other}"),
    }
}

/// `set default/token 1 key=2`
fn set(words: &[&str]) -> Command {
    let option = words.iter().find_map(|word| word.strip_prefix("key="));
    let (version, by) = (words[2].parse().unwrap(), option.map_or(1, |key| key.parse().unwrap()));
    Command::SetSecret { secret: Box::new(sealed(key(words[1]), version, by)) }
}

/// `rotate 2 default/token:1 default/p/token:3`
fn rotate(words: &[&str]) -> Command {
    let number = words[1].parse().unwrap();
    let wrapped = words[2..].iter().map(|word| {
        let (name, version) = word.split_once(':').unwrap();
        WrappedKey { key: key(name), version: version.parse().unwrap(), wrapped_key: vec![3; 60] }
    });
    let key = ClusterKey { number, fingerprint: [u8::try_from(number % 251).unwrap(); 32] };
    Command::RotateClusterKey { key, wrapped_keys: wrapped.collect() }
}

/// An event about secrets in few words.
pub(super) fn show(event: &Event) -> String {
    if let Event::SecretSet { secret } = event {
        format!("{} v{} by key {}", secret.key, secret.version, secret.cluster_key)
    } else if let Event::SecretDeleted { key, version } = event {
        format!("{key} v{version} deleted")
    } else if let Event::ClusterKeyRotated { key, wrapped_keys } = event {
        format!("key {} wraps {}", key.number, wrapped_keys.len())
    } else {
        panic!("not about secrets: {event:?}")
    }
}

#[test]
fn a_secret_gets_values_in_order_under_the_key_in_force() {
    let world = check(
        "
        set token 1            -> ! FAILED_PRECONDITION
        rotate 2               -> ! FAILED_PRECONDITION
        rotate 1               -> key 1 wraps 0
        set token 2            -> ! FAILED_PRECONDITION
        set token 1            -> token (global) v1 by key 1
        set token 1            -> ! FAILED_PRECONDITION
        set token 2 key=2      -> ! FAILED_PRECONDITION
        set token 2            -> token (global) v2 by key 1
        set nowhere/token 1    -> ! NOT_FOUND
        delete-secret other    -> ! NOT_FOUND
        delete-secret token    -> token (global) v2 deleted
        delete-secret token    -> ! NOT_FOUND
        set token 1            -> token (global) v1 by key 1
        ",
    );
    let current = world.state.secrets.current.unwrap();
    assert_eq!(current.superseded, 2, "one was replaced, one deleted");
    assert!(current.deleted_at.is_some());
}

#[test]
fn a_rotation_holds_the_keys_of_all_live_values_and_of_no_other() {
    let world = check(
        "
        rotate 1
        set b 1
        set a 1
        set default/a 1
        set default/p/a 1
        delete-secret b
        rotate 2 a:1 default/a:1                   -> ! FAILED_PRECONDITION
        rotate 2 a:2 default/a:1 default/p/a:1     -> ! FAILED_PRECONDITION
        rotate 2 default/a:1 a:1 default/p/a:1     -> ! FAILED_PRECONDITION
        rotate 2 a:1 b:1 default/a:1 default/p/a:1 -> ! FAILED_PRECONDITION
        rotate 1 a:1 default/a:1 default/p/a:1     -> ! FAILED_PRECONDITION
        rotate 2 a:1 default/a:1 default/p/a:1     -> key 2 wraps 3
        set a 2                                    -> ! FAILED_PRECONDITION
        set a 2 key=2                              -> a (global) v2 by key 2
        ",
    );
    let secrets = world.state.secrets;
    assert_eq!(secrets.current.as_ref().map(|current| (current.superseded, current.deleted_at)), Some((1, None)));
    assert_eq!(secrets.live[&key("default/a")].wrapped_key, vec![3; 60], "wrapped anew");
    assert_eq!(secrets.live[&key("a")].wrapped_key, vec![1; 60], "set since");
}

#[test]
fn the_narrowest_scope_wins() {
    let world = check("rotate 1\n set a 1\n set default/a 1\n set default/p/a 1\n set b 1\n set default/b 1\n set c 1");
    let pipeline = super::script::pipeline("p");
    let other = super::script::pipeline("q");
    let find = |pipeline, name| {
        let name = SecretName::new(name).unwrap();
        world.state.secrets.find(pipeline, &name).map(|(key, _)| key)
    };
    assert_eq!(find(&pipeline, "a"), Some(key("default/p/a")));
    assert_eq!(find(&other, "a"), Some(key("default/a")));
    assert_eq!(find(&pipeline, "b"), Some(key("default/b")));
    assert_eq!(find(&pipeline, "c"), Some(key("c")));
    assert_eq!(find(&pipeline, "d"), None);
}

#[test]
fn what_has_secrets_is_not_deleted() {
    check(
        "
        rotate 1
        namespace other
        set other/a 1
        delete-namespace other -> ! FAILED_PRECONDITION
        delete-secret other/a
        delete-namespace other
        pipeline p | t
        set default/p/a 1
        delete p               -> ! FAILED_PRECONDITION
        delete-secret default/p/a
        delete p
        ",
    );
}

#[test]
fn nothing_is_sealed_before_all_nodes_know_how() {
    check(
        "
        node 1
        node 2 logic=2
        rotate 1                  -> ! FAILED_PRECONDITION
        set a 1                   -> ! FAILED_PRECONDITION
        pipeline p | t secret=a   -> ! FAILED_PRECONDITION
        pipeline p | t            -> p version 1
        remove 2
        rotate 1                  -> key 1 wraps 0
        set a 1                   -> a (global) v1 by key 1
        pipeline p | t secret=a   -> p version 2
        ",
    );
}

#[test]
fn sealed_values_and_scopes_have_limits() {
    let mut world = check("rotate 1");
    let mut give = |secret| world.give(Command::SetSecret { secret: Box::new(secret) });
    let long = SealedSecret { ciphertext: vec![0; SEALED_BYTES_MAX + 1], ..sealed(key("a"), 1, 1) };
    assert_eq!(give(long).unwrap_err().reason, Reason::InvalidArgument);
    let empty = SealedSecret { wrapped_key: Vec::new(), ..sealed(key("a"), 1, 1) };
    assert_eq!(give(empty).unwrap_err().reason, Reason::InvalidArgument);
    for number in 0..SECRETS_PER_SCOPE_MAX {
        give(sealed(key(&format!("s{number}")), 1, 1)).unwrap();
    }
    assert_eq!(give(sealed(key("one-more"), 1, 1)).unwrap_err().reason, Reason::ResourceExhausted);
    give(sealed(key("default/one-more"), 1, 1)).unwrap();
    give(sealed(key("s1"), 2, 1)).unwrap();
}
