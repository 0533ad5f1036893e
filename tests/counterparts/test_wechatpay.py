"""The counterpart against itself: its signatures against fixed values, its manners against a receiver written here."""

from __future__ import annotations

import base64
import http.client
import json
import signal
import stat
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from party import Request
from server import Server
from wechatpay import (
    SHANGHAI, WRONG_MANNERS, Refused, WeChatPay, is_signed, keys_in, message, new_keys, private_key, private_pem, seal, sign, unseal,
)

HERE = Path(__file__).resolve().parent
# The values that the library's own reading is tested with: both sides must agree with them, and so with each other.
VECTORS = json.loads((HERE.parents[1] / "shared" / "payments" / "tests" / "vectors" / "wechatpay.json").read_text(encoding="utf-8"))
KEYS = new_keys()
SECRET = KEYS["secret"]
MERCHANT = private_key(SECRET["private_key"])
FIRST, NEXT = SECRET["keys"]


def key_of(name: str):
    return serialization.load_der_private_key(base64.b64decode(VECTORS[f"{name}_private_key_pkcs8_der_b64"]), None)


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda vector: vector["canonical_url"])
def test_a_request_is_signed_as_in_the_vectors(vector):
    lines = (vector["method"], vector["canonical_url"], str(vector["timestamp"]), vector["nonce_str"], vector["body"])

    assert message(*lines).decode() == vector["string_to_sign"]
    assert sign(key_of("merchant"), message(*lines)) == vector["signature_b64"]


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda vector: vector["canonical_url"])
def test_a_request_of_the_vectors_is_taken_in_its_time_and_by_nobody_else(vector, monkeypatch):
    names = ("appid", "mchid", "merchant_serial_no", "apiv3_key_utf8")
    secret = dict(zip(("app_id", "mch_id", "serial_no", "api_v3_key"), (VECTORS[name] for name in names)))
    ours = WeChatPay({"secret": {**secret, "private_key": private_pem(key_of("merchant"))}, "platform": KEYS["platform"]})
    theirs = WeChatPay({"secret": {**secret, "private_key": SECRET["private_key"]}, "platform": KEYS["platform"]})
    headers = {"authorization": vector["authorization"], "accept": "application/json", "user-agent": "test"}
    request = Request(vector["method"], vector["canonical_url"], headers, vector["body"].encode())

    for late in (-299, 0, 299):
        monkeypatch.setattr("wechatpay.time.time", lambda: vector["timestamp"] + late)
        assert ours.authenticate(request) is None
    with pytest.raises(Refused, match="验签失败"):
        theirs.authenticate(request)
    for late in (-300, 300):
        monkeypatch.setattr("wechatpay.time.time", lambda: vector["timestamp"] + late)
        with pytest.raises(Refused, match="5分钟"):
            ours.authenticate(request)


@pytest.mark.parametrize("name", VECTORS["notifications"])
def test_a_notice_is_signed_and_sealed_as_in_the_vectors(name):
    vector = VECTORS["notifications"][name]
    headers, body = vector["headers"], json.loads(vector["body_utf8"])
    signed = message(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], vector["body_utf8"])

    assert sign(key_of("platform"), signed) == headers["Wechatpay-Signature"]
    assert unseal(VECTORS["apiv3_key_utf8"], body["resource"]) == json.loads(vector["plaintext"])
    resource = body["resource"]
    again = seal(VECTORS["apiv3_key_utf8"], resource["associated_data"], json.loads(vector["plaintext"]), resource["nonce"])
    assert again["ciphertext"] == resource["ciphertext"]


class Receiver:
    """A library's webhook: keeps what came and answers what it is told."""

    def __init__(self) -> None:
        self.calls: list[dict] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append({"path": self.path, "body": body, "headers": dict(self.headers)})
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def contents(self) -> list[dict]:
        """What the notices hold; each must be proven by a key that the merchant has."""
        return [opened(call) for call in self.calls]

    def wait_for(self, calls: int) -> None:
        end = time.monotonic() + 5
        while len(self.calls) < calls and time.monotonic() < end:
            time.sleep(0.01)
        assert len(self.calls) == calls


