"""Alibaba Cloud's and Tencent Cloud's SMS (阿里云短信, 腾讯云短信): take messages by template, and tell what became of them.

The public faces are both at `POST /`, as at the real ones; a call belongs to the cloud whose action header it has. Signatures are
worked out anew from what arrived. Nothing is deduplicated by `OutId` or `SessionContext`, as at the real ones: two calls are two SMS.
Alibaba Cloud refuses a nonce that it has seen, Tencent Cloud takes the same bytes again.

Control face, under `/_control/sms/`; `provider` is alibaba | tencent:

    GET  outbox[?phone=|?reference=|?id=]   what was accepted, oldest first, with the text as a phone shows it
    GET  refusals                           calls that were turned away, with the code
    GET  receipts[?id=]                     each push with its attempts and the last reply
    POST fail_next {provider, code | manner, seconds?, on?, times?}   the next calls of that action fail, with a documented code or in a manner:
                                            http_502 | garbage | done_http_502 (accepted all the same) | slow (accepted, and answered after
                                            `seconds`, for which nobody waits); `on` is send (else) | query
    POST block {phone, why}                 a number that is refused from now on: blacklist | unsubscribed | invalid; `why` null lifts it.
                                            Alibaba Cloud accepts what goes to one on a blacklist, and reports it as failed
    POST limits {minute?, hour?, day?}      how many SMS a number may have; without one, none is counted (the state at the start)
    POST receipts_to {provider, url}        where receipts are pushed, as set in the real one's console
    POST report {id | reference, status, code?, manner?, times?}   the carrier reports: see `Sms.report`
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import itertools
import json
import os
import re
import secrets
import ssl
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from party import ControlError, Party, Reply, Request

SHANGHAI = timezone(timedelta(hours=8))
PROVIDERS = ("alibaba", "tencent")
REPLY_SECONDS = 5  # no answer within this is a failed push
REPEATS = 3
ALIBABA_WINDOW, TENCENT_WINDOW = 15 * 60, 5 * 60
ACTIONS = {"SendSms": "send", "QuerySendDetails": "query", "PullSmsSendStatusByPhoneNumber": "query"}
MANNERS = ("http_502", "garbage", "slow", "done_http_502")
STATUSES = ("delivered", "failed")
PUSHED = {"alibaba": {"code": 0}, "tencent": {"result": 0}}  # what a right answer to a push has in it

# code: (HTTP status, what it says). Those of the interface come with 200, those of the gateway with another.
ALIBABA = {
    "isv.MOBILE_NUMBER_ILLEGAL": (200, "非法手机号"),
    "isv.CUSTOMER_REFUSED": (200, "用户已退订"),
    "isv.BLACK_KEY_CONTROL_LIMIT": (200, "黑名单管控"),
    "isv.BUSINESS_LIMIT_CONTROL": (200, "触发分钟级流控Permits:1"),
    "isv.DAY_LIMIT_CONTROL": (200, "触发日发送限额"),
    "isv.MONTH_LIMIT_CONTROL": (200, "触发月发送限额"),
    "isv.AMOUNT_NOT_ENOUGH": (200, "账户余额不足"),
    "isv.OUT_OF_SERVICE": (200, "业务停机"),
    "isv.ACCOUNT_NOT_EXISTS": (200, "账户不存在"),
    "isv.ACCOUNT_ABNORMAL": (200, "账户异常"),
    "isv.PRODUCT_UN_SUBSCRIPT": (200, "未开通云通信产品的阿里云客户"),
    "isv.PRODUCT_UNSUBSCRIBE": (200, "产品未开通"),
    "isp.RAM_PERMISSION_DENY": (200, "RAM权限不足"),
    "isv.DENY_IP_RANGE": (200, "源IP地址所在的地区被禁用"),
    "isv.SMS_SIGNATURE_ILLEGAL": (200, "该账号下找不到对应签名"),
    "isv.SMS_SIGN_ILLEGAL": (200, "签名禁止使用"),
    "isv.SIGN_NAME_ILLEGAL": (200, "签名名称不符合规范"),
    "isv.SIGN_STATE_ILLEGAL": (200, "签名状态为不可用"),
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": (200, "签名和模板类型不一致"),
    "isv.SMS_TEMPLATE_ILLEGAL": (200, "该账号下找不到对应模板"),
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": (200, "国际/港澳台消息模板不支持发送境内号码"),
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": (200, "短信内容和模板属性不匹配"),
    "isv.TEMPLATE_MISSING_PARAMETERS": (200, "模板变量缺少对应参数值"),
    "isv.INVALID_JSON_PARAM": (200, "参数格式错误，请修改为字符串值"),
    "isv.TEMPLATE_PARAMS_ILLEGAL": (200, "模板变量属性和传入参数不匹配"),
    "isv.PARAM_LENGTH_LIMIT": (200, "参数超过长度限制"),
    "isv.PARAM_NOT_SUPPORT_URL": (200, "变量不支持传入URL"),
    "isv.SMS_CONTENT_ILLEGAL": (200, "短信内容包含禁止发送内容"),
    "isv.UNSUPPORTED_CONTENT": (200, "短信内容包含不支持的字符"),
    "isv.INVALID_PARAMETERS": (200, "参数格式不正确"),
    "isv.EXTEND_CODE_ERROR": (200, "扩展码使用错误"),
    "isv.MOBILE_COUNT_OVER_LIMIT": (200, "手机号码数量超过限制"),
    "isp.SYSTEM_ERROR": (200, "系统出现错误，请重新调用"),
    "isp.GATEWAY_ERROR": (200, "调用发送应用模块失败"),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidAccessKeyId.Inactive": (400, "Specified access key is disabled."),
    "MissingAccessKeyId": (400, "AccessKeyId is mandatory for this action."),
    "IncompleteSignature": (400, "The request signature does not conform to Aliyun standards."),
    "SignatureDoesNotMatch": (400, "Specified signature is not matched with our calculation."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "InvalidAction.NotFound": (404, "Specified api is not found, please check your url and method."),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "MissingPhoneNumbers": (400, "PhoneNumbers is mandatory for this action."),
    "MissingPhoneNumber": (400, "PhoneNumber is mandatory for this action."),
    "Forbidden.RAM": (403, "User not authorized to operate on the specified resource."),
    "NoPermission": (403, "You are not authorized to do this action."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
    "Throttling.Api": (400, "Request was denied due to api flow control."),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "InternalError": (500, "The request processing has failed due to some unknown error."),
}

# code: what it says. All come with status 200; those in `OF_A_NUMBER` stand in the number's own entry, the others for the whole call.
TENCENT = {
    "FailedOperation.PhoneNumberInBlacklist": "the phone number is in the do-not-disturb list",
    "InvalidParameterValue.IncorrectPhoneNumber": "incorrect phone number",
    "LimitExceeded.PhoneNumberThirtySecondLimit": "the number of SMS messages sent from a single mobile number within 30 seconds exceeds the upper limit",
    "LimitExceeded.PhoneNumberOneHourLimit": "the number of SMS messages sent from a single mobile number within 1 hour exceeds the upper limit",
    "LimitExceeded.PhoneNumberDailyLimit": "the number of SMS messages sent from a single mobile number every day exceeds the upper limit",
    "LimitExceeded.PhoneNumberSameContentDailyLimit": "the number of SMS messages with the same content exceeds the upper limit",
    "LimitExceeded.DeliveryFrequencyLimit": "the delivery hit the frequency limit",
    "LimitExceeded.AppDailyLimit": "the daily limit of the application is exceeded",
    "LimitExceeded.AppMainlandChinaDailyLimit": "the daily limit of the application for the mainland is exceeded",
    "LimitExceeded.DailyLimit": "the daily limit is exceeded",
    "LimitExceeded.PhoneNumberCountLimit": "more than 200 phone numbers",
    "FailedOperation.InsufficientBalanceInSmsPackage": "insufficient balance in SMS package",
    "UnauthorizedOperation.ServiceSuspendDueToArrears": "service suspended due to arrears",
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail": "SmsSdkAppId verification failed",
    "UnauthorizedOperation.SdkAppIdIsDisabled": "SdkAppId is disabled",
    "UnauthorizedOperation.RequestPermissionDeny": "no permission",
    "UnauthorizedOperation.RequestIpNotInWhitelist": "the IP is not in the allow list",
    "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny": "individuals may not send marketing SMS",
    "InvalidParameterValue.SdkAppIdNotExist": "SdkAppId does not exist",
    "FailedOperation.SignatureIncorrectOrUnapproved": "the signature is incorrect or unapproved",
    "FailedOperation.TemplateIncorrectOrUnapproved": "the template is incorrect or unapproved",
    "FailedOperation.TemplateUnapprovedOrNotExist": "the template is unapproved or does not exist",
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": "the parameters do not match the approved template",
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": "a global template to a mainland phone",
    "FailedOperation.ContainSensitiveWord": "the content contains a sensitive word",
    "InvalidParameterValue.ContentLengthLimit": "the content is too long",
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": "URLs are prohibited in template parameters",
    "InvalidParameterValue.TemplateParameterFormatError": "a code's template takes 0 to 6 digits",
    "InvalidParameterValue.TemplateParameterLengthLimit": "a template parameter is too long",
    "FailedOperation.FailResolvePacket": "the packet cannot be resolved",
    "FailedOperation.JsonParseFail": "the JSON cannot be parsed",
    "InternalError.RequestTimeException": "the request time is abnormal",
    "InternalError.SigVerificationFail": "the signature cannot be verified",
    "InternalError.Timeout": "timeout",
    "InternalError.SendAndRecvFail": "sending and receiving failed",
    "InternalError.UnknownError": "unknown error",
    "InternalError.OtherError": "other error",
    "InternalError": "an internal error occurred",
    "RequestLimitExceeded": "the request limit is exceeded",
    "RequestLimitExceeded.UinLimitExceeded": "the request limit of the account is exceeded",
    "AuthFailure.SecretIdNotFound": "The SecretId is not found, please ensure that your SecretId is correct.",
    "AuthFailure.SignatureFailure": "The provided credentials could not be validated. Please check your signature is correct.",
    "AuthFailure.SignatureExpire": "The signature is expired.",
    "AuthFailure.InvalidAuthorization": "The authorization header is invalid.",
    "AuthFailure.UnauthorizedOperation": "You are not authorized to perform this operation.",
    "InvalidAction": "The request with action is invalid.",
    "NoSuchVersion": "The version does not exist.",
    "UnsupportedRegion": "The region is not supported.",
    "MissingParameter": "A parameter is missing.",
    "InvalidParameter": "A parameter is invalid.",
    "ServiceUnavailable": "The service is unavailable.",
}
OF_A_NUMBER = {
    "FailedOperation.PhoneNumberInBlacklist", "InvalidParameterValue.IncorrectPhoneNumber", "FailedOperation.SignatureIncorrectOrUnapproved",
    "FailedOperation.InsufficientBalanceInSmsPackage", "FailedOperation.ContainSensitiveWord", "InternalError.Timeout",
    *(code for code in TENCENT if code.startswith(("LimitExceeded.PhoneNumber", "FailedOperation.Template", "InvalidParameterValue.Template",
                                                   "InvalidParameterValue.Content", "InvalidParameterValue.Prohibited"))),
} - {"LimitExceeded.PhoneNumberCountLimit"}

BLOCKED = {
    "blacklist": {"alibaba": "", "tencent": "FailedOperation.PhoneNumberInBlacklist"},
    "unsubscribed": {"alibaba": "isv.CUSTOMER_REFUSED", "tencent": "FailedOperation.PhoneNumberInBlacklist"},
    "invalid": {"alibaba": "isv.MOBILE_NUMBER_ILLEGAL", "tencent": "InvalidParameterValue.IncorrectPhoneNumber"},
}
# span: (seconds, what each cloud says to one too many)
LIMITS = {
    "minute": (60, ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:{}"), "LimitExceeded.PhoneNumberThirtySecondLimit"),
    "hour": (3600, ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:{}"), "LimitExceeded.PhoneNumberOneHourLimit"),
    "day": (86400, ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:{}"), "LimitExceeded.PhoneNumberDailyLimit"),
}


# Accounts

def new_accounts(sign_name: str = "测试图书馆") -> dict:
    """Accounts at both clouds: `secrets` is what the library keeps, `templates` what the clouds have approved: text, and whether for codes."""
    names = list(TEMPLATES)
    return {
        "secrets": {
            "alibaba": {
                "provider": "alibaba", "access_key_id": "LTAI5t" + secrets.token_hex(9), "access_key_secret": secrets.token_hex(15),
                "sign_name": sign_name, "templates": {name: f"SMS_10000000{place}" for place, name in enumerate(names, 1)},
            },
            "tencent": {
                "provider": "tencent", "secret_id": "AKID" + secrets.token_hex(16), "secret_key": secrets.token_hex(16),
                "sdk_app_id": "1400000000", "region": "ap-beijing",
                "sign_name": sign_name, "templates": {name: f"100000{place}" for place, name in enumerate(names, 1)},
            },
        },
        "templates": TEMPLATES,
    }


def catalogue() -> dict:
    """What the library's operator has handed in: its own list."""
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", (Path(__file__).resolve().parents[2] / "docs" / "notices.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {name: {"kind": "code" if name == "phone_code" else "notice", "text": text} for name, text in rows}


