"""A step's process dies in the middle of its work; the orders arrive all the same."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from typing import Self

from client import Courier
from world import Way, World, together

ORDERS = 20
SIEGE_SECONDS = 3
# A batch that died comes back when its visibility timeout has passed, at the latest with the next sweep for what stands still.
PATIENCE_SECONDS = 240
# Not `notices`: MiniStack gives an SNS message to a function once, where Lambda's asynchronous invocation tries three times.
VICTIMS = ("accept", "sort", "pack", "dispatch", "deliver", "relay")


class Killer:
    """Kills every process of the chain again and again while the work goes on."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.killed: Counter[str] = Counter()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop.set()
        self.thread.join()

    def _run(self) -> None:
        while not self.stop.is_set():
            for name in VICTIMS:
                for pid in self.world.stack.function_pids(name):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        self.killed[name] += 1
            self.stop.wait(self.chance.uniform(0.05, 0.3))


def interrupted(world: World) -> Counter[str]:
    """The calls that died with their process, by function, as the emulator noted them."""
    log = world.stack.emulator.log.read_text(encoding="utf-8", errors="replace")
    return Counter(re.findall(r"Lambda \S+?-(\S+): Runtime exited before returning a response", log))


def test_killing_processes_in_the_middle_of_their_batches_loses_nothing(world: World, chance: random.Random):
    readers = world.readers(ORDERS)
    destinations = [world.at_home(reader) for reader in readers]
    ways: list[Way] = []

    before = interrupted(world)
    with Killer(world, chance) as killer:
        together(
            list(zip(readers, destinations, strict=True)),
            lambda errand: ways.append(Way.ordered(world, *errand, [world.shelf.title()])), workers=ORDERS,
        )
        time.sleep(SIEGE_SECONDS)
    together(ways, lambda way: way.wait_status("accepted", seconds=PATIENCE_SECONDS))
    for stage in (Way.pick, Way.pack, Way.hand_over):
        with Killer(world, chance) as again:
            # The stage's own lists fill up only when the chain before it has recovered.
            siege = threading.Timer(SIEGE_SECONDS, again.stop.set)
            siege.start()
            together(ways, lambda way, stage=stage: patient(lambda: stage(way)), workers=ORDERS)
            siege.cancel()
        killer.killed += again.killed
    with Killer(world, chance) as again:
        together(ways, lambda way: way.courier(Courier.COLLECTED, Courier.OUT_FOR_DELIVERY, Courier.SIGNED))
        time.sleep(SIEGE_SECONDS)
    killer.killed += again.killed
    together(ways, lambda way: way.wait_status("delivered", seconds=PATIENCE_SECONDS))

    hit = interrupted(world) - before
    print(f"killed {dict(killer.killed)}, of these in the middle of a call {dict(hit)}")
    assert hit, "no process died in the middle of its work: the test has shown nothing"
    for way in ways:
        way.check_timeline()
        way.check_loans()
        way.wait_notices(seconds=PATIENCE_SECONDS)
    assert world.dead_letters() == {}


def patient(action) -> None:
    """A stage may have to wait twice as long as usual for a batch to come back. Scans that were made are answered `already`."""
    try:
        action()
    except TimeoutError:
        action()
