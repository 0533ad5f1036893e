"""What every peer can do."""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from prepared import Question, Record

TITLE, PEOPLE, MORE, SUBJECTS = 3.0, 2.5, 1.5, 0.5


@dataclass(frozen=True)
class Answer:
    ids: list[str]
    total: int
    # What the engine itself says that the query took, where asking it crosses a pipe that no user would have.
    seconds: float | None = None


class Peer:
    """One engine. `build` and then `open` run in two processes of their own."""

    # Debian packages without which it does not run.
    packages: tuple[str, ...] = ()
    # For the table: what a reader of the figures should know.
    note = ""

    def trouble(self) -> str | None:
        """Why it cannot be measured on this machine."""
        return None

    def version(self) -> str:
        raise NotImplementedError

    def build(self, records: Iterable[Record], folder: Path) -> None:
        raise NotImplementedError

    def open(self, folder: Path) -> None:
        raise NotImplementedError

    def query(self, question: Question, k: int) -> Answer:
        raise NotImplementedError

    def size(self, folder: Path) -> int:
        """What the disk gives to the files: some engines make them larger than what is in them."""
        return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())

    def memory(self) -> int:
        """Bytes held by processes of the engine beside this one."""
        return 0

    def build_memory(self) -> int:
        """The same while building, at the most."""
        return 0

    def close(self) -> None:
        """Stops whatever was started."""


def fame(ratings: int) -> float:
    """From 0 to about 14: what popularity is worth before an engine's own factor."""
    return math.log1p(ratings)


def held_by(pids: Iterable[int]) -> int:
    """Memory of some processes without counting shared pages twice."""
    total = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
        total += int(found[1]) * 1024 if found else 0
    return total


def first_line(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
