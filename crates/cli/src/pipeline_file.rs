//! Pipeline files: TOML or JSON on one side, the configuration on the wire on the other.
//!
//! Reading reports the place of a fault; which configurations make sense (cycles, limits) is for the server to say, and
//! for the rules of `gofer-sdk` where no server is asked. This module must not know of connections or terminals.

mod check;
mod convert;
pub(crate) mod document;
pub(crate) mod fault;
mod places;
#[cfg(test)]
mod tests;
pub(crate) mod values;

use std::io::Read;
use std::path::Path;

use gofer_wire::model::v1::PipelineConfig;

use document::{Document, Version};
pub use fault::{Fault, FaultKind};

/// Largest pipeline file, in bytes.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How a pipeline file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Toml,
    Json,
}

impl Format {
    /// By the extension of the path; without a known one, by the first character of the text.
    #[must_use]
    pub fn of(path: &Path, text: &str) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) if extension.eq_ignore_ascii_case("toml") => Self::Toml,
            Some(extension) if extension.eq_ignore_ascii_case("json") => Self::Json,
            _ if text.trim_start().starts_with('{') => Self::Json,
            _ => Self::Toml,
        }
    }
}

/// A pipeline file that was read.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// What a cluster is asked to register.
    pub config: PipelineConfig,
    /// How the file is written.
    pub format: Format,
    /// The same as plain data, with the places where a program, or a file in TOML, declares its tasks.
    pub declared: gofer_sdk::config::PipelineConfig,
}

impl Pipeline {
    /// Where its author declared what a field belongs to, such as `tasks.build.image`.
    #[must_use]
    pub fn source(&self, field: &str) -> Option<&gofer_sdk::Source> {
        check::source(&self.declared, field)
    }
}

/// Reads a pipeline file; `-` is standard input.
///
/// # Errors
/// When it can't be read, is larger than [`FILE_BYTES_MAX`], is not UTF-8, or is not a pipeline file; the fault names
/// the place.
pub fn load(path: &Path) -> Result<Pipeline, Box<Fault>> {
    let text = read(path)?;
    let format = Format::of(path, &text);
    parse(path, &text, format)
}

/// Reads the text of a pipeline file; `path` is only for messages.
///
/// # Errors
/// When the text is not a pipeline file; the fault names the place.
pub fn parse(path: &Path, text: &str, format: Format) -> Result<Pipeline, Box<Fault>> {
    let document: Result<Document, Box<Fault>> = match format {
        Format::Toml => toml::from_str(text).map_err(|error| {
            let place = error.span().map(|span| fault::place(text, span.start));
            Fault::at(path, text, place, error.message())
        }),
        Format::Json => serde_json::from_str(text).map_err(|error| {
            let whole = error.to_string();
            let suffix = format!(" at line {} column {}", error.line(), error.column());
            let place = (error.line() > 0).then(|| (error.line(), error.column().max(1)));
            Fault::at(path, text, place, whole.strip_suffix(&suffix).unwrap_or(&whole))
        }),
    };
    let document = document?;
    if let Some((message, help)) = document.tasks.0.iter().find_map(|(id, task)| task.contradiction(id)) {
        return Err(Fault::whole(path, FaultKind::Content, &message, help));
    }
    let mut declared = check::declared(&document);
    if format == Format::Toml {
        places::fill(path, text, &mut declared);
    }
    Ok(Pipeline { declared, config: document.into(), format })
}

/// The one way to write a configuration: fields in a fixed order, nothing that is a default, a final newline. JSON begins
/// with the version of the format.
///
/// # Errors
/// When the configuration can't be expressed, which no configuration of the current version does.
pub fn canonical(config: &PipelineConfig, format: Format) -> Result<String, Box<Fault>> {
    let version = (format == Format::Json).then_some(Version(gofer_sdk::FORMAT));
    let document = Document { format: version, ..Document::from(config) };
    let written = match format {
        Format::Toml => toml::to_string_pretty(&document).map_err(|error| error.to_string()),
        Format::Json => serde_json::to_string_pretty(&document).map_err(|error| error.to_string()),
    };
    let mut text = written.map_err(|why| {
        let message = format!("the configuration can't be written as a file: {why}");
        Fault::whole(config.id.as_ref(), FaultKind::Content, &message, "use a newer version of this program")
    })?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

pub(crate) fn read(path: &Path) -> Result<String, Box<Fault>> {
    let unreadable = |error: std::io::Error| {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "make the file readable for you",
            _ => "check the file and its disk",
        };
        Fault::whole(path, FaultKind::Unreadable, &format!("it can't be read: {error}"), help)
    };
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        let message = format!("it is larger than {FILE_BYTES_MAX} bytes, the limit of a pipeline file");
        return Err(Fault::whole(path, FaultKind::TooLarge, &message, "move long scripts and data into the images"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let message = format!("it is not UTF-8: byte {} belongs to no character", error.utf8_error().valid_up_to());
        Fault::whole(path, FaultKind::Content, &message, "save it as UTF-8")
    })
}
