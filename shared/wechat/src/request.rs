//! A request.

use std::fmt;

use serde::Serialize;

use crate::token::ApiToken;

/// Where calls go.
pub const API_HOST: &str = "https://api.weixin.qq.com";
/// Where readers are sent to be known.
pub const OPEN_HOST: &str = "https://open.weixin.qq.com";

/// What is said to the platform.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where, below [`API_HOST`]: path and query exactly as they are sent. The query holds a secret or a token.
    pub path: String,
    /// All headers but those that a client adds itself. Names are in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// A JSON text in UTF-8; empty for a GET.
    pub body: String,
}

/// The methods of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Asks.
    Get,
    /// Does.
    Post,
}

impl Method {
    /// As HTTP writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl Request {
    pub(crate) fn get(path: &str, query: &[(&str, &str)]) -> Self {
        let path = format!("{path}?{}", encoded(query));
        let headers = vec![("accept", "application/json".to_owned())];
        Self { method: Method::Get, path, headers, body: String::new() }
    }

    /// A call in the account's name.
    pub(crate) fn with_token<T: Serialize>(path: &str, token: &ApiToken, body: &T) -> Self {
        let query = encoded(&[("access_token", token.expose())]);
        Self::post(format!("{path}?{query}"), body)
    }

    /// Only maps with odd keys and broken `Serialize`s fail to become JSON, and there are none of them.
    pub(crate) fn post<T: Serialize>(path: impl Into<String>, body: &T) -> Self {
        let headers = vec![
            ("accept", "application/json".to_owned()),
            ("content-type", "application/json; charset=utf-8".to_owned()),
        ];
        let body = serde_json::to_string(body).unwrap_or_default();
        Self { method: Method::Post, path: path.into(), headers, body }
    }
}

/// A query, in the order given. Only values that are no texts fail to be encoded.
pub(crate) fn encoded(query: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(query).unwrap_or_default()
}

impl fmt::Debug for Request {
    /// Without the query, which holds secrets, and the body, which names the reader.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.split('?').next().unwrap_or_default();
        f.debug_struct("Request").field("method", &self.method).field("path", &path).finish_non_exhaustive()
    }
}
