"""The counterpart against itself: its signatures against fixed values, its manners against a receiver written here."""

from __future__ import annotations

import http.client
import json
import secrets
import signal
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from server import Server
from sms import ALIBABA, OF_A_NUMBER, TENCENT, Sms, accounts_in, acs3, new_accounts, sha256, tc3

HERE = Path(__file__).resolve().parent
ACCOUNTS = new_accounts()
PHONE = "13800000001"
ACS = ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"]
TC = ["content-type", "host", "x-tc-action"]
JSON = "application/json; charset=utf-8"


# The values of both were worked out apart from this package.

def test_alibaba_clouds_signature_is_that_of_the_vector():
    query = [("PhoneNumbers", PHONE), ("SignName", "测试图书馆"), ("TemplateCode", "SMS_100000001"),
             ("TemplateParam", '{"order":"ORD0001","hours":"48"}'), ("OutId", "ntf-0001")]
    headers = {
        "host": "dysmsapi.aliyuncs.com", "x-acs-action": "SendSms", "x-acs-content-sha256": sha256(b""),
        "x-acs-date": "2026-09-27T01:00:00Z", "x-acs-signature-nonce": "0123456789abcdef0123456789abcdef", "x-acs-version": "2017-05-25",
    }

    assert acs3("TESTSK", "POST", query, headers, ACS, b"") == "fca96a84195f70c00e1311f536a53384cac9b8b84c89b140cda5efd06df5e7a1"


def test_tencent_clouds_signature_is_that_of_the_vector():
    body = ('{"PhoneNumberSet":["+8613800000001"],"SmsSdkAppId":"1400000000","SignName":"测试图书馆",'
            '"TemplateId":"1000001","TemplateParamSet":["ORD0001","48"]}').encode()
    headers = {"content-type": JSON, "host": "sms.tencentcloudapi.com", "x-tc-action": "SendSms"}

    signature = tc3("TESTSECRETKEYTESTSECRETKEY000001", "sms", 1790474400, headers, TC, body)

    assert signature == "1bad9622b8e59dd5e54580c8edf0cb506de6d47e98f1ad5d0562c694d2b68756"


class Receiver:
    """A library's webhook: keeps what came and answers what it is told."""

    def __init__(self) -> None:
        self.calls: list[dict] = []
        self.answers: list[dict] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append({"path": self.path, "body": body})
                right = {"code": 0, "msg": "接收成功", "result": 0, "errmsg": "OK"}
                answer = json.dumps(receiver.answers.pop(0) if receiver.answers else right).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?token=abc"


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def counterpart():
    server = Server(0, [Sms(ACCOUNTS, retry_seconds=0.01)])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.url
    server.shutdown()
    server.server_close()


def post(base: str, target: str, headers: dict, body: bytes, timeout: float = 10) -> tuple[int, dict]:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=timeout)
    try:
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def look(base: str, action: str) -> list[dict]:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    connection.request("GET", f"/_control/sms/{action}")
    items = json.loads(connection.getresponse().read())["items"]
    connection.close()
    return items


def steer(base: str, action: str, **asked) -> dict:
    return post(base, f"/_control/sms/{action}", {}, json.dumps(asked).encode())[1]


