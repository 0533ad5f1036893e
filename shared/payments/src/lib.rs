//! What the library and those who take money for it say to each other, as pure functions over bytes.
//!
//! Here lives the payment platforms' protocol: how a request is written and signed, how a reply and a notification are proven and
//! read. What must not be here: I/O, a clock, randomness, AWS, and any decision about what a reader owes, which is
//! `yujie_domain`'s.

pub mod wechatpay;
