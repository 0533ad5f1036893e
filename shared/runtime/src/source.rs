//! Where a request comes from, as API Gateway saw it: what limits count by, and what a session's list shows. Headers that a caller writes, such as
//! `X-Forwarded-For`, are not asked.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use yujie_domain::device;

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The address, of IPv6 the /64: a household has that many. Empty when nothing said it.
    pub place: String,
    /// What its owner calls the device.
    pub device: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = match parts.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None, // API Gateway's HTTP API is the only caller; the enum is open
        };
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            place: address.and_then(place).unwrap_or_default(),
            device: device::name(user_agent.unwrap_or_default()),
        })
    }
}

/// What counts as one place.
fn place(address: &str) -> Option<String> {
    let address: IpAddr = address.parse().ok()?;
    Some(match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let net = u128::from(address) >> 64 << 64;
            format!("{}/64", Ipv6Addr::from(net))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_place_and_so_is_a_network_of_ipv6() {
        for (address, counted) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(place(address).as_deref(), Some(counted));
        }
        assert_eq!(place("nowhere"), None);
    }
}
