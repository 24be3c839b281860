//! What can go wrong.

/// The plug-in can't go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was not told where the cluster is, or who it is.
    #[error("{0}")]
    Configuration(String),
    /// The cluster does not take it: the trigger is not installed, the token is another, or what it says of itself is not
    /// valid.
    #[error("the cluster does not take the plug-in: {0}")]
    Refused(String),
}

/// Why an event was not taken. All but `Invalid` end the watch, which begins anew if the subscription is still there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The subscription has changed, is gone, or its cursor is elsewhere.
    #[error("the subscription is not what it was: {0}")]
    Changed(String),
    /// The events are not valid: a key too long, a payload too large.
    #[error("the events are not valid: {0}")]
    Invalid(String),
    /// The plug-in is being stopped.
    #[error("the plug-in is being stopped")]
    Stopped,
}

/// Why a watch has ended: whatever its trigger could not cope with.
pub type WatchError = Box<dyn std::error::Error + Send + Sync>;
