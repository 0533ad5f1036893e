"""What the comparison needs on the machine, and how a measured process is run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.append(str(ROOT / "infra" / "local"))

import tools  # noqa: E402
from tools import Fault, say  # noqa: E402

LOCAL = tools.LOCAL / "bench"
NODE = tools.LOCAL / "bench-node"
ENVIRONMENT = "bench-venv"
# Longer than the slowest engine needs for a million titles.
STEP_SECONDS = 3600
# The last core: the first one takes the machine's interrupts.
CORE = max(os.sched_getaffinity(0))


def enter_environment() -> None:
    """Goes on inside `.local/bench-venv`: installs it when needed and starts the same command again with its interpreter."""
    if Path(sys.prefix).resolve() == (tools.LOCAL / ENVIRONMENT).resolve():
        return
    tools.ENVIRONMENTS[ENVIRONMENT] = os.path.relpath(HERE / "requirements.txt", tools.HERE)
    python = tools.ensure(ENVIRONMENT)
    os.execv(python, [str(python), *sys.orig_argv[1:]])


def build_program() -> Path:
    """Our own engine as it is deployed, but with thin LTO."""
    say("building search_bench …")
    profile = "bench-local"
    command = ["cargo", "build", "--locked", "--profile", profile, "--package", "yujie-catalogue", "--example", "search_bench"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise Fault("search_bench does not compile")
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / profile / "examples" / "search_bench"


def install_packages(packages: tuple[str, ...]) -> None:
    """Debian packages, where that is possible; whoever lacks one says so in the table."""
    missing = [package for package in packages if not installed(package)]
    if not missing or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    say(f"installing {' '.join(missing)} …")
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
        if done.returncode:
            say(tools.explained(f"{' '.join(command[:2])} fails", done.stdout + done.stderr))
            return


def installed(package: str) -> bool:
    if not shutil.which("dpkg-query"):
        return False
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True, check=False)
    return done.stdout.endswith(" installed")


def install_node_modules() -> None:
    lock = (HERE / "package-lock.json").read_text()
    stamp = NODE / "installed.txt"
    if not shutil.which("npm") or (stamp.exists() and stamp.read_text() == lock):
        return
    say(f"installing npm packages into {NODE.relative_to(ROOT)} …")
    shutil.rmtree(NODE, ignore_errors=True)
    NODE.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / name, NODE / name)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=NODE, capture_output=True, text=True, check=False)
    if done.returncode:
        say(tools.explained("npm ci fails", done.stdout + done.stderr))
        return
    stamp.write_text(lock)


def on_one_core(command: list[str | Path]) -> str:
    """Runs a measured process, and whatever it starts, on one core; gives what it prints."""
    pinned = ["taskset", "--cpu-list", str(CORE), *map(str, command)]
    try:
        done = subprocess.run(pinned, capture_output=True, text=True, check=False, timeout=STEP_SECONDS)
    except subprocess.TimeoutExpired:
        raise Fault(f"not done after {STEP_SECONDS} s") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise Fault(lines[-1].strip() if lines else f"ended with {done.returncode}")
    return done.stdout


def forget(folder: Path) -> None:
    """Drops the files from the page cache, so that the next process reads them from the disk."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(file)
