//! A request, and how its headers are read.

use crate::Refusal;

/// Longest value of a header that is looked at, in bytes.
const VALUE_BYTES_MAX: usize = 4096;

/// A request to a hook.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Names, in any case, and values.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body, byte by byte as it was sent.
    pub body: &'a [u8],
    /// The time, in seconds since 1970.
    pub unix_seconds: i64,
}

/// Without the values: there may be a token among them.
impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Request")
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .field("unix_seconds", &self.unix_seconds)
            .finish()
    }
}

impl<'a> Request<'a> {
    /// The value of a header that may be there once. An empty one is none.
    pub(crate) fn header(&self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        let mut values =
            self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refusal::malformed(format!("the header {name} is there more than once")));
        }
        if value.len() > VALUE_BYTES_MAX {
            let bytes = value.len();
            return Err(Refusal::malformed(format!(
                "the header {name} has {bytes} bytes, and {VALUE_BYTES_MAX} is the limit"
            )));
        }
        let text = std::str::from_utf8(value).ok().map(str::trim).filter(|text| !text.chars().any(char::is_control));
        match text {
            Some("") => Ok(None),
            Some(text) => Ok(Some(text)),
            None => Err(Refusal::malformed(format!("the header {name} has bytes that are no text"))),
        }
    }

    /// The value of a header that has what proves the sender.
    pub(crate) fn proof(&self, header: &'static str) -> Result<&'a str, Refusal> {
        self.header(header)?.ok_or(Refusal::MissingSignature { header })
    }
}
