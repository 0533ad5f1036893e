//! What Alibaba Cloud's codes mean (API错误码). `isv.` is said of us, `isp.` of the provider; those without a dot in front are the gateway's.

use crate::{Cause, NumberFault, Operator, Quota, Span};

/// The meaning of a code other than `OK`, with the message that came with it.
pub(super) fn cause(code: &str, message: &str) -> Cause {
    match code {
        "isv.MOBILE_NUMBER_ILLEGAL" => Cause::Number(NumberFault::Invalid),
        "isv.CUSTOMER_REFUSED" => Cause::Number(NumberFault::Unsubscribed),
        "isv.BUSINESS_LIMIT_CONTROL" => Cause::NumberLimit(span(message)),
        "isv.DAY_LIMIT_CONTROL" => Cause::ProviderLimit(Quota::Day),
        "isv.MONTH_LIMIT_CONTROL" => Cause::ProviderLimit(Quota::Month),
        "isv.AMOUNT_NOT_ENOUGH" | "isv.OUT_OF_SERVICE" => Cause::Operator(Operator::Balance),
        "isv.ACCOUNT_NOT_EXISTS" | "SignatureDoesNotMatch" | "IncompleteSignature" | "MissingAccessKeyId" => {
            Cause::Operator(Operator::Credentials)
        }
        "isp.RAM_PERMISSION_DENY" | "isv.DENY_IP_RANGE" | "NoPermission" => {
            Cause::Operator(Operator::Permission)
        }
        "isv.ACCOUNT_ABNORMAL" | "isv.PRODUCT_UN_SUBSCRIPT" | "isv.PRODUCT_UNSUBSCRIBE" => {
            Cause::Operator(Operator::Service)
        }
        "isv.SMS_SIGNATURE_ILLEGAL"
        | "isv.SMS_SIGN_ILLEGAL"
        | "isv.SIGN_NAME_ILLEGAL"
        | "isv.SIGN_STATE_ILLEGAL"
        | "isv.SMS_SIGNATURE_SCENE_ILLEGAL" => Cause::Operator(Operator::Sign),
        "isv.SMS_TEMPLATE_ILLEGAL"
        | "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"
        | "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE" => Cause::Operator(Operator::Template),
        "isv.TEMPLATE_MISSING_PARAMETERS" | "isv.INVALID_JSON_PARAM" => Cause::Operator(Operator::Params),
        "isv.INVALID_PARAMETERS"
        | "isv.EXTEND_CODE_ERROR"
        | "isv.MOBILE_COUNT_OVER_LIMIT"
        | "InvalidVersion"
        | "InvalidAction.NotFound" => Cause::Operator(Operator::Request),
        // The last one is also said of numbers on a list; but a number given up for a word in a message would be given up for nothing.
        "isv.PARAM_LENGTH_LIMIT"
        | "isv.PARAM_NOT_SUPPORT_URL"
        | "isv.TEMPLATE_PARAMS_ILLEGAL"
        | "isv.SMS_CONTENT_ILLEGAL"
        | "isv.UNSUPPORTED_CONTENT"
        | "isv.BLACK_KEY_CONTROL_LIMIT" => Cause::Content,
        // The platform asks for a repetition; a request that waited too long is signed anew.
        "isp.SYSTEM_ERROR" | "ServiceUnavailable" | "InvalidTimeStamp.Expired" => Cause::Temporary,
        "isp.GATEWAY_ERROR" | "InternalError" | "SignatureNonceUsed" => Cause::Doubtful,
        _ => by_family(code),
    }
}

/// The gateway's codes come in families, of which the members are not all listed.
fn by_family(code: &str) -> Cause {
    match code.split('.').next().unwrap_or_default() {
        "Throttling" => Cause::ProviderLimit(Quota::Rate),
        "InvalidAccessKeyId" => Cause::Operator(Operator::Credentials),
        "Forbidden" => Cause::Operator(Operator::Permission),
        family if family.starts_with("Missing") => Cause::Operator(Operator::Request),
        _ => Cause::Unknown,
    }
}

/// One code for all limits of a number; only the message tells which, as in `触发分钟级流控Permits:1`.
fn span(message: &str) -> Span {
    let says = |words: [&str; 2]| words.iter().any(|word| message.contains(word));
    if says(["分钟级", "MINUTE"]) {
        Span::Minute
    } else if says(["小时级", "HOUR"]) {
        Span::Hour
    } else if says(["天级", "日级"]) {
        Span::Day
    } else if says(["月级", "MONTH"]) {
        Span::Month
    } else {
        Span::Unspecified
    }
}
