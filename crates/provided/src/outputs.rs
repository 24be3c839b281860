//! What a task puts out for later ones.

use std::io::Write as _;

use crate::failure::{Failure, say};
use crate::settings::Settings;

/// Puts values out, and says them. They are single lines.
pub(crate) fn put(settings: &Settings, outputs: &[(&str, &str)]) -> Result<(), Failure> {
    let mut lines = String::new();
    for (name, value) in outputs {
        say(&format!("{name}={value}"));
        lines.push_str(&format!("{name}={value}\n"));
    }
    let path = settings.text("GOFER_OUTPUTS")?;
    if path.is_empty() {
        return Ok(());
    }
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(lines.as_bytes())).map_err(|error| {
        Failure::new(format!("the outputs can't be written to {path}: {error}"), "look at the node's disk")
    })
}