# Texts with their variables by name, as Alibaba Cloud writes them; Tencent Cloud numbers them by their places.
TEMPLATES = catalogue() | {
    "notice": {"kind": "notice", "text": "您的订单${order}有新进展，请在${hours}小时内查看。"},
    "closing": {"kind": "notice", "text": "图书馆明日闭馆，借期顺延。"},
}


def accounts_in(path: Path) -> dict:
    """The accounts of this file; new ones if there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(new_accounts(), ensure_ascii=False, indent=1)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    return json.loads(path.read_text(encoding="utf-8"))


# Signatures

def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hmac256(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("utf-8"), hashlib.sha256).digest()


def canonical(method: str, query: str, headers: dict[str, str], names: list[str], body: bytes, lower: bool = False) -> str:
    lines = "".join(f"{name}:{(headers[name].lower() if lower else headers[name]).strip()}\n" for name in names)
    return "\n".join([method, "/", query, lines, ";".join(names), sha256(body)])


def acs3(secret: str, method: str, query: list[tuple[str, str]], headers: dict[str, str], names: list[str], body: bytes) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    text = canonical(method, "&".join(f"{name}={value}" for name, value in pairs), headers, names, body)
    return hmac256(secret.encode(), "ACS3-HMAC-SHA256\n" + sha256(text.encode("utf-8"))).hex()


def tc3(secret: str, service: str, timestamp: int, headers: dict[str, str], names: list[str], body: bytes) -> str:
    text = canonical("POST", "", headers, names, body, lower=True)
    date = datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%d")
    key = hmac256(hmac256(hmac256(("TC3" + secret).encode(), date), service), "tc3_request")
    return hmac256(key, f"TC3-HMAC-SHA256\n{timestamp}\n{date}/{service}/tc3_request\n{sha256(text.encode('utf-8'))}").hex()


def shanghai(at: float) -> str:
    return datetime.fromtimestamp(at, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


class Refused(Exception):
    """A call that is turned away."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(code)
        self.code, self.text = code, text


