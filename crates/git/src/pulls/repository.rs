//! Where pull requests are asked for, and as whom.

use std::fmt;

use reqwest::Url;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::Fault;
use crate::remote::{check_text, http, invalid, is_near, is_sound};

/// Longest name of an owner or a repository, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// Pull requests of one page; the API gives no more at a time.
pub(super) const PAGE: usize = 100;

/// The address of an API.
#[derive(Clone, Debug)]
pub struct Api(Url);

impl Api {
    /// An API by its address, such as `https://api.github.com` or `https://github.example.com/api/v3`. Over http, others
    /// could read the token, so it goes to this machine and to addresses of private networks only.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for any other address, and for one with a user or a password, which would be shown wherever it is.
    pub fn new(url: &str) -> Result<Self, Fault> {
        check_text(url)?;
        let url = match url.split_once("://") {
            Some(("https" | "http", _)) => http(url)?,
            _ => return invalid("the address must begin with https://"),
        };
        if url.scheme() != "https" && !is_near(&url) {
            return invalid("http is for this machine and addresses of private networks, such as 10.0.0.1; use https");
        }
        Ok(Self(url))
    }
}

/// A repository, by the API that knows its pull requests.
#[derive(Clone)]
pub struct Repository {
    api: Url,
    owner: String,
    name: String,
    pub(super) token: Option<Zeroizing<String>>,
}

/// Without its token.
impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Repository").field(&self.to_string()).finish()
    }
}

/// Its address at the API.
impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/repos/{}/{}", self.api.as_str().trim_end_matches('/'), self.owner, self.name)
    }
}

impl Repository {
    /// A repository by its name, `OWNER/NAME`.
    ///
    /// # Errors
    /// [`Fault::Invalid`] when it has no such name.
    pub fn new(api: Api, name: &str) -> Result<Self, Fault> {
        let is_name = |text: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(allowed) && text != "." && text != ".."
        };
        match name.split_once('/').filter(|(owner, name)| is_name(owner) && is_name(name)) {
            Some((owner, name)) => Ok(Self { api: api.0, owner: owner.to_owned(), name: name.to_owned(), token: None }),
            None => invalid("it is no OWNER/NAME, such as octocat/hello-world"),
        }
    }

    /// With a token.
    ///
    /// # Errors
    /// [`Fault::Invalid`] when it can't be sent.
    pub fn with_token(mut self, token: &str) -> Result<Self, Fault> {
        if token.is_empty() || !is_sound(token) {
            return invalid("the token is empty, too long, or has control characters");
        }
        self.token = Some(Zeroizing::new(token.to_owned()));
        Ok(self)
    }

    /// Owner and name.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// What tells whoever is asked, and as whom, from others: limits hold for all that is asked so.
    #[must_use]
    pub fn account(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.api.origin().ascii_serialization());
        digest.update([0]);
        digest.update(self.token.as_ref().map(|token| token.as_bytes()).unwrap_or_default());
        digest.finalize().into()
    }

    /// What tells this repository from others. Names that differ in case only are the same.
    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.to_string().to_ascii_lowercase()).into()
    }

    /// The address of a page of those that are open, the oldest first, so that new ones don't shift the others.
    pub(super) fn page(&self, number: usize) -> Url {
        let mut url = self.address(None);
        let (size, number) = (PAGE.to_string(), number.to_string());
        let query =
            [("state", "open"), ("sort", "created"), ("direction", "asc"), ("per_page", &size), ("page", &number)];
        url.query_pairs_mut().extend_pairs(query);
        url
    }

    /// The address of one.
    pub(super) fn pull(&self, number: u64) -> Url {
        self.address(Some(number))
    }

    fn address(&self, number: Option<u64>) -> Url {
        let mut url = self.api.clone();
        // Only addresses such as `data:…` have no segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["repos", &self.owner, &self.name, "pulls"]);
            segments.extend(number.map(|number| number.to_string()));
        }
        url
    }
}
