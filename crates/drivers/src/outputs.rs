//! What a program that knows secrets has put out, searched for them before anybody reads it: outputs are kept in clear
//! text for ever.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::redact::Patterns;
use crate::secrets::Secrets;

/// Longer files are not searched, and count as if they held a secret. Whoever reads outputs takes less.
const BYTES_MAX: u64 = 1 << 20;

/// Why the outputs in a file must not be used; none when they may. `secrets` are those of the program, none when nobody
/// knows them any more. The program and all its descendants must have ended.
///
/// What must not be used is overwritten.
pub(crate) fn search(path: &Path, secrets: Option<&Secrets>) -> Option<String> {
    let fault = match secrets {
        Some(secrets) => match find(path, &secrets.patterns()) {
            Ok(None) => return None,
            Ok(Some(Found::Line(line))) => format!(
                "line {line} of the task's outputs holds a secret, and outputs are kept in clear text for ever; take it \
                 out, and let later tasks ask for the secret themselves"
            ),
            Ok(Some(Found::TooMuch)) => {
                format!("the task's outputs have more than {BYTES_MAX} bytes; put out less, or keep it as an object")
            }
            Err(error) => format!("the task's outputs can't be searched for its secrets: {error}"),
        },
        None => "the task's outputs are left out: the machine went down, and with it what must not be in them; run it \
                 again"
            .to_owned(),
    };
    match wipe(path) {
        Ok(()) => Some(fault),
        Err(error) => Some(format!("{fault} (what it wrote could not be overwritten: {error})")),
    }
}

enum Found {
    /// Counted from 1.
    Line(usize),
    TooMuch,
}

fn find(path: &Path, patterns: &Patterns) -> io::Result<Option<Found>> {
    let file = match open(OpenOptions::new().read(true), path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    // As much as is ever read, so that it never moves and leaves a copy behind.
    let room = usize::try_from(file.metadata()?.len().min(BYTES_MAX)).unwrap_or_default() + 1;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    file.take(BYTES_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > BYTES_MAX {
        return Ok(Some(Found::TooMuch));
    }
    // Whoever reads outputs takes CR LF for a line break, too.
    let plain = Zeroizing::new(without_returns(&text));
    let at = [&text, &plain].into_iter().find_map(|text| {
        let at = patterns.find(text)?;
        Some(text.iter().take(at).filter(|byte| **byte == b'\n').count() + 1)
    });
    Ok(at.map(Found::Line))
}

fn without_returns(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    for (index, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(index + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    plain
}

fn wipe(path: &Path) -> io::Result<()> {
    let mut file = match open(OpenOptions::new().write(true), path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let length = file.metadata()?.len();
    file.rewind()?;
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.flush()?;
    file.sync_all()?;
    file.set_len(0)
}

/// Opens a plain file. What a program leaves in its place is not followed, and not waited for.
fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("they are no file")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let env = [("TOKEN".to_owned(), Zeroizing::new("hunter2".to_owned()))];
        let files = [("key".to_owned(), Zeroizing::new(b"first\nother".to_vec()))];
        Secrets { env: env.into(), files: files.into() }
    }

    fn verdict(text: &str) -> (Option<String>, String) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outputs");
        std::fs::write(&path, text).unwrap();
        let fault = search(&path, Some(&secrets()));
        (fault, std::fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn what_holds_no_secret_stays() {
        for text in ["", "A=1\nB<<END\nhunter\n2\nEND\n", "A=hunter 2\n"] {
            assert_eq!(verdict(text), (None, text.to_owned()));
        }
        assert_eq!(search(Path::new("/nowhere/outputs"), Some(&secrets())), None, "nothing was put out");
    }

    #[test]
    fn what_holds_a_secret_in_some_form_is_refused_and_gone() {
        for (text, line) in [
            ("A=hunter2", 1),
            ("A=1\nB=xhunter2y\n", 2),
            ("A=aHVudGVyMg==\n", 1),
            ("A=1\n\nB<<END\nfirst\nother\nEND\n", 4),
            ("A<<END\nfirst\r\nother\r\nEND\n", 2),
        ] {
            let (fault, left) = verdict(text);
            let fault = fault.unwrap_or_else(|| panic!("{text:?} passed"));
            assert!(fault.contains(&format!("line {line} of")) && !fault.contains("hunter2"), "{text:?}: {fault}");
            assert_eq!(left, "");
        }
    }

    #[test]
    fn what_can_t_be_searched_is_refused() {
        let (fault, left) = verdict(&"x".repeat(1 + (1 << 20)));
        assert!(fault.unwrap().contains("1048576 bytes"));
        assert_eq!(left, "");
        let dir = tempfile::tempdir().unwrap();
        let (target, path) = (dir.path().join("target"), dir.path().join("outputs"));
        std::fs::write(&target, "A=1\n").unwrap();
        assert!(search(&target, None).unwrap().contains("machine went down"));
        assert_eq!(std::fs::read(&target).unwrap(), b"");
        std::fs::write(&target, "hunter2").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(search(&path, Some(&secrets())).unwrap().contains("can't be searched"));
        assert_eq!(std::fs::read(&target).unwrap(), b"hunter2", "what is elsewhere is left alone");
        std::fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(search(&path, Some(&secrets())).is_some(), "a pipe is not waited for");
    }
}
