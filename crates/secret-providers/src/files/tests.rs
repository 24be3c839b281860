use std::fs::{self, Permissions};
use std::io::Write as _;

use age::secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::*;

const SCOPE: Scope<'static> = Scope::Pipeline { namespace: "team", pipeline: "ci" };

fn put(dir: &TempDir, path: &str, bytes: &[u8], mode: u32) -> PathBuf {
    let path = dir.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

fn files(dir: &TempDir, keys: Option<&str>) -> Files {
    let identity_file = keys.map(|name| dir.path().join(name));
    Files::new(Config { directory: dir.path().join("s"), identity_file })
}

/// What is found, or why nothing is.
async fn said(files: &Files) -> String {
    match files.find(SCOPE, "token").await {
        Ok(Some(value)) => format!("{} bytes: {:.20}", value.len(), String::from_utf8_lossy(&value)),
        Ok(None) => "none".into(),
        Err(error) => error.to_string(),
    }
}

fn encrypt(value: &[u8], recipient: &dyn age::Recipient, armored: bool) -> Vec<u8> {
    let format = if armored { age::armor::Format::AsciiArmor } else { age::armor::Format::Binary };
    let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient)).unwrap();
    let output = age::armor::ArmoredWriter::wrap_output(Vec::new(), format).unwrap();
    let mut writer = encryptor.wrap_output(output).unwrap();
    writer.write_all(value).unwrap();
    writer.finish().and_then(age::armor::ArmoredWriter::finish).unwrap()
}

#[tokio::test]
async fn files_in_clear_are_read_byte_for_byte_or_say_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let files = files(&dir, None);
    assert!(said(&files).await.contains("can't be asked: there is no such directory"));
    put(&dir, "s/namespaces/team/token", b"of another scope", 0o600);
    assert_eq!(said(&files).await, "none");
    let path = put(&dir, "s/pipelines/team/ci/token", b"sesame\n", 0o640);
    assert_eq!(said(&files).await, "7 bytes: sesame\n");
    for mode in [0o644, 0o602] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let fault = said(&files).await;
        assert!(fault.contains("everybody on the machine") && !fault.contains("sesame"), "{fault}");
    }
    for (bytes, why) in [(0, "is empty"), (VALUE_BYTES_MAX + 1, "has more than 65536 bytes")] {
        put(&dir, "s/pipelines/team/ci/token", &vec![b'x'; bytes], 0o600);
        assert!(said(&files).await.contains(why), "{bytes}: {}", said(&files).await);
    }
    put(&dir, "s/pipelines/team/ci/token", &[b'x'; VALUE_BYTES_MAX], 0o600);
    assert!(said(&files).await.starts_with("65536 bytes"));
    put(&dir, "s/pipelines/team/ci/token.age", b"", 0o600);
    assert!(said(&files).await.contains("is there with and without .age"));
    fs::remove_file(&path).unwrap();
    assert!(said(&files).await.contains("is encrypted; name an identity-file"));
    fs::create_dir(&path).unwrap();
    assert!(said(&files).await.contains("it is no file"));
}

#[tokio::test]
async fn files_of_age_are_decrypted_with_any_of_the_keys() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second, other] = [(); 3].map(|()| age::x25519::Identity::generate());
    let text = |key: &age::x25519::Identity| key.to_string().expose_secret().to_owned();
    let keys = format!("# created: today\n{}\n\n{}\n", text(&first), text(&second));
    let identity_file = put(&dir, "keys", keys.as_bytes(), 0o600);
    let files = files(&dir, Some("keys"));
    // What anybody may read is of no use without the key.
    let write = |bytes: &[u8]| drop(put(&dir, "s/pipelines/team/ci/token.age", bytes, 0o644));
    for (key, armored) in [(&first, false), (&second, true)] {
        write(&encrypt(b"sesame", &key.to_public(), armored));
        assert_eq!(said(&files).await, "6 bytes: sesame");
    }
    let good = encrypt(b"sesame", &first.to_public(), false);
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let long = encrypt(&vec![b'x'; VALUE_BYTES_MAX + 1], &first.to_public(), false);
    let passphrase = age::scrypt::Recipient::new("open".to_owned().into());
    for (bytes, why) in [
        (encrypt(b"sesame", &other.to_public(), false), "can't be decrypted: No matching keys"),
        (flipped, "can't be decrypted"),
        (good[..good.len() - 3].to_vec(), "can't be decrypted"),
        (b"sesame".to_vec(), "is no file that age made"),
        (long, "has more than 65536 bytes"),
        (encrypt(b"", &first.to_public(), false), "is empty"),
        (encrypt(b"sesame", &passphrase, false), "is encrypted with a passphrase"),
        (vec![b'x'; 300 << 10], "it has more than 262144 bytes"),
    ] {
        write(&bytes);
        let fault = said(&files).await;
        assert!(fault.contains(why) && !fault.contains("sesame"), "{why}: {fault}");
    }
    write(&good);
    for (keys, mode, why) in [
        ("", 0o600, "it holds none"),
        ("sesame", 0o600, "can't use the keys"),
        (&keys, 0o644, "everybody on the machine"),
    ] {
        put(&dir, "keys", keys.as_bytes(), mode);
        let fault = said(&files).await;
        assert!(fault.contains(why) && !fault.contains("AGE-SECRET") && !fault.contains("sesame"), "{why}: {fault}");
    }
    fs::remove_file(&identity_file).unwrap();
    assert!(said(&files).await.contains("can't use the keys in"));
}
