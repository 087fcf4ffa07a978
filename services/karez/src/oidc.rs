//! Signing in through an office's own directory: `OpenID` Connect, authorization code with PKCE (RFC 7636). The directory says
//! who somebody is; what they may do is said by the account of that name here.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::OnceCell;

use crate::accounts::{AccountError, session_id};
use crate::config;

/// A directory that does not answer by then is given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// Signatures with a public key. With a shared secret, or none, anybody who knows the client could write a token.
const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why nobody can sign in through the directory.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// A setting that cannot be used.
    #[error("[gateway.oidc] {setting}: {why}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What is wrong and what to do.
        why: String,
    },
    /// The directory does not answer, or not what the standard says.
    #[error("the directory does not answer as OpenID Connect says: {0}")]
    Directory(#[from] reqwest::Error),
    /// The directory says that it is another one.
    #[error("the directory at {asked} says it is {found}")]
    OtherIssuer {
        /// Whom the settings name.
        asked: String,
        /// Who answered.
        found: String,
    },
    /// The answer belongs to no attempt of this browser.
    #[error("this answer belongs to no attempt that this browser began")]
    OtherAttempt,
    /// The token is not to be believed.
    #[error("the directory's token is not to be believed: {0}")]
    Token(String),
    /// The system gives no random bytes.
    #[error(transparent)]
    System(#[from] AccountError),
}

/// What the directory says of itself.
#[derive(Debug, Deserialize)]
struct Discovered {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// An attempt to sign in that has begun.
#[derive(Debug)]
pub struct Attempt {
    /// Where the browser goes.
    pub address: String,
    /// What the browser keeps until it comes back.
    pub kept: String,
}

/// A directory of the settings.
#[derive(Debug)]
pub struct Directory {
    settings: config::Oidc,
    secret: Option<String>,
    http: Client,
    discovered: OnceCell<Discovered>,
}

impl Directory {
    /// The directory of the settings; none where they name none.
    ///
    /// # Errors
    /// [`OidcError::Setting`] names what cannot be used.
    pub fn try_new(settings: &config::Oidc) -> Result<Option<Self>, OidcError> {
        if settings.issuer.is_empty() {
            return Ok(None);
        }
        for (setting, address) in [("issuer", &settings.issuer), ("callback", &settings.callback)] {
            check_address(setting, address)?;
        }
        if settings.client_id.is_empty() {
            return Err(wrong(
                "client_id",
                "give the name under which the directory knows karez",
            ));
        }
        // The process has chosen it already where something else spoke TLS before.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Some(Self {
            secret: read_secret(&settings.client_secret_file)?,
            settings: settings.clone(),
            http,
            discovered: OnceCell::new(),
        }))
    }

    /// What the page for signing in calls it.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.settings.label
    }

    /// Begins an attempt.
    ///
    /// # Errors
    /// The directory does not answer.
    pub async fn begin(&self) -> Result<Attempt, OidcError> {
        let directory = self.discovered().await?;
        let (state, nonce, verifier) = (session_id()?, session_id()?, session_id()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let mut address = Url::parse(&directory.authorization_endpoint)
            .map_err(|error| wrong("issuer", &format!("it asks people to go to no URL: {error}")))?;
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.callback)
            .append_pair("scope", "openid profile email")
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(Attempt {
            address: address.into(),
            kept: format!("{state}.{nonce}.{verifier}"),
        })
    }

    /// Ends an attempt: the name that the directory gives to whoever came back.
    ///
    /// # Errors
    /// [`OidcError`]; nobody is signed in.
    pub async fn finish(&self, kept: &str, state: &str, code: &str) -> Result<String, OidcError> {
        let mut parts = kept.split('.');
        let (Some(begun), Some(nonce), Some(verifier), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(OidcError::OtherAttempt);
        };
        if !bool::from(begun.as_bytes().ct_eq(state.as_bytes())) {
            return Err(OidcError::OtherAttempt);
        }
        let directory = self.discovered().await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.settings.callback),
            ("client_id", &self.settings.client_id),
            ("code_verifier", verifier),
        ];
        if let Some(secret) = &self.secret {
            form.push(("client_secret", secret));
        }
        let answered = self.http.post(&directory.token_endpoint).form(&form);
        let tokens: Tokens = read(answered).await?;
        let keys: JwkSet = read(self.http.get(&directory.jwks_uri)).await?;
        let claims = self.believed(&tokens.id_token, &keys)?;
        if claims.get("nonce").and_then(Value::as_str) != Some(nonce) {
            return Err(OidcError::Token("its nonce is of another attempt".to_owned()));
        }
        let name = claims.get(&self.settings.name_claim).and_then(Value::as_str);
        name.map(str::to_owned)
            .ok_or_else(|| OidcError::Token(format!("it has no claim {}", self.settings.name_claim)))
    }

    /// The claims of a token that is signed by the directory, for karez, by now and not long ago.
    fn believed(&self, token: &str, keys: &JwkSet) -> Result<Map<String, Value>, OidcError> {
        let unbelievable = |error: jsonwebtoken::errors::Error| OidcError::Token(error.to_string());
        let header = decode_header(token).map_err(unbelievable)?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(OidcError::Token(format!(
                "{:?} is no public signature",
                header.alg
            )));
        }
        let key = match &header.kid {
            Some(id) => keys.find(id),
            None if keys.keys.len() == 1 => keys.keys.first(),
            None => None,
        };
        let key = key.ok_or_else(|| OidcError::Token("the directory does not know its key".to_owned()))?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.client_id]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let key = DecodingKey::from_jwk(key).map_err(unbelievable)?;
        let decoded = decode(token, &key, &validation).map_err(unbelievable)?;
        Ok(decoded.claims)
    }

    async fn discovered(&self) -> Result<&Discovered, OidcError> {
        let ask = async {
            let asked = &self.settings.issuer;
            let place = format!("{}/.well-known/openid-configuration", asked.trim_end_matches('/'));
            let discovered: Discovered = read(self.http.get(place)).await?;
            if discovered.issuer == *asked {
                Ok(discovered)
            } else {
                Err(OidcError::OtherIssuer {
                    asked: asked.clone(),
                    found: discovered.issuer,
                })
            }
        };
        self.discovered.get_or_try_init(|| ask).await
    }
}

async fn read<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, OidcError> {
    Ok(request.send().await?.error_for_status()?.json().await?)
}

fn read_secret(file: &Path) -> Result<Option<String>, OidcError> {
    if file.as_os_str().is_empty() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(file)
        .map_err(|error| wrong("client_secret_file", &format!("{}: {error}", file.display())))?;
    Ok(Some(text.trim().to_owned()))
}

/// Codes and tokens cross a network over TLS only.
fn check_address(setting: &'static str, address: &str) -> Result<(), OidcError> {
    let url =
        Url::parse(address).map_err(|error| wrong(setting, &format!("{address:?} is no URL: {error}")))?;
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && is_here) {
        return Ok(());
    }
    Err(wrong(setting, &format!("{address:?} must begin with https://")))
}

fn wrong(setting: &'static str, why: &str) -> OidcError {
    OidcError::Setting {
        setting,
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_cross_no_network_in_the_clear() {
        for address in [
            "https://id.example.cn",
            "http://127.0.0.1:9/x",
            "http://localhost:9",
        ] {
            assert!(check_address("issuer", address).is_ok(), "{address}");
        }
        for address in ["http://id.example.cn", "id.example.cn", "", "ftp://localhost"] {
            assert!(check_address("issuer", address).is_err(), "{address}");
        }
    }
}
