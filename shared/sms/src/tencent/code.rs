//! What Tencent Cloud's codes mean (错误码): a family, and mostly a member of it after a dot.

use crate::{Cause, NumberFault, Operator, Quota, Span};

/// The meaning of a code other than `Ok`.
pub(super) fn cause(code: &str) -> Cause {
    match code {
        // Unsubscribed, or on the carrier's list; the provider does not say which.
        "FailedOperation.PhoneNumberInBlacklist" => Cause::Number(NumberFault::Blocked),
        "InvalidParameterValue.IncorrectPhoneNumber" => Cause::Number(NumberFault::Invalid),
        "LimitExceeded.PhoneNumberThirtySecondLimit" => Cause::NumberLimit(Span::Minute),
        "LimitExceeded.PhoneNumberOneHourLimit" => Cause::NumberLimit(Span::Hour),
        "LimitExceeded.PhoneNumberDailyLimit" | "LimitExceeded.PhoneNumberSameContentDailyLimit" => {
            Cause::NumberLimit(Span::Day)
        }
        "LimitExceeded.DeliveryFrequencyLimit" => Cause::NumberLimit(Span::Unspecified),
        "LimitExceeded.AppDailyLimit"
        | "LimitExceeded.AppMainlandChinaDailyLimit"
        | "LimitExceeded.DailyLimit" => Cause::ProviderLimit(Quota::Day),
        "AuthFailure.RequestLimitExceeded" => Cause::ProviderLimit(Quota::Rate),
        // The second spelling of arrears, and that of other codes further on, is that of the older interface.
        "FailedOperation.InsufficientBalanceInSmsPackage"
        | "UnauthorizedOperation.ServiceSuspendDueToArrears"
        | "UnauthorizedOperation.SerivceSuspendDueToArrears" => Cause::Operator(Operator::Balance),
        "InternalError.SigVerificationFail" | "InternalError.SigFieldMissing" => {
            Cause::Operator(Operator::Credentials)
        }
        "AuthFailure.UnauthorizedOperation" | "AuthFailure.MFAFailure" => {
            Cause::Operator(Operator::Permission)
        }
        "InvalidParameterValue.SdkAppIdNotExist"
        | "InvalidParameterValue.SdkAppidNotExist"
        | "UnauthorizedOperation.SmsSdkAppIdVerifyFail"
        | "UnauthorizedOperation.SmsSdkAppidVerifyFail"
        | "UnauthorizedOperation.SdkAppIdIsDisabled"
        | "UnauthorizedOperation.SdkAppidIsDisabled" => Cause::Operator(Operator::Service),
        "FailedOperation.SignatureIncorrectOrUnapproved" => Cause::Operator(Operator::Sign),
        "FailedOperation.TemplateIncorrectOrUnapproved"
        | "FailedOperation.TemplateUnapprovedOrNotExist"
        | "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone" => Cause::Operator(Operator::Template),
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate" => Cause::Operator(Operator::Params),
        "FailedOperation.FailResolvePacket"
        | "FailedOperation.JsonParseFail"
        | "InternalError.JsonParseFail"
        | "InternalError.RestApiInterfaceNotExist"
        | "LimitExceeded.PhoneNumberCountLimit" => Cause::Operator(Operator::Request),
        "FailedOperation.ContainSensitiveWord"
        | "InvalidParameterValue.ContentLengthLimit"
        | "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
        | "InvalidParameterValue.TemplateParameterFormatError"
        | "InvalidParameterValue.TemplateParameterLengthLimit" => Cause::Content,
        // A request that waited too long is signed anew.
        "AuthFailure.SignatureExpire" | "InternalError.RequestTimeException" | "ServiceUnavailable" => {
            Cause::Temporary
        }
        _ => by_family(code),
    }
}

/// The families are documented by themselves, and new members come without notice.
fn by_family(code: &str) -> Cause {
    match code.split('.').next().unwrap_or_default() {
        "RequestLimitExceeded" => Cause::ProviderLimit(Quota::Rate),
        "AuthFailure" => Cause::Operator(Operator::Credentials),
        "UnauthorizedOperation" | "IpInBlacklist" | "IpNotInWhitelist" => {
            Cause::Operator(Operator::Permission)
        }
        "InvalidAction"
        | "InvalidParameter"
        | "InvalidParameterValue"
        | "InvalidRequest"
        | "MissingParameter"
        | "NoSuchProduct"
        | "NoSuchVersion"
        | "UnknownParameter"
        | "UnsupportedOperation"
        | "UnsupportedProtocol"
        | "UnsupportedRegion" => Cause::Operator(Operator::Request),
        // Among them the timeout of the provider's own inner call (`InternalError.Timeout`).
        "InternalError" => Cause::Doubtful,
        _ => Cause::Unknown,
    }
}
