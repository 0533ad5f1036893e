"""Compiles the workspace and packs the functions as Lambda takes them."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import ROOT, Fault, run, say

TARGET = ROOT / "target"
# Not target/lambda, where the template points: what `cargo lambda build` made for AWS lies there, for another processor perhaps.
PACKAGES = TARGET / "local"
# A fixed date: the same binary gives the same archive, so that a function that did not change is not deployed again.
DATE = (2026, 1, 1, 0, 0, 0)


def functions() -> list[str]:
    return sorted(manifest.parent.name for manifest in (ROOT / "functions").glob("*/Cargo.toml"))


def compile_workspace(tell: Callable[[str], None] = say) -> None:
    """Cargo's own progress is shown. What it downloads is fetched first, so that a missing network is told apart from an error in the code."""
    run(["cargo", "fetch", "--locked"], "the Rust packages cannot be downloaded", cwd=ROOT)
    tell("compiling (the first time takes some minutes) …")
    if subprocess.run(["cargo", "build", "--locked", "--workspace", "--bins"], cwd=ROOT, check=False).returncode:
        raise Fault("the workspace does not compile: see cargo's messages above")


def package(names: list[str]) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(package_one, names))


def package_one(name: str) -> None:
    """`target/local/<name>/bootstrap`, without symbols: with them one function has 40 MB and more."""
    source, folder = TARGET / "debug" / name, PACKAGES / name
    bootstrap = folder / "bootstrap"
    if not source.exists():
        raise Fault(f"functions/{name} gave no program named {name}")
    if not is_newer(bootstrap, source):
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"bootstrap.{os.getpid()}.new"
        if shutil.which("strip"):
            run(["strip", "-o", str(fresh), str(source)], f"strip fails on {name}")
        else:
            shutil.copy2(source, fresh)
        fresh.replace(bootstrap)


def is_newer(made: Path, source: Path) -> bool:
    return made.exists() and made.stat().st_mtime_ns >= source.stat().st_mtime_ns


def archive(folder: Path) -> Path:
    """The folder as a zip beside it, made again only when its `bootstrap` is newer."""
    bootstrap, made = folder / "bootstrap", folder.with_suffix(".zip")
    if not bootstrap.exists():
        raise Fault(f"{folder.relative_to(ROOT)} holds no bootstrap: build first")
    if not is_newer(made, bootstrap):
        fresh = made.with_suffix(f".{os.getpid()}.new")  # two starts at once must not write into one file
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
            entry = zipfile.ZipInfo("bootstrap", DATE)
            entry.external_attr = 0o755 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, bootstrap.read_bytes())
        fresh.replace(made)
    return made
