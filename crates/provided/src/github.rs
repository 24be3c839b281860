//! `github-status`: says of a commit how it stands, by GitHub's API of commit statuses.

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

use crate::failure::{Failure, say, short};
use crate::http::{self, Again, Answer};
use crate::patience::Limits;
use crate::settings::Settings;

/// Longest description that the API takes, in characters.
const DESCRIPTION_CHARS_MAX: usize = 140;

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    let token = settings.required_secret("GITHUB_TOKEN", "github-token")?;
    let (url, body) = (url(settings)?, body(settings)?);
    let mut authorization = HeaderValue::from_str(&format!("Bearer {}", *token)).map_err(|_| {
        Failure::setting("the secret github-token has characters that no token has", "set it to a token of GitHub")
    })?;
    authorization.set_sensitive(true);
    http::block_on(async {
        let client = http::client()?;
        let place = format!("GitHub's API at {}", url.host_str().unwrap_or("?"));
        let request = || {
            client
                .post(url.clone())
                .header(ACCEPT, "application/vnd.github+json")
                .header("X-GitHub-Api-Version", "2022-11-28")
                .header(AUTHORIZATION, authorization.clone())
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string())
        };
        let answer = http::send(&place, Again::Harmless, Limits::default(), request).await?;
        if answer.status == StatusCode::CREATED {
            say(&format!("the status is {} now", body["state"].as_str().unwrap_or_default()));
            return Ok(());
        }
        Err(Failure::new(format!("{place} refused the status: {} {}", answer.status, said(&answer)), advice(&answer)))
    })
}

/// Where statuses of the commit are put.
fn url(settings: &Settings) -> Result<Url, Failure> {
    let repository = settings.required("REPOSITORY", "give owner and name, such as octocat/hello-world")?;
    let is_name = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !text.is_empty() && text.len() <= 100 && text.bytes().all(allowed) && text != "." && text != ".."
    };
    let (owner, name) =
        repository.split_once('/').filter(|(owner, name)| is_name(owner) && is_name(name)).ok_or_else(|| {
            let help = "give owner and name, such as octocat/hello-world";
            Failure::setting(format!("the setting REPOSITORY is {:?}", short(repository)), help)
        })?;
    let commit = settings.required("COMMIT", "give the 40 digits of a commit")?;
    if commit.len() != 40 || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = format!("the setting COMMIT is {:?}, which is no full name of a commit", short(commit));
        return Err(Failure::setting(message, "give all 40 digits: git rev-parse HEAD"));
    }
    let base = match settings.text("API_URL")?.trim() {
        "" => "https://api.github.com",
        base => base,
    };
    let mut url = http::address(base, "the setting API_URL")?;
    let segments = url.path_segments_mut();
    let mut segments =
        segments.map_err(|()| Failure::setting("API_URL has no path", "give such as https://host/api/v3"))?;
    segments.pop_if_empty().extend(["repos", owner, name, "statuses", commit]);
    drop(segments);
    Ok(url)
}

fn body(settings: &Settings) -> Result<Value, Failure> {
    let state = settings.required("STATE", "error, failure, pending or success will do")?;
    let state = match state.to_ascii_lowercase().as_str() {
        "success" | "succeeded" => "success",
        "failure" | "failed" => "failure",
        "pending" | "running" | "queued" => "pending",
        "error" | "cancelled" => "error",
        _ => {
            let help = "error, failure, pending or success will do";
            return Err(Failure::setting(format!("the setting STATE is {:?}", short(state)), help));
        }
    };
    let context = match settings.text("CONTEXT")?.trim() {
        "" => "gofer",
        context => context,
    };
    let description: String = settings.text("DESCRIPTION")?.trim().chars().take(DESCRIPTION_CHARS_MAX).collect();
    let mut body = json!({ "state": state, "context": context, "description": description });
    let target = settings.text("TARGET_URL")?.trim();
    if !target.is_empty() {
        body["target_url"] = http::address(target, "the setting TARGET_URL")?.as_str().into();
    }
    Ok(body)
}

/// The message in the answer.
fn said(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    short(body["message"].as_str().unwrap_or(&answer.body))
}

fn advice(answer: &Answer) -> &'static str {
    match answer.status {
        StatusCode::UNAUTHORIZED => "the token is wrong or has expired: set the secret github-token anew",
        StatusCode::FORBIDDEN => "give the token the right to write commit statuses, or wait until its limit is lifted",
        StatusCode::NOT_FOUND => "check REPOSITORY; a token that may not see a repository is told the same",
        StatusCode::UNPROCESSABLE_ENTITY => {
            "check COMMIT: it has to be in the repository; 1000 statuses a context is the most"
        }
        status if status.is_redirection() => "the repository was renamed or moved: give its new name",
        _ => "look up what it says in GitHub's documentation of commit statuses",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

    #[test]
    fn a_status_is_what_the_api_takes() {
        let long = "d".repeat(200);
        let settings = Settings::of([("STATE", "failed"), ("DESCRIPTION", &long), ("TARGET_URL", "https://x/y")]);
        let body = body(&settings).unwrap();
        assert_eq!((&body["state"], &body["context"]), (&json!("failure"), &json!("gofer")));
        assert_eq!(body["description"].as_str().unwrap().len(), 140);
        assert_eq!(body["target_url"], "https://x/y");
        assert!(super::body(&Settings::of([("STATE", "done")])).is_err());
    }

    #[test]
    fn the_address_holds_nothing_but_the_repository_and_the_commit() {
        let of = |repository: &str, commit: &str, api: &str| {
            url(&Settings::of([("REPOSITORY", repository), ("COMMIT", commit), ("API_URL", api)])).map(String::from)
        };
        let wanted = format!("https://api.github.com/repos/o/r.js/statuses/{COMMIT}");
        assert_eq!(of("o/r.js", COMMIT, "").unwrap(), wanted);
        let wanted = format!("http://ghe:8080/api/v3/repos/o/r/statuses/{COMMIT}");
        assert_eq!(of("o/r", COMMIT, "http://ghe:8080/api/v3/").unwrap(), wanted);
        for bad in ["o", "o/", "/r", "o/r/x", "o/..", "o/r?x", "../r"] {
            assert!(of(bad, COMMIT, "").unwrap_err().text().contains("REPOSITORY"), "{bad}");
        }
        assert!(of("o/r", "main", "").unwrap_err().text().contains("no full name"));
        assert!(of("o/r", COMMIT, "ftp://x").is_err());
    }
}
