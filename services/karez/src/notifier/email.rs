//! E-mail by SMTP.

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::message::Message;
use super::{NotifierError, Receiver, Sent};
use crate::config;

#[derive(Debug)]
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// The mail server of the settings; `None` where there is none.
    pub(super) fn try_new(settings: &config::Notifier) -> Result<Option<Self>, NotifierError> {
        let wrong = |setting, why: String| NotifierError::Mail { setting, why };
        if settings.smtp_url.is_empty() {
            return Ok(None);
        }
        let mut transport =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.smtp_url).map_err(|error| {
                let hint = "give smtps://user@host:465 or smtp://user@host:587?tls=required";
                wrong("smtp_url", format!("{error}: {hint}"))
            })?;
        if !settings.smtp_password_file.is_empty() {
            let password = std::fs::read_to_string(&settings.smtp_password_file)
                .map_err(|error| wrong("smtp_password_file", format!("it cannot be read: {error}")))?;
            let user = user_of(&settings.smtp_url).ok_or_else(|| {
                wrong(
                    "smtp_url",
                    "there is a password but no user: give smtps://user@host".to_owned(),
                )
            })?;
            transport = transport.credentials(Credentials::new(user, password.trim_end().to_owned()));
        }
        let from = settings.mail_from.parse().map_err(|error| {
            wrong(
                "mail_from",
                format!("{error}: give \"karez <karez@office.example>\""),
            )
        })?;
        Ok(Some(Self {
            transport: transport.build(),
            from,
        }))
    }

    pub(super) async fn send(&self, receiver: &Receiver, message: &Message) -> Sent {
        let to: Mailbox = match receiver.address.parse() {
            Ok(to) => to,
            Err(error) => return Sent::Never(format!("{}: {error}", receiver.address)),
        };
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&message.subject)
            .message_id(Some(format!("<{}@karez>", message.id)))
            .header(lettre::message::header::ContentType::TEXT_PLAIN)
            .body(format!("{}\n\n{}\n", message.subject, message.text));
        let mail = match mail {
            Ok(mail) => mail,
            Err(error) => return Sent::Never(error.to_string()),
        };
        match self.transport.send(mail).await {
            Ok(answer) => Sent::Yes(answer.code().to_string()),
            Err(error) if error.is_permanent() => Sent::Never(error.to_string()),
            Err(error) => Sent::NotYet(error.to_string()),
        }
    }
}

/// The user of `smtps://user@host`.
fn user_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (user, _) = rest.split_once('@')?;
    let user = user.split(':').next().unwrap_or_default();
    (!user.is_empty()).then(|| user.to_owned())
}
