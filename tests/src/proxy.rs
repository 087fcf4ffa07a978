//! A wire that can be cut: it stands between karez and a server, on a TCP port or a Unix socket.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;

/// What the wire does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Bytes pass.
    Carry,
    /// Bytes wait, both ways, as in a partition.
    Hold,
    /// Questions pass and answers are lost.
    LoseAnswers,
}

#[derive(Debug, Clone, Copy)]
struct State {
    does: Does,
    /// Every connection of an earlier generation is closed.
    generation: u64,
    /// Every connection of an earlier generation is silent.
    silent: u64,
}

/// The wire. Dropping it closes every connection.
#[derive(Debug)]
pub struct Proxy {
    state: watch::Sender<State>,
    lost: watch::Receiver<u64>,
}

impl Proxy {
    fn new() -> (Self, Wire) {
        let (state, seen) = watch::channel(State {
            does: Does::Carry,
            generation: 0,
            silent: 0,
        });
        let (count, lost) = watch::channel(0);
        (Self { state, lost }, Wire { seen, count })
    }

    /// A wire to a TCP port; gives its own port.
    ///
    /// # Errors
    /// No port is free.
    pub async fn to_port(port: u16) -> Result<(Self, u16)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let own = listener.local_addr()?.port();
        let (proxy, wire) = Self::new();
        tokio::spawn(async move {
            while let Some(Ok((near, _))) = wire.or_end(listener.accept()).await {
                let wire = wire.clone();
                tokio::spawn(async move {
                    if let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await {
                        wire.carry(near, far).await;
                    }
                });
            }
        });
        Ok((proxy, own))
    }

    /// A wire to a Unix socket of this name in a folder, under the same name in another.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn to_socket(name: &str, far: &Path, near: &Path) -> Result<Self> {
        let listener = UnixListener::bind(near.join(name))?;
        let far: PathBuf = far.join(name);
        let (proxy, wire) = Self::new();
        tokio::spawn(async move {
            while let Some(Ok((near, _))) = wire.or_end(listener.accept()).await {
                let (wire, far) = (wire.clone(), far.clone());
                tokio::spawn(async move {
                    if let Ok(far) = UnixStream::connect(far).await {
                        wire.carry(near, far).await;
                    }
                });
            }
        });
        Ok(proxy)
    }

    /// Cuts every connection; new ones are made again.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.generation += 1);
    }

    /// Every connection falls silent, as if the server's machine had lost its power and come back: who waits for an answer
    /// hears nothing more, not even an end; who asks something learns that the machine knows of no such connection.
    pub fn silence(&self) {
        self.state.send_modify(|state| {
            state.generation += 1;
            state.silent = state.generation;
        });
    }

    /// Lets nothing pass, as a partition does, until [`Proxy::mend`].
    pub fn hold(&self) {
        self.state.send_modify(|state| state.does = Does::Hold);
    }

    /// Loses answers until [`Proxy::mend`]; returns when one has been lost. What was asked has been done.
    pub async fn lose_answers(&mut self) {
        self.lost.mark_unchanged();
        self.state.send_modify(|state| state.does = Does::LoseAnswers);
        // The wire itself ends with the proxy, not before.
        drop(self.lost.changed().await);
    }

    /// Lets everything pass again. After lost answers the connections are of no use, and cut.
    pub fn mend(&self) {
        self.state.send_modify(|state| {
            if state.does == Does::LoseAnswers {
                state.generation += 1;
            }
            state.does = Does::Carry;
        });
    }
}

#[derive(Debug, Clone)]
struct Wire {
    seen: watch::Receiver<State>,
    count: watch::Sender<u64>,
}

impl Wire {
    /// `None` when the proxy is gone.
    async fn or_end<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut seen = self.seen.clone();
        tokio::select! {
            _ = seen.wait_for(|_| false) => None,
            done = work => Some(done),
        }
    }

    async fn carry(self, near: impl AsyncRead + AsyncWrite, far: impl AsyncRead + AsyncWrite) {
        let mut seen = self.seen.clone();
        let generation = seen.borrow().generation;
        let (near_read, near_write) = split(near);
        let (far_read, far_write) = split(far);
        tokio::select! {
            _ = seen.wait_for(|state| state.generation != generation && state.silent <= generation) => {}
            _ = self.pass(near_read, far_write, (false, generation)) => {}
            _ = self.pass(far_read, near_write, (true, generation)) => {}
        }
    }

    async fn pass(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        (is_answer, generation): (bool, u64),
    ) -> io::Result<()> {
        let (mut seen, mut silent) = (self.seen.clone(), self.seen.clone());
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let count = tokio::select! {
                count = from.read(&mut bytes) => Some(count?),
                _ = silent.wait_for(|state| state.silent > generation) => None,
            };
            let Some(count) = count else {
                if is_answer {
                    drop(from);
                    return std::future::pending().await;
                }
                drop(to);
                return from.read(&mut bytes).await.map(drop);
            };
            let Some(read) = bytes.get(..count).filter(|read| !read.is_empty()) else {
                return Ok(());
            };
            let state = seen.wait_for(|state| state.does != Does::Hold).await;
            let does = state.map_or(Does::Carry, |state| state.does);
            if is_answer && does == Does::LoseAnswers {
                self.count.send_modify(|count| *count += 1);
                continue;
            }
            to.write_all(read).await?;
        }
    }
}
