"""`make bench`: what each function costs before it can take its first event, against the bars that the project holds itself to.

    python3 tests/bench/bench.py [FUNCTION …] [--built]

Each function is built alone (`--profile bench-local`: what is deployed, with thin LTO), because building several together would
give each the features of all. Instructions are exact and repeatable; the milliseconds depend on the machine and have no bar.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "infra" / "local"), str(Path(__file__).resolve().parent)]

import tools  # noqa: E402
from tools import Fault, say  # noqa: E402

BARS = {"size MB": 8.0, "instructions M": 5.0, "files": 15, "memory MB": 30.0}
RUNS = 5
# Under callgrind everything is some fifty times slower.
POLL_SECONDS = 120


@dataclass
class Figures:
    size_mb: float
    instructions_m: float
    files: int
    memory_mb: float
    start_ms: float

    def cells(self) -> list[str]:
        marked = [
            mark(f"{self.size_mb:.2f}", self.size_mb <= BARS["size MB"]),
            mark(f"{self.instructions_m:.2f}", self.instructions_m <= BARS["instructions M"]),
            mark(str(self.files), self.files <= BARS["files"]),
            mark(f"{self.memory_mb:.1f}", self.memory_mb <= BARS["memory MB"]),
        ]
        return [*marked, f"{self.start_ms:.1f}"]

    @property
    def passed(self) -> bool:
        return not any(cell.startswith("✗") for cell in self.cells())


def mark(text: str, good: bool) -> str:
    return f"{'✓' if good else '✗'} {text}"


def need(*programs: str) -> None:
    """Debian's own packages have the programs' names."""
    missing = [program for program in programs if not shutil.which(program)]
    if not missing:
        return
    say(f"installing {' '.join(missing)} …")
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    tools.run([*as_root, "apt-get", "update", "-qq"], "apt-get update fails")
    tools.run([*as_root, "apt-get", "install", "-y", "-qq", *missing], f"{' '.join(missing)} cannot be installed")


def build(name: str) -> Path:
    say(f"building {name} …")
    command = ["cargo", "build", "--locked", "--profile", "bench-local", "--package", name]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise Fault(f"{name} does not compile")
    return ROOT / "target" / "bench-local" / name


@functools.cache
def variables(name: str) -> dict[str, str]:
    """The variables of the template, each with a value of the right shape."""
    from deploy import name_of, read_template

    resources = read_template()["Resources"].values()
    functions = [one for one in resources if one["Type"] == "AWS::Serverless::Function"]
    function = next(one for one in functions if name_of(one) == name)
    names = function["Properties"].get("Environment", {}).get("Variables", {})
    return {one: invented(one) for one in names} | {"LOG_LEVEL": "info", "AWS_LAMBDA_FUNCTION_NAME": name}


def invented(name: str) -> str:
    if name.endswith("_URL"):
        return f"http://127.0.0.1:9/{name.lower()}"
    if name.endswith("_ARN"):
        return "arn:aws:sns:us-east-1:000000000000:bench"
    return "bench"


@contextlib.contextmanager
def first_poll(command: list[str], name: str) -> Iterator[tuple[subprocess.Popen, float]]:
    """Starts the function (perhaps under a tool) and gives the process at the moment of its first poll, with the seconds to it."""
    from stub import Stub

    stub = Stub()
    environment = variables(name) | {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": stub.address,
        "AWS_ENDPOINT_URL": f"http://{stub.address}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
    }
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        try:
            deadline = time.monotonic() + POLL_SECONDS
            while not stub.polled.wait(0.2):
                if process.poll() is not None or time.monotonic() > deadline:
                    output.seek(0)
                    raise Fault(f"{name} did not come to its first poll: {output.read().decode(errors='replace').strip()[-800:]}")
            taken = time.perf_counter() - began
            if stub.failure:
                raise Fault(f"{name} reports that it cannot start: {stub.failure}")
            yield process, taken
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            stub.close()


def instructions(binary: Path, name: str, folder: Path) -> int:
    counts = folder / "callgrind.out"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", "--quiet", str(binary)]
    with first_poll(command, name) as (process, _):
        # Valgrind writes its counts when the function ends by a signal that nothing handles.
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)
    found = re.search(r"^(?:totals|summary):\s*(\d+)", counts.read_text(errors="replace") if counts.exists() else "", re.MULTILINE)
    if not found:
        raise Fault(f"callgrind counted nothing for {name}")
    return int(found[1])


def opened_files(binary: Path, name: str, folder: Path) -> list[str]:
    from processes import descendants

    trace = folder / "strace.out"
    with first_poll(["strace", "--follow-forks", "--trace=open,openat,openat2", f"--output={trace}", str(binary)], name) as (process, _):
        # The traced one is ended, so that strace writes all that it has and ends by itself.
        for pid in descendants(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(30)
    return re.findall(r'open(?:at2?)?\([^"]*"([^"]*)".*\) = \d+', trace.read_text(errors="replace"))


def memory_and_start(binary: Path, name: str) -> tuple[float, float]:
    memory, start = [], []
    for _ in range(RUNS):
        with first_poll([str(binary)], name) as (process, taken):
            start.append(taken * 1000)
            status = Path(f"/proc/{process.pid}/status").read_text()
            memory.append(int(re.search(r"VmHWM:\s*(\d+)", status)[1]) * 1024 / 1e6)
    return max(memory), statistics.median(start)


def measure(binary: Path, name: str, show_files: bool) -> Figures:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        size = binary.stat().st_size / 1e6
        files = opened_files(binary, name, folder)
        if show_files:
            say("\n".join(f"  {path}" for path in files))
        memory, start = memory_and_start(binary, name)
        return Figures(size, instructions(binary, name, folder) / 1e6, len(files), memory, start)


def show(results: dict[str, Figures]) -> None:
    heads = ["function", *(f"{name} ≤ {bar:g}" for name, bar in BARS.items()), "start ms"]
    rows = [[name, *figures.cells()] for name, figures in results.items()]
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    for row in [heads, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    failed = sum(not figures.passed for figures in results.values())
    print(f"\n{len(results) - failed} of {len(results)} functions within all bars")


def main() -> int:
    parser = argparse.ArgumentParser(description="Size, instructions, files and memory of each function up to its first poll.")
    parser.add_argument("functions", nargs="*", help="all when none is named")
    parser.add_argument("--built", action="store_true", help="measure what target/bench-local holds")
    parser.add_argument("--files", action="store_true", help="name the files that are opened")
    wanted = parser.parse_args()
    tools.check_machine()
    need("valgrind", "strace")
    tools.enter_environment()

    from build import functions

    results = {}
    for name in wanted.functions or functions():
        binary = ROOT / "target" / "bench-local" / name if wanted.built else build(name)
        say(f"measuring {name} …")
        results[name] = measure(binary, name, wanted.files)
    show(results)
    return 0 if all(figures.passed for figures in results.values()) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Fault as fault:
        print(f"error: {fault}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
