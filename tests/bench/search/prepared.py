"""What the peers are given: the same records and the same queries as ours, already folded and cut the way ours are.

Folding is done once, by our own program (`search_bench fold`), so that no peer loses a book to 紅樓夢, to full width or to a
capital letter, and none pays for it in its build or its queries.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import catalogue
import known_items

# Scripts without spaces, as `fold::is_unspaced` has them.
UNSPACED = "\u3005\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
RUNS = re.compile(f"([{UNSPACED}]+)|([^ {UNSPACED}]+)")
LINE_FIELDS = {"subtitle": "subtitle", "publisher": "publisher", "year": "pub_year", "class": "class"}


@dataclass(frozen=True)
class Record:
    """A title for the peers. `title` to `subjects` are folded text; the same with `_cut` in pairs and words."""

    id: str
    line: str
    isbn: str
    ratings: int
    whole: str
    names: list[str]
    title: str
    more: str
    people: str
    subjects: str
    title_cut: str
    more_cut: str
    people_cut: str
    subjects_cut: str


@dataclass(frozen=True)
class Question:
    """A query for the peers, with what can be known of it before any engine sees it."""

    kind: str
    typed: str
    right: frozenset[str]
    folded: str
    whole: str
    tokens: list[str]
    isbn: str

    @property
    def distinct(self) -> list[str]:
        return list(dict.fromkeys(self.tokens))


def lone(token: str) -> bool:
    """A single character of a script without spaces: no pair of it exists, only pairs that begin with it."""
    return len(token) == 1 and bool(re.fullmatch(f"[{UNSPACED}]", token))


def cut(folded: str) -> list[str]:
    """Pairs of neighbours in scripts without spaces, words elsewhere: as `tokens::cut`."""
    tokens = []
    for han, word in RUNS.findall(folded):
        if word:
            tokens.append(word[:64])
        else:
            tokens += [han[at : at + 2] for at in range(len(han) - 1)] or [han]
    return tokens


def fold(program: Path, texts: list[str]) -> list[str]:
    done = subprocess.run([program, "fold"], input="\n".join(texts) + "\n", capture_output=True, text=True, check=True, encoding="utf-8")
    folded = done.stdout.split("\n")[:-1]
    assert len(folded) == len(texts)
    return folded


def write_records(program: Path, source: Path, target: Path) -> int:
    """Most rated first: engines that keep the order of insertion among equals then show the well-known title first."""
    rows = sorted(catalogue.rows(source), key=lambda row: -catalogue.number(catalogue.cell(row, "rating_count")))
    partial = target.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        for begin in range(0, len(rows), 50_000):
            for record in records(program, rows[begin : begin + 50_000]):
                file.write(json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":")) + "\n")
    partial.rename(target)
    return len(rows)


def records(program: Path, rows: list[dict[str, str]]) -> Iterator[Record]:
    texts: list[str] = []
    for row in rows:
        texts += fields(row)
    folded = iter(fold(program, texts))
    for row in rows:
        title, more, people, subjects, names = (next(folded) for _ in range(5))
        authors = catalogue.people(catalogue.cell(row, "author"))
        line = {"id": row["id"], "title": catalogue.cell(row, "title"), "authors": authors}
        line |= {name: catalogue.cell(row, column) for name, column in LINE_FIELDS.items() if catalogue.cell(row, column)}
        isbn = catalogue.isbn13(catalogue.cell(row, "isbn"))
        yield Record(
            id=row["id"],
            line=json.dumps(line | ({"isbn": isbn} if isbn else {}), ensure_ascii=False, separators=(",", ":")),
            isbn=isbn,
            ratings=catalogue.number(catalogue.cell(row, "rating_count")),
            whole=title.replace(" ", ""),
            # The mark between two names is itself a letter: folding leaves it.
            names=list(dict.fromkeys(name.replace(" ", "") for name in names.split("zzzz") if name.strip())),
            title=title,
            more=more,
            people=people,
            subjects=subjects,
            title_cut=" ".join(cut(title)),
            more_cut=" ".join(cut(more)),
            people_cut=" ".join(cut(people)),
            subjects_cut=" ".join(cut(subjects)),
        )


def fields(row: dict[str, str]) -> list[str]:
    """The five texts of a record: title, other titles, people, subjects, and the bare names of the people."""
    people = [*catalogue.people(catalogue.cell(row, "author")), *catalogue.people(catalogue.cell(row, "translator"))]
    more = [catalogue.cell(row, column) for column in ("subtitle", "series", "original_title")]
    subjects = [catalogue.cell(row, "publisher"), *catalogue.cell(row, "category").split("|"), catalogue.cell(row, "class")]
    return [
        catalogue.cell(row, "title"),
        ", ".join(text for text in more if text),
        ", ".join(people),
        ", ".join(text for text in subjects if text),
        " zzzz ".join(map(catalogue.name_of, people)),
    ]


def read_records(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield Record(**json.loads(line))


def write_questions(program: Path, queries: list[known_items.Query], target: Path) -> None:
    with target.open("w", encoding="utf-8") as file:
        for query, folded in zip(queries, fold(program, [query.typed for query in queries]), strict=True):
            isbn = catalogue.isbn13(folded) if re.fullmatch(r"[\dx -]+", folded) else ""
            question = asdict(query) | {"right": sorted(query.right)}
            question |= {"folded": folded, "whole": folded.replace(" ", ""), "tokens": cut(folded), "isbn": isbn}
            file.write(json.dumps(question, ensure_ascii=False) + "\n")


def read_questions(path: Path) -> list[Question]:
    with path.open(encoding="utf-8") as file:
        return [Question(**(fields | {"right": frozenset(fields["right"])})) for fields in map(json.loads, file)]


def batches(items: Iterable, size: int) -> Iterator[list]:
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
