//! Values and the keys that they are encrypted under.
//!
//! Both ciphertexts are bound to the secret's scope, name and version, so that neither can be passed off as another's.

use gofer_domain::limits::SECRET_BYTES_MAX;
use gofer_domain::{SealedSecret, SecretKey, SecretScope};
use zeroize::Zeroizing;

use crate::cipher::KeyBytes;
use crate::error::Error;

const VALUE: &[u8] = b"gofer secret value 1";
const DATA_KEY: &[u8] = b"gofer data key 1";

/// Seals a value under a fresh key, and wraps that by the cluster key of a number.
///
/// # Errors
/// [`Error::Invalid`] when the value is empty or too long.
pub fn seal(
    key: &SecretKey,
    version: u64,
    value: &[u8],
    number: u64,
    cluster_key: &KeyBytes,
) -> Result<SealedSecret, Error> {
    if value.is_empty() {
        return Err(Error::Invalid { message: "the value is empty".into(), help: "give at least one byte" });
    }
    if value.len() > SECRET_BYTES_MAX {
        let message = format!("the value has {} bytes, the limit is {SECRET_BYTES_MAX}", value.len());
        return Err(Error::Invalid { message, help: "keep large data elsewhere, and only its key here" });
    }
    let data_key = KeyBytes::draw()?;
    Ok(SealedSecret {
        key: key.clone(),
        version,
        cluster_key: number,
        wrapped_key: cluster_key.encrypt(&bound(DATA_KEY, key, version), data_key.bytes())?,
        ciphertext: data_key.encrypt(&bound(VALUE, key, version), value)?,
    })
}

/// Opens a value as it was sealed.
///
/// # Errors
/// [`Error::Damaged`].
pub fn open(sealed: &SealedSecret, cluster_key: &KeyBytes) -> Result<Zeroizing<Vec<u8>>, Error> {
    open_with(sealed, &sealed.wrapped_key, cluster_key)
}

/// Opens a value whose key was wrapped anew since it was sealed.
///
/// # Errors
/// [`Error::Damaged`].
pub fn open_with(
    sealed: &SealedSecret,
    wrapped_key: &[u8],
    cluster_key: &KeyBytes,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (key, version) = (&sealed.key, sealed.version);
    let data_key = unwrap(key, version, wrapped_key, cluster_key)?;
    let value = data_key.decrypt(&bound(VALUE, key, version), &sealed.ciphertext);
    value.ok_or_else(|| Error::Damaged { what: format!("secret {key}") })
}

/// Wraps the key of a value by another cluster key.
///
/// # Errors
/// [`Error::Damaged`] when the old one does not fit.
pub fn wrap_anew(
    key: &SecretKey,
    version: u64,
    wrapped_key: &[u8],
    old: &KeyBytes,
    new: &KeyBytes,
) -> Result<Vec<u8>, Error> {
    let data_key = unwrap(key, version, wrapped_key, old)?;
    new.encrypt(&bound(DATA_KEY, key, version), data_key.bytes())
}

fn unwrap(key: &SecretKey, version: u64, wrapped_key: &[u8], cluster_key: &KeyBytes) -> Result<KeyBytes, Error> {
    let opened = cluster_key.decrypt(&bound(DATA_KEY, key, version), wrapped_key);
    let data_key = opened.and_then(|bytes| KeyBytes::from_slice(&bytes));
    data_key.ok_or_else(|| Error::Damaged { what: format!("the key of secret {key}") })
}

