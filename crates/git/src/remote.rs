//! Where a repository is, and how one gets in.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use reqwest::Url;
use zeroize::Zeroizing;

use crate::Fault;

/// Longest address, in bytes.
const URL_BYTES_MAX: usize = 2048;
/// Longest user or token, in bytes.
const CREDENTIAL_BYTES_MAX: usize = 4096;
/// The user where a token is all that counts. Services take any name there.
const USER: &str = "git";

/// A repository.
#[derive(Clone)]
pub struct Remote {
    pub(crate) location: Location,
    pub(crate) credentials: Option<Credentials>,
    /// The program that is `ssh`.
    pub(crate) ssh: PathBuf,
    shown: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// http or https.
    Http(Url),
    Ssh {
        /// With the user, if there is one.
        host: String,
        port: Option<u16>,
        path: String,
    },
    Local(PathBuf),
}

#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) token: Zeroizing<String>,
}

/// Without its token.
impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remote").field(&self.shown).finish()
    }
}

/// Its address, which has no token.
impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Remote {
    /// A repository by its address: `https://…`, `http://…`, `ssh://…`, `user@host:path`; and, if those on this machine may be
    /// asked, `file:///…` and absolute paths.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for any other address, and for one with a password, which would be shown wherever it is.
    pub fn new(url: &str, is_local_allowed: bool) -> Result<Self, Fault> {
        check_text(url)?;
        let location = match url.split_once("://") {
            Some(("https" | "http", _)) => Location::Http(http(url)?),
            Some(("ssh", _)) => ssh(url)?,
            Some(("file", _)) if is_local_allowed => file(url)?,
            None if url.starts_with('/') && is_local_allowed => Location::Local(url.into()),
            Some(("file", _)) | None if url.starts_with('/') || url.starts_with("file:") => {
                return invalid("repositories on the nodes' own machines are not allowed here; use https or ssh");
            }
            None if scp_like(url).is_some() => scp(url)?,
            _ => return invalid("the address must begin with https://, http:// or ssh://, or be user@host:path"),
        };
        Ok(Self { location, credentials: None, ssh: "ssh".into(), shown: url.to_owned() })
    }

    /// With a token, and the user that it is of, for https. Whoever can read what is sent can use it, so http takes it to
    /// this machine only.
    ///
    /// # Errors
    /// [`Fault::Invalid`] when they can't be sent.
    pub fn with_token(mut self, user: Option<&str>, token: &str) -> Result<Self, Fault> {
        let Location::Http(url) = &self.location else {
            return invalid("a token goes with https; with ssh, the keys and settings of the nodes' user count");
        };
        if url.scheme() != "https" && !is_this_machine(url) {
            return invalid("a token goes over https only, as http shows it to everybody on the way");
        }
        let user = user.filter(|user| !user.is_empty()).unwrap_or(USER);
        if token.is_empty() || !is_sound(token) || !is_sound(user) || user.contains(':') {
            return invalid(format!(
                "user and token are texts of {CREDENTIAL_BYTES_MAX} bytes at most, without control characters, the user without \
                 a colon, and the token isn't empty"
            ));
        }
        self.credentials = Some(Credentials { user: user.to_owned(), token: Zeroizing::new(token.to_owned()) });
        Ok(self)
    }

    /// With another program that is called as `ssh` is.
    #[must_use]
    pub fn with_ssh(mut self, program: impl Into<PathBuf>) -> Self {
        self.ssh = program.into();
        self
    }
}

pub(crate) fn invalid<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Invalid(message.into()))
}

/// Whether a user or a token can be one.
pub(crate) fn is_sound(text: &str) -> bool {
    text.len() <= CREDENTIAL_BYTES_MAX && !text.chars().any(char::is_control)
}

/// Checks what holds for every address.
pub(crate) fn check_text(url: &str) -> Result<(), Fault> {
    if url.len() > URL_BYTES_MAX {
        return invalid(format!("the address has {} bytes, and {URL_BYTES_MAX} is the limit", url.len()));
    }
    if url.chars().any(|char| char.is_control() || char.is_whitespace()) {
        return invalid("the address has blanks or control characters; write %20 for a blank");
    }
    Ok(())
}

fn parse(url: &str) -> Result<Url, Fault> {
    let parsed = Url::parse(url).or_else(|error| invalid(format!("the address can't be read: {error}")))?;
    if parsed.password().is_some() {
        return invalid("the address has a password; give it as the token, which isn't shown");
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return invalid("the address has a ? or a #, which is no part of one");
    }
    Ok(parsed)
}

pub(crate) fn http(url: &str) -> Result<Url, Fault> {
    let parsed = parse(url)?;
    if !parsed.username().is_empty() {
        return invalid("the address has a user; give it beside the token");
    }
    Ok(parsed)
}

fn ssh(url: &str) -> Result<Location, Fault> {
    let parsed = parse(url)?;
    let host = parsed.host_str().unwrap_or_default();
    // Git takes a home directory for what follows the first slash.
    let path = parsed.path();
    let path = if path.starts_with("/~") { &path[1..] } else { path };
    ssh_location(parsed.username(), host, parsed.port(), &decoded(path)?)
}

fn scp_like(url: &str) -> Option<(&str, &str)> {
    url.split_once(':').filter(|(host, _)| !host.is_empty() && !host.contains('/'))
}

fn scp(url: &str) -> Result<Location, Fault> {
    let (host, path) = scp_like(url).unwrap_or_default();
    let (user, host) = host.rsplit_once('@').unwrap_or(("", host));
    ssh_location(user, host, None, path)
}

/// All of it becomes arguments of a program, none of which may be taken for an option.
fn ssh_location(user: &str, host: &str, port: Option<u16>, path: &str) -> Result<Location, Fault> {
    let is_name = |text: &str, others: &str| {
        !text.starts_with('-') && text.chars().all(|char| char.is_ascii_alphanumeric() || others.contains(char))
    };
    if host.is_empty() || !is_name(host, ".-_:[]") || !is_name(user, ".-_+") {
        return invalid("the address has no host, or a host or user with characters that none has");
    }
    // `ext::…` has Git run a program.
    let is_other = path.starts_with('-') || path.starts_with(':') || path.chars().any(char::is_control);
    if path.is_empty() || path == "/" || is_other {
        return invalid("the address has no path of a repository");
    }
    // An IPv6 address is in brackets in an address, and not for the program.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = if user.is_empty() { host.to_owned() } else { format!("{user}@{host}") };
    Ok(Location::Ssh { host, port, path: path.to_owned() })
}

fn file(url: &str) -> Result<Location, Fault> {
    let parsed = parse(url)?;
    match parsed.host_str() {
        None | Some("" | "localhost") => Ok(Location::Local(decoded(parsed.path())?.into())),
        Some(_) => invalid("the address is of a file on another machine; use ssh"),
    }
}

/// With %XX as what they are.
fn decoded(path: &str) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, code.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).or_else(|_| invalid("the address has a path that is no text"))
}

fn is_this_machine(url: &Url) -> bool {
    is_at(url, |address| address.is_loopback())
}

/// Whether it is on this machine, or has an address of a private network.
pub(crate) fn is_near(url: &Url) -> bool {
    is_at(url, |address| match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    })
}

fn is_at(url: &Url, fits: impl Fn(IpAddr) -> bool) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(fits)
}
