"""One running system for the whole test run, on free ports, with its state in a temporary folder."""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "infra" / "local")]

SEED = os.environ.get("YUJIE_SEED") or str(random.SystemRandom().randrange(10**9))
LATENCIES = ROOT / "target" / "system-latency.json"
# The story first: when it fails, nothing else needs to be read. The fuzzer leaves odd things behind it, and the logs are the logs of
# everything before.
FIRST, LAST = ("test_story.py", "test_latency.py"), ("test_fuzz.py", "test_logs.py")


def pytest_report_header() -> str:
    return f"seed: {SEED} (the same again: YUJIE_SEED={SEED})"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        name = item.path.name
        return FIRST.index(name) - len(FIRST) if name in FIRST else int(name in LAST)

    items.sort(key=place)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """The test's own randomness, the same for the same seed whichever tests run."""
    print(f"seed {SEED}")
    return random.Random(f"{SEED}:{request.node.name}")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator:
    """The system, started empty, with the demo library loaded and every member of staff signed in."""
    import seed
    from processes import descendants
    from stack import Stack
    from world import World

    stack = Stack(tmp_path_factory.mktemp("system"))
    stack.start(compiled=True)
    try:
        seed.load(stack, seed.TITLES, progress=False)
        run = seed.run_file(stack)
        world = World(stack, run, SEED)
        for entry in run["staff"]:
            world.library.sign_in(entry)
        yield world
        pytestconfig.stash[MEASURED] = {name: summary(times) for name, times in world.latencies.items()}
    finally:
        processes = [stack.emulator.pid, stack.counterparts.pid, *descendants(stack.emulator.pid)]
        stack.stop()
        deadline = time.monotonic() + 5
        while any(Path(f"/proc/{pid}").exists() for pid in processes) and time.monotonic() < deadline:
            time.sleep(0.1)
        orphans = [pid for pid in processes if Path(f"/proc/{pid}").exists()]
        assert not orphans, f"still running after the end: {orphans}"


MEASURED = pytest.StashKey[dict]()


def summary(seconds: list[float]) -> dict:
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
    return {"count": len(seconds), "p50_ms": round(cuts[49] * 1000), "p95_ms": round(cuts[94] * 1000), "max_ms": round(max(seconds) * 1000)}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    measured = config.stash.get(MEASURED, {})
    if not measured:
        return
    terminalreporter.section("latency, measured")
    for name, figures in measured.items():
        shown = f"p50 {figures['p50_ms']:>6} ms   p95 {figures['p95_ms']:>6} ms   max {figures['max_ms']:>6} ms"
        terminalreporter.write_line(f"{name:<38} {figures['count']:>4} ×   {shown}")
    LATENCIES.parent.mkdir(exist_ok=True)
    LATENCIES.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    terminalreporter.write_line(f"written to {LATENCIES.relative_to(ROOT)}")