def proven(headers: dict, body: bytes) -> bool:
    headers = {name.lower(): value for name, value in headers.items()}
    pem = SECRET["keys"].get(headers.get("wechatpay-serial"))
    if pem is None or abs(time.time() - int(headers["wechatpay-timestamp"])) >= 300:
        return False
    key = serialization.load_pem_public_key(pem.encode())
    signed = message(headers["wechatpay-timestamp"], headers["wechatpay-nonce"], body)
    return is_signed(key, signed, headers["wechatpay-signature"])


def opened(call: dict) -> dict:
    assert proven(call["headers"], call["body"])
    return unseal(SECRET["api_v3_key"], json.loads(call["body"])["resource"])


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def counterpart():
    server = Server(0, [WeChatPay(KEYS, retry_seconds=0.01, settle_seconds=0.01)])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.url
    server.shutdown()
    server.server_close()


def call(base: str, method: str, path: str, body: bytes = b"", headers: dict | None = None) -> tuple[int, dict, bytes]:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    connection.request(method, path, body or None, headers or {})
    response = connection.getresponse()
    document = response.read()
    connection.close()
    return response.status, dict(response.headers), document


def steer(base: str, action: str, **asked) -> dict:
    return json.loads(call(base, "POST", f"/_control/wechatpay/{action}", json.dumps(asked).encode())[2])


def look(base: str, what: str) -> list[dict]:
    return json.loads(call(base, "GET", f"/_control/wechatpay/{what}")[2])["items"]


def ask(base: str, method: str, path: str, document: dict | None = None, *, key=MERCHANT, at: int | None = None, checked=True, by: str = FIRST, **given):
    """A signed request, and its reply, which must be proven by the key of serial `by`."""
    body = b"" if document is None else json.dumps(document, ensure_ascii=False).encode()
    timestamp, nonce = str(int(time.time()) if at is None else at), "ABCDEF0123456789ABCDEF0123456789"
    signature = sign(key, message(method, path, timestamp, nonce, body))
    fields = {"mchid": SECRET["mch_id"], "nonce_str": nonce, "timestamp": timestamp, "serial_no": SECRET["serial_no"], "signature": signature}
    authorization = "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{value}"' for name, value in {**fields, **given.pop("fields", {})}.items())
    headers = {"Authorization": authorization, "Accept": "application/json", "Content-Type": "application/json", "User-Agent": "test", **given}
    status, headers, reply = call(base, method, path, body, {name: value for name, value in headers.items() if value})
    if checked:
        assert proven(headers, reply)
        assert headers["Wechatpay-Serial"] == by
    return status, json.loads(reply) if reply else None


def in_an_hour() -> str:
    return (datetime.now(SHANGHAI) + timedelta(hours=1)).isoformat(timespec="seconds")


def wish(url: str = "http://127.0.0.1:9/hook", number: str = "FINE0001", **changes) -> dict:
    document = {
        "appid": SECRET["app_id"], "mchid": SECRET["mch_id"], "description": "图书逾期费", "out_trade_no": number, "time_expire": in_an_hour(),
        "notify_url": url, "amount": {"total": 260, "currency": "CNY"}, "payer": {"openid": "oREADER0001"}, **changes,
    }
    return {name: value for name, value in document.items() if value != "absent"}


def prepay(base: str, url: str = "http://127.0.0.1:9/hook", way: str = "jsapi", **changes):
    return ask(base, "POST", f"/v3/pay/transactions/{way}", wish(url, **changes))


def query(base: str, number: str = "FINE0001"):
    return ask(base, "GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={SECRET['mch_id']}")


def close(base: str, number: str = "FINE0001"):
    return ask(base, "POST", f"/v3/pay/transactions/out-trade-no/{number}/close", {"mchid": SECRET["mch_id"]})


def refund(base: str, url: str = "http://127.0.0.1:9/refunds", number: str = "RFND1", amount: int = 260, **changes):
    document = {"out_trade_no": "FINE0001", "out_refund_no": number, "reason": "重复缴费", "notify_url": url,
                "amount": {"refund": amount, "total": 260, "currency": "CNY"}, **changes}
    return ask(base, "POST", "/v3/refund/domestic/refunds", document)


