#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use gofer_secret_providers::vault::Login;

use super::*;

fn data() -> Settings {
    Settings { data_dir: Some("/var/lib/gofer".into()), ..Settings::default() }
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let file: Settings = toml::from_str("listen = '127.0.0.1:1'\nname = 'file'\n[raft]\nheartbeat-ms = 50\n").unwrap();
    let flags = Settings { name: Some("flag".into()), ..data() };
    let config = Config::resolve(&flags, &file).unwrap();
    assert_eq!(config.name, "flag");
    assert_eq!(config.listen.port(), 1);
    assert_eq!(config.heartbeat, Duration::from_millis(50));
    assert_eq!(config.lease, DEFAULTS.lease);
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let error = toml::from_str::<Settings>("listn = '127.0.0.1:1'").unwrap_err().to_string();
    assert!(error.contains("listn") && error.contains("line 1"), "{error}");
    let error = toml::from_str::<Settings>("[raft]\nheart = 1").unwrap_err().to_string();
    assert!(error.contains("heart") && error.contains("line 2"), "{error}");
}

#[test]
fn all_faults_are_reported_together() {
    let settings = Settings {
        listen: Some("nonsense".into()),
        advertise: Some("noport".into()),
        bootstrap: Some(true),
        join: Some(vec!["127.0.0.1:2".into()]),
        execution: ExecutionSettings {
            drivers: Some(vec!["vm".into()]),
            lease_ms: Some(1),
            ..ExecutionSettings::default()
        },
        ..Settings::default()
    };
    let Err(Error::Invalid(faults)) = Config::resolve(&settings, &Settings::default()) else {
        panic!("accepted");
    };
    let keys: Vec<_> = faults.iter().map(|fault| fault.key).collect();
    for key in ["data-dir", "listen", "advertise", "join", "execution.drivers", "execution.lease-ms"] {
        assert!(keys.contains(&key), "{key} missing in {faults:?}");
    }
}

#[test]
fn an_unspecified_listen_address_needs_an_advertised_one() {
    let settings = Settings { listen: Some("0.0.0.0:7600".into()), ..data() };
    assert!(Config::resolve(&settings, &Settings::default()).is_err());
    let settings = Settings { advertise: Some("node-1.example:7600".into()), ..settings };
    assert!(Config::resolve(&settings, &Settings::default()).is_ok());
}

#[test]
fn a_store_of_objects_is_named_whole_or_refused() {
    let objects = |text: &str| {
        let file: Settings = toml::from_str(&format!("[objects]\n{text}")).unwrap();
        Config::resolve(&data(), &file).map(|config| config.outside).map_err(|error| error.to_string())
    };
    assert_eq!(objects("runs = 3").unwrap(), None);
    let bucket =
        "url = 's3://b-1/p/q/'\nendpoint = 'http://127.0.0.1:9000'\nadopt = '000102030405060708090a0b0c0d0e0f'";
    let outside = objects(bucket).unwrap().unwrap();
    assert_eq!(outside.store.location.to_string(), "s3://b-1/p/q");
    assert_eq!(outside.adopt.unwrap().0[15], 15);
    for (text, why) in [
        ("url = 'http://b'", "objects.url: \"http://b\" is not supported; use file:///DIRECTORY"),
        ("url = 's3://b-1'\nendpoint = 'b'", "objects.endpoint: \"b\" is no endpoint"),
        ("url = 'file:///a'\nregion = 'r'", "need objects.url = \"s3://"),
        ("endpoint = 'http://b'", "need objects.url = \"s3://"),
        ("url = 'file:///a'\nadopt = 'x'", "objects.adopt: \"x\" is no id"),
        ("url = 'file:///a'\ngrace-ms = 599999", "at least 600000 with objects.url"),
    ] {
        let fault = objects(text).unwrap_err();
        assert!(fault.contains(why), "{text}: {fault}");
    }
}

#[test]
fn a_vault_is_named_with_a_way_to_prove_this_node_or_refused() {
    let vault = |text: &str| {
        let file: Settings = toml::from_str(&format!("[vault]\n{text}")).unwrap();
        Config::resolve(&data(), &file).map_err(|error| error.to_string())
    };
    assert_eq!(vault("").unwrap().secrets.vault, None);
    let role = "address = 'https://v:8200'\nrole-id = 'r'\nsecret-id-file = '/s'\nprefix = ''\nnamespace = 'a/b'";
    let config = vault(role).unwrap();
    let found = config.secrets.vault.clone().unwrap();
    assert_eq!((found.mount.as_str(), found.prefix.as_str(), found.namespace.as_deref()), ("secret", "", Some("a/b")));
    let printed = toml::to_string(&config.effective()).unwrap();
    let again: Settings = toml::from_str(&printed).unwrap();
    assert_eq!(Config::resolve(&again, &Settings::default()).unwrap().secrets, config.secrets);
    let token = vault("address = 'http://127.0.0.1:1'\ntoken-file = '/t'").unwrap().secrets.vault.unwrap();
    assert_eq!((token.prefix.as_str(), token.login), ("gofer", Login::TokenFile("/t".into())));
    for (text, why) in [
        ("token-file = '/t'", "vault.address: is missing"),
        ("address = 'v'\ntoken-file = '/t'", "vault.address: \"v\" is no address"),
        ("address = 'https://v'", "needs either token-file, or role-id and secret-id-file"),
        ("address = 'https://v'\nrole-id = 'r'", "needs either token-file"),
        ("address = 'https://v'\ntoken-file = '/t'\nrole-id = 'r'", "needs either token-file"),
        ("address = 'https://v'\ntoken-file = '/t'\nmount = ''", "vault.mount: \"\" is no path"),
        ("address = 'https://v'\ntoken-file = '/t'\nprefix = '/a'", "vault.prefix"),
        ("address = 'https://v'\ntoken-file = '/t'\nnamespace = ''", "vault.namespace"),
    ] {
        let fault = vault(text).unwrap_err();
        assert!(fault.contains(why), "{text}: {fault}");
    }
}

#[test]
fn the_effective_settings_lead_to_the_same_configuration() {
    let bucket = ObjectSettings {
        url: Some("s3://bucket/a".into()),
        path_style: Some(false),
        credentials_file: Some("/etc/gofer/bucket".into()),
        ..ObjectSettings::default()
    };
    let config = Config::resolve(&Settings { objects: bucket, ..data() }, &Settings::default()).unwrap();
    assert_eq!(config.effective().objects.path_style, Some(false));
    let printed = toml::to_string(&config.effective()).unwrap();
    let again: Settings = toml::from_str(&printed).unwrap();
    assert_eq!(Config::resolve(&again, &Settings::default()).unwrap().effective(), config.effective());
}
