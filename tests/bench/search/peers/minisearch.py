"""minisearch in Node: what an author of a Node function would really use. The index is one JSON file, parsed whole when it is opened.

The whole program is `minisearch.mjs`; this module only starts it and carries lines to and fro. The times are taken in Node.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from prepared import Question, Record

from .base import Answer, Peer, held_by

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
# `npm ci` works where the lock file is; what it installs goes to .local like everything else.
MODULES = ROOT / ".local" / "bench-node"


class MiniSearch(Peer):
    note = "over pairs cut before; times taken in Node"

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.most = 0

    def version(self) -> str:
        package = json.loads((MODULES / "node_modules" / "minisearch" / "package.json").read_text())
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
        return f"minisearch {package['version']}, Node {node}"

    def trouble(self) -> str | None:
        if not shutil.which("node") or not shutil.which("npm"):
            return "Node is not installed"
        if not (MODULES / "node_modules" / "minisearch").is_dir():
            return "minisearch is not installed"
        return None

    def start(self, mode: str, folder: Path) -> None:
        program = MODULES / "minisearch.mjs"
        shutil.copyfile(HERE.parent / "minisearch.mjs", program)
        # The default heap is too small to hold a large catalogue while it is built.
        command = ["node", "--max-old-space-size=12000", str(program), mode, str(folder / "index.json")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, value: object) -> dict:
        self.tell(value)
        return self.hear()

    def tell(self, value: object) -> None:
        assert self.process and self.process.stdin
        self.process.stdin.write(json.dumps(value, ensure_ascii=False) + "\n")

    def hear(self) -> dict:
        assert self.process and self.process.stdin and self.process.stdout
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("minisearch ended")
        return json.loads(line)

    def build(self, records: Iterable[Record], folder: Path) -> None:
        self.start("build", folder)
        for record in records:
            self.tell(asdict(record))
        self.tell(None)
        self.hear()
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        self.most = int(re.search(r"VmHWM:\s*(\d+)", status)[1]) * 1024

    def open(self, folder: Path) -> None:
        self.start("query", folder)
        self.hear()

    def query(self, question: Question, k: int) -> Answer:
        fields = {"tokens": question.distinct, "whole": question.whole, "isbn": question.isbn, "k": k}
        answer = self.ask(fields)
        return Answer(answer["ids"], answer["total"], answer["seconds"])

    def memory(self) -> int:
        return held_by([self.process.pid]) if self.process else 0

    def build_memory(self) -> int:
        return self.most

    def close(self) -> None:
        if self.process and self.process.stdin:
            self.process.stdin.close()
            self.process.wait(60)
