//! Addresses of pages.

use std::fmt;

use serde::{Deserialize, Serialize};
use yujie_domain::ids::Invalid;

/// The platform takes no address that is longer, in bytes.
const LONGEST: usize = 1024;

/// The address of a page of ours: `https://` or `http://` with a host, at most 1,024 visible ASCII characters.
///
/// It may hold a token or an order's number, so `Debug` shows only the way to the page and not the query.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebUrl(String);

impl WebUrl {
    /// Reads an address.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text = text.into();
        let invalid = |why| Err(Invalid { what: "url", why });
        let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
            return invalid("expected https:// or http://");
        };
        if rest.is_empty() || rest.starts_with(['/', '?', '#', ':']) {
            return invalid("expected a host");
        }
        if text.len() > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return invalid("expected at most 1,024 visible ASCII characters");
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text up to the fragment (`#…`), which belongs to the page alone.
    pub fn without_fragment(&self) -> &str {
        self.0.split('#').next().unwrap_or_default()
    }

    /// Whether the page is below `origin` (scheme, host and port, perhaps the beginning of a path). What a reader's page gives us to
    /// sign is not signed without this.
    pub fn is_below(&self, origin: &str) -> bool {
        let origin = origin.trim_end_matches('/');
        let rest = self.0.strip_prefix(origin).filter(|_| !origin.is_empty());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    }
}

impl TryFrom<String> for WebUrl {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl From<WebUrl> for String {
    fn from(url: WebUrl) -> Self {
        url.0
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.split(['?', '#']).next().unwrap_or_default();
        f.debug_tuple("WebUrl").field(&shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_a_host_and_nothing_invisible() {
        for url in [
            "https://lib.example.cn",
            "http://127.0.0.1:4566/a?b=c#d",
            "http://mp.weixin.qq.com?params=value",
        ] {
            assert_eq!(WebUrl::parse(url).unwrap().as_str(), url);
        }
        let long = format!("https://lib.example.cn/{}", "a".repeat(LONGEST));
        for url in [
            "",
            "lib.example.cn",
            "ftp://lib",
            "https://",
            "https:///a",
            "https://a b",
            "https://书",
            "https://a\n",
            &long,
        ] {
            assert!(WebUrl::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn only_pages_of_ours_are_below_our_origin() {
        let below = |url: &str| WebUrl::parse(url).unwrap().is_below("https://lib.example.cn/");

        for ours in [
            "https://lib.example.cn",
            "https://lib.example.cn/orders?a=1",
            "https://lib.example.cn?a",
            "https://lib.example.cn#a",
        ] {
            assert!(below(ours), "{ours}");
        }
        for other in [
            "https://lib.example.cn.evil.example/",
            "https://lib.example.cn@evil.example/",
            "http://lib.example.cn/",
        ] {
            assert!(!below(other), "{other}");
        }
        assert!(!WebUrl::parse("https://lib.example.cn").unwrap().is_below(""));
    }

    #[test]
    fn an_address_in_a_log_has_no_query() {
        let shown = format!("{:?}", WebUrl::parse("https://lib.example.cn/o?token=T0K3N#T0K3N").unwrap());

        assert!(shown.contains("lib.example.cn/o") && !shown.contains("T0K3N"), "{shown}");
    }
}
