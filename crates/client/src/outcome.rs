//! What a caller can know of a write.

use uuid::Uuid;

use crate::error::{Error, Rejected, reasons};

/// What a caller can know of a write: one of three.
#[derive(Clone, Debug)]
#[must_use = "a change may have been rejected, or be unknown"]
pub enum Outcome<T> {
    /// The change was made, and is not lost again.
    Committed(Committed<T>),
    /// The change was not made, and asking again with the same request id does not make it.
    Rejected(Box<Rejected>),
    /// The change may or may not have been made; asking again with the same request id tells.
    Unknown(Unknown),
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed<T> {
    /// The node's answer.
    pub value: T,
    /// Of the last event of the change.
    pub revision: u64,
}

/// A write whose answer was lost, or never came.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}{}", if *sent { "it is unknown whether the change was made" } else { "nothing was changed" }, reasons(tried))]
pub struct Unknown {
    /// To be sent with the same request again.
    pub request_id: Uuid,
    /// Whether a node may have got the request. If not, nothing was changed.
    pub sent: bool,
    /// Addresses, and how each of them failed last.
    pub tried: Vec<(String, String)>,
}

impl<T> Outcome<T> {
    /// The outcome as a value or an error.
    ///
    /// # Errors
    /// `Rejected`, or `Unknown` also when nothing was sent.
    pub fn result(self) -> Result<T, Error> {
        match self {
            Self::Committed(committed) => Ok(committed.value),
            Self::Rejected(rejected) => Err(Error::Rejected(rejected)),
            Self::Unknown(Unknown { request_id, tried, .. }) => {
                Err(Error::Unknown { tried, request_id: Some(request_id) })
            }
        }
    }

    pub(crate) fn of(request_id: Uuid, answer: Result<T, Error>, revision: impl Fn(&T) -> u64) -> Self {
        match answer {
            Ok(value) => Self::Committed(Committed { revision: revision(&value), value }),
            Err(Error::Rejected(rejected)) => Self::Rejected(rejected),
            Err(Error::Unreachable { tried }) => Self::Unknown(Unknown { request_id, sent: false, tried }),
            Err(Error::Unknown { tried, .. }) => Self::Unknown(Unknown { request_id, sent: true, tried }),
            // Calls of a client that exists don't end so; if one did, this would be the careful answer.
            Err(Error::Invalid(why)) => {
                Self::Unknown(Unknown { request_id, sent: true, tried: vec![(String::new(), why)] })
            }
        }
    }
}
