//! HTTP for the tests. TLS has no provider of its own here, so it is chosen before the first client is made.

use reqwest::{Client, IntoUrl, Response};

/// A client.
#[must_use]
pub fn client() -> Client {
    // The process has chosen it already when another test came first.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::new()
}

/// A GET.
///
/// # Errors
/// As [`reqwest::get`].
pub async fn get(url: impl IntoUrl) -> reqwest::Result<Response> {
    client().get(url).send().await
}
