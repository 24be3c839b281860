//! Tokens of plug-ins. A cluster knows only their digests; they come from a file or are drawn, and never from an argument.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use gofer_client::Rejected;
use sha2::{Digest as _, Sha256};
use tonic::Code;
use uuid::Uuid;

use super::show::fetch;
use crate::command::Context;
use crate::error::Error;

/// How drawn tokens begin, so that people and scanners know what they have found.
const PREFIX: &str = "gofer-trigger.";
/// Bounds of a token, in characters. Shorter ones can be guessed from their digest.
const LENGTH_MIN: usize = 32;
const LENGTH_MAX: usize = 512;

/// Where a token comes from.
#[derive(Args, Clone, Debug)]
pub(super) struct TokenArgs {
    /// Take the plug-in's token from this file: 32 to 512 ASCII characters without spaces
    #[arg(long, value_name = "FILE", conflicts_with = "new_token")]
    token_file: Option<PathBuf>,
    /// Draw a new token, and print it this once
    #[arg(long)]
    new_token: bool,
}

/// A token of a plug-in.
pub(super) struct Token {
    text: String,
    /// Nobody has it yet.
    is_new: bool,
}

impl TokenArgs {
    pub(super) fn is_given(&self) -> bool {
        self.new_token || self.token_file.is_some()
    }

    /// The token that is asked for, if one is.
    pub(super) fn token(&self) -> Result<Option<Token>, Error> {
        match &self.token_file {
            Some(file) => Ok(Some(Token { text: read(file)?, is_new: false })),
            None => Ok(self.new_token.then(Token::draw)),
        }
    }
}

impl Token {
    pub(super) fn draw() -> Self {
        // Of each 128 bits, 122 are random.
        let halves = [Uuid::new_v4(), Uuid::new_v4()].map(|half| half.simple().to_string());
        Self { text: format!("{PREFIX}{}", halves.concat()), is_new: true }
    }

    pub(super) fn digest(&self) -> Vec<u8> {
        Sha256::digest(&self.text).to_vec()
    }

    /// The text of one that was drawn, once the cluster has it. A repeated command is answered with what came of it first:
    /// then the cluster has the token of that time.
    pub(super) async fn to_show(&self, context: &mut Context<'_>, trigger: &str) -> Result<Option<String>, Error> {
        if !self.is_new {
            return Ok(None);
        }
        let consistency = gofer_wire::api::v1::Consistency::Linearizable.into();
        let known = fetch(&mut context.client, trigger, consistency).await?;
        let spec = known.installed.and_then(|installed| installed.spec).unwrap_or_default();
        if spec.token_digest.is_some_and(|digest| digest == self.digest()) {
            return Ok(Some(self.text.clone()));
        }
        let message = format!("trigger {trigger} has another token than was drawn now");
        let help = format!("draw one with `gofer trigger update {trigger} --new-token`");
        Err(Error::Rejected(Box::new(Rejected::new(Code::FailedPrecondition, "FAILED_PRECONDITION", message, help))))
    }
}

fn read(path: &Path) -> Result<String, Error> {
    let help = || format!("give a file with {LENGTH_MIN} to {LENGTH_MAX} ASCII characters without spaces");
    let shown = path.display();
    let mut text = String::new();
    let limit = LENGTH_MAX as u64 + 3;
    let read = File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text));
    read.map_err(|error| Error::usage(format!("can't read the token in {shown}: {error}"), help()))?;
    // The plug-in leaves out what is around it, too.
    let token = text.trim();
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&token.len()) {
        let message = format!("the token in {shown} has {} bytes", token.len());
        return Err(Error::usage(message, help()));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::usage(format!("the token in {shown} has characters that are not allowed"), help()));
    }
    Ok(token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_token_is_sound_and_no_other() {
        let (one, other) = (Token::draw(), Token::draw());
        assert!(one.text.starts_with(PREFIX) && one.text.len() == PREFIX.len() + 64, "{}", one.text);
        assert_ne!(one.digest(), other.digest());
        assert_eq!(one.digest().len(), 32);
    }

    #[test]
    fn tokens_of_files_are_checked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let of = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path).map_err(|error| error.to_text())
        };
        let good = "0123456789abcdef0123456789abcdef";
        assert_eq!(of(&format!("{good}\n")).unwrap(), good);
        assert_eq!(of(&format!("{}\r\n", good.repeat(16))).unwrap().len(), 512);
        for (text, says) in [
            ("short\n".to_owned(), "has 5 bytes"),
            (String::new(), "has 0 bytes"),
            (good.repeat(17), "32 to 512"),
            (format!("{good} {good}"), "not allowed"),
            (format!("{good}\u{e9}"), "not allowed"),
        ] {
            let error = of(&text).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        std::fs::write(&path, [0xff; 40]).unwrap();
        assert!(read(&path).is_err() && read(&directory.path().join("none")).is_err());
    }
}
