"""A library that charges for the door: paid before anything moves, and given back when the reader changes their mind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from client import Answer, Reader, new_key, wait_for
from world import Way, World

FEE, MORE = 500, 200
# How long a function keeps the rules that it has read.
KEPT_SECONDS = 60


def publish(world: World, rules: list[dict], reason: str) -> None:
    administrator = next(entry for entry in world.library.logins if entry["role"] == "administrator")
    staff = world.library.sign_in(administrator)
    known = world.library.api.call("GET", "/staff/rules", token=staff.token).ok()["versions"]
    body = {"after": max((version["version"] for version in known), default=0), "starts": today(), "rules": rules, "reason": reason}
    world.library.api.call("POST", "/staff/rules", body, token=staff.token, key=new_key()).ok()


def today() -> str:
    return datetime.now(timezone(timedelta(hours=8))).date().isoformat()


@pytest.fixture(scope="module")
def charging(world: World) -> Iterator[World]:
    """The library charges for the door as long as these tests run."""
    reader = world.reader()
    door = world.at_home(reader)
    title = world.shelf.title()

    def costs(fen: int) -> bool:
        # Each of the processes that may answer has kept the rules for itself.
        return all(reader.quote([title], door)["fee_fen"] == fen for _ in range(6))

    publish(world, [{"set": {"rule": "home_fee", "value": FEE}}, {"set": {"rule": "home_fee_more", "value": MORE}}], "送书上门收费")
    wait_for("a fee", lambda: costs(FEE), KEPT_SECONDS + 30, pause=1)
    yield world
    publish(world, [], "恢复免费送书")
    wait_for("free delivery", lambda: costs(0), KEPT_SECONDS + 30, pause=1)


def control(world: World, action: str, body: dict | None = None) -> dict:
    return world.courier.counterparts.call("POST" if body is not None else "GET", f"/_control/wechatpay/{action}", body).ok()


def checkout(reader: Reader, order_no: str) -> dict:
    return reader.post(f"/orders/{order_no}/payment", {"way": "native"})


def payment(way: Way) -> dict:
    return way.reader.order_view(way.order_no)["payment"]


def pay(world: World, way: Way) -> None:
    page = checkout(way.reader, way.order_no)
    control(world, "pay", {"code_url": page["code_url"]})
    wait_for("the payment to be known", lambda: payment(way)["state"] == "paid")


def cancel(way: Way, *barcodes: str) -> Answer:
    body = {"barcodes": list(barcodes)} if barcodes else {}
    return way.reader.api.call("POST", f"/orders/{way.order_no}/cancel", body, token=way.reader.token)


def refunds(world: World, way: Way) -> list[int]:
    found = control(world, "refunds")["items"]
    return [refund["amount"]["refund"] for refund in found if way.order_no in refund["out_trade_no"] and refund["status"] == "SUCCESS"]


def test_nothing_moves_before_it_is_paid_and_then_everything_does(charging: World):
    way = charging.home_order(books=2)
    assert payment(way) | {"state": "due", "amount_fen": FEE + MORE, "refunded_fen": 0} == payment(way)
    charging.settle()
    assert {parcel["status"] for parcel in way.parcels()} == {"reserved"}

    pay(charging, way)

    way.to_the_end()
    way.check_complete()
    again = way.reader.api.call("POST", f"/orders/{way.order_no}/payment", {"way": "native"}, token=way.reader.token)
    assert (again.status, again.json()["code"]) == (409, "payment_not_due")


def test_a_book_and_then_the_rest_are_cancelled_and_each_fen_comes_back_once(charging: World):
    way = charging.home_order(books=2)
    pay(charging, way)
    way.wait_accepted()
    barcode = way.parcels()[0]["lines"][0]["barcode"]

    assert cancel(way, barcode).status == 200
    wait_for("the book's part", lambda: refunds(charging, way) == [MORE])
    assert cancel(way).status == 200
    wait_for("the rest", lambda: sorted(refunds(charging, way)) == [MORE, FEE])

    cancel(way)
    charging.settle()
    assert sorted(refunds(charging, way)) == [MORE, FEE]
    assert payment(way)["refunded_fen"] == FEE + MORE


def test_an_order_cancelled_before_it_was_paid_costs_nothing(charging: World):
    way = charging.home_order()
    checkout(way.reader, way.order_no)

    assert cancel(way).status == 200
    charging.settle()

    assert refunds(charging, way) == []
    again = way.reader.api.call("POST", f"/orders/{way.order_no}/payment", {"way": "native"}, token=way.reader.token)
    assert (again.status, again.json()["code"]) == (409, "payment_not_due")


def test_a_notice_that_got_lost_comes_again_and_one_that_is_repeated_changes_nothing(charging: World):
    way = charging.home_order()
    page = checkout(way.reader, way.order_no)
    control(charging, "drop_next", {"times": 1})
    control(charging, "pay", {"code_url": page["code_url"]})
    trade = next(trade for trade in control(charging, "trades")["items"] if way.order_no in trade["out_trade_no"])

    control(charging, "notify_again", {"out_trade_no": trade["out_trade_no"], "times": 3, "parallel": True})

    way.wait_accepted()
    assert payment(way)["state"] == "paid"
    way.to_the_end()
    way.check_complete()
