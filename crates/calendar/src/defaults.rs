//! What holds for a schedule that does not say it.

use std::time::Duration;

use gofer_domain::schedule::CatchUp;

/// How late a slot may be started before it counts as missed: the election of a new leader takes less.
pub const GRACE: Duration = Duration::from_secs(60);
/// What is done about missed slots: a backup or a report that comes late is still wanted, and not five times.
pub const CATCH_UP: CatchUp = CatchUp::Latest;
/// The time zone.
pub const ZONE: &str = "UTC";
