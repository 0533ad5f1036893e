"""The counterpart against itself: its signatures and rules against fixed values, its manners against a receiver written here."""

from __future__ import annotations

import http.client
import json
import signal
import stat
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from server import Server
from wechat_mp import (
    ASKED, ERRORS, FORMS, KINDS, PATHS, Refused, WeChatMp, account_in, call as outward, callback_signature, field_fault, new_account,
    page_signature,
)

HERE = Path(__file__).resolve().parent
# What the library's own rules are tested with: both sides must agree with them, and so with each other.
FIELDS = json.loads((HERE.parents[1] / "shared" / "wechat" / "tests" / "vectors" / "fields.json").read_text(encoding="utf-8"))
ACCOUNT = new_account()
SECRET = ACCOUNT["secret"]
TEMPLATE, DUE, NOTICE = (template["template_id"] for template in ACCOUNT["templates"])
DATA = {"character_string1": "260927ABCDEF0001", "phrase2": "待取书", "thing3": "围城", "time4": "2026年9月27日 09:31"}
PAGE = "http://127.0.0.1:4566/orders?a=1"


def test_pages_and_calls_are_signed_as_documented():
    ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
    page = "http://mp.weixin.qq.com?params=value#top"
    assert page_signature(ticket, "Wm3WZYTPz0wzccnW", 1414587457, page) == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"

    # Worked out with sha1sum over 13205621321790474400libtoken.
    assert callback_signature("libtoken", "1790474400", "1320562132") == "117d7a7f1bd982ff06bcd0f0654105d294d1415d"


@pytest.mark.parametrize("kind", FORMS)
def test_a_field_takes_what_its_kind_says(kind):
    for text in FIELDS[kind]["takes"]:
        assert field_fault(f"{kind}1", text, {}) == "", text
    for text in [*FIELDS[kind]["refuses"], *(text for text, _ in FIELDS[kind]["too_long"]), "", "  ", "一\n二", None, 3]:
        assert field_fault(f"{kind}1", text, {}), text


