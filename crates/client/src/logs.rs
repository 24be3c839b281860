//! Which part of some output is new.

use std::collections::BTreeMap;

/// One source of bytes: task, attempt, stream.
type Source = (String, u32, i32);

/// What was shown, so that a log read again from its start is shown from there.
#[derive(Debug, Default)]
pub struct Shown {
    bytes: BTreeMap<Source, u64>,
    /// Bytes still to be passed over since the log was opened anew.
    skip: BTreeMap<Source, u64>,
}

impl Shown {
    /// To be called when the log is opened anew.
    pub fn reopen(&mut self) {
        self.skip.clone_from(&self.bytes);
    }

    /// The part of some bytes that is new.
    pub fn fresh<'a>(&mut self, source: &Source, data: &'a [u8]) -> &'a [u8] {
        let skip = self.skip.entry(source.clone()).or_default();
        let known = usize::try_from(*skip).unwrap_or(usize::MAX).min(data.len());
        *skip -= known as u64;
        let fresh = data.get(known..).unwrap_or_default();
        *self.bytes.entry(source.clone()).or_default() += fresh.len() as u64;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_read_again_goes_on_where_it_was() {
        let mut shown = Shown::default();
        let out = ("t".to_owned(), 1, 1);
        let err = ("t".to_owned(), 1, 2);
        assert_eq!(shown.fresh(&out, b"hello "), b"hello ");
        assert_eq!(shown.fresh(&err, b"oh"), b"oh");
        shown.reopen();
        assert_eq!(shown.fresh(&out, b"hel"), b"", "cut otherwise than the first time");
        assert_eq!(shown.fresh(&out, b"lo wor"), b"wor");
        assert_eq!(shown.fresh(&err, b"oh no"), b" no");
        shown.reopen();
        assert_eq!(shown.fresh(&out, b"hello world"), b"ld");
        assert_eq!(shown.fresh(&out, b"!"), b"!");
        assert_eq!(shown.fresh(&("u".to_owned(), 1, 1), b"x"), b"x");
    }
}
