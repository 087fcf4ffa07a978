//! Receivers of notices: a web server that keeps what is posted to it, and a mail server that keeps what is sent.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One request.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as it came.
    pub body: String,
    /// The status it was answered with.
    pub answered: StatusCode,
}

/// A web server that takes notices, or refuses each when it comes for the first time.
#[derive(Debug, Clone)]
pub struct Receiver {
    url: String,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    refuses_first: bool,
    posted: Vec<Posted>,
}

impl Receiver {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(refuses_first: bool) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let receiver = Self {
            url: format!("http://{}/notices", listener.local_addr()?),
            inner: Arc::new(Mutex::new(Inner {
                refuses_first,
                posted: Vec::new(),
            })),
        };
        let router = Router::new()
            .route("/notices", post(keep))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(receiver)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What came, in order.
    #[must_use]
    pub fn posted(&self) -> Vec<Posted> {
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .posted
            .clone()
    }
}

async fn keep(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut inner = receiver.inner.lock().unwrap_or_else(PoisonError::into_inner);
    let id = headers.get("Karez-Message-Id");
    let is_first = inner
        .posted
        .iter()
        .all(|before| before.headers.get("Karez-Message-Id") != id);
    let answered = if inner.refuses_first && is_first {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    inner.posted.push(Posted {
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        answered,
    });
    answered
}

/// A mail server that takes everything.
#[derive(Debug, Clone)]
pub struct MailServer {
    url: String,
    mails: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let server = Self {
            url: format!("smtp://{}", listener.local_addr()?),
            mails: Arc::default(),
        };
        let mails = Arc::clone(&server.mails);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mails = Arc::clone(&mails);
                tokio::spawn(async move { speak(stream, &mails).await });
            }
        });
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The mails that came, headers and all.
    #[must_use]
    pub fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// As much of RFC 5321 as a sender without TLS needs.
async fn speak(stream: TcpStream, mails: &Mutex<Vec<String>>) -> Result<()> {
    let mut lines = BufReader::new(stream);
    lines.write_all(b"220 test\r\n").await?;
    let mut line = String::new();
    while lines.read_line(&mut line).await? > 0 {
        let command = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        line.clear();
        match command.as_str() {
            "DATA" => {
                lines.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while lines.read_line(&mut line).await? > 0 && line != ".\r\n" {
                    mail.push_str(&line);
                    line.clear();
                }
                line.clear();
                mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                lines.write_all(b"250 kept\r\n").await?;
            }
            "QUIT" => {
                lines.write_all(b"221 bye\r\n").await?;
                break;
            }
            _ => lines.write_all(b"250 fine\r\n").await?,
        }
    }
    Ok(())
}
