"""The counterpart against itself: its signatures against fixed values, its manners against a receiver written here."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from kuaidi100 import Kuaidi100, basic_state, order_sign, push_sign
from server import Server

HERE = Path(__file__).resolve().parent
KEY, SECRET, SALT = "TEST-KEY", "TEST-SECRET", "test-salt"
OK = {"result": True, "returnCode": "200", "message": "成功"}

# Worked out once with md5sum over the plain concatenation, not with this package.
VECTORS = {
    "an order": (
        order_sign, ('{"kuaidicom":"jd","cargo":"图书"}', "1790474400000", "K1", "S1"), "6794283C01BE8616BCB31BCFEA6A63B9",
    ),
    "a push": (
        push_sign, ('{"status":"polling","lastResult":{"nu":"JD1","state":"103"}}', "盐salt"), "CA2370694FC96F127D782D3448BD9118",
    ),
    "a push with an empty salt": (push_sign, ('{"status":"shutdown"}', ""), "7C4C3087BEBF2DCE33AF618889376CBC"),
}


@pytest.mark.parametrize(("sign", "parts", "expected"), VECTORS.values(), ids=VECTORS)
def test_the_signature_is_upper_case_md5_of_the_plain_concatenation(sign, parts, expected):
    assert sign(*parts) == expected


@pytest.mark.parametrize(("code", "family"), [("103", "1"), ("1002", "0"), ("5", "5"), ("301", "3"), ("203", "2"), ("14", "14")])
def test_an_advanced_code_belongs_to_its_basic_family(code, family):
    assert basic_state(code) == family


class Receiver:
    """A library's webhook: keeps what came and answers what it is told."""

    def __init__(self) -> None:
        self.calls: list[dict] = []
        self.answers: list[dict] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                form = {name: values[0] for name, values in parse_qs(body.decode("latin-1"), encoding="utf-8", errors="replace").items()}
                receiver.calls.append({"path": self.path, "form": form, "bytes": len(body), "type": self.headers["Content-Type"]})
                answer = json.dumps(receiver.answers.pop(0) if receiver.answers else OK).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook?parcel=P1-1&token=abc"

    def states(self) -> list[str]:
        return [json.loads(call["form"]["param"])["lastResult"]["state"] for call in self.calls]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def counterpart():
    server = Server(0, [Kuaidi100(KEY, SECRET, retry_seconds=0.01)])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.url
    server.shutdown()
    server.server_close()


def call(base: str, method: str, path: str, body: bytes | None = None, content_type: str = "application/json") -> dict:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    connection.request(method, path, body, {"Content-Type": content_type})
    response = connection.getresponse()
    document = json.loads(response.read())
    connection.close()
    return document


def steer(base: str, action: str, **asked) -> dict:
    return call(base, "POST", f"/_control/kuaidi100/{action}", json.dumps(asked).encode())


def order(base: str, url: str = "http://127.0.0.1:9/hook", *, secret: str = SECRET, key: str = KEY, method: str = "bOrder", **changes) -> dict:
    param = {
        "kuaidicom": "jd", "recManName": "读者", "recManMobile": "13800000001", "recManPrintAddr": "北京市朝阳区测试路1号",
        "sendManName": "图书馆", "sendManMobile": "13800000002", "sendManPrintAddr": "北京市朝阳区图书路2号", "cargo": "图书",
        "thirdOrderId": "P1-1", "op": "1", "pollCallBackUrl": url, "resultv2": "4", "salt": SALT, **changes,
    }
    return ask(base, method, param, secret=secret, key=key)


def cancel(base: str, data: dict, **changes) -> dict:
    return ask(base, "cancel", {"taskId": data["taskId"], "orderId": data["orderId"], "cancelMsg": "读者取消", **changes})


def ask(base: str, method: str, param: dict, *, secret: str = SECRET, key: str = KEY) -> dict:
    param = {name: value for name, value in param.items() if value is not None}
    text, t = json.dumps(param, ensure_ascii=False), "1790474400000"
    form = {"method": method, "key": key, "t": t, "param": text, "sign": order_sign(text, t, key, secret)}
    return call(base, "POST", "/order/borderapi.do", urlencode(form).encode(), "application/x-www-form-urlencoded")


def advance(base: str, waybill: str, *codes: str, **options) -> list[dict]:
    return steer(base, "advance", waybill=waybill, nodes=[{"code": code} for code in codes], **options)["pushes"]


