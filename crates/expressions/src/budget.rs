//! How much work is left for an event.

use crate::WORK_MAX;

/// Bytes of text that are one unit of work.
const BYTES_A_UNIT: usize = 16;

/// Why an evaluation ended without a value.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// What was asked for makes no sense with these values. `&&`, `||`, `all` and `exists` may not need it.
    Failed(String),
    /// There is no work left, whatever else is asked for.
    Exhausted,
}

impl Trouble {
    pub(crate) fn message(self) -> String {
        match self {
            Self::Failed(message) => message,
            Self::Exhausted => format!(
                "takes more than the {WORK_MAX} units of work that the expressions of a subscription have for an event \
                 together; look at less of the payload, or at shorter texts"
            ),
        }
    }
}

/// What is left of [`WORK_MAX`].
#[derive(Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(WORK_MAX)
    }

    /// Takes units for work that is about to be done.
    pub(crate) fn spend(&mut self, units: usize) -> Result<(), Trouble> {
        self.0 = self.0.checked_sub(units as u64).ok_or(Trouble::Exhausted)?;
        Ok(())
    }

    /// Takes what looking at a text, or making one, costs.
    pub(crate) fn spend_bytes(&mut self, bytes: usize) -> Result<(), Trouble> {
        self.spend(1 + bytes / BYTES_A_UNIT)
    }

    /// An error. Its text is made even where nobody will read it, which isn't free.
    pub(crate) fn fail<T>(&mut self, message: impl FnOnce() -> String) -> Result<T, Trouble> {
        self.spend(10)?;
        Err(Trouble::Failed(message()))
    }
}