def test_a_reader_pays_in_a_page_and_the_library_is_told(counterpart, receiver):
    status, reply = prepay(counterpart, receiver.url)
    assert (status, list(reply)) == (200, ["prepay_id"])
    assert query(counterpart)[1]["trade_state"] == "NOTPAY"

    notices = steer(counterpart, "pay", prepay_id=reply["prepay_id"])["notices"]

    assert [(notice["attempts"], notice["accepted"]) for notice in notices] == [(1, True)]
    content, = receiver.contents()
    assert (content["out_trade_no"], content["trade_state"], content["amount"]["total"]) == ("FINE0001", "SUCCESS", 260)
    assert content["payer"] == {"openid": "oREADER0001"}
    assert json.loads(receiver.calls[0]["body"])["event_type"] == "TRANSACTION.SUCCESS"
    assert query(counterpart) == (200, content)
    by_id = f"/v3/pay/transactions/id/{content['transaction_id']}?mchid={SECRET['mch_id']}"
    assert ask(counterpart, "GET", by_id) == (200, content)


@pytest.mark.parametrize(("way", "field", "trade_type"), [("native", "code_url", "NATIVE"), ("h5", "h5_url", "MWEB")])
def test_a_reader_outside_wechat_pays_by_a_code_or_a_link(counterpart, receiver, way, field, trade_type):
    scene = {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}
    status, reply = prepay(counterpart, receiver.url, way, payer="absent", scene_info=scene)
    assert (status, list(reply)) == (200, [field])

    found = {"code_url": reply[field]} if way == "native" else {"out_trade_no": "FINE0001"}
    steer(counterpart, "pay", **found)

    assert receiver.contents()[0]["trade_type"] == trade_type


def cashier(prepay_id: str, **changes) -> dict:
    values = {"appId": SECRET["app_id"], "timeStamp": "1790474401", "nonceStr": "ABC", "package": f"prepay_id={prepay_id}"}
    return {**values, "signType": "RSA", "paySign": sign(MERCHANT, message(*values.values())), **changes}


def test_a_page_opens_the_cashier_only_with_the_librarys_signature(counterpart, receiver):
    prepay_id = prepay(counterpart, receiver.url)[1]["prepay_id"]

    for wrong in ({"nonceStr": "ABD"}, {"paySign": "AAAA"}, {"signType": "MD5"}, {"appId": "wx1"}, {"timeStamp": 1790474401}):
        assert "cashier" in steer(counterpart, "pay", cashier=cashier(prepay_id, **wrong))["error"]
    steer(counterpart, "pay", cashier=cashier(prepay_id))

    assert len(receiver.calls) == 1


