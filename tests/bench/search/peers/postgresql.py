"""PostgreSQL with a GIN index over vectors of pairs that were cut before, in a cluster of its own on a Unix socket.

The vectors are written as such, so that no parser cuts the pairs again. `ts_rank` knows nothing of how rare a word is; fame and the
exact matches are columns of the same ORDER BY. The parsers for Chinese and pg_bigm are not in Debian. pg_trgm is, and was left out: its index
cannot answer a word of two characters without reading the whole table.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from prepared import Question, Record, lone

from .base import Answer, Peer, fame, first_line, held_by

HOME = Path("/usr/lib/postgresql/15/bin")
# D, C, B, A: subjects, more titles, people, title.
WEIGHTS = "{0.1667, 0.5, 0.8333, 1.0}"
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "512MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "random_page_cost": "1.1",
    "effective_cache_size": "4GB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "autovacuum": "off",
}
FIND = """
    SELECT id, line, count(*) OVER ()
    FROM titles
    WHERE words @@ %(words)s::text::tsquery
    ORDER BY (whole = %(whole)s) DESC, (names @> ARRAY[%(whole)s]) DESC,
        ts_rank('{weights}', words, %(words)s::text::tsquery, 1) * 8 + fame * 0.1 DESC
    LIMIT %(k)s
""".replace("{weights}", WEIGHTS)


class PostgreSql(Peer):
    packages = ("postgresql-15",)
    note = "GIN over pairs cut before; over a Unix socket"

    def __init__(self) -> None:
        self.server: subprocess.Popen | None = None
        self.connection = None
        self.most = 0
        self.bytes = 0

    def version(self) -> str:
        return first_line([str(HOME / "postgres"), "--version"])

    def trouble(self) -> str | None:
        if not (HOME / "postgres").exists():
            return "PostgreSQL 15 is not installed"
        return None

    def as_user(self) -> dict[str, str]:
        """The server refuses to run as root; Debian's package brings its own user."""
        return {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}

    def build(self, records: Iterable[Record], folder: Path) -> None:
        cluster = folder / "cluster"
        cluster.mkdir()
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(cluster, owner.pw_uid, owner.pw_gid)
        make = [str(HOME / "initdb"), "--pgdata", str(cluster), "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--username=postgres"]
        subprocess.run([*make, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.as_user())
        self.open(folder)
        base = self.connection
        base.execute(
            "CREATE TABLE titles(n int, id text, whole text, names text[], isbn text, fame real, line text, words tsvector)"
        )
        with base.cursor() as cursor, cursor.copy("COPY titles FROM STDIN") as copy:
            for n, record in enumerate(records):
                row = (n, record.id, record.whole, record.names, record.isbn or None, fame(record.ratings), record.line, vector(record))
                copy.write_row(row)
        for statement in (
            "CREATE INDEX ON titles USING gin(words) WITH (fastupdate = off)",
            "CREATE INDEX ON titles USING gin(names) WITH (fastupdate = off)",
            "CREATE INDEX ON titles(whole)",
            "CREATE INDEX ON titles(isbn) WHERE isbn IS NOT NULL",
            "VACUUM (ANALYZE, FREEZE) titles",
            "CHECKPOINT",
        ):
            base.execute(statement)
        (self.bytes,) = base.execute("SELECT pg_total_relation_size('titles')").fetchone()
        self.most = self.memory()

    def open(self, folder: Path) -> None:
        import psycopg

        # A socket's path may not be long: not in the folder of the index.
        self.socket = tempfile.mkdtemp(prefix="pg-")
        os.chmod(self.socket, 0o777)
        command = [str(HOME / "postgres"), "-D", str(folder / "cluster"), "-k", self.socket]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        log = (folder / "server.log").open("ab")
        self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", **self.as_user())
        for _ in range(2000):
            try:
                self.connection = psycopg.connect(host=self.socket, user="postgres", dbname="postgres", autocommit=True, prepare_threshold=3)
                return
            except psycopg.OperationalError:
                if self.server.poll() is not None:
                    raise RuntimeError(f"the server does not start, see {folder / 'server.log'}") from None
                try:
                    self.server.wait(0.005)
                except subprocess.TimeoutExpired:
                    continue
        raise RuntimeError("the server does not answer")

    def query(self, question: Question, k: int) -> Answer:
        if question.isbn:
            rows = self.connection.execute("SELECT id, line FROM titles WHERE isbn = %s LIMIT %s", (question.isbn, k)).fetchall()
            return Answer([row[0] for row in rows], len(rows))
        words = [literal(token) for token in question.distinct]
        for operator in (" & ", " | "):
            if not words:
                break
            values = {"words": operator.join(words), "whole": question.whole, "k": k}
            rows = self.connection.execute(FIND, values).fetchall()
            if rows:
                return Answer([row[0] for row in rows], rows[0][2])
        return Answer([], 0)

    def memory(self) -> int:
        if not self.server:
            return 0
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        return held_by([self.server.pid, *map(int, children)])

    def size(self, folder: Path) -> int:
        """The table and its indexes, without what a cluster has besides."""
        return self.bytes

    def build_memory(self) -> int:
        return self.most

    def close(self) -> None:
        if self.connection:
            self.connection.close()
        if self.server:
            # SIGINT: no waiting for sessions, but an orderly end.
            self.server.send_signal(2)
            self.server.wait(60)
            shutil.rmtree(self.socket, ignore_errors=True)


def vector(record: Record) -> str:
    """The text form of a tsvector; positions carry the weights, and there are no more than 16,383 of them."""
    parts: dict[str, list[str]] = {}
    place = 0
    for weight, text in (("A", record.title_cut), ("B", record.people_cut), ("C", record.more_cut), ("D", record.subjects_cut)):
        for token in text.split():
            place += 1
            places = parts.setdefault(token, [])
            if place < 16_000 and len(places) < 255:
                places.append(f"{place}{weight}")
    return " ".join(f"{quoted(token)}:{','.join(places)}" if places else quoted(token) for token, places in parts.items())


def quoted(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def literal(token: str) -> str:
    return quoted(token) + (":*" if lone(token) else "")
