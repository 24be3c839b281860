//! `notify-email`: a message by SMTP.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};
use sha2::{Digest as _, Sha256};

use crate::failure::{Failure, say, short};
use crate::patience::{Limits, Patience};
use crate::settings::Settings;

/// One conversation with the server.
const CONVERSATION: Duration = Duration::from_secs(60);
const RECIPIENTS_MAX: usize = 100;
const CA_BYTES_MAX: u64 = 1024 * 1024;

pub(crate) fn run(settings: &Settings) -> Result<(), Failure> {
    // Whoever was first chose the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = settings.required("SERVER", "give the name of a mail server, such as smtp.example.com")?;
    let (message, transport) = (message(settings)?, transport(settings, server)?);
    let place = format!("the mail server {server}");
    let mut patience = Patience::new(Limits::default());
    loop {
        let error = match transport.send(&message) {
            Ok(_) => {
                say("the message was taken");
                return Ok(());
            }
            Err(error) => error,
        };
        let why = format!("{place} did not take the message: {}", cause(&error));
        if error.is_permanent() || error.is_client() {
            return Err(Failure::new(why, advice(&error)));
        }
        if error.is_timeout() || error.is_response() {
            let help = "look whether it came; it is not sent again, as it could come twice";
            return Err(Failure::new(format!("{why}; nobody knows whether it has it"), help));
        }
        match patience.next(None) {
            Ok(pause) => {
                say(&format!("{why}; trying again in {pause:.1?}"));
                std::thread::sleep(pause);
            }
            Err(end) => {
                return Err(Failure::new(
                    format!("{why}; it is not tried again, as {end}"),
                    "check SERVER, PORT and ENCRYPTION, and look at the server",
                ));
            }
        }
    }
}

fn transport(settings: &Settings, server: &str) -> Result<SmtpTransport, Failure> {
    let encryption = match settings.text("ENCRYPTION")?.trim() {
        "" => "starttls",
        encryption => encryption,
    };
    let default_port = if encryption == "tls" { 465 } else { 587 };
    let port = match settings.number("PORT", 0..=65_535, 0)? {
        0 => default_port,
        port => port,
    };
    let credentials = credentials(settings)?;
    let tls = match encryption {
        "starttls" => Tls::Required(tls(settings, server)?),
        "tls" => Tls::Wrapper(tls(settings, server)?),
        "none" if credentials.is_some() => {
            let help = "use starttls or tls, or the task notify-email, which needs no password";
            return Err(Failure::setting("a password would be sent in clear text with ENCRYPTION = none", help));
        }
        "none" => Tls::None,
        other => {
            let message = format!("the setting ENCRYPTION is {:?}", short(other));
            return Err(Failure::setting(message, "starttls, tls or none will do"));
        }
    };
    let builder = SmtpTransport::builder_dangerous(server)
        .port(u16::try_from(port).unwrap_or(587))
        .timeout(Some(CONVERSATION))
        .tls(tls);
    Ok(match credentials {
        Some(credentials) => builder.credentials(credentials).build(),
        None => builder.build(),
    })
}

fn credentials(settings: &Settings) -> Result<Option<Credentials>, Failure> {
    let (user, password) = (settings.secret("SMTP_USER")?, settings.secret("SMTP_PASSWORD")?);
    match (user, password) {
        (Some(user), Some(password)) => Ok(Some(Credentials::new(user.to_string(), password.to_string()))),
        (None, None) => Ok(None),
        _ => Err(Failure::setting("there is a user without a password, or the reverse", "set both secrets, or none")),
    }
}

/// What the server's certificate is checked with: that the system trusts it, or a file.
fn tls(settings: &Settings, server: &str) -> Result<TlsParameters, Failure> {
    let mut parameters = TlsParameters::builder(server.to_owned());
    let path = settings.text("CA_FILE")?.trim();
    let fault = |why: String| Failure::setting(format!("the certificates in CA_FILE can't be used: {why}"), "give PEM");
    if !path.is_empty() {
        let length = std::fs::metadata(path).map_err(|error| fault(format!("{path}: {error}")))?.len();
        if length > CA_BYTES_MAX {
            return Err(fault(format!("{path} is larger than {CA_BYTES_MAX} bytes")));
        }
        let pem = std::fs::read(path).map_err(|error| fault(format!("{path}: {error}")))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| fault(cause(&error)))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().map_err(|error| fault(cause(&error)))
}

