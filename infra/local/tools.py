"""What the machine must have, and the Python environments that are made for it. Standard library only: it runs before anything is installed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
HERE = Path(__file__).resolve().parent
# The SAM CLI and the fuzzer pin versions of their own that the emulator's environment must not follow: they live apart.
ENVIRONMENTS = {"venv": "requirements.txt", "sam": "requirements-sam.txt", "fuzz": "requirements-fuzz.txt"}
OLDEST_PYTHON = (3, 11)
OLDEST_RUST = (1, 95)
NO_NETWORK = re.compile(
    r"resolve host|name resolution|Name or service not known|Network is unreachable|NewConnectionError|Max retries|"
    r"No route to host|Connection timed out|Could not resolve|Couldn't resolve|Failed to connect|Connection refused",
    re.IGNORECASE,
)


class Fault(Exception):
    """Something that the person at the keyboard can put right: said in one line, without a traceback."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def quiet(_: str) -> None:
    """For tests: progress goes nowhere."""


def check_machine() -> None:
    if sys.version_info < OLDEST_PYTHON:
        raise Fault(f"Python {dotted(OLDEST_PYTHON)} or newer is needed, this is {dotted(sys.version_info[:2])}")
    if not shutil.which("cargo"):
        raise Fault(f"cargo is missing: install Rust {dotted(OLDEST_RUST)} or newer, see https://rustup.rs")
    if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
        raise Fault("a C compiler is missing: apt-get install build-essential")
    answer = run(["cargo", "--version"], "cargo does not start", cwd=ROOT)
    found = re.search(r"(\d+)\.(\d+)", answer)
    if not found or tuple(map(int, found.groups())) < OLDEST_RUST:
        raise Fault(f"Rust {dotted(OLDEST_RUST)} or newer is needed, this is {answer.strip()}: rustup update")


def check_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Fault(f"port {port} is in use: stop what listens there or choose another one, e.g. make run PORT={port + 100}") from None


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(command: list[str], failure: str, **options) -> str:
    """Runs something quick and gives its output; a failure is one line, and names the network when that is the reason."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode:
        raise Fault(explained(failure, done.stdout))
    return done.stdout


def explained(failure: str, output: str) -> str:
    if NO_NETWORK.search(output):
        return f"{failure}: the network cannot be reached"
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = next((line for line in lines if re.match(r"error", line, re.IGNORECASE)), lines[-1] if lines else "it said nothing")
    return f"{failure}: {telling}"


def python_of(environment: str) -> Path:
    return LOCAL / environment / "bin" / "python"


def ensure(environment: str = "venv", tell: Callable[[str], None] = say) -> Path:
    """Makes or renews `.local/<environment>` from its lock file; nothing is done when it is as the lock file says."""
    folder, lock = LOCAL / environment, HERE / ENVIRONMENTS[environment]
    stamp, wanted = folder / "installed.txt", lock.read_text()
    python = python_of(environment)
    if stamp.exists() and stamp.read_text() == wanted and python.exists():
        return python
    tell(f"installing Python packages into {folder.relative_to(ROOT)} …")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        run([sys.executable, "-m", "venv", str(folder)], "python3 -m venv fails")
    except Fault as fault:
        raise Fault(f"{fault} (on Debian: apt-get install python3-venv)") from None
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement", str(lock)]
    run(command, "the Python packages cannot be installed")
    stamp.write_text(wanted)
    return python


def enter_environment() -> None:
    """Goes on inside `.local/venv`: installs it when needed and starts the same command again with its interpreter."""
    if Path(sys.prefix).resolve() == (LOCAL / "venv").resolve():
        return
    python = ensure()
    os.execv(python, [str(python), *sys.orig_argv[1:]])


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def main(arguments: list[str]) -> int:
    try:
        for environment in arguments:
            ensure(environment)
    except Fault as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
