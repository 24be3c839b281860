//! Secrets on their way into a program: in memory, through a pipe, and as files of a memory file system. Never on a disk.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::redact::Patterns;

/// The variable that names the directory of secret files.
pub(crate) const DIR_VARIABLE: &str = "GOFER_SECRETS_DIR";
/// Where memory file systems are.
const MEMORY: &str = "/dev/shm";
/// Kinds of file systems that keep nothing on a disk.
const MEMORY_KINDS: [i64; 2] = [0x0102_1994, 0x8584_58f6];
/// Most bytes that go through the pipe to a shim.
const BYTES_MAX: usize = 16 << 20;
const HEADER: &[u8] = b"gofer secrets 1\n";

/// The secrets of one launch.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// Variables of the environment.
    pub env: BTreeMap<String, Zeroizing<String>>,
    /// Files by their plain names.
    pub files: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let env: Vec<&String> = self.env.keys().collect();
        let files: Vec<&String> = self.files.keys().collect();
        f.debug_struct("Secrets").field("env", &env).field("files", &files).finish()
    }
}

impl Secrets {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.env.is_empty() && self.files.is_empty()
    }

    fn values(&self) -> impl Iterator<Item = &[u8]> {
        let env = self.env.values().map(|value| value.as_bytes());
        env.chain(self.files.values().map(|value| &value[..]))
    }

    /// What output must not hold.
    pub(crate) fn patterns(&self) -> Arc<Patterns> {
        Patterns::of(self.values())
    }

    /// What goes through the pipe to a shim.
    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let length = self.values().map(<[u8]>::len).sum::<usize>() + 4_096;
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        bytes.extend_from_slice(HEADER);
        let env = self.env.iter().map(|(name, value)| (0, name, value.as_bytes()));
        let files = self.files.iter().map(|(name, value)| (1, name, &value[..]));
        for (kind, name, value) in env.chain(files) {
            bytes.push(kind);
            put(&mut bytes, name.as_bytes());
            put(&mut bytes, value);
        }
        // An end, so that a part is not taken for the whole.
        bytes.push(2);
        bytes
    }

    /// The same, read back; none when it is not whole.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(HEADER)?;
        let mut secrets = Self::default();
        loop {
            let (kind, after) = rest.split_first()?;
            rest = after;
            if *kind == 2 {
                return rest.is_empty().then_some(secrets);
            }
            let name = std::str::from_utf8(take(&mut rest)?).ok()?.to_owned();
            let value = take(&mut rest)?;
            match kind {
                0 => _ = secrets.env.insert(name, Zeroizing::new(std::str::from_utf8(value).ok()?.to_owned())),
                1 => _ = secrets.files.insert(name, Zeroizing::new(value.to_vec())),
                _ => return None,
            }
        }
    }

    /// Reads what a launcher wrote, to its end.
    pub(crate) fn receive(mut from: impl io::Read) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(Vec::new());
        let mut piece = Zeroizing::new([0; 4_096]);
        loop {
            match from.read(&mut piece[..]) {
                Ok(0) => return Ok(bytes),
                Ok(_) if bytes.len() > BYTES_MAX => return Err(io::Error::other("there are too many secrets")),
                Ok(length) => extend(&mut bytes, piece.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Grows without leaving a copy behind.
fn extend(bytes: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    if bytes.len() + more.len() > bytes.capacity() {
        let mut roomy = Zeroizing::new(Vec::with_capacity((bytes.len() + more.len()) * 2));
        roomy.extend_from_slice(bytes);
        *bytes = roomy;
    }
    bytes.extend_from_slice(more);
}

fn put(bytes: &mut Vec<u8>, value: &[u8]) {
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(value);
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (value, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    *rest = after;
    Some(value)
}

/// The directory of a launch's secret files. Its name follows from the launch directory, so whoever cleans up finds it.
#[derive(Clone, Debug)]
pub(crate) struct SecretDir {
    outer: PathBuf,
}

impl SecretDir {
    pub(crate) fn of(launch: &Path) -> Self {
        let digest = Sha256::digest(launch.as_os_str().as_encoded_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { outer: Path::new(MEMORY).join(format!("gofer-{name}")) }
    }

    /// Where the files are.
    pub(crate) fn files(&self) -> PathBuf {
        self.outer.join("files")
    }

    /// Makes the directory with its files; whatever an earlier try left goes first. Only this user gets through the outer
    /// directory. Behind it, `shared` lets everybody read, for containers whose program is another user.
    pub(crate) fn create(&self, secrets: &Secrets, shared: bool) -> io::Result<()> {
        let kind = rustix::fs::statfs(MEMORY).map(|stat| stat.f_type).unwrap_or_default();
        if !MEMORY_KINDS.contains(&kind) {
            return Err(io::Error::other(format!("{MEMORY} is no memory file system; mount a tmpfs there")));
        }
        self.remove()?;
        let (dir_mode, file_mode) = if shared { (0o755, 0o444) } else { (0o700, 0o400) };
        DirBuilder::new().mode(0o700).create(&self.outer)?;
        let files = self.files();
        fs::create_dir(&files)?;
        for (name, value) in &secrets.files {
            write(&files.join(name), value, file_mode)?;
        }
        // Past the process's mask.
        fs::set_permissions(&files, std::os::unix::fs::PermissionsExt::from_mode(dir_mode))
    }

    /// Keeps the values for whoever goes on with the output of the launch.
    pub(crate) fn keep_values(&self, secrets: &Secrets) -> io::Result<()> {
        write(&self.outer.join("values"), &secrets.encode(), 0o400)
    }

    /// The values that were kept; none after the machine went down.
    pub(crate) fn values(&self) -> io::Result<Option<Secrets>> {
        match OpenOptions::new().read(true).open(self.outer.join("values")) {
            Ok(file) => Ok(Secrets::decode(&Secrets::receive(file)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes it with all that is in it. One that somebody else made is left alone.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match fs::symlink_metadata(&self.outer) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(found) if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() => {
                Err(io::Error::other(format!("{} was made by somebody else; remove it", self.outer.display())))
            }
            Ok(_) => match fs::remove_dir_all(&self.outer) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            },
        }
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Secrets {
        let env = [("TOKEN".to_owned(), Zeroizing::new("hunter2".to_owned()))];
        let files = [("key".to_owned(), Zeroizing::new(vec![0, 255, 10]))];
        Secrets { env: env.into(), files: files.into() }
    }

    #[test]
    fn secrets_go_through_a_pipe_whole_or_not_at_all() {
        for secrets in [some(), Secrets::default()] {
            let bytes = secrets.encode();
            assert_eq!(Secrets::decode(&Secrets::receive(&bytes[..]).unwrap()), Some(secrets));
            for cut in 0..bytes.len() {
                assert_eq!(Secrets::decode(&bytes[..cut]), None, "cut to {cut}");
            }
        }
        assert!(!format!("{:?}", some()).contains("hunter2"));
        gofer_fuzz::fuzz("secrets", &[some().encode().to_vec()], |bytes| drop(Secrets::decode(bytes)));
    }

    #[test]
    fn files_are_for_their_user_alone_and_go_as_a_whole() {
        let launch = tempfile::tempdir().unwrap();
        let dir = SecretDir::of(launch.path());
        dir.create(&some(), false).unwrap();
        dir.create(&some(), false).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&dir.outer), mode(&dir.files()), mode(&dir.files().join("key"))), (0o700, 0o700, 0o400));
        assert_eq!(fs::read(dir.files().join("key")).unwrap(), [0, 255, 10]);
        assert_eq!(dir.values().unwrap(), None);
        dir.create(&some(), true).unwrap();
        dir.keep_values(&some()).unwrap();
        assert_eq!((mode(&dir.outer), mode(&dir.files()), mode(&dir.files().join("key"))), (0o700, 0o755, 0o444));
        assert_eq!(dir.values().unwrap(), Some(some()));
        dir.remove().unwrap();
        dir.remove().unwrap();
        assert!(!dir.outer.exists());
        std::os::unix::fs::symlink(launch.path(), &dir.outer).unwrap();
        assert!(dir.create(&some(), false).is_err(), "a trap is not walked into");
        fs::remove_file(&dir.outer).unwrap();
    }
}