fn message(settings: &Settings) -> Result<Message, Failure> {
    let from = mailbox("FROM", settings.required("FROM", "give the sender, such as Gofer <gofer@example.com>")?)?;
    let recipients = settings.required("TO", "give the recipients, one on each line")?;
    let recipients: Vec<&str> = recipients.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if recipients.len() > RECIPIENTS_MAX {
        let message = format!("TO has {} recipients, the limit is {RECIPIENTS_MAX}", recipients.len());
        return Err(Failure::setting(message, "write to a list"));
    }
    let subject = settings.required("SUBJECT", "say what the message is about, in one line")?;
    if subject.contains(char::is_control) {
        return Err(Failure::setting("the setting SUBJECT holds a line break", "say it in one line"));
    }
    let mut builder = Message::builder().message_id(Some(message_id(settings, from.email.domain())?)).from(from);
    builder = to(builder, &recipients)?;
    builder
        .subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .body(settings.text("TEXT")?.to_owned())
        .map_err(|error| Failure::setting(format!("no message can be made of the settings: {error}"), "check them"))
}

fn to(mut builder: MessageBuilder, recipients: &[&str]) -> Result<MessageBuilder, Failure> {
    for recipient in recipients {
        builder = builder.to(mailbox("TO", recipient)?);
    }
    Ok(builder)
}

/// The same for every attempt of a task, so that whoever gets a message twice can tell.
fn message_id(settings: &Settings, domain: &str) -> Result<String, Failure> {
    let mut hash = Sha256::new();
    for name in ["TRACEPARENT", "GOFER_NAMESPACE", "GOFER_PIPELINE", "GOFER_RUN", "GOFER_TASK"] {
        let value = settings.text(name)?;
        // The trace is the run's; what follows in it is the attempt's.
        let value = if name == "TRACEPARENT" { value.split('-').nth(1).unwrap_or_default() } else { value };
        hash.update(value.as_bytes());
        hash.update([0]);
    }
    let digits: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("<{digits}@{domain}>"))
}

fn mailbox(name: &str, text: &str) -> Result<Mailbox, Failure> {
    text.parse().map_err(|error| {
        let message = format!("the address {:?} in {name} is not allowed: {error}", short(text));
        Failure::setting(message, "write ada@example.com or Ada <ada@example.com>")
    })
}

fn cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(&format!(": {more}"));
        }
        source = error.source();
    }
    short(&text)
}

fn advice(error: &lettre::transport::smtp::Error) -> &'static str {
    match error.status().map(u16::from) {
        Some(530 | 534 | 535 | 538) => "check the secrets smtp-user and smtp-password, or use notify-email-login",
        Some(550 | 551 | 553) => "check FROM and TO: the server does not take mail from there, or to there",
        Some(552 | 523) => "shorten TEXT",
        _ if error.is_client() => "check ENCRYPTION: the server does not offer what is asked for",
        _ => "look up the code in what the server says",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [(&str, &str); 5] = [
        ("FROM", "Gofer <gofer@example.com>"),
        ("TO", "ada@example.com\nGrace <grace@example.com>"),
        ("SUBJECT", "It failed: ü"),
        ("TEXT", "All of it.\n"),
        ("GOFER_RUN", "7"),
    ];

    #[test]
    fn a_message_has_its_headers_and_keeps_its_id() {
        let one = message(&Settings::of(WHOLE)).unwrap();
        let text = String::from_utf8(one.formatted()).unwrap();
        assert!(text.contains("From: Gofer <gofer@example.com>") || text.contains("From: \"Gofer\""), "{text}");
        assert!(text.contains("To: ada@example.com, "), "{text}");
        assert!(text.contains("Subject: It failed: =?utf-8?b?w7w=?=") && text.contains("\nDate: "), "{text}");
        let id = |settings: &Settings| {
            let text = String::from_utf8(message(settings).unwrap().formatted()).unwrap();
            text.lines().find(|line| line.starts_with("Message-ID:")).unwrap().to_owned()
        };
        assert_eq!(id(&Settings::of(WHOLE)), id(&Settings::of(WHOLE)));
        let mut other = WHOLE;
        other[4] = ("GOFER_RUN", "8");
        assert_ne!(id(&Settings::of(WHOLE)), id(&Settings::of(other)));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (place, bad) in [(0, "nobody"), (1, ""), (1, "a@b\nnobody"), (2, "two\nlines"), (2, "")] {
            let mut variables = WHOLE;
            variables[place].1 = bad;
            assert!(message(&Settings::of(variables)).is_err(), "{}", variables[place].0);
        }
    }

    #[test]
    fn a_password_is_never_sent_in_clear_text() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let of = |encryption, password| {
            let variables = [("ENCRYPTION", encryption), ("SMTP_USER", "u"), ("SMTP_PASSWORD", password)];
            transport(&Settings::of(variables), "localhost").map(drop)
        };
        assert!(of("none", "p").unwrap_err().text().contains("clear text"));
        assert!(of("starttls", "p").is_ok());
        assert!(of("ssl", "p").unwrap_err().text().contains("starttls, tls or none"));
        assert!(transport(&Settings::of([("ENCRYPTION", "none")]), "localhost").is_ok());
        assert!(transport(&Settings::of([("SMTP_USER", "u")]), "localhost").is_err());
    }
}
