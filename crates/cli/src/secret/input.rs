//! Where a value comes from. Never from an argument: those are in the history of shells and in lists of processes.

use std::fs::File;
use std::io::{self, BufRead as _, IsTerminal as _, Read, Write as _};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::error::Error;

/// Longest value, in bytes, as the cluster has it.
const BYTES_MAX: u64 = 64 * 1024;
/// What a terminal that sends no signals sends for an interrupt.
const INTERRUPT: char = '\u{3}';

/// Reads a value from a file, from standard input, or from whoever sits at the terminal.
pub(super) fn read(file: Option<&Path>) -> Result<Vec<u8>, Error> {
    let value = match file {
        Some(path) => {
            let shown = path.display().to_string();
            let opened = File::open(path).and_then(limited);
            opened.map_err(|error| unreadable(&format!("can't read {shown}: {error}")))?
        }
        None if io::stdin().is_terminal() => ask()?.into_bytes(),
        None => {
            let read = limited(io::stdin().lock());
            without_break(read.map_err(|error| unreadable(&format!("can't read standard input: {error}")))?)
        }
    };
    if value.is_empty() {
        return Err(unreadable("the value is empty"));
    }
    if value.len() as u64 > BYTES_MAX {
        return Err(unreadable(&format!("the value is longer than {BYTES_MAX} bytes")));
    }
    Ok(value)
}

fn limited(from: impl Read) -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    from.take(BYTES_MAX + 3).read_to_end(&mut value)?;
    Ok(value)
}

/// Programs that print a value end it with a line break that is not part of it.
fn without_break(mut value: Vec<u8>) -> Vec<u8> {
    if value.last() == Some(&b'\n') {
        value.pop();
        if value.last() == Some(&b'\r') {
            value.pop();
        }
    }
    value
}

fn unreadable(message: &str) -> Error {
    let help = "give the value in a file with --from-file, or on standard input".to_owned();
    Error::Usage { message: message.to_owned(), help }
}

/// Asks twice, without showing what is typed.
fn ask() -> Result<String, Error> {
    let failed = |error: io::Error| unreadable(&format!("can't ask for the value: {error}"));
    let hidden = Hidden::new().map_err(failed)?;
    let (first, second) = (prompt("Value: "), prompt("Again: "));
    drop(hidden);
    let (first, second) = (first.map_err(failed)?, second.map_err(failed)?);
    if first.contains(INTERRUPT) || second.contains(INTERRUPT) {
        return Err(Error::Interrupted);
    }
    if first != second {
        return Err(unreadable("the two values differ"));
    }
    Ok(first)
}

fn prompt(text: &str) -> io::Result<String> {
    let mut stderr = io::stderr();
    write!(stderr, "{text}")?;
    stderr.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    writeln!(stderr)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.to_owned())
}

/// A terminal that shows nothing, and whose keys send no signals: those would leave it like that.
struct Hidden(Termios);

impl Hidden {
    fn new() -> io::Result<Self> {
        let was = tcgetattr(io::stdin())?;
        let mut quiet = was.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self(was))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_is_none_of_the_value() {
        for (given, value) in [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("a", "a"), ("\n", ""), ("a\r", "a\r")] {
            assert_eq!(without_break(given.as_bytes().to_vec()), value.as_bytes());
        }
    }

    #[test]
    fn a_file_is_read_byte_for_byte_up_to_a_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("value");
        std::fs::write(&path, b"\0\xffa\n").unwrap();
        assert_eq!(read(Some(&path)).unwrap(), b"\0\xffa\n");
        std::fs::write(&path, vec![1; 64 * 1024 + 1]).unwrap();
        assert!(read(Some(&path)).unwrap_err().to_string().contains("longer"));
        std::fs::write(&path, b"").unwrap();
        assert!(read(Some(&path)).unwrap_err().to_string().contains("empty"));
        assert!(read(Some(&dir.path().join("none"))).unwrap_err().to_string().contains("can't read"));
    }
}
