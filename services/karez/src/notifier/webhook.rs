//! Webhooks: a POST of JSON, signed with a secret that only the receiver knows.
//!
//! `Karez-Signature: v1=HMAC-SHA256(secret, "{Karez-Timestamp}.{Karez-Message-Id}.{body}")`, in hexadecimal. A receiver that
//! refuses old timestamps and remembers ids cannot be fooled by a request sent again.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, StatusCode};
use sha2::Sha256;

use super::message::Message;
use super::{Channel, NotifierError, Receiver, Sent, stamp};

/// A receiver that does not answer by then is tried again.
const TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Debug)]
pub(super) struct Webhooks {
    client: Client,
    secrets: HashMap<String, Secret>,
}

/// Not shown when the program is looked into.
struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl Webhooks {
    pub(super) fn try_new(receivers: &[Receiver]) -> Result<Self, NotifierError> {
        let mut secrets = HashMap::new();
        for receiver in receivers
            .iter()
            .filter(|receiver| receiver.channel == Channel::Webhook)
        {
            let wrong = |why: String| NotifierError::Receiver {
                name: receiver.name.clone(),
                why,
            };
            if receiver.secret_file.is_empty() {
                return Err(wrong("give secret_file: every request is signed".to_owned()));
            }
            let secret = std::fs::read(&receiver.secret_file).map_err(|error| {
                wrong(format!(
                    "secret_file {} cannot be read: {error}",
                    receiver.secret_file
                ))
            })?;
            secrets.insert(receiver.name.clone(), Secret(secret.trim_ascii().to_vec()));
        }
        // A process has one provider; that it is chosen already is no fault.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let client = client.map_err(|error| NotifierError::Mail {
            setting: "receivers",
            why: format!("no HTTP client can be made: {error}"),
        })?;
        Ok(Self { client, secrets })
    }

    pub(super) async fn send(&self, receiver: &Receiver, message: &Message, now: DateTime<Utc>) -> Sent {
        let Some(secret) = self.secrets.get(&receiver.name) else {
            return Sent::Never("the receiver has no secret".to_owned());
        };
        let body = match serde_json::to_string(message) {
            Ok(body) => body,
            Err(error) => return Sent::Never(error.to_string()),
        };
        let (timestamp, id) = (stamp(now).to_string(), message.id.to_string());
        let Some(signature) = sign(&secret.0, &format!("{timestamp}.{id}.{body}")) else {
            return Sent::Never("the secret cannot be used as a key".to_owned());
        };
        let request = self
            .client
            .post(&receiver.address)
            .header("Content-Type", "application/json")
            .header("Karez-Timestamp", timestamp)
            .header("Karez-Message-Id", id)
            .header("Karez-Signature", format!("v1={signature}"))
            .body(body);
        match request.send().await {
            Ok(answer) => judge(answer.status()),
            Err(error) => Sent::NotYet(error.without_url().to_string()),
        }
    }
}

/// The address is wrong where it is gone; everything else may pass.
fn judge(status: StatusCode) -> Sent {
    if status.is_success() {
        Sent::Yes(status.to_string())
    } else if status == StatusCode::GONE {
        Sent::Never(status.to_string())
    } else {
        Sent::NotYet(status.to_string())
    }
}

fn sign(secret: &[u8], text: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(text.as_bytes());
    let mut signature = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        write!(signature, "{byte:02x}").ok()?;
    }
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // RFC 4231, test case 2.
        assert_eq!(
            sign(b"Jefe", "what do ya want for nothing?").unwrap(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
