"""How long a reader waits. Measured on a quiet system, printed and written down; no bar is asserted here."""

from __future__ import annotations

from world import Courier, World

ORDERS = 15


def test_order_to_accepted_and_scan_to_timeline(world: World):
    for _ in range(ORDERS):
        way = world.home_order()
        way.wait_accepted("order to accepted")
        way.pick("pick scan to timeline")
        way.pack()
        way.hand_over()
        way.courier(Courier.COLLECTED, Courier.SIGNED)
        way.wait_status("delivered")
