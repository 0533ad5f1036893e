"""How long a reader waits. Measured on a quiet system, printed and written down; no bar is asserted here."""

from __future__ import annotations

from datetime import datetime

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
    together(errands, lambda errand: ways.append(Way.ordered(world, *errand)), workers=AT_ONCE)

    # Twenty clients that ask all the time would measure themselves: the system's own clock is read afterwards.
    for way in ways:
        way.wait_accepted()
        placed = datetime.fromisoformat(way.reader.order_view(way.order_no)["placed_at"])
        [book] = way.reader.timeline(way.order_no)
        accepted = next(datetime.fromisoformat(entry["at"]) for entry in book["entries"] if entry["step"] == "accepted")
        world.measured("order to accepted, 20 at once", (accepted - placed).total_seconds())
