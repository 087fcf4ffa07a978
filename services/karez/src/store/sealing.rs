//! Seals the personal fields of events before they are recorded, and opens them for those who may read them.
//!
//! - The pseudonym of a person is `HMAC-SHA256(secret of the store, identity number)`, or name and account where no
//!   number is given: equal payees are recognised as equal, and nobody without the secret can try out names.
//! - Each person has a random key of 32 bytes (table `person_key`), each field a random nonce of 24; the cipher is
//!   XChaCha20-Poly1305, with pseudonym and field name authenticated, so a sealed text moved to another person or
//!   field does not open. What is stored is base64 of nonce and ciphertext.
//! - No key is kept in memory: a key that was destroyed anywhere is gone everywhere at once.

use std::collections::HashMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use karez_events::event::{Payee, Personal};
use karez_events::{Event, PersonId};
use sha2::Sha256;
use uuid::Uuid;

use super::rejection::REJECTION_NAMESPACE;
use super::{EventLog, PersonKey, StoreError};

const SECRET_SETTING: &str = "pseudonym_secret";
const NONCE_BYTES: usize = 24;

/// Why personal fields cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// A sender gave a sealed text or a pseudonym; both are made here only.
    #[error("{field} is sealed or a pseudonym already: send personal fields as plain text")]
    AlreadySealed {
        /// The field of the payee.
        field: &'static str,
    },
    /// The system gave no random bytes, or the cipher refused.
    #[error("personal fields cannot be sealed: {0}")]
    Cipher(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Seals and opens personal fields with the keys of one store.
#[derive(Clone)]
pub struct Sealer {
    log: EventLog,
    secret: Vec<u8>,
}

/// Refuses an event whose personal fields are not plain text. Ask this of everything that comes from outside.
///
/// # Errors
/// [`SealError::AlreadySealed`] names the field.
pub fn refuse_sealed(event: &mut Event) -> Result<(), SealError> {
    event.payee_mut().map_or(Ok(()), refuse_sealed_payee)
}

fn refuse_sealed_payee(payee: &mut Payee) -> Result<(), SealError> {
    if payee.person.is_some() {
        return Err(SealError::AlreadySealed { field: "person" });
    }
    let sealed = fields(payee)
        .into_iter()
        .find(|(_, value)| matches!(value, Some(Personal::Sealed { .. })));
    sealed.map_or(Ok(()), |(field, _)| Err(SealError::AlreadySealed { field }))
}

/// The personal fields with the names under which they are sealed; the names never change.
fn fields(payee: &mut Payee) -> [(&'static str, &mut Option<Personal>); 3] {
    [
        ("name", &mut payee.name),
        ("account", &mut payee.account),
        ("id_number", &mut payee.id_number),
    ]
}

impl Sealer {
    /// The sealer of a store; the store's secret is made where there is none.
    ///
    /// # Errors
    /// What the database says, or that the system gives no random bytes.
    pub async fn try_new(log: &EventLog) -> Result<Self, SealError> {
        let secret = log.ensure_setting(SECRET_SETTING, &random::<32>()?).await?;
        Ok(Self {
            log: log.clone(),
            secret,
        })
    }

    /// Seals the personal fields of one event. The returned keys are new: record them in the event's own batch.
    ///
    /// # Errors
    /// As [`Sealer::seal_all`].
    pub async fn seal(&self, event: &mut Event) -> Result<Vec<PersonKey>, SealError> {
        self.seal_all([event]).await
    }

    /// Seals the personal fields of the events of one batch. The returned keys are new: record them in that batch,
    /// and seal the next batch only after it is recorded, or one person gets two keys and the second is refused
    /// ([`StoreError::PersonKeyTaken`]).
    ///
    /// # Errors
    /// [`SealError::AlreadySealed`] when a field is not plain text (nothing is changed then); otherwise what the
    /// database says.
    pub async fn seal_all<'a>(
        &self,
        events: impl IntoIterator<Item = &'a mut Event>,
    ) -> Result<Vec<PersonKey>, SealError> {
        let mut payees: Vec<&mut Payee> = events.into_iter().filter_map(Event::payee_mut).collect();
        payees
            .iter_mut()
            .try_for_each(|payee| refuse_sealed_payee(payee))?;
        let persons = payees
            .iter()
            .map(|payee| self.pseudonym(payee))
            .collect::<Result<Vec<_>, _>>()?;
        let asked: Vec<PersonId> = persons.iter().flatten().cloned().collect();
        let mut keys = self.log.person_keys(&asked).await?;
        let mut made = Vec::new();
        for (payee, person) in payees.into_iter().zip(persons) {
            let Some(person) = person else { continue };
            let key = if let Some(key) = keys.get(&person) {
                *key
            } else {
                let key = random::<32>()?;
                keys.insert(person.clone(), key);
                made.push(PersonKey {
                    person: person.clone(),
                    key,
                });
                key
            };
            seal_payee(payee, person, &key)?;
        }
        Ok(made)
    }

    /// Opens the personal fields of one event. What cannot be opened, because the person has been erased, stays
    /// [`Personal::Sealed`].
    ///
    /// # Errors
    /// What the database says.
    pub async fn open(&self, event: &mut Event) -> Result<(), SealError> {
        self.open_all([event]).await
    }

    /// Opens the personal fields of several events; as [`Sealer::open`], with one question to the store.
    ///
    /// # Errors
    /// What the database says.
    pub async fn open_all<'a>(
        &self,
        events: impl IntoIterator<Item = &'a mut Event>,
    ) -> Result<(), SealError> {
        let payees: Vec<&mut Payee> = events.into_iter().filter_map(Event::payee_mut).collect();
        let persons: Vec<PersonId> = payees.iter().filter_map(|payee| payee.person.clone()).collect();
        let keys = self.log.person_keys(&persons).await?;
        for payee in payees {
            open_payee(payee, &keys);
        }
        Ok(())
    }

    /// The pseudonym of a payee with open fields; `None` where no field is given.
    ///
    /// # Errors
    /// [`SealError::Cipher`]: a fault of the program.
    pub fn pseudonym(&self, payee: &Payee) -> Result<Option<PersonId>, SealError> {
        let open = |value: &Option<Personal>| match value {
            // Spaces and letter case vary between vouchers of the same person.
            Some(Personal::Open(text)) => text
                .chars()
                .filter(|letter| !letter.is_whitespace())
                .flat_map(char::to_uppercase)
                .collect(),
            Some(Personal::Sealed { .. }) | None => String::new(),
        };
        let (name, account, id_number) = (open(&payee.name), open(&payee.account), open(&payee.id_number));
        let who = match (id_number.is_empty(), name.is_empty() && account.is_empty()) {
            (false, _) => format!("id\n{id_number}"),
            (true, false) => format!("name\n{name}\n{account}"),
            (true, true) => return Ok(None),
        };
        let mut text = String::with_capacity(64);
        for byte in self.keyed_hash(&[who.as_bytes()])? {
            write!(text, "{byte:02x}").map_err(|error| SealError::Cipher(error.to_string()))?;
        }
        PersonId::try_new(&text)
            .map(Some)
            .map_err(|error| SealError::Cipher(error.to_string()))
    }

    /// The id of something refused, from what tells its case and what was sent. Made with the secret of the store, since it may name a
    /// person, and nobody must be able to try out names.
    ///
    /// # Errors
    /// [`SealError::Cipher`]: a fault of the program.
    pub(crate) fn rejection_id(&self, case: &[&str], sent: &[u8]) -> Result<Uuid, SealError> {
        let case = format!("refused\n{}\n", case.join("\n"));
        let hash = self.keyed_hash(&[case.as_bytes(), sent])?;
        Ok(Uuid::new_v5(&REJECTION_NAMESPACE, &hash))
    }

    fn keyed_hash(&self, parts: &[&[u8]]) -> Result<[u8; 32], SealError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret)
            .map_err(|error| SealError::Cipher(error.to_string()))?;
        for part in parts {
            mac.update(part);
        }
        Ok(mac.finalize().into_bytes().into())
    }
}

