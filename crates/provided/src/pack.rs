//! Directories as tar files that are the same, byte for byte, whenever the files are.

use std::io::{BufWriter, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

/// Writes all below a directory but what is in `without`: names in order, the time of each file that given one, no owners.
pub(crate) fn pack(root: &Path, without: &[&str], seconds: u64, out: impl Write) -> std::io::Result<u64> {
    let mut builder = Builder::new(BufWriter::new(out));
    let mut files = 0;
    let mut left = vec![PathBuf::new()];
    // Depth first, each directory in the order of its names' bytes.
    while let Some(path) = left.pop() {
        let full = root.join(&path);
        let metadata = full.symlink_metadata()?;
        if metadata.is_dir() {
            if !path.as_os_str().is_empty() {
                let mut header = header(EntryType::Directory, 0, 0o755, seconds);
                builder.append_data(&mut header, &path, std::io::empty())?;
            }
            let mut names = std::fs::read_dir(&full)?
                .map(|entry| entry.map(|entry| entry.file_name()))
                .collect::<std::io::Result<Vec<_>>>()?;
            names.retain(|name| !without.iter().any(|left_out| name == left_out));
            names.sort_by(|one, other| other.as_bytes().cmp(one.as_bytes()));
            left.extend(names.into_iter().map(|name| path.join(name)));
        } else if metadata.is_symlink() {
            let mut header = header(EntryType::Symlink, 0, 0o777, seconds);
            builder.append_link(&mut header, &path, std::fs::read_link(&full)?)?;
            files += 1;
        } else if metadata.is_file() {
            let is_program = metadata.permissions().mode() & 0o100 != 0;
            let mut header =
                header(EntryType::Regular, metadata.len(), if is_program { 0o755 } else { 0o644 }, seconds);
            builder.append_data(&mut header, &path, std::fs::File::open(&full)?)?;
            files += 1;
        }
    }
    builder.into_inner()?.flush()?;
    Ok(files)
}

fn header(kind: EntryType, size: u64, mode: u32, seconds: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(seconds);
    header.set_uid(0);
    header.set_gid(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(names: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for name in names {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, name).unwrap();
        }
        std::fs::set_permissions(root.path().join("b/run"), std::fs::Permissions::from_mode(0o744)).unwrap();
        std::os::unix::fs::symlink("../a", root.path().join("b/link")).unwrap();
        root
    }

    #[test]
    fn the_same_files_are_the_same_bytes() {
        let long = format!("{}/deep.txt", "d".repeat(120));
        let names = ["a", "b/run", "b/a", "c/x/y", ".git/HEAD", long.as_str()];
        let (one, other) = (tree(&names), tree(&names.iter().rev().copied().collect::<Vec<_>>()));
        let packed = |root: &tempfile::TempDir| {
            let mut bytes = Vec::new();
            let files = pack(root.path(), &[".git"], 1_700_000_000, &mut bytes).unwrap();
            assert_eq!(files, 6);
            bytes
        };
        let bytes = packed(&one);
        assert_eq!(bytes, packed(&other));
        let mut archive = tar::Archive::new(bytes.as_slice());
        let found: Vec<(String, u32)> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.path().unwrap().display().to_string(), entry.header().mode().unwrap()))
            .collect();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.trim_end_matches('/')).collect();
        let deep = long.split_once('/').unwrap().0;
        assert_eq!(names, ["a", "b", "b/a", "b/link", "b/run", "c", "c/x", "c/x/y", deep, long.as_str()]);
        assert!(found.iter().any(|(name, mode)| name == "b/run" && *mode == 0o755), "{found:?}");
    }
}
