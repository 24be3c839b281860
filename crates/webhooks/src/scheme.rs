//! By what a sender proves that it has the secret.

use std::fmt;
use std::str::FromStr;

/// How requests are authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `X-Hub-Signature-256`: `sha256=` and the HMAC-SHA256 of the body in hex. GitHub signs so, Gitea and Forgejo, too.
    ///
    /// The key is the digest of the body, the kind is `X-GitHub-Event`.
    Github,
    /// `X-Gitlab-Token`, which is the secret itself; or, where the hook has a signing token, `webhook-signature` as in
    /// [`Scheme::Standard`].
    ///
    /// The key is the signed `webhook-id`; if nothing is signed, `Idempotency-Key`, or else the digest of the body and of
    /// `X-Gitlab-Event-UUID`. The kind is `X-Gitlab-Event` in the form of GitLab's own `object_kind`: `Tag Push Hook` is
    /// `tag_push`.
    Gitlab,
    /// [Standard Webhooks](https://www.standardwebhooks.com): `webhook-signature`, a list of `v1,` and the HMAC-SHA256 of
    /// `ID.TIMESTAMP.BODY` in base64. The secret is base64, after `whsec_` if that is there.
    ///
    /// The key is the signed `webhook-id`, the kind is `X-Gofer-Event`.
    Standard,
    /// `X-Gofer-Signature`: `t=UNIX,v1=HEX`, the HMAC-SHA256 of `t.BODY`, of which there may be several.
    ///
    /// The key is the digest of what is signed, so whoever tries again sends the same `t`. The kind is `X-Gofer-Event`.
    Hmac,
    /// `Authorization`: `Bearer` and the secret, for senders that can't sign.
    ///
    /// The key is `Idempotency-Key`, or else the digest of the body. The kind is `X-Gofer-Event`.
    Token,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Github, Self::Gitlab, Self::Standard, Self::Hmac, Self::Token];

    /// Its name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Standard => "standard",
            Self::Hmac => "hmac",
            Self::Token => "token",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no such scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownScheme;

impl fmt::Display for UnknownScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no such scheme; there are github, gitlab, standard, hmac and token")
    }
}

impl std::error::Error for UnknownScheme {}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(text: &str) -> Result<Self, UnknownScheme> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == text).ok_or(UnknownScheme)
    }
}
