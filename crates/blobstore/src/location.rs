//! Where a store is, as operators write it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Longest prefix in a bucket: S3 allows keys of 1024 bytes, and what is below a prefix needs some 120.
const PREFIX_BYTES_MAX: usize = 512;

/// A directory, or a place in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// It must be there, and the same on all nodes.
    Directory(PathBuf),
    Bucket {
        bucket: String,
        /// Words between slashes; empty: the whole bucket.
        prefix: String,
    },
}

impl FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("file://") {
            if !path.starts_with('/') || path.contains(['\0', '?', '#', '%']) {
                return Err(format!("{text:?} names no absolute path; use file:///DIRECTORY, without %, ? and #"));
            }
            return Ok(Self::Directory(PathBuf::from(path)));
        }
        let Some(rest) = text.strip_prefix("s3://") else {
            return Err(format!("{text:?} is not supported; use file:///DIRECTORY or s3://BUCKET/PREFIX"));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(is_name) {
            let rule = "use 3 to 63 lower-case letters, digits, '-' or '.'";
            return Err(format!("{bucket:?} is no name of a bucket; {rule}"));
        }
        let prefix = prefix.trim_end_matches('/');
        let is_word = |word: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            !matches!(word, "" | "." | "..") && word.chars().all(allowed)
        };
        if prefix.len() > PREFIX_BYTES_MAX || !(prefix.is_empty() || prefix.split('/').all(is_word)) {
            let rule = "use ASCII letters, digits, '.', '_', '-', and '/' between words";
            return Err(format!("{prefix:?} is no prefix; {rule}, at most {PREFIX_BYTES_MAX} bytes"));
        }
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "file://{}", path.display()),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_and_shown() {
        for (text, shown) in [
            ("file:///mnt/objects", "file:///mnt/objects"),
            ("s3://bucket", "s3://bucket"),
            ("s3://bucket/", "s3://bucket"),
            ("s3://b.u-ck3t/a/B_c.d/", "s3://b.u-ck3t/a/B_c.d"),
        ] {
            assert_eq!(text.parse::<Location>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_location_is_refused_with_the_rule() {
        let long = format!("s3://bucket/{}", "a".repeat(PREFIX_BYTES_MAX + 1));
        for (text, rule) in [
            ("", "file:///DIRECTORY or s3://BUCKET/PREFIX"),
            ("/mnt", "file:///DIRECTORY or s3://BUCKET/PREFIX"),
            ("gs://bucket", "file:///DIRECTORY or s3://BUCKET/PREFIX"),
            ("file://host/a", "no absolute path"),
            ("file:///a%20b", "without %"),
            ("s3://", "3 to 63"),
            ("s3:///a", "3 to 63"),
            ("s3://Bucket", "3 to 63"),
            ("s3://bucket/a//b", "no prefix"),
            ("s3://bucket/../b", "no prefix"),
            ("s3://bucket/ä", "no prefix"),
            (&long, "at most 512"),
        ] {
            let fault = text.parse::<Location>().unwrap_err();
            assert!(fault.contains(rule), "{text:?}: {fault}");
        }
    }
}
