//! What clients know of secrets: enough to ask for what is possible, most of the time. What they seal is noise, since no
//! node looks into it before a task asks.

use std::collections::BTreeMap;

use gofer_domain::{
    ClusterKey, Command, NamespaceId, Revision, SealedSecret, SecretKey, SecretName, SecretScope, WrappedKey,
};
use gofer_rng::Rng;

use crate::workload;

/// Secrets and cluster key, as the newest answers have them.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Number of the key in force, and since when it is.
    key: (u64, Revision),
    /// Versions, none of what was deleted, and since when these are.
    values: BTreeMap<SecretKey, (Option<u64>, Revision)>,
}

impl Known {
    /// Something about secrets; now and then it is refused.
    pub(crate) fn command(&self, rng: &mut Rng) -> Command {
        let (number, _) = self.key;
        if number == 0 || rng.chance(150) {
            return self.rotation(rng);
        }
        let key = secret(rng);
        let version = self.values.get(&key).and_then(|(version, _)| *version);
        if rng.chance(300) {
            return Command::DeleteSecret { key };
        }
        Command::SetSecret {
            secret: Box::new(SealedSecret {
                key,
                version: version.unwrap_or(0) + 1,
                cluster_key: number,
                wrapped_key: noise(rng),
                ciphertext: noise(rng),
            }),
        }
    }

    fn rotation(&self, rng: &mut Rng) -> Command {
        let mut fingerprint = [0; 32];
        fingerprint[..16].copy_from_slice(&rng.bytes());
        let key = ClusterKey { number: self.key.0 + 1, fingerprint };
        let live = self.values.iter().filter_map(|(key, (version, _))| Some((key.clone(), (*version)?)));
        let wrapped = live.map(|(key, version)| WrappedKey { key, version, wrapped_key: noise(rng) });
        Command::RotateClusterKey { key, wrapped_keys: wrapped.collect() }
    }

    /// Takes note of what was accepted. Answers may come in another order than their revisions.
    pub(crate) fn accepted(&mut self, command: &Command, at: Revision) {
        let (key, version) = match command {
            Command::RotateClusterKey { key, .. } => {
                self.key = self.key.max((key.number, at));
                return;
            }
            Command::SetSecret { secret } => (&secret.key, Some(secret.version)),
            Command::DeleteSecret { key } => (key, None),
            _ => return,
        };
        let known = self.values.entry(key.clone()).or_insert((None, Revision(0)));
        if known.1 < at {
            *known = (version, at);
        }
    }
}

fn secret(rng: &mut Rng) -> SecretKey {
    let pipeline = workload::key(rng.next() % workload::count());
    let namespace: NamespaceId = pipeline.namespace.clone();
    let scope = match rng.range(0, 3) {
        0 => SecretScope::Global,
        1 => SecretScope::Namespace(namespace),
        _ => SecretScope::Pipeline(pipeline),
    };
    let name = if rng.chance(500) { "token" } else { "key" };
    SecretKey { scope, name: workload::id(SecretName::new(name)) }
}

fn noise(rng: &mut Rng) -> Vec<u8> {
    rng.bytes().to_vec()
}
