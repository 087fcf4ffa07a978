//! Connections: whoever comes in gets one, may take so long for the head of a request and no longer, and is told to
//! leave when the service stops. (`axum::serve` waits for ever for the head of a request.)

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::tasks::Group;

/// How long a stop waits for callers to take their answers; a half-sent request holds nobody up for longer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);

/// The other end of a request's connection: the caller, or a proxy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Answers requests until told to stop, then those under way. A connection on which no whole head of a request comes
/// within `head_within` is closed.
pub(super) async fn serve<L>(mut listener: L, router: Router, head_within: Duration, stop: CancellationToken)
where
    L: Listener<Addr = SocketAddr>,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_within);
    let leaving = GracefulShutdown::new();
    let mut connections = Group::default();
    loop {
        let (stream, address) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
            () = connections.one_ended() => continue,
        };
        let router = router.clone();
        let peer = Peer(address.ip());
        let service = service_fn(move |request| answer(router.clone(), request, peer));
        let connection = leaving.watch(http.serve_connection(TokioIo::new(stream), service));
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended early: {error}");
            }
        });
    }
    drop(listener);
    // Who has not taken an answer by then goes without.
    drop(tokio::time::timeout(ANSWERED_WITHIN, leaving.shutdown()).await);
}

async fn answer(router: Router, request: Request<Incoming>, peer: Peer) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(peer);
    router.oneshot(request).await
}
