//! `notify-slack`: a message to an incoming webhook of Slack, or of what takes the same (Mattermost, Rocket.Chat).

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::failure::{Failure, say, short};
use crate::http::{self, Again};
use crate::patience::Limits;
use crate::settings::Settings;

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    let url = settings.required_secret("SLACK_WEBHOOK_URL", "slack-webhook-url")?;
    let url = http::address(&url, "the secret slack-webhook-url")?;
    let body = body(settings)?;
    http::block_on(async {
        let client = http::client()?;
        let place = format!("the webhook at {}", url.host_str().unwrap_or("?"));
        let request = || client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body.to_string());
        let answer = http::send(&place, Again::Twice, Limits::default(), request).await?;
        if answer.status.is_success() {
            say("the message was taken");
            return Ok(());
        }
        let said = short(&answer.body);
        Err(Failure::new(
            format!("{place} refused the message: {} {said}", answer.status),
            advice(answer.status, &said),
        ))
    })
}

/// What the webhook is sent.
fn body(settings: &Settings) -> Result<Value, Failure> {
    let text = settings.required("TEXT", "say what the message is")?;
    let mut body = match colour(settings)? {
        Some(colour) => json!({ "attachments": [{ "color": colour, "fallback": text, "text": text }] }),
        None => json!({ "text": text }),
    };
    for (name, field) in [("CHANNEL", "channel"), ("USERNAME", "username")] {
        let value = settings.text(name)?.trim();
        if !value.is_empty() {
            body[field] = value.into();
        }
    }
    Ok(body)
}

/// The colour of the bar beside the message: what is asked for, else what fits the outcome.
fn colour(settings: &Settings) -> Result<Option<&str>, Failure> {
    let asked = settings.text("COLOUR")?.trim();
    if !asked.is_empty() {
        let is_hex = asked
            .strip_prefix('#')
            .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if !is_hex && !matches!(asked, "good" | "warning" | "danger") {
            let help = "good, warning, danger or a colour such as #439fe0 will do";
            return Err(Failure::setting(format!("the setting COLOUR is {asked:?}"), help));
        }
        return Ok(Some(asked));
    }
    Ok(match settings.text("OUTCOME")?.trim().to_ascii_lowercase().as_str() {
        "" => None,
        "succeeded" | "success" | "ok" => Some("good"),
        "failed" | "failure" | "error" => Some("danger"),
        _ => Some("warning"),
    })
}

/// What to do, by the words that Slack documents for its incoming webhooks.
fn advice(status: StatusCode, said: &str) -> &'static str {
    match said {
        "invalid_payload" | "no_text" => "the service takes other messages: is it one for incoming webhooks?",
        "channel_not_found" | "channel_is_archived" => "name a channel that exists, or leave CHANNEL empty",
        "action_prohibited" | "posting_to_general_channel_denied" => {
            "ask an administrator to let the webhook post there"
        }
        "no_service" | "no_team" | "user_not_found" => "make a new webhook, and set the secret slack-webhook-url to it",
        _ if status == StatusCode::NOT_FOUND || status == StatusCode::GONE => {
            "make a new webhook, and set the secret slack-webhook-url to it"
        }
        _ if status.is_redirection() => "set the secret slack-webhook-url to where the service is now",
        _ => "look up what it says in the documentation of the service",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_webhooks_take() {
        let plain = body(&Settings::of([("TEXT", "it is done")])).unwrap();
        assert_eq!(plain, json!({ "text": "it is done" }));
        let failed = Settings::of([("TEXT", "x"), ("OUTCOME", "Failed"), ("CHANNEL", "#ops"), ("USERNAME", "")]);
        let wanted = json!({ "attachments": [{ "color": "danger", "fallback": "x", "text": "x" }], "channel": "#ops" });
        assert_eq!(body(&failed).unwrap(), wanted);
        assert!(body(&Settings::of([("TEXT", " ")])).is_err());
    }

    #[test]
    fn a_colour_is_asked_for_or_follows_from_the_outcome() {
        for (asked, outcome, wanted) in [
            ("", "", None),
            ("", "succeeded", Some("good")),
            ("", "cancelled", Some("warning")),
            ("danger", "succeeded", Some("danger")),
            ("#439fe0", "", Some("#439fe0")),
        ] {
            let settings = Settings::of([("COLOUR", asked), ("OUTCOME", outcome)]);
            assert_eq!(colour(&settings).unwrap(), wanted, "{asked} {outcome}");
        }
        assert!(colour(&Settings::of([("COLOUR", "red")])).unwrap_err().text().contains("\"red\""));
    }
}
