//! What a launcher hands to a shim, over a pair of sockets: the spec and the secrets. Nothing of it is on the disk, since
//! environments hold tokens.

use zeroize::Zeroizing;

use crate::driver::LaunchSpec;
use crate::secrets::Secrets;

/// The spec with its secrets, as bytes: the length of the spec (four bytes, little-endian), the spec in JSON, the secrets.
pub(crate) fn encode(spec: &LaunchSpec) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let json = serde_json::to_vec(spec)?;
    let secrets = spec.secrets.encode();
    let length = u32::try_from(json.len()).map_err(serde::ser::Error::custom)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 + json.len() + secrets.len()));
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&json);
    bytes.extend_from_slice(&secrets);
    Ok(bytes)
}

/// The same, read back; none when it is not whole.
pub(super) fn decode(bytes: &[u8]) -> Option<LaunchSpec> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (json, secrets) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    let mut spec: LaunchSpec = serde_json::from_slice(json).ok()?;
    spec.secrets = Secrets::decode(secrets)?;
    Some(spec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch_id::LaunchId;

    #[test]
    fn a_part_is_not_taken_for_the_whole() {
        let mut spec = LaunchSpec::new(LaunchId::new("one").unwrap());
        spec.command = vec!["echo".into(), "hello".into()];
        spec.environment.insert("TOKEN".into(), "hunter2".into());
        spec.secrets.env.insert("PASSWORD".into(), Zeroizing::new("swordfish".into()));
        let bytes = encode(&spec).unwrap();
        let read = decode(&bytes).unwrap();
        assert_eq!((read.command, read.environment), (spec.command, spec.environment));
        assert_eq!(read.secrets.env["PASSWORD"].as_str(), "swordfish");
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_none(), "{length}");
        }
    }
}
