//! HTTP for the tests. TLS has no provider of its own here, so it is chosen before the first client is made.

use reqwest::{Certificate, Client, IntoUrl, Response};

/// A client.
#[must_use]
pub fn client() -> Client {
    // The process has chosen it already when another test came first.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::new()
}

/// A client that trusts a certificate's authority, as PEM, and nobody else.
///
/// # Errors
/// It is no certificate.
pub fn client_trusting(authority: &str) -> reqwest::Result<Client> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let authority = Certificate::from_pem(authority.as_bytes())?;
    Client::builder().tls_certs_only([authority]).build()
}

/// A GET.
///
/// # Errors
/// As [`reqwest::get`].
pub async fn get(url: impl IntoUrl) -> reqwest::Result<Response> {
    client().get(url).send().await
}
