"""SQLite FTS5, twice: over pairs that were cut before, and with the trigram tokenizer as shipped.

Contentless, so that no text is kept twice; mapped into memory; the titles' lines and the exact lookups are plain tables beside it.
Fame is in the upper half of the row's number, where ranking reads it without visiting a table.
The trigram tokenizer knows no words of one or two characters: that is its nature, not its set-up.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from prepared import Question, Record, batches, cut, lone

from .base import MORE, PEOPLE, SUBJECTS, TITLE, Answer, Peer, fame

FAME_BITS = 32
# The best word of a title is worth about 20 here, as much as fame at its greatest.
FAME_WEIGHT = 0.5
ORDER = f"bm25(words, {TITLE}, {MORE}, {PEOPLE}, {SUBJECTS}) - {FAME_WEIGHT} * (rowid >> {FAME_BITS}) / 2.0"


class Fts5(Peer):
    tokenize: str

    def __init__(self) -> None:
        self.base: sqlite3.Connection | None = None

    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def trouble(self) -> str | None:
        options = {row[0] for row in sqlite3.connect(":memory:").execute("PRAGMA compile_options")}
        return None if "ENABLE_FTS5" in options else "this Python's SQLite has no FTS5"

    def texts(self, record: Record) -> tuple[str, str, str, str]:
        raise NotImplementedError

    def phrases(self, question: Question) -> list[str]:
        """What must be found, in the order of trying: phrases, words, any word."""
        raise NotImplementedError

    def build(self, records: Iterable[Record], folder: Path) -> None:
        base = sqlite3.connect(folder / "index.db", isolation_level=None)
        base.executescript(
            f"""
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;
            CREATE TABLE titles(n INTEGER PRIMARY KEY, id TEXT, whole TEXT, isbn TEXT, line TEXT);
            CREATE TABLE names(name TEXT, n INTEGER, PRIMARY KEY(name, n)) WITHOUT ROWID;
            CREATE VIRTUAL TABLE words USING fts5(title, more, people, subjects, content='', tokenize="{self.tokenize}");
            BEGIN;
            """
        )
        place = 0
        for batch in batches(records, 10_000):
            titles, names, words = [], [], []
            for record in batch:
                place += 1
                n = (round(2 * fame(record.ratings)) << FAME_BITS) + place
                titles.append((n, record.id, record.whole, record.isbn or None, record.line))
                names += [(name, n) for name in record.names]
                words.append((n, *self.texts(record)))
            base.executemany("INSERT INTO titles VALUES(?,?,?,?,?)", titles)
            base.executemany("INSERT OR IGNORE INTO names VALUES(?,?)", names)
            base.executemany("INSERT INTO words(rowid, title, more, people, subjects) VALUES(?,?,?,?,?)", words)
        base.execute("COMMIT")
        base.executescript(
            """
            CREATE INDEX by_whole ON titles(whole); CREATE INDEX by_isbn ON titles(isbn) WHERE isbn IS NOT NULL;
            INSERT INTO words(words) VALUES('optimize'); ANALYZE; VACUUM;
            """
        )
        base.close()

    def open(self, folder: Path) -> None:
        self.base = sqlite3.connect(f"file:{folder / 'index.db'}?immutable=1", uri=True, isolation_level=None)
        self.base.executescript("PRAGMA mmap_size = 4294967296; PRAGMA cache_size = -65536; PRAGMA query_only = 1;")

    def query(self, question: Question, k: int) -> Answer:
        if question.isbn:
            return self.lines([n for (n,) in self.base.execute("SELECT n FROM titles WHERE isbn = ?", (question.isbn,))], k)
        first = self.base.execute("SELECT n FROM titles WHERE whole = ? ORDER BY n DESC LIMIT ?", (question.whole, k)).fetchall()
        first += self.base.execute("SELECT n FROM names WHERE name = ? ORDER BY n DESC LIMIT ?", (question.whole, k)).fetchall()
        rows: list[tuple[int]] = []
        total = 0
        for match in self.phrases(question):
            rows = self.base.execute(f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY {ORDER} LIMIT ?", (match, k)).fetchall()
            if rows:
                (total,) = self.base.execute("SELECT count(*) FROM words WHERE words MATCH ?", (match,)).fetchone()
                break
        ordered = list(dict.fromkeys(n for (n,) in first + rows))
        return self.lines(ordered, k, max(total, len(ordered)))

    def lines(self, ns: list[int], k: int, total: int | None = None) -> Answer:
        found = [self.base.execute("SELECT id, line FROM titles WHERE n = ?", (n,)).fetchone() for n in ns[:k]]
        return Answer([id for id, _ in found], len(ns) if total is None else total)

    def close(self) -> None:
        if self.base:
            self.base.close()


class Pairs(Fts5):
    note = "over pairs cut before; in process"
    tokenize = "unicode61 remove_diacritics 0 tokenchars '+#'"

    def texts(self, record: Record) -> tuple[str, str, str, str]:
        return record.title_cut, record.more_cut, record.people_cut, record.subjects_cut

    def phrases(self, question: Question) -> list[str]:
        if not question.tokens:
            return []
        runs = [" ".join(cut(run)) for run in question.folded.split()]
        # A single character finds the pairs that begin with it.
        phrases = [f'"{run}"{"*" if lone(run) else ""}' for run in dict.fromkeys(runs)]
        words = [f'"{token}"{"*" if lone(token) else ""}' for token in question.distinct]
        return list(dict.fromkeys((" AND ".join(phrases), " AND ".join(words), " OR ".join(words))))


class Trigrams(Fts5):
    note = "its trigram tokenizer as shipped; in process"
    tokenize = "trigram"

    def texts(self, record: Record) -> tuple[str, str, str, str]:
        return record.title, record.more, record.people, record.subjects

    def phrases(self, question: Question) -> list[str]:
        runs = [f'"{run}"' for run in dict.fromkeys(question.folded.split()) if len(run) >= 3]
        text = question.folded
        threes = [f'"{three}"' for three in dict.fromkeys(text[at : at + 3] for at in range(len(text) - 2))]
        return list(dict.fromkeys(match for match in (" AND ".join(runs), " AND ".join(threes), " OR ".join(threes)) if match))
