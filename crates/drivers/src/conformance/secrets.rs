//! Secrets: in the program, and neither on the disk nor in the output.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Fixture, PATIENCE, clean, output, printed, script, wait};
use crate::logfile::Stream;
use crate::secrets::SecretDir;
use crate::{LaunchError, LaunchSpec, Launched, Secrets, Zeroizing};

const TOKEN: &str = "tok-0123456789abcdef";
const KEY: &str = "key material\nof two lines";
/// Shows its secrets whole, in pieces and as files; ends with what only looks like the beginning of one.
const SHOW: &str = r#"
    printf 'begin %s ' "$TOKEN"; printf '%.8s' "$TOKEN"; sleep 1; printf '%s.\n' "${TOKEN#????????}"
    echo "to stderr $TOKEN" >&2
    cat "$GOFER_SECRETS_DIR/key"; echo
    [ "$TOKEN" = "$(cat "$GOFER_SECRETS_DIR/token")" ] && echo equal
    echo "end tok-01234"
"#;

fn secret_script(fixture: &dyn Fixture, text: &str) -> LaunchSpec {
    let mut spec = script(fixture, text);
    let file = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    spec.secrets = Secrets {
        env: [("TOKEN".to_owned(), Zeroizing::new(TOKEN.to_owned()))].into(),
        files: [("key".to_owned(), file(KEY)), ("token".to_owned(), file(TOKEN))].into(),
    };
    spec.environment.insert("TOKEN".into(), "overridden".into());
    spec
}

/// Whether stars stand where a secret of so many bytes was, which is all that drivers differ in.
fn masked(text: &str, length: usize) -> String {
    text.replace(&"*".repeat(length), "***")
}

fn check(out: &str) {
    let out = masked(&masked(out, KEY.len()), TOKEN.len());
    assert_eq!(out, "begin *** ***.\n***\nequal\nend tok-01234\n");
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return vec![dir.to_owned()] };
    entries.flat_map(|entry| files(&entry.unwrap().path())).collect()
}

fn check_disk(fixture: &dyn Fixture) {
    let found = files(fixture.root());
    assert!(!found.is_empty());
    for path in found {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        for part in [TOKEN, "89abcdef", "key material", "of two lines"] {
            assert!(!text.contains(part), "{part:?} is in {}", path.display());
        }
    }
}

pub async fn secrets_reach_the_program_and_not_the_disk(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = secret_script(fixture, SHOW);
    assert_eq!(driver.launch(&spec).await, Ok(Launched::Started));
    check_disk(fixture);
    wait(&*driver, &spec).await;
    check(&output(&*driver, &spec, Stream::Stdout).await);
    assert_eq!(masked(&output(&*driver, &spec, Stream::Stderr).await, TOKEN.len()), "to stderr ***\n");
    check_disk(fixture);
    let secrets = SecretDir::of(&fixture.root().canonicalize().unwrap().join(spec.id.as_str()));
    // They go once the exit is noted, which who waits may see first.
    let gone = async {
        while secrets.files().exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the files outlive the program");
    clean(&*driver, &spec).await;
}

pub async fn output_is_redacted_under_a_new_driver(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let spec = secret_script(fixture, &format!("echo up; sleep 2; {SHOW}"));
    driver.launch(&spec).await.unwrap();
    printed(&*driver, &spec, "up").await;
    drop(driver);
    let driver = fixture.driver().await;
    // Whoever adopts does not know them any more.
    let adopted = LaunchSpec { secrets: Secrets::default(), ..spec.clone() };
    assert_eq!(driver.launch(&adopted).await, Ok(Launched::Adopted));
    wait(&*driver, &spec).await;
    let out = output(&*driver, &spec, Stream::Stdout).await;
    check(out.strip_prefix("up\n").unwrap());
    check_disk(fixture);
    clean(&*driver, &spec).await;
}

pub async fn outputs_with_a_secret_are_refused(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    for (text, is_refused) in [
        (r#"echo A=1 >> "$GOFER_OUTPUTS"; printf 'B<<E\nab%s\nE\n' "$TOKEN" >> "$GOFER_OUTPUTS""#, true),
        (r#"cat "$GOFER_SECRETS_DIR/key" | base64 >> "$GOFER_OUTPUTS""#, true),
        (r#"echo "A=${#TOKEN}" >> "$GOFER_OUTPUTS""#, false),
    ] {
        // The program ends under a driver that did not launch it.
        let mut spec = secret_script(fixture, &format!("echo up; sleep 1; {text}"));
        let path = std::env::temp_dir().join(format!("gofer-outputs-{}", spec.id));
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
        spec.outputs = Some(path.clone());
        driver.launch(&spec).await.unwrap();
        printed(&*driver, &spec, "up").await;
        let next = fixture.driver().await;
        let exit = wait(&*next, &spec).await;
        assert!(exit.is_success(), "{exit:?}");
        assert_eq!(exit.outputs_fault.contains("holds a secret"), is_refused, "{text}: {exit:?}");
        let left = std::fs::read_to_string(&path).unwrap();
        assert_eq!(left, if is_refused { String::new() } else { format!("A={}\n", TOKEN.len()) });
        std::fs::remove_file(&path).unwrap();
        clean(&*next, &spec).await;
    }
}

pub async fn a_secret_that_no_variable_can_hold_is_refused(fixture: &dyn Fixture) {
    let driver = fixture.driver().await;
    let mut spec = secret_script(fixture, "true");
    spec.secrets.env.insert("BAD".into(), Zeroizing::new("zero\0byte".into()));
    let refused = driver.launch(&spec).await.unwrap_err();
    assert!(matches!(refused, LaunchError::Invalid { .. }), "{refused}");
    assert!(refused.to_string().contains("BAD") && !refused.to_string().contains("zero"), "{refused}");
    clean(&*driver, &spec).await;
}
