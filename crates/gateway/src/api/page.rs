//! Page tokens: where a list goes on. Opaque to clients, and good for one list only.

use sha2::{Digest as _, Sha256};

use crate::errors::Fault;

const CHECK_BYTES: usize = 6;

fn check(list: &str, position: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hasher = Sha256::new();
    hasher.update((list.len() as u64).to_le_bytes());
    hasher.update(list.as_bytes());
    hasher.update(position);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&digest[..CHECK_BYTES]);
    check
}

/// A token for going on after `position` in a list, which `list` names.
pub(crate) fn token(list: &str, position: &[u8]) -> String {
    check(list, position).iter().chain(position).map(|byte| format!("{byte:02x}")).collect()
}

/// The position of a token; none for the empty one.
pub(crate) fn position(list: &str, token: &str) -> Result<Option<Vec<u8>>, Fault> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = unhex(token);
    let parts = bytes.as_deref().and_then(|bytes| bytes.split_at_checked(CHECK_BYTES));
    match parts {
        Some((sum, position)) if sum == check(list, position) => Ok(Some(position.to_vec())),
        _ => Err(Fault::invalid("page_token", "the page_token was not made for this list")
            .help("pass next_page_token of the answer before unchanged, or none to start again")),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if text.len() > 1024 || !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_position_in_its_list_only() {
        let made = token("runs a/b", &7u64.to_be_bytes());
        assert_eq!(position("runs a/b", &made).unwrap(), Some(7u64.to_be_bytes().to_vec()));
        assert_eq!(position("runs a/b", "").unwrap(), None);
        for (list, bad) in [("runs a/c", made.as_str()), ("runs a/b", "zz"), ("runs a/b", "abc"), ("runs a/b", "é")] {
            assert!(position(list, bad).is_err(), "{list} {bad}");
        }
        assert!(position("runs a/b", &made[..made.len() - 2]).is_err());
    }

    #[test]
    fn damaged_tokens_are_refused() {
        let made = token("runs a/b", &7u64.to_be_bytes()).into_bytes();
        gofer_fuzz::fuzz("page-token", &[made], |bytes| {
            if let Ok(text) = std::str::from_utf8(bytes) {
                let _ = position("runs a/b", text);
            }
        });
    }
}