@dataclass
class Sent:
    provider: str
    id: str
    phone: str
    reference: str
    template: str
    params: list[str]
    text: str
    sent_at: float
    status: str = "pending"
    code: str = ""
    reported_at: float = 0


@dataclass
class Push:
    id: str
    provider: str
    manner: str
    attempts: int = 0
    http_status: int = 0
    reply: str = ""
    accepted: bool = False


class Sms(Party):
    name = "sms"

    def __init__(self, accounts: dict, retry_seconds: float = 0.3, journal: Path | None = None) -> None:
        self.accounts, self.templates = accounts["secrets"], accounts["templates"]
        self.retry_seconds, self.journal = retry_seconds, journal
        self.lock = threading.RLock()
        self.outbox: list[Sent] = []
        self.refusals: list[dict] = []
        self.pushes: list[Push] = []
        self.failures: list[dict] = []
        self.nonces: dict[str, float] = {}
        self.blocked: dict[str, str] = {}
        self.limits: dict[str, int] = {}
        self.urls: dict[str, str] = {}
        # Starts from the clock, so that an id is not given out again after a restart.
        self.numbers = itertools.count(int(time.time() * 1000))
        if journal:
            journal.parent.mkdir(parents=True, exist_ok=True)
            self._load()

    # The public face

    def serves(self, request: Request) -> bool:
        return request.path == "/" and self._provider(request) is not None

    @staticmethod
    def _provider(request: Request) -> str | None:
        if "x-acs-action" in request.headers:
            return "alibaba"
        return "tencent" if "x-tc-action" in request.headers else None

    def handle(self, request: Request) -> Reply:
        provider = self._provider(request)
        action = request.headers["x-acs-action" if provider == "alibaba" else "x-tc-action"]
        failure = self._failure(provider, ACTIONS.get(action, ""))
        manner = failure.get("manner", "")
        if manner == "http_502":
            return Reply(502, b"<html>502 Bad Gateway</html>", "text/html")
        if manner == "garbage":
            return Reply(200, b"<html>\xcf\xb5\xcd\xb3\xb7\xb1\xc3\xa6</html>", "text/html")
        try:
            if provider == "alibaba":
                query = self.authenticate_alibaba(request)
            else:
                body = self.authenticate_tencent(request)
            # A failure with a code hits only those who have come in by right.
            if failure.get("code"):
                raise Refused(failure["code"])
            status, document = 200, self.alibaba(action, query) if provider == "alibaba" else self.tencent(action, body)
        except Refused as refused:
            with self.lock:
                self.refusals.append({"provider": provider, "action": action, "code": refused.code})
            status, document = self._refusal(provider, action, request, refused)
        if manner == "slow":
            time.sleep(failure.get("seconds", REPLY_SECONDS))
        if manner == "done_http_502":
            return Reply(502, b"<html>502 Bad Gateway</html>", "text/html")
        return Reply.json(document, status)

    def _failure(self, provider: str, on: str) -> dict:
        with self.lock:
            for at, failure in enumerate(self.failures):
                if (failure["provider"], failure["on"]) == (provider, on):
                    return self.failures.pop(at)
        return {}

    @staticmethod
    def _refusal(provider: str, action: str, request: Request, refused: Refused) -> tuple[int, dict]:
        number = str(uuid.uuid4())
        if provider == "alibaba":
            status, text = ALIBABA[refused.code]
            return status, {"Code": refused.code, "Message": refused.text or text, "RequestId": number.upper()}
        error = {"Code": refused.code, "Message": refused.text or TENCENT[refused.code]}
        if action == "SendSms" and refused.code in OF_A_NUMBER:
            asked = request.json()
            entries = [{"SerialNo": "", "PhoneNumber": phone, "Fee": 0, "SessionContext": asked.get("SessionContext", ""), **error, "IsoCode": ""}
                       for phone in asked["PhoneNumberSet"]]
            return 200, {"Response": {"SendStatusSet": entries, "RequestId": number}}
        return 200, {"Response": {"Error": error, "RequestId": number}}

    def authenticate_alibaba(self, request: Request) -> dict[str, str]:
        """Whose call it is, that nobody else can have made it, and that it comes for the first time."""
        account, headers = self.accounts["alibaba"], request.headers
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        given = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
        if scheme != "ACS3-HMAC-SHA256" or set(given) != {"Credential", "SignedHeaders", "Signature"}:
            raise Refused("IncompleteSignature")
        if not given["Credential"]:
            raise Refused("MissingAccessKeyId")
        if given["Credential"] != account["access_key_id"]:
            raise Refused("InvalidAccessKeyId.NotFound")
        names = given["SignedHeaders"].split(";")
        must = {name for name in headers if name.startswith("x-acs-") or name in ("host", "content-type")}
        if names != sorted(names) or not must <= set(names) or not set(names) <= set(headers):
            raise Refused("IncompleteSignature")
        for name in ("x-acs-date", "x-acs-signature-nonce", "x-acs-version", "x-acs-content-sha256"):
            if not headers.get(name):
                raise Refused("IncompleteSignature")
        try:
            at = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
        except ValueError:
            raise Refused("IncompleteSignature") from None
        if abs(time.time() - at) > ALIBABA_WINDOW:
            raise Refused("InvalidTimeStamp.Expired")
        query = parse_qsl(urlsplit(request.target).query, keep_blank_values=True)
        signature = acs3(account["access_key_secret"], request.method, query, headers, names, request.body)
        if headers["x-acs-content-sha256"] != sha256(request.body) or not hmac.compare_digest(signature, given["Signature"]):
            raise Refused("SignatureDoesNotMatch")
        nonce = headers["x-acs-signature-nonce"]
        with self.lock:
            self.nonces = {seen: when for seen, when in self.nonces.items() if time.time() - when <= ALIBABA_WINDOW}
            if nonce in self.nonces:
                raise Refused("SignatureNonceUsed")
            self.nonces[nonce] = time.time()
        if headers["x-acs-version"] != "2017-05-25":
            raise Refused("InvalidVersion")
        return dict(query)

    def authenticate_tencent(self, request: Request) -> dict:
        account, headers = self.accounts["tencent"], request.headers
        found = re.fullmatch(r"TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/(\w+)/tc3_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})",
                             headers.get("authorization", ""))
        if not found:
            raise Refused("AuthFailure.InvalidAuthorization")
        secret_id, date, service, names, given = found[1], found[2], found[3], found[4].split(";"), found[5]
        if secret_id != account["secret_id"]:
            raise Refused("AuthFailure.SecretIdNotFound")
        if not re.fullmatch(r"\d{1,12}", headers.get("x-tc-timestamp", "")):
            raise Refused("MissingParameter", "X-TC-Timestamp")
        timestamp = int(headers["x-tc-timestamp"])
        if abs(time.time() - timestamp) > TENCENT_WINDOW:
            raise Refused("AuthFailure.SignatureExpire")
        if not {"content-type", "host"} <= set(names) or names != sorted(names) or not set(names) <= set(headers):
            raise Refused("AuthFailure.InvalidAuthorization")
        signed_on = datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%d")
        signature = tc3(account["secret_key"], service, timestamp, headers, names, request.body)
        if (date, service) != (signed_on, "sms") or not hmac.compare_digest(signature, given):
            raise Refused("AuthFailure.SignatureFailure")
        if headers.get("x-tc-version") != "2021-01-11":
            raise Refused("NoSuchVersion")
        if headers.get("x-tc-region") not in ("ap-beijing", "ap-guangzhou", "ap-nanjing"):
            raise Refused("UnsupportedRegion")
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused("InvalidParameter", "the body is not a JSON object")
        return body

    # Alibaba Cloud

    def alibaba(self, action: str, query: dict[str, str]) -> dict:
        number = str(uuid.uuid4()).upper()
        if action == "SendSms":
            return {"Code": "OK", "Message": "OK", "RequestId": number, "BizId": self._alibaba_send(query)}
        if action == "QuerySendDetails":
            if "PhoneNumber" not in query:
                raise Refused("MissingPhoneNumber")
            if not re.fullmatch(r"\d{8}", query.get("SendDate", "")) or not 1 <= int(query.get("PageSize") or 0) <= 50:
                raise Refused("isv.INVALID_PARAMETERS")
            found = [detail(sent) for sent in self._sent("alibaba", query["PhoneNumber"])
                     if shanghai(sent.sent_at)[:10].replace("-", "") == query["SendDate"] and query.get("BizId") in (None, sent.id)]
            size, page = int(query["PageSize"]), int(query.get("CurrentPage") or 1)
            shown = found[::-1][(page - 1) * size:page * size]  # newest first
            return {"Code": "OK", "Message": "OK", "RequestId": number, "TotalCount": str(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": shown}}
        raise Refused("InvalidAction.NotFound")

    def _alibaba_send(self, query: dict[str, str]) -> str:
        account, phones = self.accounts["alibaba"], alibaba_phones(query)
        if not all(re.fullmatch(r"1[3-9]\d{9}", phone) for phone in phones):
            raise Refused("isv.MOBILE_NUMBER_ILLEGAL")
        if query.get("SignName") != account["sign_name"]:
            raise Refused("isv.SMS_SIGNATURE_ILLEGAL")
        template = self._template("alibaba", query.get("TemplateCode", ""))
        if template is None:
            raise Refused("isv.SMS_TEMPLATE_ILLEGAL")
        try:
            given = json.loads(query.get("TemplateParam") or "{}")
        except ValueError:
            raise Refused("isv.INVALID_JSON_PARAM") from None
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise Refused("isv.INVALID_JSON_PARAM")
        names = variables(template)
        if not set(names) <= set(given):
            raise Refused("isv.TEMPLATE_MISSING_PARAMETERS")
        for name in names:
            if re.search(r"https?://|www\.", given[name], re.IGNORECASE):
                raise Refused("isv.PARAM_NOT_SUPPORT_URL")
            if not 1 <= len(given[name]) <= 35:
                raise Refused("isv.PARAM_LENGTH_LIMIT")
            if template["kind"] == "code" and not re.fullmatch(r"[0-9A-Za-z]{4,6}", given[name]):
                raise Refused("isv.TEMPLATE_PARAMS_ILLEGAL")
        if len(query.get("OutId", "")) > 256:
            raise Refused("isv.INVALID_PARAMETERS")
        biz_id = f"{next(self.numbers)}^0"  # one for all the numbers of a call
        for phone in phones:
            self._accept("alibaba", biz_id, phone, query.get("OutId", ""), query["TemplateCode"], template, given)
        return biz_id

    # Tencent Cloud

    def tencent(self, action: str, body: dict) -> dict:
        if action == "SendSms":
            return {"Response": {"SendStatusSet": self._tencent_send(body), "RequestId": str(uuid.uuid4())}}
        if action == "PullSmsSendStatusByPhoneNumber":
            self._application(body)
            for name in ("SendDateTime", "Offset", "Limit", "PhoneNumber"):
                if name not in body:
                    raise Refused("MissingParameter", f"The request is missing the parameter `{name}`.")
            if not isinstance(body["SendDateTime"], int) or body["Offset"] != 0 or not 1 <= body["Limit"] <= 100:
                raise Refused("InvalidParameter")
            # Only what a carrier has reported is there to be pulled.
            found = [pulled(sent) for sent in self._sent("tencent", body["PhoneNumber"].removeprefix("+86"))
                     if sent.status != "pending" and sent.sent_at >= body["SendDateTime"]]
            return {"Response": {"PullSmsSendStatusSet": found[:body["Limit"]], "RequestId": str(uuid.uuid4())}}
        raise Refused("InvalidAction")

    def _application(self, body: dict) -> None:
        if "SmsSdkAppId" not in body:
            raise Refused("MissingParameter", "The request is missing the parameter `SmsSdkAppId`.")
        if body["SmsSdkAppId"] != self.accounts["tencent"]["sdk_app_id"]:
            raise Refused("UnauthorizedOperation.SmsSdkAppIdVerifyFail")

    def _tencent_send(self, body: dict) -> list[dict]:
        unknown = set(body) - {"PhoneNumberSet", "SmsSdkAppId", "SignName", "TemplateId", "TemplateParamSet", "SessionContext", "ExtendCode", "SenderId"}
        if unknown:
            raise Refused("InvalidParameter", f"unknown: {sorted(unknown)}")
        phones, given = body.get("PhoneNumberSet"), body.get("TemplateParamSet", [])
        if not isinstance(phones, list) or not phones or "TemplateId" not in body:
            raise Refused("MissingParameter", "The request is missing a parameter.")
        if not isinstance(given, list) or not all(isinstance(value, str) for value in given + phones):
            raise Refused("InvalidParameter", "texts are expected")
        if len(phones) > 200:
            raise Refused("LimitExceeded.PhoneNumberCountLimit")
        if len(str(body.get("SessionContext", "")).encode()) >= 512:
            raise Refused("InvalidParameter", "SessionContext is too long")
        self._application(body)
        if body.get("SignName") != self.accounts["tencent"]["sign_name"]:
            raise Refused("FailedOperation.SignatureIncorrectOrUnapproved")
        template = self._template("tencent", body["TemplateId"])
        if template is None:
            raise Refused("FailedOperation.TemplateUnapprovedOrNotExist")
        names = variables(template)
        if len(names) != len(given):
            raise Refused("FailedOperation.TemplateParamSetNotMatchApprovedTemplate")
        for value in given:
            if re.search(r"https?://|www\.", value, re.IGNORECASE):
                raise Refused("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter")
            if template["kind"] == "code" and not re.fullmatch(r"\d{0,6}", value):
                raise Refused("InvalidParameterValue.TemplateParameterFormatError")
        # Each number has a fate of its own.
        return [self._tencent_entry(body, phone, template, dict(zip(names, given))) for phone in phones]

    def _tencent_entry(self, body: dict, phone: str, template: dict, given: dict) -> dict:
        entry = {"PhoneNumber": phone, "SessionContext": body.get("SessionContext", "")}
        try:
            if not re.fullmatch(r"(\+86|0086|86)?1[3-9]\d{9}", phone):
                raise Refused("InvalidParameterValue.IncorrectPhoneNumber")
            serial = f"5000:{next(self.numbers)}{secrets.randbelow(10**10):010}"
            self._accept("tencent", serial, phone[-11:], entry["SessionContext"], body["TemplateId"], template, given)
        except Refused as refused:
            with self.lock:
                self.refusals.append({"provider": "tencent", "action": "SendSms", "code": refused.code})
            return {"SerialNo": "", **entry, "Fee": 0, "Code": refused.code, "Message": TENCENT[refused.code], "IsoCode": ""}
        return {"SerialNo": serial, **entry, "Fee": 1, "Code": "Ok", "Message": "send success", "IsoCode": "CN"}

    # What both have

    def _template(self, provider: str, number: str) -> dict | None:
        for name, known in self.accounts[provider]["templates"].items():
            if known == number:
                return self.templates[name]
        return None

    def _sent(self, provider: str, phone: str) -> list[Sent]:
        with self.lock:
            return [sent for sent in self.outbox if (sent.provider, sent.phone) == (provider, phone)]

    def _accept(self, provider: str, number: str, phone: str, reference: str, template_id: str, template: dict, given: dict) -> None:
        with self.lock:
            refusal = BLOCKED[self.blocked[phone]][provider] if phone in self.blocked else None
            if refusal:
                raise Refused(refusal)
            for span, most in self.limits.items():
                seconds, alibaba, tencent = LIMITS[span]
                if sum(sent.sent_at > time.time() - seconds for sent in self._sent(provider, phone)) >= most:
                    raise Refused(alibaba[0], alibaba[1].format(most)) if provider == "alibaba" else Refused(tencent)
            text = re.sub(r"\$\{(\w+)\}", lambda found: given[found[1]], template["text"])
            params = [given[name] for name in variables(template)]
            sent = Sent(provider, number, phone, reference, template_id, params, f"【{self.accounts[provider]['sign_name']}】{text}", time.time())
            self.outbox.append(sent)
            self._save()
            if refusal == "":
                manner = "normal" if self.urls.get(provider) else "silent"
                threading.Thread(target=self.report, args=("failed", number, "", "MOBILE_IN_BLACK", manner), daemon=True).start()

    # The control face

    def control(self, action: str, request: Request):
        if request.method == "GET":
            wanted = request.query
            with self.lock:
                if action == "outbox":
                    return {"items": [asdict(sent) for sent in self.outbox if all(wanted.get(name) in (None, getattr(sent, name))
                                                                                  for name in ("phone", "reference", "id", "provider"))]}
                if action == "refusals":
                    return {"items": list(self.refusals)}
                if action == "receipts":
                    return {"items": [asdict(push) for push in self.pushes if wanted.get("id") in (None, push.id)]}
        elif request.method == "POST":
            asked = request.json()
            if action == "report":
                return {"pushes": self.report(**asked)}
            with self.lock:
                if action == "fail_next":
                    self.failures.extend([failure(asked)] * int(asked.get("times", 1)))
                    return {}
                if action == "block":
                    if asked["why"] is None:
                        self.blocked.pop(asked["phone"], None)
                    elif asked["why"] in BLOCKED:
                        self.blocked[asked["phone"]] = asked["why"]
                    else:
                        raise ControlError(f"unknown reason {asked['why']!r}")
                    return {}
                if action == "limits":
                    if not set(asked) <= set(LIMITS):
                        raise ControlError(f"unknown limits {sorted(set(asked) - set(LIMITS))}")
                    self.limits = {span: int(most) for span, most in asked.items()}
                    return {}
                if action == "receipts_to":
                    if asked["provider"] not in PROVIDERS:
                        raise ControlError(f"unknown provider {asked['provider']!r}")
                    self.urls[asked["provider"]] = asked["url"]
                    return {}
        raise ControlError(f"no such action: {request.method} {action}")

    def report(self, status: str, id: str = "", reference: str = "", code: str = "", manner: str = "normal", times: int = 1) -> list[dict]:
        """The carrier reports about a message (the last one of that reference), and the receipt is pushed, `times` times over.

        `status` is delivered | failed, the latter with a `code`. `manner` is normal; silent (nobody is told); in_company (in one list with
        an entry that names no message, and one about somebody else's); forged (pushed by somebody else: the message's state stays as it
        was); not_json.
        """
        if status not in STATUSES:
            raise ControlError(f"unknown status {status!r}")
        if manner not in ("normal", "silent", "in_company", "forged", "not_json"):
            raise ControlError(f"unknown manner {manner!r}")
        with self.lock:
            sent = next((sent for sent in reversed(self.outbox) if sent.id == id or reference and sent.reference == reference), None)
            if sent is None:
                raise ControlError("there is no such message")
            told = Sent(**asdict(sent)) if manner == "forged" else sent
            told.status, told.reported_at = status, time.time()
            told.code = code or {"alibaba": {"delivered": "DELIVERED", "failed": "MOBILE_NOT_ON_SERVICE"},
                                 "tencent": {"delivered": "DELIVRD", "failed": "UNDELIV"}}[sent.provider][status]
            self._save()
            url = self.urls.get(sent.provider)
        if manner == "silent":
            return []
        if not url:
            raise ControlError(f"{sent.provider} was not told where receipts go")
        entries = [report_entry(told)]
        if manner == "in_company":
            other = Sent(**{**asdict(told), "id": f"{next(self.numbers)}", "reference": "somebody-elses", "phone": "13900000009"})
            entries = [{"err_code": "DELIVERED", "success": True}, report_entry(other), *entries]
        body = json.dumps(entries, ensure_ascii=False).encode("utf-8")
        if manner == "not_json":
            body = body[:-1]
        pushes = [Push(sent.id, sent.provider, manner) for _ in range(times)]
        with self.lock:
            self.pushes.extend(pushes)
        for push in pushes:
            self._deliver(push, url, body)
        return [asdict(push) for push in pushes]

    def _deliver(self, push: Push, url: str, body: bytes) -> None:
        for attempt in range(REPEATS + 1 if push.manner in ("normal", "in_company") else 1):
            if attempt:
                time.sleep(self.retry_seconds)
            push.attempts += 1
            push.http_status, push.reply = post(url, body)
            push.accepted = push.http_status == 200 and reply_is_right(push.reply, PUSHED[push.provider])
            if push.accepted:
                break

    # Messages outlive a restart, as they do at the real ones

    def _save(self) -> None:
        if self.journal:
            fresh = self.journal.with_suffix(".new")
            fresh.write_text(json.dumps([asdict(sent) for sent in self.outbox], ensure_ascii=False), encoding="utf-8")
            fresh.replace(self.journal)

    def _load(self) -> None:
        if self.journal.exists():
            self.outbox = [Sent(**item) for item in json.loads(self.journal.read_text(encoding="utf-8"))]


def variables(template: dict) -> list[str]:
    return re.findall(r"\$\{(\w+)\}", template["text"])


def alibaba_phones(query: dict[str, str]) -> list[str]:
    phones = [phone for phone in query.get("PhoneNumbers", "").split(",") if phone]
    if not phones:
        raise Refused("MissingPhoneNumbers")
    if len(phones) > 1000:
        raise Refused("isv.MOBILE_COUNT_OVER_LIMIT")
    return [phone.removeprefix("+86") for phone in phones]


def failure(asked: dict) -> dict:
    provider, on = asked["provider"], asked.get("on", "send")
    if provider not in PROVIDERS or on not in ("send", "query"):
        raise ControlError(f"unknown call {provider!r} {on!r}")
    if ("code" in asked) == ("manner" in asked):
        raise ControlError("either a code or a manner")
    if "code" in asked and asked["code"] not in (ALIBABA if provider == "alibaba" else TENCENT):
        raise ControlError(f"{asked['code']!r} is no documented code of {provider}")
    if "manner" in asked and asked["manner"] not in MANNERS:
        raise ControlError(f"unknown manner {asked['manner']!r}")
    return {"provider": provider, "on": on, **{name: asked[name] for name in ("code", "manner", "seconds") if name in asked}}


def detail(sent: Sent) -> dict:
    """A message as Alibaba Cloud lists it."""
    return {
        "PhoneNum": sent.phone, "SendStatus": {"pending": 1, "failed": 2, "delivered": 3}[sent.status], "ErrCode": sent.code,
        "TemplateCode": sent.template, "Content": sent.text, "SendDate": shanghai(sent.sent_at),
        "ReceiveDate": shanghai(sent.reported_at) if sent.reported_at else "", "OutId": sent.reference,
    }


def pulled(sent: Sent) -> dict:
    """A message as Tencent Cloud lists it."""
    return {
        "UserReceiveTime": int(sent.reported_at), "CountryCode": "86", "SubscriberNumber": sent.phone, "PhoneNumber": f"+86{sent.phone}",
        "SerialNo": sent.id, "ReportStatus": "SUCCESS" if sent.status == "delivered" else "FAIL", "Description": sent.code,
        "SessionContext": sent.reference,
    }


def report_entry(sent: Sent) -> dict:
    """A receipt as its cloud pushes it."""
    arrived = sent.status == "delivered"
    if sent.provider == "alibaba":
        return {
            "phone_number": sent.phone, "send_time": shanghai(sent.sent_at), "report_time": shanghai(sent.reported_at), "success": arrived,
            "err_code": sent.code, "err_msg": "用户接收成功" if arrived else "用户接收失败", "sms_size": "1", "biz_id": sent.id, "out_id": sent.reference,
        }
    return {
        "user_receive_time": shanghai(sent.reported_at), "nationcode": "86", "mobile": sent.phone, "report_status": "SUCCESS" if arrived else "FAIL",
        "errmsg": sent.code, "description": "用户短信送达成功" if arrived else "用户短信送达失败", "sid": sent.id,
    }


def post(url: str, body: bytes) -> tuple[int, str]:
    """One POST, never through a proxy; status 0 when nothing came back."""
    parts = urlsplit(url)
    connection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, timeout=REPLY_SECONDS, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname, parts.port, timeout=REPLY_SECONDS)
    )
    try:
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request("POST", target, body, {"Content-Type": "application/json;charset=UTF-8"})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def reply_is_right(text: str, expected: dict) -> bool:
    try:
        reply = json.loads(text)
    except ValueError:
        return False
    return isinstance(reply, dict) and expected.items() <= reply.items()