class Receiver:
    """A library's callback: keeps what came and answers what it is told."""

    def __init__(self) -> None:
        self.calls: list[dict] = []
        self.answers: list[tuple[int, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                receiver.calls.append({"method": self.command, "query": query, "body": body})
                status, answer = receiver.answers.pop(0) if receiver.answers else (200, query.get("echostr", "success"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def statuses(self) -> list[str]:
        return [ElementTree.fromstring(call["body"]).findtext("Status") for call in self.calls]

    def wait_for(self, calls: int) -> None:
        end = time.monotonic() + 5
        while len(self.calls) < calls and time.monotonic() < end:
            time.sleep(0.01)
        assert len(self.calls) == calls


def proven(query: dict) -> bool:
    fresh = abs(time.time() - int(query.get("timestamp", 0))) < 300
    return fresh and query.get("signature") == callback_signature(SECRET["callback_token"], query["timestamp"], query["nonce"])


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture
def party():
    return WeChatMp(ACCOUNT, retry_seconds=0.01, slow_seconds=0.3)


@pytest.fixture
def counterpart(party):
    server = Server(0, [party])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.url
    server.shutdown()
    server.server_close()


def call(base: str, method: str, path: str, document=None) -> tuple[int, dict, bytes]:
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    body = document if isinstance(document, bytes) else None if document is None else json.dumps(document, ensure_ascii=False).encode()
    connection.request(method, path, body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, dict(response.headers), content


def ask(base: str, method: str, path: str, document=None) -> dict:
    return json.loads(call(base, method, path, document)[2])


def steer(base: str, action: str, **asked) -> dict:
    return ask(base, "POST", f"/_control/wechat_mp/{action}", asked)


def look(base: str, what: str):
    found = ask(base, "GET", f"/_control/wechat_mp/{what}")
    return found.get("items", found)


def authorise(base: str, path: str = "/connect/oauth2/authorize", more: dict | None = None, **changes):
    asked = dict(zip(ASKED, (SECRET["app_id"], PAGE, "code", "snsapi_base", "s1"))) | changes
    return call(base, "GET", f"{path}?{urlencode({**asked, **(more or {})})}")


def come_back(base: str, **changes) -> dict:
    status, headers, _ = authorise(base, **changes)
    assert status == 302
    return {name: values[0] for name, values in parse_qs(urlsplit(headers["Location"]).query).items()}


def exchange(base: str, code: str, **changes) -> dict:
    asked = {"appid": SECRET["app_id"], "secret": SECRET["app_secret"], "code": code, "grant_type": "authorization_code", **changes}
    return ask(base, "GET", f"/sns/oauth2/access_token?{urlencode({name: value for name, value in asked.items() if value})}")


def renew(base: str, **changes) -> dict:
    asked = {"grant_type": "client_credential", "appid": SECRET["app_id"], "secret": SECRET["app_secret"], "force_refresh": False, **changes}
    return ask(base, "POST", "/cgi-bin/stable_token", {name: value for name, value in asked.items() if value is not None})


def token(base: str) -> str:
    return renew(base)["access_token"]


def send(base: str, openid: str = "oREADER1", by: str | None = None, way: str = "template/send", data: dict | None = None, **changes) -> dict:
    body = {"touser": openid, "template_id": TEMPLATE, "data": {key: {"value": value} for key, value in (data or DATA).items()}, **changes}
    body = {name: value for name, value in body.items() if value is not None}
    return ask(base, "POST", f"/cgi-bin/message/{way}?access_token={by or token(base)}", body)


@pytest.fixture
def reader(counterpart):
    steer(counterpart, "reader", openid="oREADER1")
    return counterpart


def test_a_reader_comes_back_with_a_code_that_is_good_once(counterpart):
    steer(counterpart, "at_the_phone", openid="oREADER1")

    came = come_back(counterpart, redirect_uri="http://127.0.0.1:4566/me?next=/orders")

    assert (came["next"], came["state"]) == ("/orders", "s1")
    grant = exchange(counterpart, came["code"])
    assert (grant["openid"], grant["scope"], grant["expires_in"]) == ("oREADER1", "snsapi_base", 7200)
    assert "is_snapshotuser" not in grant and "unionid" not in grant
    assert exchange(counterpart, came["code"])["errcode"] == 40163
    assert [reader["openid"] for reader in look(counterpart, "readers")] == ["oREADER1"]


def test_a_browser_is_asked_who_it_is(counterpart):
    status, _, page = authorise(counterpart, state="s2")
    assert status == 200 and b'name=state value="s2"' in page

    status, headers, _ = authorise(counterpart, "/connect/oauth2/authorize/chosen", {"openid": "oBROWSER1"})

    code = parse_qs(urlsplit(headers["Location"]).query)["code"][0]
    assert (status, exchange(counterpart, code)["openid"]) == (302, "oBROWSER1")
    assert authorise(counterpart, "/connect/oauth2/authorize/chosen", {"openid": "<b>"})[0] == 200


def test_a_snapshot_has_a_made_up_reader_and_who_says_no_has_no_code(counterpart):
    steer(counterpart, "at_the_phone", openid="oREADER1", snapshot=True)
    grant = exchange(counterpart, come_back(counterpart)["code"])
    assert grant["is_snapshotuser"] == 1 and grant["openid"] != "oREADER1"
    assert look(counterpart, "readers") == []

    steer(counterpart, "at_the_phone", openid="oREADER1", declines=True)
    assert come_back(counterpart, scope="snsapi_userinfo") == {"a": "1", "state": "s1"}
    assert "code" in come_back(counterpart), "nobody is asked about the openid"


def test_a_page_that_asks_wrongly_is_told_so(counterpart):
    steer(counterpart, "at_the_phone", openid="oREADER1")

    for wrong in (
        {"appid": "wxffff"}, {"redirect_uri": "http://evil.example/"}, {"scope": "snsapi_all"}, {"state": "a b"}, {"response_type": "token"},
    ):
        assert authorise(counterpart, **wrong)[0] == 200, wrong
    backwards = urlencode(list(zip(ASKED, (SECRET["app_id"], PAGE, "code", "snsapi_base", "s1")))[::-1])
    assert call(counterpart, "GET", f"/connect/oauth2/authorize?{backwards}")[0] == 200
    assert [refusal["errcode"] for refusal in look(counterpart, "refusals")] == [10013, 10003, 10005, 10002, 10002, 10002]


def test_an_exchange_proves_whose_it_is(counterpart, party, monkeypatch):
    steer(counterpart, "at_the_phone", openid="oREADER1")
    code = come_back(counterpart)["code"]

    wrong = [{"appid": "wxffff"}, {"appid": ""}, {"secret": "x"}, {"secret": ""}, {"code": ""}, {"code": "none"}, {"grant_type": "x"}]
    found = [exchange(counterpart, **{"code": code, **change})["errcode"] for change in wrong]
    assert found == [40013, 41002, 40125, 41004, 41008, 40029, 40002]
    real = time.time
    monkeypatch.setattr("wechat_mp.time.time", lambda: real() + 300)
    assert exchange(counterpart, code)["errcode"] == 42003


def test_the_token_stays_the_same_until_it_is_about_to_end(counterpart, monkeypatch):
    first, again = renew(counterpart), renew(counterpart)
    assert first["access_token"] == again["access_token"] and len(first["access_token"]) == 512
    assert 7190 <= first["expires_in"] <= 7200
    steer(counterpart, "reader", openid="oREADER1")

    real = time.time
    monkeypatch.setattr("wechat_mp.time.time", lambda: real() + 7200 - 299)
    assert token(counterpart) != first["access_token"]
    assert send(counterpart, by=first["access_token"])["errcode"] == 0, "the old one lives on beside it"
    monkeypatch.setattr("wechat_mp.time.time", lambda: real() + 7201)
    assert send(counterpart, by=first["access_token"])["errcode"] == 42001


def test_by_force_the_old_token_ends_at_once_and_not_too_often(counterpart, monkeypatch):
    old = token(counterpart)
    steer(counterpart, "reader", openid="oREADER1")

    new = renew(counterpart, force_refresh=True)["access_token"]

    assert new != old and send(counterpart, by=old)["errcode"] == 40001
    assert send(counterpart, by=new)["errcode"] == 0
    assert renew(counterpart, force_refresh=True)["access_token"] == new, "30 seconds have not passed"
    noon = time.time() // 86400 * 86400 + 86400 + 4 * 3600  # tomorrow, in Shanghai
    for at in range(20):
        monkeypatch.setattr("wechat_mp.time.time", lambda: noon + 30 * at)
        renew(counterpart, force_refresh=True)
    monkeypatch.setattr("wechat_mp.time.time", lambda: noon + 3600)
    assert renew(counterpart, force_refresh=True)["errcode"] == 45009
    assert "access_token" in renew(counterpart)


def test_a_token_is_given_only_to_the_account(counterpart):
    wrong = [
        {"grant_type": "x"}, {"appid": None}, {"appid": "wxffff"}, {"secret": None}, {"secret": "x"},
    ]
    assert [renew(counterpart, **change)["errcode"] for change in wrong] == [40002, 41002, 40013, 41004, 40125]
    assert ask(counterpart, "GET", "/cgi-bin/stable_token")["errcode"] == 43002
    assert ask(counterpart, "POST", "/cgi-bin/stable_token", b"appid=1")["errcode"] == 47001
    assert look(counterpart, "tokens")["given"] == 0


def test_a_page_is_let_in_when_it_is_signed_with_the_ticket(counterpart):
    by = token(counterpart)
    ticket = ask(counterpart, "GET", f"/cgi-bin/ticket/getticket?access_token={by}&type=jsapi")
    again = ask(counterpart, "GET", f"/cgi-bin/ticket/getticket?access_token={by}&type=jsapi")
    assert (ticket["errcode"], ticket["ticket"]) == (0, again["ticket"])
    signed = page_signature(ticket["ticket"], "n1", 1790474400, PAGE)
    config = {"appId": SECRET["app_id"], "timestamp": 1790474400, "nonceStr": "n1", "signature": signed, "jsApiList": ["scanQRCode"]}

    def said(url: str = PAGE, **changes) -> str:
        return steer(counterpart, "page", url=url, config={**config, **changes})["errMsg"]

    assert said() == said(f"{PAGE}#top") == "config:ok"
    assert said(f"{PAGE}&b=2") == said(nonceStr="n2") == "config:invalid signature"
    assert said("http://evil.example/") == "config:invalid url domain"
    assert said(appId="wxffff") == "config:invalid appid"
    assert said(timestamp="1790474400") == said(jsApiList=[]) == "config:fail"
    assert ask(counterpart, "GET", f"/cgi-bin/ticket/getticket?access_token={by}")["errcode"] == 47003
    assert ask(counterpart, "GET", "/cgi-bin/ticket/getticket?type=jsapi")["errcode"] == 41001


def test_a_message_is_taken_and_its_receipt_follows(reader, receiver):
    steer(reader, "callback", url=receiver.url, check=True)

    taken = send(reader, url=PAGE, client_msg_id="n1")

    assert taken["errcode"] == 0
    message, = look(reader, "messages?openid=oREADER1")
    assert (message["msgid"], message["data"], message["opens"]) == (taken["msgid"], DATA, PAGE)
    receiver.wait_for(2)
    trial, receipt = receiver.calls
    assert trial["method"] == "GET" and proven(trial["query"]) and proven(receipt["query"])
    told = ElementTree.fromstring(receipt["body"])
    assert (told.findtext("Event"), told.findtext("MsgID"), told.findtext("Status")) == ("TEMPLATESENDJOBFINISH", str(taken["msgid"]), "success")
    assert told.findtext("FromUserName") == "oREADER1"


def test_a_repeated_message_is_sent_once(reader, monkeypatch):
    steer(reader, "reader", openid="oREADER2")

    first, again, other = send(reader, client_msg_id="n1"), send(reader, client_msg_id="n1"), send(reader, "oREADER2", client_msg_id="n1")

    assert first == again and other["msgid"] != first["msgid"]
    assert [message["times_asked"] for message in look(reader, "messages?client_msg_id=n1")] == [2, 1]
    assert send(reader)["msgid"] != send(reader)["msgid"], "without an id it is another message"
    real = time.time
    monkeypatch.setattr("wechat_mp.time.time", lambda: real() + 600)
    assert send(reader, client_msg_id="n1")["msgid"] != first["msgid"]


def test_fifty_at_once_are_still_one_message(reader):
    by = token(reader)
    threads = [threading.Thread(target=send, args=(reader,), kwargs={"by": by, "client_msg_id": "n1"}) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    message, = look(reader, "messages")
    assert message["times_asked"] == 50


def test_a_message_that_is_not_right_is_refused(reader):
    steer(reader, "template", template_id="TPL-const", keys=["const1"], consts={"const1": ["已送达"]})
    wrong = {
        40003: [{"openid": "oNOBODY"}, {"touser": 3}],
        40036: [{"template_id": "T" * 65}, {"template_id": None}],
        40037: [{"template_id": "TPL-none"}, {"template_id": NOTICE}],
        40039: [{"url": f"http://127.0.0.1/{'a' * 1024}"}],
        40048: [{"url": "weixin://dl"}],
        47003: [
            {"data": {**DATA, "thing3": "一" * 21}}, {"data": {**DATA, "phrase2": "ready"}}, {"data": {**DATA, "time4": "soon"}},
            {"data": {key: DATA[key] for key in list(DATA)[1:]}}, {"data": {**DATA, "thing9": "围城"}}, {"client_msg_id": "n" * 33},
            {"template_id": "TPL-const", "data": {"const1": "丢了"}},
        ],
    }
    for code, changes in wrong.items():
        for change in changes:
            assert send(reader, **change)["errcode"] == code, change
    assert "data.thing3.value" in send(reader, data={**DATA, "thing3": "一" * 21})["errmsg"]
    assert send(reader, template_id="TPL-const", data={"const1": "已送达"})["errcode"] == 0
    path = f"/cgi-bin/message/template/send?access_token={token(reader)}"
    assert ask(reader, "POST", path, b"{")["errcode"] == 47001
    assert ask(reader, "GET", path)["errcode"] == 43002
    assert send(reader, by="none")["errcode"] == 40001
    assert ask(reader, "POST", "/cgi-bin/message/template/send", {})["errcode"] == 41001
    assert len(look(reader, "messages")) == 1


def test_a_reader_may_unfollow_decline_or_block(reader):
    steer(reader, "reader", openid="oREADER1", follows=False)
    assert send(reader)["errcode"] == 43004
    steer(reader, "reader", openid="oREADER1", follows=True, declined=[TEMPLATE])
    assert send(reader)["errcode"] == 43101
    due = {"thing1": "围城", "date2": "2026年9月27日", "number3": "2", "amount4": "0.60元"}
    assert send(reader, template_id=DUE, data=due)["errcode"] == 0, "only that template"
    steer(reader, "reader", openid="oREADER1", declined=[], blocks=True)
    assert send(reader)["errcode"] == 0
    assert look(reader, "messages")[-1]["status"] == "failed:user block"


def test_a_notice_needs_to_be_allowed_each_time(reader):
    data = {"thing1": "围城", "thing2": "东城馆", "date3": "2026年9月27日"}

    def notice(**changes):
        return send(reader, way="subscribe/bizsend", **{"template_id": NOTICE, "data": data, **changes})["errcode"]

    assert notice() == 43101
    steer(reader, "reader", openid="oREADER1", allowed={NOTICE: 1}, follows=False)
    assert notice(template_id=TEMPLATE, data=DATA) == 40037
    assert notice(page="pages/index") == 41030
    assert notice(page=PAGE) == 0
    assert notice() == 43101
    steer(reader, "template", template_id="TPL-long", keys=list(data), way="notice", kind=3)
    steer(reader, "reader", openid="oREADER1", allowed={"TPL-long": 1})
    assert [notice(template_id="TPL-long") for _ in range(3)] == [0, 0, 0]


def test_the_token_may_end_in_the_middle_of_a_batch(reader):
    by = token(reader)
    steer(reader, "expire_token", after=2)

    assert [send(reader, by=by)["errcode"] for _ in range(4)] == [0, 0, 42001, 42001]
    assert send(reader, by=token(reader))["errcode"] == 0


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_refused_token_may_be_given_again_until_it_is_forced(reader, code):
    by = token(reader)
    steer(reader, "expire_token", code=code, sticky=True)

    assert token(reader) == by and send(reader, by=by)["errcode"] == code
    assert send(reader, by=renew(reader, force_refresh=True)["access_token"])["errcode"] == 0


def test_the_quota_of_a_day_ends(reader):
    steer(reader, "quota", left=2)

    assert [send(reader)["errcode"] for _ in range(3)] == [0, 0, 45009]


@pytest.mark.parametrize("code", ERRORS)
def test_every_refusal_can_be_asked_for(reader, code):
    steer(reader, "fail_next", errcode=code, on="send")

    by = token(reader)
    refused, taken = send(reader, by=by), send(reader, by=by)

    assert refused["errcode"] == code and refused["errmsg"].startswith(str(Refused(code)))
    assert taken["errcode"] == 0 and len(look(reader, "messages")) == 1


@pytest.mark.parametrize(("path", "kind"), PATHS.items())
def test_each_kind_of_call_can_fail_by_itself(counterpart, path, kind):
    assert kind in KINDS
    steer(counterpart, "fail_next", manner="http_502", on=kind, times=2)

    for other in PATHS:
        if other != path:
            assert call(counterpart, "GET", other)[0] == 200
    assert [call(counterpart, "GET", path)[0] for _ in range(3)] == [502, 502, 200]


def test_a_reply_may_be_lost_late_or_no_reply(reader):
    by = token(reader)

    def sent(name: str):
        body = {"touser": "oREADER1", "template_id": TEMPLATE, "client_msg_id": name, "data": {key: {"value": value} for key, value in DATA.items()}}
        return call(reader, "POST", f"/cgi-bin/message/template/send?access_token={by}", body)

    for manner in ("done_http_502", "http_502", "not_json", "slow"):
        steer(reader, "fail_next", manner=manner)
    assert sent("n1")[0] == 502
    assert sent("n2")[0] == 502
    assert sent("n3")[2].startswith(b"<html>")
    begun = time.monotonic()
    assert json.loads(sent("n4")[2])["errcode"] == 0
    assert time.monotonic() - begun >= 0.3
    assert [message["client_msg_id"] for message in look(reader, "messages")] == ["n1", "n3", "n4"]


def test_a_receipt_is_told_three_times_until_it_is_heard(reader, receiver):
    steer(reader, "callback", url=receiver.url)
    receiver.answers = [(500, ""), (200, "no")]
    send(reader)
    receiver.wait_for(3)
    assert receiver.statuses() == ["success"] * 3

    receiver.answers = [(500, "")] * 4
    steer(reader, "receipt_next", status="failed: system failed")
    send(reader)
    receiver.wait_for(6)
    time.sleep(0.1)
    assert receiver.statuses()[3:] == ["failed: system failed"] * 3

    steer(reader, "receipt_next", status="lost")
    send(reader)
    assert [(receipt["attempts"], receipt["accepted"]) for receipt in look(reader, "receipts")][:1] == [(3, True)]
    assert look(reader, "messages")[-1]["status"] == ""


def test_a_receipt_may_come_again_and_in_bad_manners(reader, receiver):
    msgid = send(reader)["msgid"]
    steer(reader, "callback", url=receiver.url)

    def told(**asked) -> list[dict]:
        return steer(reader, "receipt", msgid=msgid, **asked)["receipts"]

    assert [receipt["accepted"] for receipt in told(times=3, parallel=True)] == [True] * 3
    for manner in ("forged", "unsigned", "old", "other_token"):
        told(manner=manner)
        assert not proven(receiver.calls[-1]["query"]), manner
    for manner, mark in (
        ("doctype", b"<!DOCTYPE"), ("entity", b"&event;"), ("encrypted", b"<Encrypt>"), ("huge", b"<Rest>"), ("not_utf8", b"\xb3\xc9"),
    ):
        told(manner=manner)
        assert mark in receiver.calls[-1]["body"] and proven(receiver.calls[-1]["query"]), manner
    told(manner="not_xml")
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(receiver.calls[-1]["body"])
    assert look(reader, "messages")[0]["status"] == "success"
    told(status="failed:user block")
    assert look(reader, "messages")[0]["status"] == "failed:user block"


def test_an_address_that_does_not_prove_itself_is_not_taken(counterpart, receiver):
    receiver.answers = [(200, "hello")]

    assert "proof" in steer(counterpart, "callback", url=receiver.url, check=True)["error"]
    assert outward("GET", "http://127.0.0.1:9/", {})[0] == 0


def test_a_test_that_asks_for_nonsense_is_told_so(counterpart):
    for action, asked in (
        ("at_the_phone", {"openid": "o1", "x": 1}), ("reader", {"openid": "o1", "x": 1}), ("reader", {}),
        ("template", {"template_id": "T", "keys": ["keyword1"]}), ("receipt", {"msgid": 1}), ("receipt_next", {"status": "x"}),
        ("expire_token", {"code": 43004}), ("fail_next", {"errcode": 1}), ("fail_next", {"manner": "slow", "on": "x"}), ("nothing", {}),
    ):
        assert "error" in steer(counterpart, action, **asked), action
    assert "error" in look(counterpart, "nothing")


def test_the_account_is_made_once_and_what_was_sent_outlives_a_restart(tmp_path):
    file = tmp_path / "keys" / "wechat_mp.json"
    account = account_in(file)
    assert account_in(file) == account and stat.S_IMODE(file.stat().st_mode) == 0o600
    command = [
        sys.executable, str(HERE / "server.py"), "--port", "0", "--key", "K", "--secret", "S", "--wechat-mp", str(file), "--state", str(tmp_path),
    ]
    asked = {"grant_type": "client_credential", "appid": account["secret"]["app_id"], "secret": account["secret"]["app_secret"]}
    seen = []
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(process.stdout.readline())
            assert ready["parties"] == ["kuaidi100", "wechat_mp"]
            base = ready["ready"]
            by = ask(base, "POST", "/cgi-bin/stable_token", asked)["access_token"]
            if not seen:
                steer(base, "reader", openid="oREADER1")
                assert send(base, by=by)["errcode"] == 0
            seen.append((by, look(base, "messages"), look(base, "readers")))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            process.stdout.close()
    assert seen[0] == seen[1] and len(seen[0][1]) == 1
