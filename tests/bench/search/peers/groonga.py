"""Groonga: TokenBigram over folded text with NormalizerNFKC, one index over the four fields, asked through its own command line.

The command line runs the engine in its own process, with a pipe between; the times are those that it measures itself. A run of
characters is searched as a phrase. Whole titles and names are keys of tables of their own; they and fame are part of the score.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from prepared import Question, Record

from .base import Answer, Peer, fame, first_line, held_by

SCHEMA = """
table_create Wholes TABLE_PAT_KEY ShortText
table_create Names TABLE_PAT_KEY ShortText
table_create Isbns TABLE_HASH_KEY ShortText
table_create Titles TABLE_NO_KEY
column_create Titles id COLUMN_SCALAR ShortText
column_create Titles line COLUMN_SCALAR Text
column_create Titles title COLUMN_SCALAR ShortText
column_create Titles people COLUMN_SCALAR Text
column_create Titles more COLUMN_SCALAR Text
column_create Titles subjects COLUMN_SCALAR Text
column_create Titles whole COLUMN_SCALAR Wholes
column_create Titles names COLUMN_VECTOR Names
column_create Titles isbn COLUMN_SCALAR Isbns
column_create Titles fame COLUMN_SCALAR Int32
"""
INDEXES = """
table_create Words TABLE_PAT_KEY ShortText --default_tokenizer TokenBigram --normalizer NormalizerNFKC130
column_create Words titles COLUMN_INDEX|WITH_SECTION|WITH_POSITION Titles title,people,more,subjects
column_create Wholes titles COLUMN_INDEX Titles whole
column_create Names titles COLUMN_INDEX Titles names
column_create Isbns titles COLUMN_INDEX Titles isbn
"""
# Whole titles before whole names before words; among words the rarer counts for more.
MATCH = " || ".join(
    [
        "Wholes.titles * 200000",
        "Names.titles * 100000",
        *(f"scorer_tf_idf(Words.titles[{section}]) * {weight}" for section, weight in enumerate((6, 5, 3, 1))),
    ]
)
FAME_WEIGHT = 3


class Groonga(Peer):
    packages = ("groonga-bin",)
    note = "TokenBigram, NormalizerNFKC130; times by its own clock"

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.most = 0

    def version(self) -> str:
        return " ".join(first_line(["groonga", "--version"]).split()[:2])

    def trouble(self) -> str | None:
        return None if shutil.which("groonga") else "Groonga is not installed"

    def build(self, records: Iterable[Record], folder: Path) -> None:
        self.start([str(folder / "index.grn")], new=True)
        for line in SCHEMA.strip().splitlines():
            self.ask(line)
        assert self.process and self.process.stdin
        self.process.stdin.write("load --table Titles\n[\n")
        separator = ""
        for record in records:
            row = {
                "id": record.id,
                "line": record.line,
                "title": record.title,
                "people": record.people,
                "more": record.more,
                "subjects": record.subjects,
                "whole": record.whole[:1000],
                "names": record.names,
                "fame": round(fame(record.ratings)),
            }
            if record.isbn:
                row["isbn"] = record.isbn
            self.process.stdin.write(separator + json.dumps(row, ensure_ascii=False))
            separator = ",\n"
        self.ask("]")
        for line in INDEXES.strip().splitlines():
            self.ask(line)
        self.most = self.memory()

    def open(self, folder: Path) -> None:
        self.start([str(folder / "index.grn")])

    def start(self, database: list[str], new: bool = False) -> None:
        command = ["groonga", *(["-n"] if new else []), *database]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", bufsize=1 << 16)

    def ask(self, command: str) -> list:
        assert self.process and self.process.stdin and self.process.stdout
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if answer[0][0] != 0:
            raise RuntimeError(f"Groonga: {answer[0]} for {command[:200]}")
        return answer

    def query(self, question: Question, k: int) -> Answer:
        show = f"--output_columns id,line --limit {k} --sort_keys -_score"
        if question.isbn:
            return found([self.ask(f"""select Titles --filter 'isbn == "{question.isbn}"' {show}""")])
        answers: list[list] = []
        runs = list(dict.fromkeys(question.folded.split()))
        # The second asks for the pairs themselves, as for a name and a title run together.
        for words, operator in ((runs, " "), (question.distinct, " "), (question.distinct, " OR ")):
            wanted = operator.join(f'"{word}"' for word in words)
            if len(runs) > 1:
                wanted = f'({wanted}) OR "{question.whole}"'
            score = f"--scorer '_score = _score + fame * {FAME_WEIGHT}'"
            answers.append(self.ask(f"select Titles --match_columns '{MATCH}' --query '{wanted}' {score} {show}"))
            if not words or total(answers[-1]):
                break
        return found(answers)

    def memory(self) -> int:
        return held_by([self.process.pid]) if self.process else 0

    def build_memory(self) -> int:
        return self.most

    def close(self) -> None:
        if self.process and self.process.stdin:
            self.process.stdin.close()
            self.process.wait(60)


def total(answer: list) -> int:
    return answer[1][0][0][0]


def found(answers: list[list]) -> Answer:
    """The last of the attempts, and the time of all."""
    _, _, *rows = answers[-1][1][0]
    return Answer([id for id, _ in rows], total(answers[-1]), sum(answer[0][2] for answer in answers))
