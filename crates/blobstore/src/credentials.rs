//! Credentials of a bucket: of a file, which is read again when it changes, or of the environment. They are nowhere else,
//! and are never shown.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;

use crate::error::Error;

/// Largest file of credentials.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Credentials of a file in the form that Amazon's tools use: `aws_access_key_id = …` and `aws_secret_access_key = …`,
/// below `[default]` or without any heading.
pub(crate) struct FileCredentials {
    path: PathBuf,
    /// The credentials, and when the file they came from was changed.
    read: Mutex<Option<(SystemTime, Arc<AwsCredential>)>>,
}

impl FileCredentials {
    /// Reads the file, so that a wrong one is found at once.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let credentials = Self { path: path.to_owned(), read: Mutex::new(None) };
        credentials.current()?;
        Ok(credentials)
    }

    fn current(&self) -> Result<Arc<AwsCredential>, Error> {
        let failed = |error: std::io::Error| Error::Config(format!("can't read {}: {error}", self.path.display()));
        let file = File::open(&self.path).map_err(failed)?;
        let changed = file.metadata().and_then(|file| file.modified()).map_err(failed)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, known)) = &*read
            && *at == changed
        {
            return Ok(known.clone());
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
        let parsed = if text.len() as u64 > FILE_BYTES_MAX {
            Err(format!("has more than {FILE_BYTES_MAX} bytes"))
        } else {
            parse(&text)
        };
        let found = Arc::new(parsed.map_err(|why| Error::Config(format!("{} {why}", self.path.display())))?);
        *read = Some((changed, found.clone()));
        Ok(found)
    }
}

impl fmt::Debug for FileCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileCredentials").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialProvider for FileCredentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        self.current().map_err(|error| object_store::Error::Generic { store: "credentials", source: Box::new(error) })
    }
}

/// Credentials of variables, as `lookup` finds them; none when neither is set.
pub(crate) fn of_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<AwsCredential>, Error> {
    let some = |name: &str| lookup(name).filter(|value| !value.is_empty());
    let token = some("AWS_SESSION_TOKEN");
    match (some("AWS_ACCESS_KEY_ID"), some("AWS_SECRET_ACCESS_KEY")) {
        (None, None) => Ok(None),
        (Some(key_id), Some(secret_key)) => Ok(Some(AwsCredential { key_id, secret_key, token })),
        (Some(_), None) => Err(Error::Config("AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not".into())),
        (None, Some(_)) => Err(Error::Config("AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not".into())),
    }
}

/// What is wrong is said without what is there.
fn parse(text: &str) -> Result<AwsCredential, String> {
    let (mut key_id, mut secret_key, mut token) = (None, None, None);
    let mut is_ours = true;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(heading) = line.strip_prefix('[') {
            is_ours = heading.trim_end_matches(']').trim() == "default";
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(format!("has a line {} without \"=\"", index + 1));
        };
        let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        match name.trim() {
            "aws_access_key_id" if is_ours => key_id = value,
            "aws_secret_access_key" if is_ours => secret_key = value,
            "aws_session_token" if is_ours => token = value,
            _ => {}
        }
    }
    match (key_id, secret_key) {
        (Some(key_id), Some(secret_key)) => Ok(AwsCredential { key_id, secret_key, token }),
        _ => Err("needs aws_access_key_id = … and aws_secret_access_key = … below [default]".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    const FILE: &str = "# a comment\n[other]\naws_access_key_id = no\naws_secret_access_key = no\n\n[default]\n\
                        region = x\naws_access_key_id = id\naws_secret_access_key=a=b\n";

    #[test]
    fn files_of_amazons_form_are_read() {
        let found = parse(FILE).unwrap();
        assert_eq!((found.key_id.as_str(), found.secret_key.as_str(), found.token), ("id", "a=b", None));
        let bare = parse("aws_access_key_id=id\naws_secret_access_key=x\naws_session_token = t").unwrap();
        assert_eq!(bare.token.as_deref(), Some("t"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for (text, why) in [
            ("", "needs aws_access_key_id"),
            ("[other]\naws_access_key_id=a\naws_secret_access_key=sesame", "needs aws_access_key_id"),
            ("aws_access_key_id=a\naws_secret_access_key=", "needs aws_access_key_id"),
            ("aws_access_key_id=a\nsesame", "a line 2 without"),
        ] {
            let fault = parse(text).unwrap_err();
            assert!(fault.contains(why) && !fault.contains("sesame"), "{text:?}: {fault}");
        }
    }

    #[test]
    fn a_file_is_read_again_when_it_changes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), FILE).unwrap();
        let credentials = FileCredentials::open(file.path()).unwrap();
        assert!(!format!("{credentials:?}").contains("a=b"));
        fs::write(file.path(), FILE.replace("a=b", "new")).unwrap();
        file.as_file().set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
        assert_eq!(credentials.current().unwrap().secret_key, "new");
        fs::write(file.path(), vec![b'#'; 1 << 17]).unwrap();
        file.as_file().set_modified(SystemTime::now() + Duration::from_secs(9)).unwrap();
        assert!(credentials.current().unwrap_err().to_string().contains("more than 65536"));
        assert!(FileCredentials::open(Path::new("/no/such")).unwrap_err().to_string().contains("can't read /no/such"));
    }

    #[test]
    fn variables_come_in_pairs() {
        let given = |names: &'static [&'static str]| {
            of_variables(move |name| names.contains(&name).then(|| format!("value of {name}")))
        };
        assert!(given(&[]).unwrap().is_none());
        let both = given(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]).unwrap().unwrap();
        assert_eq!(both.secret_key, "value of AWS_SECRET_ACCESS_KEY");
        assert!(given(&["AWS_ACCESS_KEY_ID"]).unwrap_err().to_string().contains("AWS_SECRET_ACCESS_KEY is not"));
        assert!(given(&["AWS_SECRET_ACCESS_KEY"]).unwrap_err().to_string().contains("AWS_ACCESS_KEY_ID is not"));
    }
}