/// What a ciphertext is bound to. No two secrets, versions or purposes have the same.
fn bound(purpose: &[u8], key: &SecretKey, version: u64) -> Vec<u8> {
    let (kind, namespace, pipeline) = match &key.scope {
        SecretScope::Global => (0, "", ""),
        SecretScope::Namespace(namespace) => (1, namespace.as_str(), ""),
        SecretScope::Pipeline(pipeline) => (2, pipeline.namespace.as_str(), pipeline.pipeline.as_str()),
    };
    let mut bytes = purpose.to_vec();
    bytes.extend([0, kind]);
    for name in [namespace, pipeline, key.name.as_str()] {
        // Names hold no zero byte, so that it ends them.
        bytes.extend(name.as_bytes());
        bytes.push(0);
    }
    bytes.extend(version.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use gofer_domain::{NamespaceId, SecretName};

    fn key(name: &str) -> SecretKey {
        SecretKey { scope: SecretScope::Global, name: SecretName::new(name).unwrap() }
    }

    #[test]
    fn a_value_comes_back_under_its_key_only() {
        let (right, wrong) = (KeyBytes::draw().unwrap(), KeyBytes::draw().unwrap());
        let sealed = seal(&key("token"), 3, b"hunter2", 1, &right).unwrap();
        assert_eq!(**open(&sealed, &right).unwrap(), *b"hunter2");
        assert!(matches!(open(&sealed, &wrong), Err(Error::Damaged { .. })));
        let find = |part: &[u8]| part.windows(7).any(|window| window == b"hunter2");
        assert!(!find(&sealed.ciphertext) && !find(&sealed.wrapped_key));
        let again = seal(&key("token"), 3, b"hunter2", 1, &right).unwrap();
        assert_ne!(sealed.ciphertext, again.ciphertext, "equal values look different");
    }

    #[test]
    fn a_value_is_none_of_another_name_scope_or_version() {
        let cluster_key = KeyBytes::draw().unwrap();
        let sealed = seal(&key("token"), 3, b"hunter2", 1, &cluster_key).unwrap();
        let scope = SecretScope::Namespace(NamespaceId::new("default").unwrap());
        for other in [
            SealedSecret { key: key("tokem"), ..sealed.clone() },
            SealedSecret { key: SecretKey { scope, ..key("token") }, ..sealed.clone() },
            SealedSecret { version: 4, ..sealed.clone() },
        ] {
            assert!(matches!(open(&other, &cluster_key), Err(Error::Damaged { .. })), "{}", other.key);
        }
    }

    #[test]
    fn every_altered_byte_is_found() {
        let cluster_key = KeyBytes::draw().unwrap();
        let sealed = seal(&key("token"), 1, b"hunter2", 1, &cluster_key).unwrap();
        for index in 0..sealed.ciphertext.len() {
            let mut altered = sealed.clone();
            altered.ciphertext[index] ^= 1;
            assert!(open(&altered, &cluster_key).is_err(), "byte {index}");
        }
        for index in 0..sealed.wrapped_key.len() {
            let mut altered = sealed.clone();
            altered.wrapped_key[index] ^= 1;
            assert!(open(&altered, &cluster_key).is_err(), "byte {index} of the key");
        }
        for cut in 0..sealed.ciphertext.len() {
            let short = SealedSecret { ciphertext: sealed.ciphertext[..cut].to_vec(), ..sealed.clone() };
            assert!(open(&short, &cluster_key).is_err(), "cut to {cut}");
        }
    }

    #[test]
    fn after_a_rotation_only_the_new_key_opens_what_was_wrapped_anew() {
        let (old, new) = (KeyBytes::draw().unwrap(), KeyBytes::draw().unwrap());
        let sealed = seal(&key("token"), 1, b"hunter2", 1, &old).unwrap();
        let wrapped = wrap_anew(&sealed.key, 1, &sealed.wrapped_key, &old, &new).unwrap();
        assert_eq!(**open_with(&sealed, &wrapped, &new).unwrap(), *b"hunter2");
        assert!(open_with(&sealed, &wrapped, &old).is_err());
        assert!(open(&sealed, &new).is_err(), "what the log says is shredded with the old key");
    }

    #[test]
    fn values_have_limits() {
        let cluster_key = KeyBytes::draw().unwrap();
        let seal = |value: &[u8]| seal(&key("token"), 1, value, 1, &cluster_key);
        assert!(matches!(seal(b""), Err(Error::Invalid { .. })));
        assert!(matches!(seal(&vec![1; SECRET_BYTES_MAX + 1]), Err(Error::Invalid { .. })));
        let longest = seal(&vec![1; SECRET_BYTES_MAX]).unwrap();
        assert!(longest.ciphertext.len() <= gofer_domain::limits::SEALED_BYTES_MAX);
        assert!(longest.wrapped_key.len() <= gofer_domain::limits::WRAPPED_KEY_BYTES_MAX);
    }
}
