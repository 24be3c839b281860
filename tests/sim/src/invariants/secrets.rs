//! Claim: a value is sealed for the key in force, values of a secret come in order, and a rotation holds the keys of all
//! live values and of no other; so nothing that is live can be lost by one, and nothing that was deleted kept. Source:
//! clients propose these in races, with what they knew a while ago. Check: the secrets are followed through the recorded
//! events, and at the end compared with the state of each node.

use std::collections::BTreeMap;

use gofer_domain::{Event, SecretKey};

use super::{End, Invariant};
use crate::history::Fact;

#[derive(Default)]
pub(super) struct Secrets {
    /// Number of the key in force; 0 before the first.
    key: u64,
    /// Version and wrapped key of the live values.
    live: BTreeMap<SecretKey, (u64, Vec<u8>)>,
}

impl Secrets {
    fn recorded(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::SecretSet { secret } => {
                let next = self.live.get(&secret.key).map_or(0, |(version, _)| *version) + 1;
                if (secret.cluster_key, secret.version) != (self.key, next) {
                    let (key, version) = (secret.cluster_key, secret.version);
                    let expected = format!("version {next} for key {}", self.key);
                    return Err(format!("{} is set to version {version} for key {key}, not {expected}", secret.key));
                }
                self.live.insert(secret.key.clone(), (secret.version, secret.wrapped_key.clone()));
            }
            Event::SecretDeleted { key, version } => {
                let known = self.live.remove(key).map(|(version, _)| version);
                if known != Some(*version) {
                    return Err(format!("{key} is deleted at version {version}, and is at {known:?}"));
                }
            }
            Event::ClusterKeyRotated { key, wrapped_keys } => {
                let live = self.live.iter().map(|(key, (version, _))| (key, *version));
                if !live.eq(wrapped_keys.iter().map(|wrapped| (&wrapped.key, wrapped.version))) {
                    return Err(format!("key {} wraps other keys than those of the live values", key.number));
                }
                if key.number != self.key + 1 {
                    return Err(format!("key {} follows key {}", key.number, self.key));
                }
                self.key = key.number;
                for wrapped in wrapped_keys {
                    self.live.insert(wrapped.key.clone(), (wrapped.version, wrapped.wrapped_key.clone()));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Invariant for Secrets {
    fn name(&self) -> &'static str {
        "secrets-in-order"
    }

    fn see(&mut self, _at: u64, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::Recorded { event, .. } => self.recorded(event),
            _ => Ok(()),
        }
    }

    fn end(&mut self, end: &End) -> Result<(), String> {
        for (node, (_, _, state)) in &end.nodes {
            let secrets = &state.secrets;
            let number = secrets.current.as_ref().map_or(0, |current| current.key.number);
            let found = secrets.live.iter().map(|(key, secret)| (key, secret.version, &secret.wrapped_key));
            if number != self.key
                || !found.eq(self.live.iter().map(|(key, (version, wrapped))| (key, *version, wrapped)))
            {
                return Err(format!("node {node} has other secrets than its log tells"));
            }
        }
        Ok(())
    }
}