def alibaba_request(action: str, query: dict, *, secret: str = "", **changed) -> tuple[str, dict, bytes]:
    account = ACCOUNTS["secrets"]["alibaba"]
    headers = {
        "host": "dysmsapi.aliyuncs.com", "x-acs-action": action, "x-acs-content-sha256": sha256(b""), "x-acs-version": "2017-05-25",
        "x-acs-date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), "x-acs-signature-nonce": secrets.token_hex(16),
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    signature = acs3(secret or account["access_key_secret"], "POST", list(query.items()), headers, ACS, b"")
    headers["authorization"] = f"ACS3-HMAC-SHA256 Credential={account['access_key_id']},SignedHeaders={';'.join(ACS)},Signature={signature}"
    return "/?" + urlencode(query), headers, b""


def tencent_request(action: str, body: dict, *, secret: str = "", at: float | None = None, **changed) -> tuple[str, dict, bytes]:
    account, at = ACCOUNTS["secrets"]["tencent"], int(time.time() if at is None else at)
    text = json.dumps(body, ensure_ascii=False).encode()
    headers = {
        "content-type": JSON, "host": "sms.tencentcloudapi.com", "x-tc-action": action, "x-tc-timestamp": str(at),
        "x-tc-version": "2021-01-11", "x-tc-region": "ap-beijing", **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    date = datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d")
    signature = tc3(secret or account["secret_key"], "sms", at, headers, TC, text)
    scope = f"{account['secret_id']}/{date}/sms/tc3_request"
    headers["authorization"] = f"TC3-HMAC-SHA256 Credential={scope}, SignedHeaders={';'.join(TC)}, Signature={signature}"
    return "/", headers, text


def until(true) -> None:
    """Waits for something that another thread does."""
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def wish(provider: str, **changed) -> dict:
    account = ACCOUNTS["secrets"][provider]
    number = account["templates"][changed.pop("template", "notice")]
    if provider == "alibaba":
        document = {"PhoneNumbers": PHONE, "SignName": account["sign_name"], "TemplateCode": number,
                    "TemplateParam": '{"order":"ORD0001","hours":"48"}', "OutId": "ntf-0001"}
    else:
        document = {"PhoneNumberSet": [f"+86{PHONE}"], "SmsSdkAppId": account["sdk_app_id"], "SignName": account["sign_name"],
                    "TemplateId": number, "TemplateParamSet": ["ORD0001", "48"], "SessionContext": "ntf-0001"}
    return {name: value for name, value in {**document, **changed}.items() if value is not None}


def request(provider: str, **changed) -> tuple[str, dict, bytes]:
    return (alibaba_request if provider == "alibaba" else tencent_request)("SendSms", wish(provider, **changed))


def send(base: str, provider: str, **changed) -> tuple[str, str]:
    """Code and id of the reply."""
    return read(provider, post(base, *request(provider, **changed))[1])


def read(provider: str, document: dict) -> tuple[str, str]:
    if provider == "alibaba":
        return document["Code"], document.get("BizId", "")
    response = document["Response"]
    if "Error" in response:
        return response["Error"]["Code"], ""
    return response["SendStatusSet"][0]["Code"], response["SendStatusSet"][0]["SerialNo"]


BOTH = pytest.mark.parametrize(("provider", "ok"), [("alibaba", "OK"), ("tencent", "Ok")])


@BOTH
def test_a_message_arrives_as_a_phone_shows_it(counterpart, provider, ok):
    code, number = send(counterpart, provider)

    assert code == ok and number
    [sent] = look(counterpart, f"outbox?phone={PHONE}")
    assert sent["text"] == "【测试图书馆】您的订单ORD0001有新进展，请在48小时内查看。"
    assert (sent["id"], sent["provider"], sent["reference"], sent["status"]) == (number, provider, "ntf-0001", "pending")
    assert look(counterpart, "outbox?reference=other") == []


@BOTH
def test_a_reference_makes_no_two_calls_one_sms(counterpart, provider, ok):
    replies = [send(counterpart, provider) for _ in range(2)]

    assert [code for code, _ in replies] == [ok, ok]
    assert len({number for _, number in replies}) == len(look(counterpart, "outbox?reference=ntf-0001")) == 2


def test_the_same_bytes_are_taken_once_by_alibaba_cloud_and_again_by_tencent_cloud(counterpart):
    alibaba, tencent = request("alibaba"), request("tencent")

    assert [post(counterpart, *alibaba)[1]["Code"] for _ in range(3)] == ["OK", "SignatureNonceUsed", "SignatureNonceUsed"]
    assert [read("tencent", post(counterpart, *tencent)[1])[0] for _ in range(2)] == ["Ok", "Ok"]
    assert [sent["provider"] for sent in look(counterpart, "outbox")] == ["alibaba", "tencent", "tencent"]


def test_of_one_nonce_at_once_one_is_taken(counterpart):
    call = request("alibaba")

    with ThreadPoolExecutor(max_workers=8) as pool:
        codes = [document["Code"] for _, document in pool.map(lambda _: post(counterpart, *call), range(8))]

    assert sorted(codes) == ["OK"] + ["SignatureNonceUsed"] * 7


def test_a_call_that_is_not_signed_right_is_turned_away(counterpart):
    old = datetime.fromtimestamp(time.time() - 16 * 60, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    altered = request("alibaba")
    unsigned = request("alibaba")
    foreign = request("alibaba")
    del unsigned[1]["authorization"]
    foreign[1]["authorization"] = foreign[1]["authorization"].replace("Credential=LTAI", "Credential=LTAJ")
    uncovered = request("alibaba")
    uncovered[1]["x-acs-security-token"] = "T"

    replies = {
        "another secret": post(counterpart, *alibaba_request("SendSms", wish("alibaba"), secret="x")),
        "another query": post(counterpart, altered[0].replace("ORD0001", "ORD0002"), *altered[1:]),
        "another body": post(counterpart, altered[0], altered[1], b"x"),
        "another body's hash": post(counterpart, *alibaba_request("SendSms", wish("alibaba"), x_acs_content_sha256=sha256(b"x"))),
        "another host": post(counterpart, altered[0], {**altered[1], "host": "127.0.0.1"}, b""),
        "an old date": post(counterpart, *alibaba_request("SendSms", wish("alibaba"), x_acs_date=old)),
        "no signature": post(counterpart, *unsigned),
        "another key": post(counterpart, *foreign),
        "a header that is not covered": post(counterpart, *uncovered),
        "another action": post(counterpart, *alibaba_request("Send", wish("alibaba"))),
        "another version": post(counterpart, *alibaba_request("SendSms", wish("alibaba"), x_acs_version="2018-05-01")),
    }

    assert {name: (status, document["Code"]) for name, (status, document) in replies.items()} == {
        "another secret": (400, "SignatureDoesNotMatch"), "another query": (400, "SignatureDoesNotMatch"),
        "another body": (400, "SignatureDoesNotMatch"), "another body's hash": (400, "SignatureDoesNotMatch"),
        "another host": (400, "SignatureDoesNotMatch"),
        "an old date": (400, "InvalidTimeStamp.Expired"), "no signature": (400, "IncompleteSignature"),
        "another key": (404, "InvalidAccessKeyId.NotFound"), "a header that is not covered": (400, "IncompleteSignature"),
        "another action": (404, "InvalidAction.NotFound"), "another version": (400, "InvalidVersion"),
    }
    assert look(counterpart, "outbox") == []
    assert len(look(counterpart, "refusals")) == len(replies)


def test_tencent_cloud_turns_away_the_same_and_always_with_200(counterpart):
    altered, unsigned, foreign = request("tencent"), request("tencent"), request("tencent")
    del unsigned[1]["authorization"]
    foreign[1]["authorization"] = foreign[1]["authorization"].replace("Credential=AKID", "Credential=AKIE")

    replies = {
        "another secret": post(counterpart, *tencent_request("SendSms", wish("tencent"), secret="x")),
        "another body": post(counterpart, *altered[:2], altered[2].replace(b"ORD0001", b"ORD0002")),
        "another action": post(counterpart, "/", {**altered[1], "x-tc-action": "SendSmsX"}, altered[2]),
        "another time": post(counterpart, "/", {**altered[1], "x-tc-timestamp": str(int(time.time()) + 2)}, altered[2]),
        "an old time": post(counterpart, *tencent_request("SendSms", wish("tencent"), at=time.time() - 301)),
        "a time to come": post(counterpart, *tencent_request("SendSms", wish("tencent"), at=time.time() + 310)),
        "no signature": post(counterpart, *unsigned),
        "another key": post(counterpart, *foreign),
        "another version": post(counterpart, *tencent_request("SendSms", wish("tencent"), x_tc_version="2019-07-11")),
        "another region": post(counterpart, *tencent_request("SendSms", wish("tencent"), x_tc_region="cn-north-1")),
        "no JSON object": post(counterpart, *tencent_request("SendSms", [])),
    }

    assert {name: (status, document["Response"]["Error"]["Code"]) for name, (status, document) in replies.items()} == {
        "another secret": (200, "AuthFailure.SignatureFailure"), "another body": (200, "AuthFailure.SignatureFailure"),
        "another action": (200, "AuthFailure.SignatureFailure"), "another time": (200, "AuthFailure.SignatureFailure"),
        "an old time": (200, "AuthFailure.SignatureExpire"), "a time to come": (200, "AuthFailure.SignatureExpire"),
        "no signature": (200, "AuthFailure.InvalidAuthorization"), "another key": (200, "AuthFailure.SecretIdNotFound"),
        "another version": (200, "NoSuchVersion"), "another region": (200, "UnsupportedRegion"),
        "no JSON object": (200, "InvalidParameter"),
    }
    assert look(counterpart, "outbox") == []


@pytest.mark.parametrize(("changed", "code"), [
    ({"PhoneNumbers": "12800000001"}, "isv.MOBILE_NUMBER_ILLEGAL"),
    ({"PhoneNumbers": None}, "MissingPhoneNumbers"),
    ({"PhoneNumbers": ",".join([PHONE] * 1001)}, "isv.MOBILE_COUNT_OVER_LIMIT"),
    ({"SignName": "【测试图书馆】"}, "isv.SMS_SIGNATURE_ILLEGAL"),
    ({"TemplateCode": "SMS_9"}, "isv.SMS_TEMPLATE_ILLEGAL"),
    ({"TemplateParam": "{"}, "isv.INVALID_JSON_PARAM"),
    ({"TemplateParam": '{"order":1,"hours":"48"}'}, "isv.INVALID_JSON_PARAM"),
    ({"TemplateParam": '{"order":"ORD0001"}'}, "isv.TEMPLATE_MISSING_PARAMETERS"),
    ({"TemplateParam": None}, "isv.TEMPLATE_MISSING_PARAMETERS"),
    ({"TemplateParam": json.dumps({"order": "书" * 36, "hours": "48"})}, "isv.PARAM_LENGTH_LIMIT"),
    ({"TemplateParam": json.dumps({"order": "书" * 35, "hours": "48"})}, "OK"),
    ({"TemplateParam": '{"order":"http://x.cn","hours":"48"}'}, "isv.PARAM_NOT_SUPPORT_URL"),
    ({"template": "phone_code", "TemplateParam": '{"code":"123"}'}, "isv.TEMPLATE_PARAMS_ILLEGAL"),
    ({"template": "phone_code", "TemplateParam": '{"code":"123456"}'}, "OK"),
    ({"template": "closing", "TemplateParam": None, "OutId": None}, "OK"),
    ({"OutId": "x" * 257}, "isv.INVALID_PARAMETERS"),
])
def test_alibaba_cloud_looks_at_sign_name_template_and_variables(counterpart, changed, code):
    assert send(counterpart, "alibaba", **changed)[0] == code
    assert len(look(counterpart, "outbox")) == (code == "OK")


@pytest.mark.parametrize(("changed", "code"), [
    ({"PhoneNumberSet": ["+8612800000001"]}, "InvalidParameterValue.IncorrectPhoneNumber"),
    ({"PhoneNumberSet": []}, "MissingParameter"),
    ({"PhoneNumberSet": [f"+86{PHONE}"] * 201}, "LimitExceeded.PhoneNumberCountLimit"),
    ({"SmsSdkAppId": "1400000001"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"),
    ({"SmsSdkAppId": None}, "MissingParameter"),
    ({"SignName": "别的图书馆"}, "FailedOperation.SignatureIncorrectOrUnapproved"),
    ({"TemplateId": "9"}, "FailedOperation.TemplateUnapprovedOrNotExist"),
    ({"TemplateParamSet": ["ORD0001"]}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"),
    ({"TemplateParamSet": ["ORD0001", 48]}, "InvalidParameter"),
    ({"TemplateParamSet": ["www.x.cn", "48"]}, "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"),
    ({"template": "phone_code", "TemplateParamSet": ["12345A"]}, "InvalidParameterValue.TemplateParameterFormatError"),
    ({"template": "phone_code", "TemplateParamSet": ["123456"]}, "Ok"),
    ({"template": "closing", "TemplateParamSet": None, "SessionContext": None}, "Ok"),
    ({"SessionContext": "x" * 512}, "InvalidParameter"),
    ({"OutId": "x"}, "InvalidParameter"),
])
def test_tencent_cloud_looks_at_application_sign_name_template_and_variables(counterpart, changed, code):
    assert send(counterpart, "tencent", **changed)[0] == code
    assert len(look(counterpart, "outbox")) == (code == "Ok")


def test_at_tencent_cloud_each_number_has_a_fate_of_its_own(counterpart):
    document = post(counterpart, *request("tencent", PhoneNumberSet=[f"+86{PHONE}", "+8612", "13800000002"]))[1]

    codes = [entry["Code"] for entry in document["Response"]["SendStatusSet"]]
    assert codes == ["Ok", "InvalidParameterValue.IncorrectPhoneNumber", "Ok"]
    assert [sent["phone"] for sent in look(counterpart, "outbox")] == [PHONE, "13800000002"]


@pytest.mark.parametrize("code", ALIBABA)
def test_each_code_of_alibaba_cloud_is_said_on_demand_and_once(counterpart, code):
    steer(counterpart, "fail_next", provider="alibaba", code=code)

    status, document = post(counterpart, *request("alibaba"))

    assert (status, document["Code"]) == (ALIBABA[code][0], code)
    assert set(document) == {"Code", "Message", "RequestId"}
    assert send(counterpart, "alibaba")[0] == "OK"


@pytest.mark.parametrize("code", TENCENT)
def test_each_code_of_tencent_cloud_is_said_on_demand_and_once(counterpart, code):
    steer(counterpart, "fail_next", provider="tencent", code=code)

    status, document = post(counterpart, *request("tencent"))

    assert (status, read("tencent", document)) == (200, (code, ""))
    assert ("SendStatusSet" in document["Response"]) == (code in OF_A_NUMBER)
    assert send(counterpart, "tencent")[0] == "Ok"


@BOTH
def test_a_failure_waits_for_its_provider_and_its_action(counterpart, provider, ok):
    other = "tencent" if provider == "alibaba" else "alibaba"
    steer(counterpart, "fail_next", provider=other, manner="http_502")
    steer(counterpart, "fail_next", provider=provider, manner="http_502", on="query")

    assert send(counterpart, provider)[0] == ok
    for asked in ({"code": "x"}, {"manner": "x"}, {}, {"code": "InternalError", "manner": "slow"}, {"manner": "slow", "on": "x"}):
        assert "error" in steer(counterpart, "fail_next", provider=provider, **asked)
    assert "error" in steer(counterpart, "fail_next", provider="x", manner="slow")


@BOTH
def test_a_message_may_be_accepted_and_its_answer_lost(counterpart, provider, ok):
    steer(counterpart, "fail_next", provider=provider, manner="slow", seconds=1)
    steer(counterpart, "fail_next", provider=provider, manner="done_http_502")
    steer(counterpart, "fail_next", provider=provider, manner="http_502")
    steer(counterpart, "fail_next", provider=provider, manner="garbage")

    with pytest.raises(TimeoutError):
        post(counterpart, *request(provider), timeout=0.3)
    until(lambda: len(look(counterpart, "outbox")) == 1)
    for _ in range(3):
        with pytest.raises(ValueError):  # no JSON
            post(counterpart, *request(provider))

    assert len(look(counterpart, "outbox")) == 2  # that one, and the one whose answer was a gateway's
    assert send(counterpart, provider)[0] == ok


def test_a_blocked_number_is_refused_or_fails_at_the_carrier(counterpart):
    refused = {}
    for why in ("blacklist", "unsubscribed", "invalid"):
        steer(counterpart, "block", phone=PHONE, why=why)
        refused[why] = tuple(send(counterpart, provider)[0] for provider in ("alibaba", "tencent"))
    steer(counterpart, "block", phone=PHONE, why=None)

    assert refused == {
        "blacklist": ("OK", "FailedOperation.PhoneNumberInBlacklist"),
        "unsubscribed": ("isv.CUSTOMER_REFUSED", "FailedOperation.PhoneNumberInBlacklist"),
        "invalid": ("isv.MOBILE_NUMBER_ILLEGAL", "InvalidParameterValue.IncorrectPhoneNumber"),
    }
    until(lambda: [sent["code"] for sent in look(counterpart, "outbox")] == ["MOBILE_IN_BLACK"])
    assert send(counterpart, "tencent")[0] == "Ok"
    assert "error" in steer(counterpart, "block", phone=PHONE, why="x")


@BOTH
def test_a_number_gets_no_more_than_its_limits(counterpart, provider, ok):
    assert "error" in steer(counterpart, "limits", week=1)
    expected = {
        "minute": ("isv.BUSINESS_LIMIT_CONTROL", "LimitExceeded.PhoneNumberThirtySecondLimit"),
        "hour": ("isv.BUSINESS_LIMIT_CONTROL", "LimitExceeded.PhoneNumberOneHourLimit"),
        "day": ("isv.BUSINESS_LIMIT_CONTROL", "LimitExceeded.PhoneNumberDailyLimit"),
    }

    assert send(counterpart, provider)[0] == ok
    for span, codes in expected.items():
        steer(counterpart, "limits", **{span: 1})
        document = post(counterpart, *request(provider))[1]
        assert read(provider, document)[0] == codes[provider == "tencent"]
        if provider == "alibaba":
            assert document["Message"] == {"minute": "触发分钟级流控Permits:1", "hour": "触发小时级流控Permits:1", "day": "触发天级流控Permits:1"}[span]
    steer(counterpart, "limits")
    assert send(counterpart, provider)[0] == ok


def found(base: str, provider: str, **changed) -> list[dict]:
    if provider == "alibaba":
        query = {"PhoneNumber": PHONE, "PageSize": "50", "CurrentPage": "1",
                 "SendDate": datetime.fromtimestamp(time.time() + 8 * 3600, timezone.utc).strftime("%Y%m%d"), **changed}
        document = post(base, *alibaba_request("QuerySendDetails", query))[1]
        return document["SmsSendDetailDTOs"]["SmsSendDetailDTO"] if document["Code"] == "OK" else document["Code"]
    body = {"SendDateTime": int(time.time()) - 60, "Offset": 0, "Limit": 100, "PhoneNumber": f"+86{PHONE}",
            "SmsSdkAppId": ACCOUNTS["secrets"]["tencent"]["sdk_app_id"], **changed}
    response = post(base, *tencent_request("PullSmsSendStatusByPhoneNumber", body))[1]["Response"]
    return response["PullSmsSendStatusSet"] if "Error" not in response else response["Error"]["Code"]


def test_alibaba_cloud_lists_what_it_accepted_and_tencent_cloud_what_was_reported(counterpart):
    numbers = {provider: send(counterpart, provider)[1] for provider in ("alibaba", "tencent")}

    [accepted] = found(counterpart, "alibaba", BizId=numbers["alibaba"])
    assert (accepted["SendStatus"], accepted["OutId"], accepted["ErrCode"]) == (1, "ntf-0001", "")
    assert found(counterpart, "tencent") == []

    for number in numbers.values():
        steer(counterpart, "report", id=number, status="failed", manner="silent")
    [listed], [pulled] = found(counterpart, "alibaba"), found(counterpart, "tencent")
    assert (listed["SendStatus"], listed["ErrCode"]) == (2, "MOBILE_NOT_ON_SERVICE")
    assert (pulled["ReportStatus"], pulled["Description"], pulled["SessionContext"]) == ("FAIL", "UNDELIV", "ntf-0001")
    assert pulled["SerialNo"] == numbers["tencent"]
    assert found(counterpart, "alibaba", SendDate="20200101") == found(counterpart, "alibaba", BizId="1^0") == []
    assert found(counterpart, "alibaba", PageSize="51") == "isv.INVALID_PARAMETERS"
    assert found(counterpart, "tencent", Limit=101) == "InvalidParameter"


@BOTH
def test_a_receipt_is_pushed_until_it_is_taken(counterpart, receiver, provider, ok):
    number = send(counterpart, provider)[1]
    assert "error" in steer(counterpart, "report", id=number, status="delivered")  # nobody to push it to
    steer(counterpart, "receipts_to", provider=provider, url=receiver.url)
    receiver.answers = [{"code": 1, "result": 1}, {}]

    [push] = steer(counterpart, "report", reference="ntf-0001", status="delivered")["pushes"]

    assert (push["attempts"], push["accepted"]) == (3, True)
    assert len(receiver.calls) == 3 and receiver.calls[0]["path"] == "/hook?token=abc"
    [entry] = json.loads(receiver.calls[-1]["body"])
    if provider == "alibaba":
        assert (entry["biz_id"], entry["out_id"], entry["success"], entry["err_code"]) == (number, "ntf-0001", True, "DELIVERED")
    else:
        assert (entry["sid"], entry["report_status"], entry["errmsg"]) == (number, "SUCCESS", "DELIVRD")
    assert look(counterpart, f"receipts?id={number}") == [push]


@BOTH
def test_receipts_come_twice_in_company_forged_and_broken(counterpart, receiver, provider, ok):
    number = send(counterpart, provider)[1]
    steer(counterpart, "receipts_to", provider=provider, url=receiver.url)

    steer(counterpart, "report", id=number, status="failed", manner="forged")
    assert look(counterpart, "outbox")[0]["status"] == "pending"
    steer(counterpart, "report", id=number, status="failed", code="MK:0001", manner="in_company", times=2)
    assert look(counterpart, "outbox")[0]["code"] == "MK:0001"
    steer(counterpart, "report", id=number, status="failed", manner="not_json")

    bodies = [call["body"] for call in receiver.calls]
    assert bodies[1] == bodies[2] and len(json.loads(bodies[1])) == 3
    with pytest.raises(ValueError):
        json.loads(bodies[3])
    for asked in ({"status": "x"}, {"status": "failed", "manner": "x"}, {"status": "failed", "id": "none"}):
        assert "error" in steer(counterpart, "report", **{"id": number, **asked})
    assert "error" in steer(counterpart, "receipts_to", provider="x", url="")


def test_the_accounts_are_made_once_and_are_nobody_elses(tmp_path):
    path = tmp_path / "keys" / "sms.json"

    first, again = accounts_in(path), accounts_in(path)

    assert first == again
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(first["secrets"]["alibaba"]) == {"provider", "access_key_id", "access_key_secret", "sign_name", "templates"}
    assert set(first["secrets"]["tencent"]) == {"provider", "secret_id", "secret_key", "sdk_app_id", "region", "sign_name", "templates"}


def test_messages_outlive_a_restart(tmp_path):
    accounts, state = tmp_path / "sms.json", tmp_path / "state"
    accounts.write_text(json.dumps(ACCOUNTS), encoding="utf-8")
    command = [sys.executable, str(HERE / "server.py"), "--port", "0", "--key", "K", "--secret", "S", "--state", str(state), "--sms", str(accounts)]
    seen = []
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(process.stdout.readline())
            assert ready["parties"] == ["kuaidi100", "sms"]
            base = ready["ready"]
            if not seen:
                assert send(base, "alibaba")[0] == "OK"
                steer(base, "report", reference="ntf-0001", status="delivered", manner="silent")
            seen.append(look(base, "outbox"))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            process.stdout.close()
    assert seen[0] == seen[1]
    assert seen[0][0]["status"] == "delivered"
