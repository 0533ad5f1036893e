//! What the providers' codes mean.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking, as the tests do")]

use serde_json::json;
use yujie_sms::{Cause, NumberFault, Operator, Provider, Quota, Refusal, Span};

fn alibaba(code: &str, message: &str) -> Refusal {
    let reply = json!({ "Code": code, "Message": message, "RequestId": "R" }).to_string();
    Provider::Alibaba.sent(200, reply.as_bytes()).unwrap_err()
}

/// In the number's own entry, and for the whole request.
fn tencent(code: &str) -> [Refusal; 2] {
    let entry =
        json!({ "SerialNo": "", "PhoneNumber": "+8613800000001", "Fee": 0, "Code": code, "Message": "m" });
    let replies = [
        json!({ "Response": { "SendStatusSet": [entry], "RequestId": "R" } }),
        json!({ "Response": { "Error": { "Code": code, "Message": "m" }, "RequestId": "R" } }),
    ];
    replies.map(|reply| Provider::Tencent.sent(200, reply.to_string().as_bytes()).unwrap_err())
}

#[test]
fn every_code_of_alibaba_cloud_says_what_has_to_happen() {
    let table: &[(Cause, &[&str])] = &[
        (Cause::Number(NumberFault::Invalid), &["isv.MOBILE_NUMBER_ILLEGAL"]),
        (Cause::Number(NumberFault::Unsubscribed), &["isv.CUSTOMER_REFUSED"]),
        (Cause::NumberLimit(Span::Unspecified), &["isv.BUSINESS_LIMIT_CONTROL"]),
        (Cause::ProviderLimit(Quota::Day), &["isv.DAY_LIMIT_CONTROL"]),
        (Cause::ProviderLimit(Quota::Month), &["isv.MONTH_LIMIT_CONTROL"]),
        (Cause::ProviderLimit(Quota::Rate), &["Throttling", "Throttling.User", "Throttling.Api"]),
        (Cause::Operator(Operator::Balance), &["isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE"]),
        (
            Cause::Operator(Operator::Credentials),
            &[
                "isv.ACCOUNT_NOT_EXISTS",
                "InvalidAccessKeyId.NotFound",
                "InvalidAccessKeyId.Inactive",
                "SignatureDoesNotMatch",
                "IncompleteSignature",
                "MissingAccessKeyId",
            ],
        ),
        (
            Cause::Operator(Operator::Permission),
            &["isp.RAM_PERMISSION_DENY", "isv.DENY_IP_RANGE", "NoPermission", "Forbidden.RAM"],
        ),
        (
            Cause::Operator(Operator::Service),
            &["isv.ACCOUNT_ABNORMAL", "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE"],
        ),
        (
            Cause::Operator(Operator::Sign),
            &[
                "isv.SMS_SIGNATURE_ILLEGAL",
                "isv.SMS_SIGN_ILLEGAL",
                "isv.SIGN_NAME_ILLEGAL",
                "isv.SIGN_STATE_ILLEGAL",
                "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
            ],
        ),
        (
            Cause::Operator(Operator::Template),
            &[
                "isv.SMS_TEMPLATE_ILLEGAL",
                "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
                "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE",
            ],
        ),
        (Cause::Operator(Operator::Params), &["isv.TEMPLATE_MISSING_PARAMETERS", "isv.INVALID_JSON_PARAM"]),
        (
            Cause::Operator(Operator::Request),
            &[
                "isv.INVALID_PARAMETERS",
                "isv.EXTEND_CODE_ERROR",
                "isv.MOBILE_COUNT_OVER_LIMIT",
                "InvalidVersion",
                "InvalidAction.NotFound",
                "MissingPhoneNumbers",
            ],
        ),
        (
            Cause::Content,
            &[
                "isv.PARAM_LENGTH_LIMIT",
                "isv.PARAM_NOT_SUPPORT_URL",
                "isv.TEMPLATE_PARAMS_ILLEGAL",
                "isv.SMS_CONTENT_ILLEGAL",
                "isv.UNSUPPORTED_CONTENT",
                "isv.BLACK_KEY_CONTROL_LIMIT",
            ],
        ),
        (Cause::Temporary, &["isp.SYSTEM_ERROR", "ServiceUnavailable", "InvalidTimeStamp.Expired"]),
        (Cause::Doubtful, &["isp.GATEWAY_ERROR", "InternalError", "SignatureNonceUsed"]),
        (Cause::Unknown, &["isv.NEW", "isp.NEW", "Ok", "ok", "X"]),
    ];

    for (cause, codes) in table {
        for code in *codes {
            let refusal = alibaba(code, "");
            assert_eq!((refusal.cause, refusal.code.as_str()), (*cause, *code));
        }
    }
}

#[test]
fn alibaba_cloud_tells_in_its_message_which_limit_a_number_has_reached() {
    let table = [
        ("触发分钟级流控Permits:1", Span::Minute),
        ("触发小时级流控Permits:5", Span::Hour),
        ("触发天级流控Permits:10", Span::Day),
        ("触发日级流控Permits:40", Span::Day),
        ("触发号码月级流控Permits:100", Span::Month),
        ("业务限流", Span::Unspecified),
    ];

    for (message, span) in table {
        let refusal = alibaba("isv.BUSINESS_LIMIT_CONTROL", message);
        assert_eq!(refusal.cause, Cause::NumberLimit(span), "{message}");
        assert_eq!(refusal.message, message);
    }
}

