//! What the library and WeChat say to each other about the library's service account (公众号), as pure functions over bytes.
//!
//! [`oauth`] tells who is reading a page inside WeChat. [`token`] is the key to all the other calls, [`jssdk`] lets a page scan and
//! pay, [`template`] tells a reader something, and [`callback`] hears whether it arrived. Each call is a struct that writes a
//! [`Request`] and reads the reply, and its errors say what to do next.
//!
//! What must not be here: I/O, a clock, randomness, AWS, and any decision about what a reader is told, which is `yujie_domain`'s.

pub mod callback;
pub mod jssdk;
pub mod oauth;
pub mod template;
pub mod token;

mod account;
mod refusal;
mod request;
mod secret;
mod sha1;
mod url;
mod xml;

pub use account::{Account, AccountError, OpenId};
pub use refusal::{AccessError, Refusal, Unreadable};
pub use request::{API_HOST, Method, OPEN_HOST, Request};
pub use secret::Secret;
pub use url::WebUrl;
