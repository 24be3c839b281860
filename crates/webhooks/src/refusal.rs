//! Why a request is none of a sender that has the secret.

use std::fmt;

/// Why a request was refused. Its text may be shown to whoever sent it: it has no part of a secret, of a right signature,
/// or of what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The header that has the signature, or the token, isn't there.
    MissingSignature {
        /// Its name.
        header: &'static str,
    },
    /// No secret of the hook has made this signature of this body, or is this token.
    WrongSignature,
    /// The signature is right, and of another time.
    Stale {
        /// How many seconds old it is; negative where it is of the future.
        seconds: i64,
    },
    /// The request isn't what the scheme says.
    Malformed {
        /// What is wrong with it.
        what: String,
    },
}

impl Refusal {
    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed { what: what.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingSignature { header } => {
                write!(f, "the request has no header {header}; give the sender the secret of this hook")
            }
            Self::WrongSignature => f.write_str(
                "no secret of this hook fits the request; give the sender the same one, and let nothing on the way change \
                 the body",
            ),
            Self::Stale { seconds } if *seconds < 0 => {
                write!(f, "the signature is of {} seconds from now; set the sender's clock", seconds.unsigned_abs())
            }
            Self::Stale { seconds } => {
                write!(f, "the signature is {seconds} seconds old; sign again before sending again, and set the clocks")
            }
            Self::Malformed { what } => f.write_str(what),
        }
    }
}

impl std::error::Error for Refusal {}