fn seal_payee(payee: &mut Payee, person: PersonId, key: &[u8; 32]) -> Result<(), SealError> {
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    for (field, value) in fields(payee) {
        let Some(Personal::Open(text)) = value else {
            continue;
        };
        let nonce = random::<NONCE_BYTES>()?;
        let aad = authenticated(&person, field);
        let sealed = cipher
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: text.as_bytes(),
                    aad: aad.as_bytes(),
                },
            )
            .map_err(|error| SealError::Cipher(error.to_string()))?;
        *value = Some(Personal::Sealed {
            sealed: STANDARD.encode([nonce.as_slice(), &sealed].concat()),
        });
    }
    payee.person = Some(person);
    Ok(())
}

fn open_payee(payee: &mut Payee, keys: &HashMap<PersonId, [u8; 32]>) {
    let Some(person) = payee.person.clone() else {
        return;
    };
    let Some(key) = keys.get(&person) else { return };
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    for (field, value) in fields(payee) {
        if let Some(Personal::Sealed { sealed }) = value
            && let Some(text) = open_text(&cipher, sealed, &authenticated(&person, field))
        {
            *value = Some(Personal::Open(text));
        }
    }
}

/// `None` when the text was sealed under an earlier key that has been destroyed, or was altered.
fn open_text(cipher: &XChaCha20Poly1305, sealed: &str, aad: &str) -> Option<String> {
    let bytes = STANDARD.decode(sealed).ok()?;
    let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    let text = cipher
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: ciphertext,
                aad: aad.as_bytes(),
            },
        )
        .ok()?;
    String::from_utf8(text).ok()
}

fn authenticated(person: &PersonId, field: &str) -> String {
    format!("{person}\n{field}")
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| SealError::Cipher(format!("no random bytes: {error}")))?;
    Ok(bytes)
}
