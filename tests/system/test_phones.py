"""The ways to a phone besides SNS, each by its own protocol: Alibaba Cloud, Tencent Cloud, and WeChat's pages."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from client import Http, Reader, wait_for
from world import Way, World


def counterpart(world: World, path: str, body: dict | None = None) -> dict:
    return world.courier.counterparts.call("POST" if body is not None else "GET", f"/_control/{path}", body).ok()


def restart(world: World, *functions: str) -> None:
    """The next call starts a function anew, with the secrets as they are then."""
    for name in functions:
        for pid in world.stack.function_pids(name):
            os.kill(pid, signal.SIGKILL)
        wait_for(f"{name} to end", lambda name=name: not world.stack.function_pids(name), 30)


@contextmanager
def provider(world: World, name: str) -> Iterator[None]:
    """SMS go through this provider: its account is put into the stack's secret, and nothing is deployed."""
    accounts = json.loads(world.stack.sms_accounts.read_text(encoding="utf-8"))["secrets"]
    secrets, known = world.stack.client("secretsmanager"), world.stack.outputs["SmsSecretId"]
    try:
        secrets.put_secret_value(SecretId=known, SecretString=json.dumps(accounts[name]))
        restart(world, "registration", "notices")
        yield
    finally:
        secrets.put_secret_value(SecretId=known, SecretString="{}")
        restart(world, "registration", "notices")


@pytest.mark.parametrize("name", ["alibaba", "tencent"])
def test_codes_and_notices_go_through_the_librarys_own_sms_provider(world: World, name: str):
    world.settle()
    reader = world.reader()
    door = world.at_home(reader)

    def outbox(phone: str) -> list[dict]:
        return counterpart(world, f"sms/outbox?phone={phone}&provider={name}")["items"]

    with provider(world, name):
        someone = world.person().phone
        world.library.api.call("POST", "/phone-codes", {"phone": someone}).ok()
        assert [one["text"].startswith("【测试图书馆】验证码 ") for one in outbox(someone)] == [True]

        way = Way.ordered(world, reader, door, [world.shelf.title()])
        told = wait_for("a notice at the provider", lambda: outbox(reader.phone.number), 60)
        assert [one["text"] for one in told] == [f"【测试图书馆】订单 {way.order_no}：图书馆已接单，正在为您备书。"]
        wait_for("it to be marked", lambda: reader.notices()[0]["sms"] == "sent", 30)

        nobody = world.person().phone
        counterpart(world, "sms/block", {"phone": nobody, "why": "invalid"})
        refused = world.library.api.call("POST", "/phone-codes", {"phone": nobody})
        assert (refused.status, refused.code) == (422, "phone_unreachable")

        other = world.person().phone
        code = {"alibaba": "isv.AMOUNT_NOT_ENOUGH", "tencent": "FailedOperation.InsufficientBalanceInSmsPackage"}[name]
        counterpart(world, "sms/fail_next", {"provider": name, "code": code})
        refused = world.library.api.call("POST", "/phone-codes", {"phone": other})
        assert (refused.status, refused.code) == (503, "sms_unavailable")


def through_wechat(world: World, openid: str) -> dict:
    """What a page of ours has when its reader comes back from WeChat."""
    counterpart(world, "wechat_mp/at_the_phone", {"openid": openid})
    begun = world.library.api.call("POST", "/wechat/authorisations", {"return_to": "/me?tab=card"}).ok()
    there = urlsplit(begun["url"])
    gone = Http(f"{there.scheme}://{there.netloc}").call("GET", f"{there.path}?{there.query}")
    assert gone.status == 302, gone.body
    back = urlsplit(gone.headers["location"])
    query = {name: values[0] for name, values in parse_qs(back.query).items()}
    assert (f"{back.scheme}://{back.netloc}", back.path, query["tab"]) == (world.stack.api_url, "/me", "card")
    return {"code": query["code"], "state": query["state"], "proof": begun["proof"]}


def test_a_reader_inside_wechat_binds_signs_in_and_may_scan(world: World):
    reader, openid, api = world.reader(), "oSYSTEMTEST0001", world.library.api
    unbound = api.call("POST", "/sessions/wechat", through_wechat(world, openid))
    assert (unbound.status, unbound.code) == (404, "wechat_not_bound")

    bound = api.call("PUT", "/me/wechat", through_wechat(world, openid), token=reader.token).ok()
    assert bound["bound"]

    session = api.call("POST", "/sessions/wechat", through_wechat(world, openid)).ok()
    again = Reader(api)
    again.token = session["access_token"]
    assert again.get("/me")["card_no"] == reader.get("/me")["card_no"]

    page = f"{world.stack.api_url}/cart"
    config = api.call("GET", f"/wechat/page-config?url={page}").ok()
    assert counterpart(world, "wechat_mp/page", {"url": page, "config": config}) == {"errMsg": "config:ok"}

    api.call("DELETE", "/me/wechat", token=reader.token).ok()
    gone = api.call("POST", "/sessions/wechat", through_wechat(world, openid))
    assert (gone.status, gone.code) == (404, "wechat_not_bound")
