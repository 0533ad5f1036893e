"""A step's process dies in the middle of its work; the orders arrive all the same."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

from client import Courier
from world import Way, World, together

ORDERS = 20
VICTIMS = ("accept", "sort", "pack", "dispatch", "deliver", "relay", "notices")


class Killer:
    """Kills a random step's process again and again while the work goes on."""

    def __init__(self, world: World, chance: random.Random, victims: tuple[str, ...]) -> None:
        self.world, self.chance, self.victims = world, chance, victims
        self.killed: list[str] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> Killer:
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop.set()
        self.thread.join()

    def _run(self) -> None:
        while not self.stop.is_set():
            name = self.chance.choice(self.victims)
            for pid in self.world.stack.function_pids(name):
                try:
                    os.kill(pid, signal.SIGKILL)
                    self.killed.append(name)
                except ProcessLookupError:
                    continue
            self.stop.wait(self.chance.uniform(0.02, 0.4))


def test_killing_processes_in_the_middle_of_their_batches_loses_nothing(world: World, chance: random.Random):
    readers = world.readers(ORDERS)
    destinations = [world.at_home(reader) for reader in readers]
    ways: list[Way] = []

    with Killer(world, chance, VICTIMS) as killer:
        together(
            list(zip(readers, destinations, strict=True)),
            lambda errand: ways.append(Way.ordered(world, *errand, [world.shelf.title()])), workers=ORDERS,
        )
        deadline = time.monotonic() + 6
        while time.monotonic() < deadline and any(way.parcels()[0]["status"] == "reserved" for way in ways):
            time.sleep(0.2)
    print(f"killed {len(killer.killed)} processes: { {name: killer.killed.count(name) for name in VICTIMS} }")
    assert killer.killed, "no process of the chain was there to be killed"
    together(ways, lambda way: way.wait_status("accepted", seconds=240))

    with Killer(world, chance, VICTIMS) as killer:
        together(ways, lambda way: patient(way.pick))
        time.sleep(1)
    together(ways, lambda way: patient(way.pack))
    with Killer(world, chance, ("dispatch", "relay", "notices")) as killer:
        time.sleep(1)
    together(ways, lambda way: patient(way.hand_over))
    with Killer(world, chance, ("deliver", "relay", "notices")) as killer:
        together(ways, lambda way: way.courier(Courier.COLLECTED, Courier.OUT_FOR_DELIVERY, Courier.SIGNED))
        time.sleep(1)
    together(ways, lambda way: way.wait_status("delivered", seconds=240))

    for way in ways:
        way.check_timeline()
        way.check_loans()
        way.wait_notices(seconds=240)
    assert world.dead_letters() == {}


def patient(action) -> None:
    """A killed batch comes back only when its visibility timeout has passed: longer than a work list is normally waited for."""
    try:
        action()
    except TimeoutError:
        action()
