//! Events about secrets. Values are none of the state's: they go into the views as they come.

use crate::event::Event;
use crate::secret::{CurrentKey, Secret};
use crate::state::State;
use crate::time::Timestamp;

pub(super) fn apply(state: &mut State, time: Timestamp, event: &Event) {
    let secrets = &mut state.secrets;
    if let Event::SecretSet { secret } = event {
        let known = secrets.live.get(&secret.key);
        let created_at = known.map_or(time, |known| known.created_at);
        if known.is_some()
            && let Some(current) = &mut secrets.current
        {
            current.superseded = current.superseded.saturating_add(1);
        }
        let wrapped_key = secret.wrapped_key.clone();
        let set = Secret { version: secret.version, wrapped_key, created_at, updated_at: time };
        secrets.live.insert(secret.key.clone(), set);
    } else if let Event::SecretDeleted { key, .. } = event {
        if secrets.live.remove(key).is_some()
            && let Some(current) = &mut secrets.current
        {
            current.superseded = current.superseded.saturating_add(1);
            current.deleted_at.get_or_insert(time);
        }
    } else if let Event::ClusterKeyRotated { key, wrapped_keys } = event {
        secrets.current = Some(CurrentKey { key: *key, since: time, superseded: 0, deleted_at: None });
        for wrapped in wrapped_keys {
            if let Some(secret) = secrets.live.get_mut(&wrapped.key) {
                secret.wrapped_key.clone_from(&wrapped.wrapped_key);
            }
        }
    }
}
