"""A courier with bad manners: doubled, disordered, late, forged and unreadable pushes."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta, timezone

import pytest
from client import Courier, wait_for
from world import Way, World, together

REFUSED = {"result": False, "returnCode": "500"}
SHANGHAI = timezone(timedelta(hours=8))


@pytest.fixture
def way(world: World) -> Way:
    """An order that was handed to the courier."""
    way = world.home_order()
    way.to_dispatched()
    way.wait_status("dispatched")
    return way


def answered(push: dict) -> dict:
    return json.loads(push["reply"])


def test_forged_pushes_get_kuaidi100s_own_failure_and_change_nothing(world: World, way: Way):
    with world.nothing_written():
        for manner in ("forged_sign", "forged_salt", "altered_param", "no_sign", "wrong_token", "wrong_parcel", "gbk", "json_body",
                       "empty", "huge"):
            [push] = way.courier(Courier.SIGNED, manner=manner)
            assert not push["accepted"], (manner, push)
            assert push["http_status"] < 500, (manner, push)
            if manner != "huge":
                assert REFUSED.items() <= answered(push).items(), (manner, push)
    assert {parcel["status"] for parcel in way.parcels()} == {"dispatched"}
    way.carry_home()
    way.check_complete()


def test_every_push_doubled_and_shuffled_gives_one_timeline(world: World, way: Way, chance: random.Random):
    now = datetime.now(SHANGHAI)
    times = [(now + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S") for second in range(7)]
    codes = ("103", "1002", "1001", "5", "206", "5", "301")
    nodes = [{"code": code, "time": at} for code, at in zip(codes, times, strict=True)]
    [parcel] = way.parcels()

    pushes = world.courier.counterparts.call("POST", "/_control/kuaidi100/advance", {
        "waybill": parcel["waybill"], "nodes": nodes, "duplicate": 2, "order": "shuffled", "seed": chance.randrange(10**6), "parallel": True,
    }).ok()["pushes"]

    assert len(pushes) == 14 and all(push["accepted"] for push in pushes), pushes
    way.wait_status("delivered")
    way.check_complete()
    world.settle()
    way.check_complete()


def test_a_late_event_never_moves_a_status_back(world: World, way: Way):
    way.courier(Courier.COLLECTED, Courier.OUT_FOR_DELIVERY, Courier.SIGNED)
    way.wait_status("delivered")
    way.check_complete()
    timeline = way.reader.timeline(way.order_no)

    way.courier(Courier.IN_TRANSIT)
    way.courier(Courier.OUT_FOR_DELIVERY, status="polling")
    way.courier("203")
    way.courier("999")
    way.courier(status="updateall")
    world.settle()

    assert {parcel["status"] for parcel in way.parcels()} == {"delivered"}
    assert way.reader.timeline(way.order_no) == timeline
    way.check_complete()


def test_only_the_last_push_arrives_and_the_steps_before_it_are_there(way: Way):
    way.courier(Courier.COLLECTED, Courier.IN_TRANSIT, Courier.OUT_FOR_DELIVERY, manner="silent")

    [push] = way.courier(Courier.SIGNED)

    assert push["accepted"]
    way.wait_status("delivered")
    way.check_complete()


def test_a_push_before_the_hand_over_scan_stands_for_it(world: World):
    way = world.home_order()
    way.pick()
    way.pack()
    way.wait_listed("dispatch", "dispatch", lambda item: bool(item.get("carrier")))
    [parcel] = way.parcels()

    pushes = way.courier(Courier.COLLECTED, Courier.OUT_FOR_DELIVERY)
    assert all(push["accepted"] for push in pushes)
    way.wait_status("delivering")
    assert way.steps_so_far() == {"accepted", "picked", "packed", "dispatched", "delivering"}
    assert way.staff(parcel, "dispatch").hand_over(parcel["parcel_no"])["outcome"] == "already"

    way.courier(Courier.SIGNED)
    way.wait_status("delivered")
    way.check_complete()


def test_a_signed_push_that_cannot_be_read_moves_nothing_and_holds_nothing_up(world: World, way: Way):
    [push] = way.courier(Courier.SIGNED, manner="not_json")
    assert push["http_status"] < 500
    world.settle()
    assert {parcel["status"] for parcel in way.parcels()} == {"dispatched"}
    way.carry_home()
    way.check_complete()
    assert world.dead_letters() == {}


def test_unknown_codes_and_problems_are_stored_and_move_nothing(world: World, way: Way):
    pushes = way.courier("101", "102", "999", "203", "2")

    assert all(push["accepted"] for push in pushes), pushes
    world.settle()
    assert {parcel["status"] for parcel in way.parcels()} == {"dispatched"}
    way.carry_home()
    way.check_complete()


def test_news_about_the_booking_itself_is_taken_and_moves_nothing(world: World, way: Way):
    [parcel] = way.parcels()
    for status in (0, 1, 10, 15):
        push = world.courier.order_callback(parcel["waybill"], status)
        assert push["accepted"], push
    world.settle()
    assert {one["status"] for one in way.parcels()} == {"dispatched"}
    way.carry_home()
    way.check_complete()


def test_bookings_that_fail_are_tried_again_and_made_once(world: World):
    manners = ("busy", "http_500", "garbage")
    ways = [world.home_order() for _ in manners]
    together(ways, Way.pick)
    for manner in manners:
        world.courier.fail_next(manner)

    together(ways, Way.pack)

    for way in ways:
        [parcel] = way.parcels()
        wait_for("the waybill", lambda way=way: way.parcels()[0].get("waybill"), 240, pause=0.5)
        assert len(world.courier.bookings(parcel["parcel_no"])) == 1
        way.hand_over()
        way.carry_home()
        way.check_complete()
