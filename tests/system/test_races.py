"""Readers who want the same thing at the same instant, and one who clicks too often."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from client import Answer, new_key, wait_for
from world import World

CROWD = 50


def at_once(actions: list) -> list[Answer]:
    """Starts all of them at one instant and gathers the answers."""
    gate = threading.Barrier(len(actions))

    def run(action) -> Answer:
        gate.wait()
        return action()

    with ThreadPoolExecutor(max_workers=len(actions)) as pool:
        return list(pool.map(run, actions))


def test_fifty_readers_want_the_only_copy_and_one_gets_it(world: World):
    title = world.shelf.single_copy()
    readers = world.readers(CROWD)
    destinations = [world.at_home(reader) for reader in readers]

    answers = at_once([
        lambda reader=reader, destination=destination: reader.try_order([title], destination)
        for reader, destination in zip(readers, destinations, strict=True)
    ])

    assert Counter(answer.status for answer in answers) == {201: 1, 409: CROWD - 1}, Counter((a.status, a.code) for a in answers)
    for answer in answers:
        if answer.status == 409:
            assert answer.headers["content-type"].startswith("application/problem+json")
            assert answer.code == "order_refused"
            assert [(reason["code"], reason["title_id"]) for reason in answer.reasons] == [("no_copy_available", title)]
    with_order = [reader for reader in readers if reader.orders()]
    assert len(with_order) == 1
    assert [reader.me()["open_items"] for reader in readers if reader not in with_order] == [0] * (CROWD - 1)
    wait_for("no copy left", lambda: readers[0].title(title)["copies_available"] == 0)


def test_fifty_equal_calls_are_one_order_and_get_one_answer(world: World):
    reader = world.reader()
    destination, titles, key = world.at_home(reader), [world.shelf.title(), world.shelf.title()], new_key()

    answers = at_once([lambda: reader.try_order(titles, destination, key=key)] * CROWD)

    outcomes = Counter(answer.status for answer in answers)
    assert outcomes.keys() <= {201, 409} and outcomes[201] >= 1, Counter((a.status, a.code) for a in answers)
    bodies = {answer.body for answer in answers if answer.status == 201}
    assert len(bodies) == 1
    assert {answer.code for answer in answers if answer.status == 409} <= {"idempotency_key_in_use", "request_in_flight", "in_flight"}
    again = reader.try_order(titles, destination, key=key)
    assert (again.status, again.body) == (201, bodies.pop())
    assert [order["order_no"] for order in reader.orders()] == [again.json()["order_no"]]
    assert reader.me()["open_items"] == 2


def test_a_key_belongs_to_one_request_and_must_be_there(world: World):
    reader = world.reader()
    destination, first, second, key = world.at_home(reader), world.shelf.title(), world.shelf.title(), new_key()
    placed = reader.try_order([first], destination, key=key)

    other_body = reader.try_order([second], destination, key=key)
    missing = reader.api.call("POST", "/orders", {"lines": [{"title_id": second}], "deliver_to": destination, "if_missing": "cancel"},
                              token=reader.token)
    other_reader = world.reader()
    same_key_of_another = other_reader.try_order([second], world.at_home(other_reader), key=key)

    assert placed.status == 201
    assert other_body.status == 422 and other_body.code
    assert missing.status == 400 and missing.code
    assert same_key_of_another.status == 201, "a key belongs to its reader"
    assert len(reader.orders()) == 1
