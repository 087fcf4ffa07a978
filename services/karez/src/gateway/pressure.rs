//! What is turned away so that the rest is answered: requests beyond those that can be worked on at once, passwords tried
//! from one address faster than people type them, and bodies that are not what they weigh.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Gateway;
use super::connections::Peer;
use super::problem::Problem;

/// Passwords tried from one address: a whole office may sign in at nine, and after that one a second.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(60).unwrap();
const A_SECOND: NonZeroU32 = NonZeroU32::new(1).unwrap();
/// Addresses remembered before those are forgotten that have been quiet.
const MOST_ADDRESSES: usize = 10_000;

/// What asks whether the service lives, and is answered whatever else is under way.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// How much is under way.
#[derive(Debug)]
pub(super) struct Pressure {
    requests: Semaphore,
    /// Requests under way from each address, and the most of one.
    of_addresses: Mutex<HashMap<IpAddr, usize>>,
    most_of_one: usize,
    passwords: DefaultKeyedRateLimiter<IpAddr>,
}

impl Pressure {
    pub(super) fn new(concurrent_requests: usize) -> Self {
        let quota = Quota::per_second(A_SECOND).allow_burst(AT_ONCE);
        Self {
            requests: Semaphore::new(concurrent_requests),
            of_addresses: Mutex::default(),
            most_of_one: concurrent_requests.div_ceil(2),
            passwords: RateLimiter::keyed(quota),
        }
    }

    /// Room for a request, while there is any, and no more than half of it for one address.
    fn room_for(&self, address: IpAddr) -> Option<Room<'_>> {
        let permit = self.requests.try_acquire().ok()?;
        let mut of_addresses = self.of_addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_addresses.entry(address).or_default();
        if *count >= self.most_of_one {
            return None;
        }
        *count += 1;
        Some(Room {
            of: self,
            address,
            _permit: permit,
        })
    }
}

/// Room for one request, until it is answered.
pub(super) struct Room<'a> {
    of: &'a Pressure,
    address: IpAddr,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut of_addresses = self
            .of
            .of_addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = of_addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                of_addresses.remove(&self.address);
            }
        }
    }
}

/// Lets a request in while there is room, which it has until it is answered. Whoever asks whether the service lives needs none.
pub(super) fn check<'a>(gateway: &'a Gateway, request: &Request) -> Result<Option<Room<'a>>, Problem> {
    if request.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(packed());
    }
    if PROBES.contains(&request.uri().path()) {
        return Ok(None);
    }
    let peer = request.extensions().get::<Peer>().copied();
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
        gateway.address_of(peer, request.headers())
    });
    let room = gateway.0.pressure.room_for(address);
    room.map(Some)
        .ok_or_else(|| Problem::of_status(StatusCode::SERVICE_UNAVAILABLE))
}

impl Gateway {
    /// Refuses passwords from an address that tries them too fast.
    pub(super) fn slow_down(&self, peer: Peer, headers: &HeaderMap) -> Result<(), Problem> {
        let passwords = &self.0.pressure.passwords;
        if passwords.len() > MOST_ADDRESSES {
            passwords.retain_recent();
        }
        let address = self.address_of(peer, headers);
        passwords.check_key(&address).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            too_many_passwords().retry_after(wait.as_secs() + 1)
        })
    }

    /// Where a request comes from: the other end of the connection, or whom the proxy names.
    fn address_of(&self, peer: Peer, headers: &HeaderMap) -> IpAddr {
        let named = forwarded_for(headers).filter(|_| self.0.settings.door.is_behind_proxy);
        named.unwrap_or(peer.0)
    }
}

/// Whom the nearest proxy names: it appends the address to what the caller may have claimed.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

fn too_many_passwords() -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_sign_ins",
        "同一地址登录过于频繁：请按 Retry-After 稍候再试".to_owned(),
        "too many try to sign in from one address: wait as Retry-After says, then try again".to_owned(),
    )
}

/// A small body that unpacks to a huge one would be taken for small.
fn packed() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "packed_body",
        "请求体请不要压缩：去掉 Content-Encoding".to_owned(),
        "send the body as it is: leave Content-Encoding out".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_nearest_proxy_is_believed_and_no_claim_before_it() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("10.9.9.9"));
        headers.append(
            "x-forwarded-for",
            HeaderValue::from_static("1.2.3.4, 192.168.7.7"),
        );
        assert_eq!(forwarded_for(&headers), "192.168.7.7".parse().ok());
        assert_eq!(forwarded_for(&HeaderMap::new()), None);
    }
}
