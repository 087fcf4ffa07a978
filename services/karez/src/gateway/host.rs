//! Whom a request believes to speak to. Where nobody is asked who they are, what protects the interface is that only this machine
//! reaches it; a page in a browser on this machine must not get in under a name of its own that it lets point here
//! (DNS rebinding).

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{StatusCode, header};

use super::Gateway;
use super::auth::Authentication;
use super::problem::Problem;

/// Refuses requests under any name but those of this machine. Ports do not matter: a tunnel has its own.
pub(super) fn check(gateway: &Gateway, request: &Request) -> Result<(), Problem> {
    if gateway.0.settings.authentication == Authentication::Required {
        return Ok(());
    }
    let mut names: Vec<String> = request
        .headers()
        .get_all(header::HOST)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    names.extend(request.uri().authority().map(ToString::to_string));
    match names.iter().find(|name| !is_this_machine(name)) {
        None if !names.is_empty() => Ok(()),
        stranger => Err(misdirected(stranger.map_or("", String::as_str))),
    }
}

fn misdirected(name: &str) -> Problem {
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "wrong_host",
        format!(
            "未启用登录，本服务只应答 localhost 与本机回环地址，收到的 Host 是 {name:?}：请改用 http://127.0.0.1 访问，或启用登录（[gateway] authentication）；若经代理转发，请令其发送 Host: 127.0.0.1"
        ),
        format!(
            "nobody is asked to sign in, so this service answers to localhost and loopback addresses only, found the Host {name:?}: use http://127.0.0.1, or require signing in ([gateway] authentication), and let a proxy send Host: 127.0.0.1"
        ),
    )
}

/// Whether a name with or without a port means this machine whoever resolves it.
fn is_this_machine(authority: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        Some(_) | None => authority,
    };
    let address = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(version_6) => version_6.parse().map(IpAddr::V6),
        None => host.parse().map(IpAddr::V4),
    };
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_nobody_else_can_point_here_are_this_machine() {
        for name in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1",
            "127.0.0.1:8080",
            "127.8.9.1:1",
            "[::1]",
            "[::1]:8080",
        ] {
            assert!(is_this_machine(name), "{name}");
        }
        for name in [
            "",
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "user@127.0.0.1",
            "192.168.1.7:8080",
            "0.0.0.0:8080",
            "[::2]:8080",
            "::1",
            "127.0.0.1:80:80",
        ] {
            assert!(!is_this_machine(name), "{name}");
        }
    }
}
