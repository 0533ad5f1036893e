//! The two answers to a push. The platform compares them as texts: any other body counts as a failure.
//!
//! A failed push comes again three times, half an hour apart, and is then lost. So [`ACCEPTED`] is said as soon as the push is
//! stored, within 20 seconds, and [`FAILED`] only when a repetition may help or must be seen in the platform's console.

/// "We have it."
pub const ACCEPTED: &str = r#"{"result":true,"returnCode":"200","message":"成功"}"#;

/// "Send it again later."
pub const FAILED: &str = r#"{"result":false,"returnCode":"500","message":"失败"}"#;
