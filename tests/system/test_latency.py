"""How long a reader waits. Measured on a quiet system, printed and written down; no bar is asserted here."""

from __future__ import annotations

from client import Courier
from world import Way, World, together

ORDERS = 15
AT_ONCE = 20


def test_order_to_accepted_and_scan_to_timeline(world: World):
    for _ in range(ORDERS):
        way = world.home_order()
        way.wait_accepted("order to accepted")
        way.pick("pick scan to timeline")
        way.pack()
        way.hand_over()
        way.courier(Courier.COLLECTED, Courier.SIGNED)
        way.wait_status("delivered")


def test_twenty_orders_at_once(world: World):
    readers = world.readers(AT_ONCE)
    errands = [(reader, world.at_home(reader), [world.shelf.title()]) for reader in readers]
    ways: list[Way] = []

    def order(errand) -> None:
        way = Way.ordered(world, *errand)
        way.wait_accepted("order to accepted, 20 at once")
        ways.append(way)

    together(errands, order, workers=AT_ONCE)
    together(ways, lambda way: way.pick("pick scan to timeline, 20 at once"), workers=AT_ONCE)
