//! Addresses of services.

/// What is wrong with the address of a service, if anything.
///
/// # Errors
/// The rule.
pub(crate) fn check(address: &str, of: &str) -> Result<(), String> {
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    match host.map(|host| host.trim_end_matches('/')) {
        Some(host) if !host.is_empty() && host.len() <= 255 && host.chars().all(allowed) => Ok(()),
        _ => Err(format!("{address:?} is no address of a {of}; use https://HOST:PORT or http://HOST:PORT")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_with_a_scheme() {
        for good in ["https://vault.example.com:8200", "http://127.0.0.1:8200/", "http://[::1]:8200"] {
            check(good, "Vault").unwrap();
        }
        for bad in ["", "vault:8200", "https://", "https://a/b", "https://u:p@a", "ftp://a"] {
            assert!(check(bad, "Vault").unwrap_err().contains("https://HOST:PORT"), "{bad}");
        }
    }
}
