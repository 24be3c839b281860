//! Random commands and events about secrets.

use super::script_secrets::sealed;
use super::universe::{namespace, pipeline};
use super::world::World;
use crate::{ClusterKey, Command, Event, SecretKey, SecretName, SecretScope, WrappedKey};

/// Mostly what is possible: a first cluster key, values in order, deletions, whole rotations.
pub(super) fn secret_command(world: &World, a: u8, b: u8) -> Command {
    let secrets = &world.state.secrets;
    let number = secrets.current.as_ref().map_or(0, |current| current.key.number);
    if number == 0 || b % 32 == 4 {
        let key = ClusterKey { number: number + u64::from(a != 0), fingerprint: [b; 32] };
        let live = secrets.live.iter().skip(usize::from(a == 1));
        let wrapped =
            live.map(|(key, secret)| WrappedKey { key: key.clone(), version: secret.version, wrapped_key: vec![a, b] });
        return Command::RotateClusterKey { key, wrapped_keys: wrapped.collect() };
    }
    let key = secret(a);
    if b % 32 == 8 {
        return Command::DeleteSecret { key };
    }
    let version = secrets.live.get(&key).map_or(1, |secret| secret.version + u64::from(b != 12));
    Command::SetSecret { secret: Box::new(sealed(key, version, number)) }
}

/// Any event about a secret, true or not.
pub(super) fn secret_event(a: u8, b: u8) -> Event {
    let (key, version) = (secret(a), u64::from(b));
    match b % 3 {
        0 => Event::SecretSet { secret: Box::new(sealed(key, version, u64::from(a % 3))) },
        1 => Event::SecretDeleted { key, version },
        _ => Event::ClusterKeyRotated {
            key: ClusterKey { number: u64::from(a), fingerprint: [b; 32] },
            wrapped_keys: vec![WrappedKey { key, version, wrapped_key: vec![b] }],
        },
    }
}

fn secret(a: u8) -> SecretKey {
    let scope = match a % 4 {
        0 => SecretScope::Global,
        1 => SecretScope::Namespace(namespace(a / 4)),
        _ => SecretScope::Pipeline(pipeline(a / 4)),
    };
    SecretKey { scope, name: SecretName::new(["s0", "s1"][usize::from(a / 64 % 2)]).unwrap() }
}