#[test]
fn every_code_of_tencent_cloud_says_what_has_to_happen() {
    let table: &[(Cause, &[&str])] = &[
        (Cause::Number(NumberFault::Blocked), &["FailedOperation.PhoneNumberInBlacklist"]),
        (Cause::Number(NumberFault::Invalid), &["InvalidParameterValue.IncorrectPhoneNumber"]),
        (Cause::NumberLimit(Span::Minute), &["LimitExceeded.PhoneNumberThirtySecondLimit"]),
        (Cause::NumberLimit(Span::Hour), &["LimitExceeded.PhoneNumberOneHourLimit"]),
        (
            Cause::NumberLimit(Span::Day),
            &["LimitExceeded.PhoneNumberDailyLimit", "LimitExceeded.PhoneNumberSameContentDailyLimit"],
        ),
        (Cause::NumberLimit(Span::Unspecified), &["LimitExceeded.DeliveryFrequencyLimit"]),
        (
            Cause::ProviderLimit(Quota::Day),
            &[
                "LimitExceeded.AppDailyLimit",
                "LimitExceeded.AppMainlandChinaDailyLimit",
                "LimitExceeded.DailyLimit",
            ],
        ),
        (
            Cause::ProviderLimit(Quota::Rate),
            &[
                "RequestLimitExceeded",
                "RequestLimitExceeded.UinLimitExceeded",
                "AuthFailure.RequestLimitExceeded",
            ],
        ),
        (
            Cause::Operator(Operator::Balance),
            &[
                "FailedOperation.InsufficientBalanceInSmsPackage",
                "UnauthorizedOperation.ServiceSuspendDueToArrears",
                "UnauthorizedOperation.SerivceSuspendDueToArrears",
            ],
        ),
        (
            Cause::Operator(Operator::Credentials),
            &[
                "AuthFailure.SignatureFailure",
                "AuthFailure.SecretIdNotFound",
                "AuthFailure.InvalidSecretId",
                "AuthFailure.InvalidAuthorization",
                "AuthFailure.TokenFailure",
                "InternalError.SigVerificationFail",
                "InternalError.SigFieldMissing",
            ],
        ),
        (
            Cause::Operator(Operator::Permission),
            &[
                "AuthFailure.UnauthorizedOperation",
                "AuthFailure.MFAFailure",
                "UnauthorizedOperation",
                "UnauthorizedOperation.RequestPermissionDeny",
                "UnauthorizedOperation.RequestIpNotInWhitelist",
                "IpInBlacklist",
                "IpNotInWhitelist",
            ],
        ),
        (
            Cause::Operator(Operator::Service),
            &[
                "InvalidParameterValue.SdkAppIdNotExist",
                "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
                "UnauthorizedOperation.SdkAppIdIsDisabled",
            ],
        ),
        (Cause::Operator(Operator::Sign), &["FailedOperation.SignatureIncorrectOrUnapproved"]),
        (
            Cause::Operator(Operator::Template),
            &[
                "FailedOperation.TemplateIncorrectOrUnapproved",
                "FailedOperation.TemplateUnapprovedOrNotExist",
                "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
            ],
        ),
        (Cause::Operator(Operator::Params), &["FailedOperation.TemplateParamSetNotMatchApprovedTemplate"]),
        (
            Cause::Operator(Operator::Request),
            &[
                "FailedOperation.FailResolvePacket",
                "FailedOperation.JsonParseFail",
                "InternalError.RestApiInterfaceNotExist",
                "LimitExceeded.PhoneNumberCountLimit",
                "MissingParameter",
                "MissingParameter.EmptyPhoneNumberSet",
                "InvalidParameter",
                "InvalidAction",
                "NoSuchVersion",
                "UnsupportedRegion",
                "UnsupportedOperation.UnsupportedRegion",
            ],
        ),
        (
            Cause::Content,
            &[
                "FailedOperation.ContainSensitiveWord",
                "InvalidParameterValue.ContentLengthLimit",
                "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
                "InvalidParameterValue.TemplateParameterFormatError",
                "InvalidParameterValue.TemplateParameterLengthLimit",
            ],
        ),
        (
            Cause::Temporary,
            &["AuthFailure.SignatureExpire", "InternalError.RequestTimeException", "ServiceUnavailable"],
        ),
        (
            Cause::Doubtful,
            &[
                "InternalError",
                "InternalError.Timeout",
                "InternalError.SendAndRecvFail",
                "InternalError.OtherError",
            ],
        ),
        (Cause::Unknown, &["FailedOperation", "FailedOperation.New", "LimitExceeded.New", "OK", "x"]),
    ];

    for (cause, codes) in table {
        for code in *codes {
            for refusal in tencent(code) {
                assert_eq!((refusal.cause, refusal.code.as_str()), (*cause, *code));
            }
        }
    }
}

#[test]
fn only_what_was_surely_not_sent_may_be_sent_again_at_once() {
    let transient = ["isp.SYSTEM_ERROR", "Throttling.User"];
    let not = ["isp.GATEWAY_ERROR", "isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "isv.NEW"];

    assert!(transient.iter().all(|code| alibaba(code, "").is_transient()));
    assert!(!not.iter().any(|code| alibaba(code, "").is_transient()));
    let about_account = |code| alibaba(code, "").is_about_account();
    assert!(about_account("isv.AMOUNT_NOT_ENOUGH") && about_account("isv.DAY_LIMIT_CONTROL"));
    assert!(!about_account("isv.MOBILE_NUMBER_ILLEGAL") && !about_account("Throttling.User"));
}