def test_the_same_wish_gets_the_same_answer_and_another_one_is_refused(counterpart):
    first = wish()
    path = "/v3/pay/transactions/jsapi"

    replies = [ask(counterpart, "POST", path, first) for _ in range(2)]
    changed = [ask(counterpart, "POST", path, first | change) for change in
               ({"amount": {"total": 261}}, {"description": "别的"}, {"payer": {"openid": "oOTHER"}})]
    other_way = ask(counterpart, "POST", "/v3/pay/transactions/native", first)

    assert replies[0] == replies[1]
    assert {(status, reply["code"]) for status, reply in [*changed, other_way]} == {(403, "OUT_TRADE_NO_USED")}
    assert look(counterpart, "trades?out_trade_no=FINE0001")[0]["times_asked"] == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"out_trade_no": "12345"}, "PARAM_ERROR"),
        ({"out_trade_no": "FINE 0001"}, "PARAM_ERROR"),
        ({"description": "书" * 128}, "PARAM_ERROR"),
        ({"description": "absent"}, "PARAM_ERROR"),
        ({"amount": {"total": 0}}, "PARAM_ERROR"),
        ({"amount": {"total": 2.6}}, "PARAM_ERROR"),
        ({"amount": {"total": True}}, "PARAM_ERROR"),
        ({"amount": {"total": 1, "currency": "USD"}}, "PARAM_ERROR"),
        ({"payer": "absent"}, "PARAM_ERROR"),
        ({"attach": None}, "PARAM_ERROR"),
        ({"notify_url": "https://lib.example.cn/hook?token=1"}, "PARAM_ERROR"),
        ({"notify_url": "/hook"}, "PARAM_ERROR"),
        ({"time_expire": "2020-01-01T00:00:00+08:00"}, "PARAM_ERROR"),
        ({"time_expire": "2030-01-01T00:00:00Z"}, "PARAM_ERROR"),
        ({"appid": "wxother"}, "APPID_MCHID_NOT_MATCH"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
def test_a_bad_wish_is_refused_with_the_code_and_leaves_nothing(counterpart, changes, code):
    number = changes.pop("out_trade_no", "FINE0001")
    url = changes.pop("notify_url", "http://127.0.0.1:9/hook")

    status, reply = prepay(counterpart, url, number=number, **changes)

    assert (status, reply["code"]) == (400, code)
    assert look(counterpart, "trades") == []
    assert look(counterpart, "refusals")[0]["code"] == code


def test_a_call_that_the_merchant_did_not_sign_is_refused(counterpart):
    path, document = "/v3/pay/transactions/jsapi", wish()
    now = int(time.time())

    wrong = [
        ask(counterpart, "POST", path, document, key=private_key(KEYS["platform"][FIRST])),
        ask(counterpart, "POST", path, document, at=now - 300),
        ask(counterpart, "POST", path, document, at=now + 310),
        ask(counterpart, "POST", path, document, Authorization=None),
        ask(counterpart, "POST", path, document, Authorization="Bearer x"),
        ask(counterpart, "POST", path, document, fields={"serial_no": "00"}),
        ask(counterpart, "POST", path, document, fields={"mchid": "1"}),
        ask(counterpart, "POST", path, document, fields={"nonce_str": "ANOTHER"}),
    ]
    assert {(status, reply["code"]) for status, reply in wrong} == {(401, "SIGN_ERROR")}

    incomplete = [
        ask(counterpart, "POST", path, document, Accept=None),
        ask(counterpart, "POST", path, document, **{"Content-Type": "text/plain"}),
        ask(counterpart, "POST", path, document, **{"Wechatpay-Serial": "PUB_KEY_ID_9"}),
    ]
    assert {(status, reply["code"]) for status, reply in incomplete} == {(400, "PARAM_ERROR")}
    assert look(counterpart, "trades") == []


def test_a_reply_is_signed_with_the_key_that_is_asked_for(counterpart):
    path = f"/v3/pay/transactions/out-trade-no/NONE0001?mchid={SECRET['mch_id']}"

    for serial in (FIRST, NEXT):
        assert ask(counterpart, "GET", path, by=serial, **{"Wechatpay-Serial": serial})[1]["code"] == "ORDER_NOT_EXIST"
    steer(counterpart, "rotate", to="unknown")
    with pytest.raises(AssertionError):
        ask(counterpart, "GET", path, **{"Wechatpay-Serial": FIRST})


def test_a_closed_trade_can_be_closed_again_and_not_paid(counterpart, receiver):
    prepay(counterpart, receiver.url)

    assert close(counterpart) == close(counterpart) == (204, None)

    assert query(counterpart)[1]["trade_state"] == "CLOSED"
    assert prepay(counterpart, receiver.url)[1]["code"] == "ORDER_CLOSED"
    assert "closed" in steer(counterpart, "pay", out_trade_no="FINE0001")["error"]
    assert close(counterpart, "NONE0001")[1]["code"] == "ORDER_NOT_EXIST"
    assert receiver.calls == []


def test_a_reader_whose_cashier_was_open_pays_after_the_close(counterpart, receiver):
    prepay(counterpart, receiver.url)
    close(counterpart)

    steer(counterpart, "pay", out_trade_no="FINE0001", after_close=True)

    assert receiver.contents()[0]["trade_state"] == "SUCCESS"
    assert query(counterpart)[1]["trade_state"] == "SUCCESS"


def test_what_is_paid_can_be_neither_closed_nor_paid_again(counterpart):
    prepay(counterpart)
    assert steer(counterpart, "pay", out_trade_no="FINE0001", manner="silent")["notices"] == []

    for status, reply in (close(counterpart), prepay(counterpart)):
        assert (status, reply["code"]) == (400, "ORDER_PAID")
    assert "paid already" in steer(counterpart, "pay", out_trade_no="FINE0001")["error"]


def test_a_trade_that_is_over_stays_unpaid_until_it_is_closed(counterpart, receiver):
    soon = (datetime.now(SHANGHAI) + timedelta(seconds=1.2)).isoformat(timespec="seconds")
    assert prepay(counterpart, receiver.url, time_expire=soon)[0] == 200
    time.sleep(1.3)

    assert "over" in steer(counterpart, "pay", out_trade_no="FINE0001")["error"]
    assert query(counterpart)[1]["trade_state"] == "NOTPAY"


def test_a_wrong_answer_is_repeated_and_the_same_notice_can_come_often(counterpart, receiver):
    prepay(counterpart, receiver.url)
    receiver.answers = [500, 401]

    healed, = steer(counterpart, "pay", out_trade_no="FINE0001")["notices"]
    again = steer(counterpart, "notify_again", out_trade_no="FINE0001", times=5, parallel=True)["notices"]
    receiver.answers = [500] * 10
    dropped, = steer(counterpart, "notify_again", out_trade_no="FINE0001")["notices"]

    forged, = steer(counterpart, "notify_again", out_trade_no="FINE0001", manner="forged")["notices"]

    assert (forged["attempts"], receiver.calls.pop()["path"]) == (1, "/hook")
    assert (healed["attempts"], healed["accepted"]) == (3, True)
    assert [notice["accepted"] for notice in again] == [True] * 5
    assert (dropped["attempts"], dropped["http_status"], dropped["accepted"]) == (4, 500, False)
    assert len({json.loads(call["body"])["id"] for call in receiver.calls}) == 1
    assert all(proven(call["headers"], call["body"]) for call in receiver.calls)
    assert len({call["headers"]["Wechatpay-Nonce"] for call in receiver.calls}) == len(receiver.calls)


def test_a_notice_gets_lost_and_the_query_still_tells(counterpart, receiver):
    prepay(counterpart, receiver.url)
    steer(counterpart, "drop_next")

    notice, = steer(counterpart, "pay", out_trade_no="FINE0001")["notices"]

    assert (notice["lost"], notice["attempts"], receiver.calls) == (True, 0, [])
    assert query(counterpart)[1]["trade_state"] == "SUCCESS"
    steer(counterpart, "notify_again", out_trade_no="FINE0001")
    assert len(receiver.calls) == 1


def test_a_notice_is_sent_in_the_background_and_often_at_once(counterpart, receiver):
    prepay(counterpart, receiver.url)
    prepay(counterpart, receiver.url, number="FINE0002")

    steer(counterpart, "pay", out_trade_no="FINE0001", background=True)
    receiver.wait_for(1)
    steer(counterpart, "pay", out_trade_no="FINE0002", times=8, parallel=True)

    assert len(receiver.calls) == 9


def test_what_is_made_up_leaves_the_trade_alone(counterpart, receiver):
    prepay(counterpart, receiver.url)

    for manner in sorted(WRONG_MANNERS):
        steer(counterpart, "pay", out_trade_no="FINE0001", manner=manner)

    by_manner = dict(zip(sorted(WRONG_MANNERS), receiver.calls))
    assert len(receiver.calls) == len(WRONG_MANNERS)
    truly_signed = {"wrong_amount", "wrong_mchid", "wrong_appid", "wrong_number", "other_api_v3_key", "not_json"}
    for manner, made_up in by_manner.items():
        assert ("Wechatpay-Serial" in made_up["headers"] and proven(made_up["headers"], made_up["body"])) == (manner in truly_signed), manner
    assert opened(by_manner["wrong_amount"])["amount"]["total"] == 261
    assert opened(by_manner["wrong_mchid"])["mchid"] != SECRET["mch_id"]
    assert opened(by_manner["wrong_appid"])["appid"] != SECRET["app_id"]
    assert opened(by_manner["wrong_number"])["out_trade_no"] != "FINE0001"
    assert by_manner["probe"]["headers"]["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    with pytest.raises(InvalidTag):
        opened(by_manner["other_api_v3_key"])
    assert query(counterpart)[1]["trade_state"] == "NOTPAY"
    steer(counterpart, "pay", out_trade_no="FINE0001")
    assert query(counterpart)[1]["trade_state"] == "SUCCESS"


def test_a_reader_may_pay_another_amount(counterpart, receiver):
    prepay(counterpart, receiver.url)

    steer(counterpart, "pay", out_trade_no="FINE0001", total=1)

    assert receiver.contents()[0]["amount"]["total"] == query(counterpart)[1]["amount"]["total"] == 1


def test_the_platform_changes_its_key(counterpart, receiver):
    for number, to in (("FINE0001", "first"), ("FINE0002", "next"), ("FINE0003", "unknown")):
        prepay(counterpart, receiver.url, number=number)
        steer(counterpart, "rotate", to=to)
        steer(counterpart, "pay", out_trade_no=number)
        steer(counterpart, "rotate", to="first")

    assert [call["headers"]["Wechatpay-Serial"] for call in receiver.calls[:2]] == [FIRST, NEXT]
    assert [proven(call["headers"], call["body"]) for call in receiver.calls] == [True, True, False]
    assert "no such key" in steer(counterpart, "rotate", to="x")["error"]


def paid(base: str, url: str = "http://127.0.0.1:9/hook") -> None:
    prepay(base, url)
    steer(base, "pay", out_trade_no="FINE0001", manner="silent")


def test_a_refund_is_under_way_then_arrives_and_is_told(counterpart, receiver):
    paid(counterpart)

    status, reply = refund(counterpart, receiver.url)

    assert (status, reply["status"]) == (200, "PROCESSING")
    receiver.wait_for(1)
    content, = receiver.contents()
    assert (content["refund_status"], content["out_refund_no"], content["mchid"]) == ("SUCCESS", "RFND1", SECRET["mch_id"])
    assert (content["amount"]["refund"], "status" in content) == (260, False)
    assert json.loads(receiver.calls[0]["body"])["event_type"] == "REFUND.SUCCESS"
    assert ask(counterpart, "GET", "/v3/refund/domestic/refunds/RFND1")[1]["status"] == "SUCCESS"
    assert query(counterpart)[1]["trade_state"] == "REFUND"


def test_the_same_refund_pays_once_and_another_one_again(counterpart):
    paid(counterpart)

    first, again = refund(counterpart, amount=100), refund(counterpart, amount=100)
    changed = refund(counterpart, amount=101)
    second = refund(counterpart, amount=160, number="RFND2")
    too_much = refund(counterpart, amount=1, number="RFND3")

    assert first[1]["refund_id"] == again[1]["refund_id"] != second[1]["refund_id"]
    assert [(status, reply["code"]) for status, reply in (changed, too_much)] == [(400, "INVALID_REQUEST")] * 2
    assert [item["times_asked"] for item in look(counterpart, "refunds")] == [2, 1]


def test_a_refund_that_makes_no_sense_is_refused(counterpart):
    prepay(counterpart)
    unpaid = refund(counterpart)[1]
    steer(counterpart, "pay", out_trade_no="FINE0001", manner="silent")

    codes = [refund(counterpart, **changes)[1]["code"] for changes in (
        {"amount": 261}, {"amount": 0}, {"reason": "退" * 81}, {"number": "R/1"}, {"transaction_id": "42"}, {"url": "https://x.cn/?a=1"},
    )]
    total = {"refund": 1, "total": 100, "currency": "CNY"}
    codes += [ask(counterpart, "POST", "/v3/refund/domestic/refunds", {"out_trade_no": number, "out_refund_no": "R1", "amount": total})[1]["code"]
              for number in ("FINE0001", "NONE0001")]

    assert (unpaid["code"], unpaid["message"]) == ("INVALID_REQUEST", "订单未支付")
    assert codes == [*["PARAM_ERROR"] * 6, "INVALID_REQUEST", "RESOURCE_NOT_EXISTS"]
    assert ask(counterpart, "GET", "/v3/refund/domestic/refunds/RFND1")[1]["code"] == "RESOURCE_NOT_EXISTS"
    assert look(counterpart, "refunds") == []


def test_a_refund_hangs_until_somebody_settles_it(counterpart, receiver):
    paid(counterpart)
    steer(counterpart, "refund_next", outcome="PROCESSING")
    refund(counterpart, receiver.url)
    time.sleep(0.05)
    assert (receiver.calls, look(counterpart, "refunds?out_refund_no=RFND1")[0]["status"]) == ([], "PROCESSING")

    assert steer(counterpart, "settle", out_refund_no="RFND1", outcome="ABNORMAL")["notice"]["accepted"]
    assert steer(counterpart, "settle", out_refund_no="RFND1", outcome="SUCCESS")["notice"]["accepted"]

    assert [content["refund_status"] for content in receiver.contents()] == ["ABNORMAL", "SUCCESS"]
    assert ["success_time" in content for content in receiver.contents()] == [False, True]
    assert "has ended" in steer(counterpart, "settle", out_refund_no="RFND1", outcome="CLOSED")["error"]
    steer(counterpart, "notify_again", out_refund_no="RFND1")
    assert receiver.contents()[-1]["refund_status"] == "SUCCESS"


@pytest.mark.parametrize("outcome", ["ABNORMAL", "CLOSED"])
def test_a_refund_ends_badly(counterpart, receiver, outcome):
    paid(counterpart)
    steer(counterpart, "refund_next", outcome=outcome)

    assert refund(counterpart, receiver.url)[1]["status"] == "PROCESSING"

    receiver.wait_for(1)
    assert receiver.contents()[0]["refund_status"] == outcome
    again = refund(counterpart, receiver.url, number="RFND2")[0]
    assert again == (200 if outcome == "CLOSED" else 400)


def test_a_merchant_without_money_refunds_when_it_has_some(counterpart):
    paid(counterpart)
    steer(counterpart, "refund_next", outcome="NOT_ENOUGH")

    assert [(status, reply.get("code")) for status, reply in (refund(counterpart), refund(counterpart))] == [(403, "NOT_ENOUGH"), (200, None)]


def test_calls_can_be_made_to_fail_and_what_was_done_stays_done(counterpart):
    steer(counterpart, "fail_next", manner="system_error", on="query")
    steer(counterpart, "fail_next", manner="done_http_502", on="prepay")
    document = wish()
    status, _, _ = call(counterpart, "GET", "/health")
    assert status == 404

    with pytest.raises(ValueError):
        ask(counterpart, "POST", "/v3/pay/transactions/jsapi", document, checked=False)
    assert [query(counterpart)[0] for _ in range(2)] == [500, 200]
    assert ask(counterpart, "POST", "/v3/pay/transactions/jsapi", document)[0] == 200

    for manner in ("unsigned", "forged"):
        steer(counterpart, "fail_next", manner=manner)
        with pytest.raises(AssertionError):
            query(counterpart)
    steer(counterpart, "fail_next", manner="frequency", times=2)
    assert [query(counterpart)[0] for _ in range(3)] == [429, 429, 200]
    assert "unknown failure" in steer(counterpart, "fail_next", manner="x")["error"]


def test_the_keys_are_made_once_and_are_nobody_elses(tmp_path):
    path = tmp_path / "keys" / "wechatpay.json"

    first, again = keys_in(path), keys_in(path)

    assert first == again
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(first["secret"]) == {"app_id", "mch_id", "serial_no", "api_v3_key", "private_key", "keys"}
    assert len(first["secret"]["api_v3_key"]) == 32
    assert list(first["secret"]["keys"]) == list(first["platform"])


def test_trades_and_refunds_outlive_a_restart(tmp_path):
    keys, state = tmp_path / "wechatpay.json", tmp_path / "state"
    keys.write_text(json.dumps(KEYS), encoding="utf-8")
    command = [sys.executable, str(HERE / "server.py"), "--port", "0", "--key", "K", "--secret", "S", "--state", str(state), "--wechatpay", str(keys)]
    document, seen = wish(), []
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(process.stdout.readline())
            assert ready["parties"] == ["kuaidi100", "wechatpay"]
            base = ready["ready"]
            if not seen:
                ask(base, "POST", "/v3/pay/transactions/jsapi", document)
                steer(base, "pay", out_trade_no="FINE0001", manner="silent")
                steer(base, "refund_next", outcome="PROCESSING")
                refund(base)
            seen.append((query(base), ask(base, "GET", "/v3/refund/domestic/refunds/RFND1")))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            process.stdout.close()
    assert seen[0] == seen[1]
    assert seen[0][0][1]["trade_state"] == "REFUND"