def test_a_booking_gives_a_waybill_and_the_same_order_gives_the_same_one(counterpart):
    first, again, other = order(counterpart), order(counterpart), order(counterpart, thirdOrderId="P2-1")

    assert first["result"] is True and first["returnCode"] == "200"
    assert set(first["data"]) >= {"taskId", "orderId", "kuaidinum"}
    assert again == first
    assert other["data"]["kuaidinum"] != first["data"]["kuaidinum"]
    booked = call(counterpart, "GET", "/_control/kuaidi100/bookings?third_order_id=P1-1")["items"]
    assert [(item["waybill"], item["times_asked"]) for item in booked] == [(first["data"]["kuaidinum"], 2)]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"secret": "wrong"}, "503"),
        ({"key": "unknown"}, "600"),
        ({"method": "steal"}, "400"),
        ({"recManPrintAddr": None}, "400"),
        ({"recManMobile": "12345"}, "400"),
        ({"pollCallBackUrl": None}, "400"),
        ({"kuaidicom": "shunfeng"}, "400"),
        ({"thirdOrderId": "x" * 33}, "400"),
        ({"weight": "heavy"}, "400"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_a_bad_booking_is_refused_with_the_code_and_leaves_nothing(counterpart, options, code):
    reply = order(counterpart, **options)

    assert (reply["result"], reply["returnCode"]) == (False, code)
    assert call(counterpart, "GET", "/_control/kuaidi100/bookings")["items"] == []
    assert call(counterpart, "GET", "/_control/kuaidi100/refusals")["items"][0]["returnCode"] == code


def test_each_push_holds_the_whole_history_newest_first_and_is_signed(counterpart, receiver):
    waybill = order(counterpart, receiver.url)["data"]["kuaidinum"]

    pushes = advance(counterpart, waybill, "103", "1002", "5", "301")

    assert [push["accepted"] for push in pushes] == [True] * 4
    assert receiver.states() == ["103", "1002", "5", "301"]
    last = receiver.calls[-1]
    assert last["form"]["sign"] == hashlib.md5((last["form"]["param"] + SALT).encode()).hexdigest().upper()
    document = json.loads(last["form"]["param"])
    assert document["status"] == "shutdown"
    assert (document["lastResult"]["nu"], document["lastResult"]["ischeck"]) == (waybill, "1")
    assert [node["statusCode"] for node in document["lastResult"]["data"]] == ["301", "5", "1002", "103"]
    assert json.loads(receiver.calls[0]["form"]["param"])["status"] == "polling"
    assert last["path"] == "/hook?parcel=P1-1&token=abc"


def test_without_resultv2_a_push_has_basic_states_and_no_codes(counterpart, receiver):
    waybill = order(counterpart, receiver.url, resultv2=None)["data"]["kuaidinum"]

    advance(counterpart, waybill, "103")

    result = json.loads(receiver.calls[0]["form"]["param"])["lastResult"]
    assert result["state"] == "1"
    assert set(result["data"][0]) == {"time", "ftime", "context"}


def test_a_wrong_reply_is_repeated_three_times(counterpart, receiver):
    waybill = order(counterpart, receiver.url)["data"]["kuaidinum"]
    receiver.answers = [{"result": False, "returnCode": "500", "message": "失败"}] * 2

    healed = advance(counterpart, waybill, "103")[0]
    receiver.answers = [{"ok": True}] * 10
    dropped = advance(counterpart, waybill, "5")[0]

    assert (healed["attempts"], healed["accepted"]) == (3, True)
    assert (dropped["attempts"], dropped["accepted"]) == (4, False)


def test_duplicates_and_disorder(counterpart, receiver):
    waybill = order(counterpart, receiver.url)["data"]["kuaidinum"]

    advance(counterpart, waybill, "103", "5", "301", order="reversed", duplicate=2)

    assert receiver.states() == ["301", "301", "5", "5", "103", "103"]


def test_forgeries_leave_the_true_history_alone(counterpart, receiver):
    waybill = order(counterpart, receiver.url)["data"]["kuaidinum"]
    advance(counterpart, waybill, "103")

    for manner in ("forged_sign", "forged_salt", "altered_param"):
        advance(counterpart, waybill, "301", manner=manner)
        form = receiver.calls[-1]["form"]
        assert form["sign"] != push_sign(form["param"], SALT), manner
    advance(counterpart, waybill, "301", manner="no_sign")
    assert "sign" not in receiver.calls[-1]["form"]
    advance(counterpart, waybill, "301", manner="wrong_token")
    assert "token=abc" not in receiver.calls[-1]["path"]
    advance(counterpart, waybill, "301", manner="huge")
    assert receiver.calls[-1]["bytes"] > 1_000_000
    advance(counterpart, waybill, "301", manner="gbk")
    assert "�" in receiver.calls[-1]["form"]["param"]
    advance(counterpart, waybill, "5", manner="silent")

    booked = call(counterpart, "GET", "/_control/kuaidi100/bookings")["items"][0]
    assert [node["code"] for node in booked["nodes"]] == ["103", "5"]
    assert receiver.states().count("5") == 0


def test_a_cancelled_booking_pushes_nothing_any_more(counterpart, receiver):
    data = order(counterpart, receiver.url, callBackUrl=receiver.url)["data"]
    advance(counterpart, data["kuaidinum"], "101", "102")

    cancelled = cancel(counterpart, data)

    assert (cancelled["result"], cancelled["returnCode"]) == (True, "200")
    calls = len(receiver.calls)
    for options in ({"nodes": [{"code": "103"}]}, {"nodes": []}, {"nodes": [{"code": "301"}], "manner": "forged_sign"}):
        assert "cancelled" in steer(counterpart, "advance", waybill=data["kuaidinum"], **options)["error"]
    assert "cancelled" in steer(counterpart, "order_callback", waybill=data["kuaidinum"], status=10)["error"]
    assert len(receiver.calls) == calls
    assert steer(counterpart, "order_callback", waybill=data["kuaidinum"], status=9)["push"]["accepted"]


def test_a_push_that_failed_is_not_repeated_once_the_booking_is_cancelled(receiver):
    party = Kuaidi100(KEY, SECRET, retry_seconds=0.2)
    param = {"kuaidicom": "zhongtong", "op": "1", "pollCallBackUrl": receiver.url, "resultv2": "4", "salt": SALT}
    people = {f"{who}Man{what}": value for who in ("rec", "send") for what, value in
              (("Name", "读者"), ("Mobile", "13800000001"), ("PrintAddr", "北京市朝阳区测试路1号"))}
    data = party.book(param | people)["data"]
    receiver.answers = [{"ok": True}] * 10
    pushing = threading.Thread(target=party.advance, args=(data["kuaidinum"], [{"code": "102"}]))
    pushing.start()
    while not receiver.calls:
        time.sleep(0.01)

    assert party.cancel({"taskId": data["taskId"], "orderId": data["orderId"], "cancelMsg": "读者取消"})["result"] is True
    pushing.join()

    assert len(receiver.calls) == 1
    assert (party.pushes[0].attempts, party.pushes[0].accepted) == (1, False)


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"taskId": "0" * 32}, "500", "订单不存在"),
        ({"orderId": "1"}, "500", "订单不存在"),
        ({"taskId": None}, "400", "参数不完整：taskId"),
        ({"orderId": " "}, "400", "参数不完整：orderId"),
        ({"cancelMsg": ""}, "400", "参数不完整：cancelMsg"),
        ({"cancelMsg": "改" * 31}, "400", "cancelMsg过长"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_a_cancellation_that_names_no_booking_is_refused_and_cancels_nothing(counterpart, changes, code, message):
    data, other = order(counterpart)["data"], order(counterpart, thirdOrderId="P2-1")["data"]

    reply = cancel(counterpart, data, **changes)
    crossed = cancel(counterpart, {**data, "orderId": other["orderId"]})

    assert (reply["result"], reply["returnCode"], reply["message"]) == (False, code, message)
    assert (crossed["result"], crossed["message"]) == (False, "订单不存在")
    assert [item["cancelled"] for item in call(counterpart, "GET", "/_control/kuaidi100/bookings")["items"]] == [False, False]


def test_a_cancellation_is_signed_like_a_booking(counterpart):
    data = order(counterpart)["data"]
    param = {"taskId": data["taskId"], "orderId": data["orderId"], "cancelMsg": "读者取消"}

    assert ask(counterpart, "cancel", param, secret="wrong")["returnCode"] == "503"
    assert ask(counterpart, "cancel", {**param, "orderId": int(data["orderId"])})["result"] is True


def test_what_was_cancelled_before_is_not_cancelled_again(counterpart, receiver):
    data = order(counterpart)["data"]
    by_carrier = order(counterpart, receiver.url, thirdOrderId="P2-1")["data"]
    cancel(counterpart, data)
    advance(counterpart, by_carrier["kuaidinum"], "101", "401")

    for again in (cancel(counterpart, data), cancel(counterpart, by_carrier)):
        assert (again["result"], again["returnCode"], again["message"]) == (False, "500", "订单已取消，请勿重复操作")


@pytest.mark.parametrize("code", ["1", "103", "1002", "5", "301"])
def test_a_collected_parcel_cannot_be_cancelled_and_goes_on(counterpart, receiver, code):
    data = order(counterpart, receiver.url)["data"]
    advance(counterpart, data["kuaidinum"], "101", "102", code)

    too_late = cancel(counterpart, data)

    assert (too_late["result"], too_late["returnCode"], too_late["message"]) == (False, "500", "快件已揽收，不能取消")
    assert advance(counterpart, data["kuaidinum"], "301")[0]["accepted"]


def test_a_parcel_that_the_order_says_is_collected_cannot_be_cancelled(counterpart, receiver):
    data = order(counterpart, receiver.url)["data"]
    for status in (0, 1, 2, 10):
        steer(counterpart, "order_callback", waybill=data["kuaidinum"], status=status)

    assert cancel(counterpart, data)["message"] == "快件已揽收，不能取消"


def test_a_booking_may_be_cancelled_by_hand_at_the_platform(counterpart, receiver):
    data = order(counterpart, receiver.url)["data"]

    assert steer(counterpart, "order_callback", waybill=data["kuaidinum"], status=9)["push"]["accepted"]

    assert cancel(counterpart, data)["message"] == "订单已取消，请勿重复操作"
    assert "cancelled" in steer(counterpart, "advance", waybill=data["kuaidinum"], nodes=[{"code": "103"}])["error"]
    assert order(counterpart)["data"]["kuaidinum"] != data["kuaidinum"]


def test_the_order_of_a_cancelled_booking_books_anew(counterpart):
    first = order(counterpart)["data"]
    cancel(counterpart, first)

    second, again = order(counterpart)["data"], order(counterpart)["data"]

    assert second == again
    for name in ("taskId", "orderId", "kuaidinum"):
        assert second[name] != first[name]
    assert cancel(counterpart, first)["message"] == "订单已取消，请勿重复操作"
    booked = call(counterpart, "GET", "/_control/kuaidi100/bookings?third_order_id=P1-1")["items"]
    assert [(item["cancelled"], item["times_asked"]) for item in booked] == [(True, 1), (False, 2)]


def test_what_happened_to_a_booking_outlives_a_restart(tmp_path, receiver):
    journal = tmp_path / "kuaidi100.jsonl"
    server = Server(0, [Kuaidi100(KEY, SECRET, journal=journal)])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    cancelled, collected = order(server.url)["data"], order(server.url, receiver.url, thirdOrderId="P2-1")["data"]
    cancel(server.url, cancelled)
    steer(server.url, "order_callback", waybill=collected["kuaidinum"], status=10)
    server.shutdown()
    server.server_close()

    party = Kuaidi100(KEY, SECRET, journal=journal)

    said = [party.cancel({**{name: data[name] for name in ("taskId", "orderId")}, "cancelMsg": "读者取消"})["message"]
            for data in (cancelled, collected)]
    assert said == ["订单已取消，请勿重复操作", "快件已揽收，不能取消"]


def test_the_order_callback_goes_to_its_own_url_and_is_signed(counterpart, receiver):
    waybill = order(counterpart, "http://127.0.0.1:9/none", callBackUrl=receiver.url)["data"]["kuaidinum"]

    push = steer(counterpart, "order_callback", waybill=waybill, status=1)["push"]

    form = receiver.calls[0]["form"]
    assert push["accepted"]
    assert form["sign"] == push_sign(form["param"], SALT)
    assert json.loads(form["param"])["data"]["status"] == 1


def test_a_booking_can_be_made_to_fail(counterpart):
    steer(counterpart, "fail_next", manner="busy", times=2)

    assert [order(counterpart)["returnCode"] for _ in range(3)] == ["500", "500", "200"]


def test_a_cancellation_can_be_made_to_fail_and_cancels_nothing(counterpart):
    data = order(counterpart)["data"]
    steer(counterpart, "fail_next", manner="busy")

    assert [cancel(counterpart, data)["message"] for _ in range(3)] == ["服务器繁忙", "成功", "订单已取消，请勿重复操作"]


def test_the_command_says_when_it_is_ready_keeps_bookings_and_ends_on_sigterm(tmp_path):
    command = [sys.executable, str(HERE / "server.py"), "--port", "0", "--key", KEY, "--secret", SECRET, "--state", str(tmp_path)]
    waybills = []
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(process.stdout.readline())
            assert ready["parties"] == ["kuaidi100"]
            waybills.append(order(ready["ready"])["data"]["kuaidinum"])
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            process.stdout.close()
    assert waybills[0] == waybills[1]
