"""Twenty orders at once while every message of the chain is delivered at least twice."""

from __future__ import annotations

import random

from client import Courier
from world import HOME_STEPS, Way, World, together

ORDERS = 20


def again(world: World, ways: list[Way], chance: random.Random) -> None:
    """Every step's message for every parcel once more, and every fact that was published."""
    parcels = world.parcel_keys({way.order_no for way in ways})
    assert len(parcels) >= len(ways)
    sent = world.send_to_every_step(parcels, chance)
    by_order = {way.order_no: way.steps_so_far() for way in ways}
    facts = []
    for parcel in parcels:
        reached = by_order[parcel["order_no"]]
        facts += [(parcel, step) for step in HOME_STEPS if step in reached]
    chance.shuffle(facts)
    world.publish_again(facts)
    print(f"sent {sent} step messages and {len(facts)} facts again")


def test_twenty_orders_at_once_arrive_once_each_though_every_message_comes_twice(world: World, chance: random.Random):
    readers = world.readers(ORDERS)
    destinations = [world.at_home(reader) for reader in readers]
    baskets = [[world.shelf.title() for _ in range(2)] for _ in readers]

    ways: list[Way] = []
    together(
        list(zip(readers, destinations, baskets, strict=True)),
        lambda errand: ways.append(Way.ordered(world, *errand)), workers=ORDERS,
    )
    again(world, ways, chance)
    together(ways, Way.wait_accepted)
    again(world, ways, chance)
    together(ways, Way.pick)
    again(world, ways, chance)
    together(ways, Way.pack)
    again(world, ways, chance)
    together(ways, Way.hand_over)
    again(world, ways, chance)
    for way in ways:
        way.courier(Courier.COLLECTED, Courier.OUT_FOR_DELIVERY, duplicate=2, order="shuffled", seed=chance.randrange(10**6))
    together(ways, lambda way: way.wait_status("delivering"))
    again(world, ways, chance)
    together(ways, lambda way: way.courier(Courier.SIGNED, duplicate=3))
    together(ways, lambda way: way.wait_status("delivered"))
    again(world, ways, chance)
    again(world, ways, chance)

    together(ways, Way.check_complete)
    world.settle()
    together(ways, Way.check_complete)
    for way in ways:
        for parcel in way.parcels():
            [booking] = world.courier.bookings(parcel["parcel_no"])
            assert booking["waybill"] == parcel["waybill"]
    assert world.dead_letters() == {}
