//! Holds a request against the secrets of a hook.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};

use crate::delivery::{self, Delivery};
use crate::signature::{self, BYTES, SIGNATURES_MAX};
use crate::{BODY_BYTES_MAX, Refusal, Request, Scheme, TOLERANCE_SECONDS};

const KIND: &str = "X-Gofer-Event";
/// How secrets of Standard Webhooks begin.
const SECRET_PREFIX: &[u8] = b"whsec_";

/// Base64 with or without padding, as senders have it either way.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Says who a request is of, by the scheme of its hook: of whoever has one of the secrets, of which there are more while one
/// takes the place of another. An empty secret is nobody's.
///
/// # Errors
/// Why it is of nobody who has one. That is found out without looking into the body.
pub fn check(scheme: Scheme, secrets: &[&[u8]], request: &Request<'_>) -> Result<Delivery, Refusal> {
    if request.body.len() > BODY_BYTES_MAX {
        let bytes = request.body.len();
        return Err(Refusal::malformed(format!("the body has {bytes} bytes, and {BODY_BYTES_MAX} is the limit")));
    }
    match scheme {
        Scheme::Github => github(secrets, request),
        Scheme::Gitlab => gitlab(secrets, request),
        Scheme::Standard => {
            let key = standard(secrets, request)?;
            Ok(Delivery { key, kind: delivery::kind_by(request, KIND)? })
        }
        Scheme::Hmac => hmac(secrets, request),
        Scheme::Token => token(secrets, request),
    }
}

fn github(secrets: &[&[u8]], request: &Request<'_>) -> Result<Delivery, Refusal> {
    let header = "X-Hub-Signature-256";
    let signature = request.proof(header)?.strip_prefix("sha256=").and_then(signature::from_hex);
    let Some(signature) = signature else {
        return Err(Refusal::malformed(format!("the header {header} isn't sha256= and 64 hexadecimal digits")));
    };
    signature::fits(secrets, &[signature], &[request.body])?;
    // X-GitHub-Delivery isn't signed: who sends a request again could change it.
    Ok(Delivery { key: delivery::key_of(&[request.body]), kind: delivery::kind_by(request, "X-GitHub-Event")? })
}

fn gitlab(secrets: &[&[u8]], request: &Request<'_>) -> Result<Delivery, Refusal> {
    let key = if request.header("webhook-signature")?.is_some() {
        standard(secrets, request)?
    } else {
        signature::is_token(secrets, request.proof("X-Gitlab-Token")?)?;
        match request.header("Idempotency-Key")? {
            Some(id) => delivery::key_by_id("Idempotency-Key", id)?,
            // Events that follow from one another have the same id, so the body is a part of the key.
            None => {
                let id = request.header("X-Gitlab-Event-UUID")?.unwrap_or_default();
                delivery::key_of(&[id.as_bytes(), b"\n", request.body])
            }
        }
    };
    Ok(Delivery { key, kind: delivery::kind_of_gitlab(request)? })
}

/// The key of a request that is signed as Standard Webhooks are.
fn standard(secrets: &[&[u8]], request: &Request<'_>) -> Result<String, Refusal> {
    let signatures = request.proof("webhook-signature")?;
    let id = request.proof("webhook-id")?;
    let time = request.proof("webhook-timestamp")?;
    let seconds = unix_seconds("webhook-timestamp", time)?;
    if id.contains('.') {
        // What is signed could be taken apart in another way, and be another event.
        return Err(Refusal::malformed("the header webhook-id has a full stop, which separates what is signed"));
    }
    // Other versions are of other algorithms, which a sender may use beside this one.
    let signatures: Vec<[u8; BYTES]> = signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .take(SIGNATURES_MAX)
        .filter_map(|signature| BASE64.decode(signature).ok()?.try_into().ok())
        .collect();
    if signatures.is_empty() {
        return Err(Refusal::malformed("the header webhook-signature has no v1, and base64 of 32 bytes"));
    }
    let decoded: Vec<Vec<u8>> = secrets.iter().filter_map(|secret| decode_secret(secret)).collect();
    let keys: Vec<&[u8]> = decoded.iter().map(Vec::as_slice).chain(secrets.iter().copied()).collect();
    signature::fits(&keys, &signatures, &[id.as_bytes(), b".", time.as_bytes(), b".", request.body])?;
    check_time(seconds, request)?;
    delivery::key_by_id("webhook-id", id)
}

/// The key that a secret in base64 is of. Some senders take it as it is written, so both are tried.
fn decode_secret(secret: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret)).ok()
}

fn hmac(secrets: &[&[u8]], request: &Request<'_>) -> Result<Delivery, Refusal> {
    let header = "X-Gofer-Signature";
    let (mut time, mut signatures) = (None, Vec::new());
    for part in request.proof(header)?.split(',').take(1 + SIGNATURES_MAX) {
        match part.trim().split_once('=') {
            Some(("t", value)) if time.is_none() => time = Some(value),
            Some(("t", _)) => return Err(Refusal::malformed(format!("the header {header} has t more than once"))),
            Some(("v1", value)) => signatures.extend(signature::from_hex(value)),
            // Other versions may come.
            _ => {}
        }
    }
    let (Some(time), false) = (time, signatures.is_empty()) else {
        return Err(Refusal::malformed(format!("the header {header} isn't t=UNIX,v1=HEX, with 64 hexadecimal digits")));
    };
    let seconds = unix_seconds(header, time)?;
    let signed = [time.as_bytes(), b".", request.body];
    signature::fits(secrets, &signatures, &signed)?;
    check_time(seconds, request)?;
    Ok(Delivery { key: delivery::key_of(&signed), kind: delivery::kind_by(request, KIND)? })
}

fn token(secrets: &[&[u8]], request: &Request<'_>) -> Result<Delivery, Refusal> {
    let header = "Authorization";
    let token = match request.proof(header)?.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return Err(Refusal::malformed(format!("the header {header} isn't Bearer and a token"))),
    };
    signature::is_token(secrets, token)?;
    let key = match request.header("Idempotency-Key")? {
        Some(id) => delivery::key_by_id("Idempotency-Key", id)?,
        None => delivery::key_of(&[request.body]),
    };
    Ok(Delivery { key, kind: delivery::kind_by(request, KIND)? })
}

/// The time that a sender has signed. Only digits: another way to write the same time would be another request.
fn unix_seconds(header: &'static str, text: &str) -> Result<i64, Refusal> {
    let seconds = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    seconds.ok_or_else(|| Refusal::malformed(format!("the header {header} has no time in seconds since 1970")))
}

fn check_time(seconds: i64, request: &Request<'_>) -> Result<(), Refusal> {
    let age = request.unix_seconds.saturating_sub(seconds);
    if age.unsigned_abs() > TOLERANCE_SECONDS {
        return Err(Refusal::Stale { seconds: age });
    }
    Ok(())
}
