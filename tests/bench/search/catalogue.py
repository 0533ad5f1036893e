"""The records of a catalogue CSV, and what two of them must share to be one work.

The folding here is made of other people's tables (OpenCC, Unicode) on purpose: the list of right answers must not be drawn up by
the program that is being measured.
"""

from __future__ import annotations

import csv
import functools
import gzip
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

# A summary may be longer than what the csv module takes for a field by itself.
csv.field_size_limit(1 << 20)

PEOPLE = re.compile(r"[/;；、|]")
BRACKETS = re.compile(r"[\[(（【〔<《][^\])）】〕>》]*[\])）】〕>》]?")
# The role after a name: 曹雪芹 著, 余华编著.
ROLE = re.compile(r"(?:编著|主编|编译|等著|原著|译注|选编|编选|编注|校注|改编|著|编|译|绘|撰|等)$")
# What stands in the place of a name without being one.
NOBODY = {"", "等", "图", "文", "著", "编", "译", "佚名", "无名氏", "不详", "未知", "无", "暂无", "编委会", "本书编写组"}
NAME_PARTS = re.compile(r"[·•・‧∙.．\s-]+")


@dataclass(frozen=True)
class Book:
    """One record, as far as questions are made from it."""

    id: str
    title: str
    subtitle: str
    series: str
    authors: tuple[str, ...]
    isbn: str
    ratings: int
    whole: str = field(repr=False)
    names: tuple[str, ...] = field(repr=False)

    @property
    def work(self) -> tuple[str, str]:
        """Editions of one work share this."""
        return self.whole, self.names[0] if self.names else ""


@functools.cache
def converter(which: str):
    import opencc

    return opencc.OpenCC(which)


def plain(text: str) -> str:
    """Letters and digits only, in one form: compatibility forms, case, accents and traditional characters made even."""
    simple = converter("t2s").convert(unicodedata.normalize("NFKC", text)).casefold()
    bare = (c for c in unicodedata.normalize("NFKD", simple) if not unicodedata.combining(c) or c in "\u3099\u309a")
    return unicodedata.normalize("NFC", "".join(c for c in bare if c.isalnum() or c in "+#\u3099\u309a"))


def name_of(person: str) -> str:
    """The name alone, as a reader would type it: without country, dynasty, original spelling and role."""
    name = BRACKETS.sub(" ", person).strip()
    shorter = ROLE.sub("", name).strip()
    return shorter if len(shorter) >= 2 else name


def name_parts(name: str) -> tuple[str, ...]:
    """加西亚·马尔克斯 in its parts, each of them folded."""
    return tuple(part for part in (plain(one) for one in NAME_PARTS.split(name)) if part)


def isbn13(text: str) -> str:
    """The thirteen digits of a valid ISBN, otherwise nothing."""
    digits = re.sub(r"[^0-9Xx]", "", text).upper()
    if len(digits) == 10 and re.fullmatch(r"\d{9}[\dX]", digits):
        if sum((10 - place) * (10 if c == "X" else int(c)) for place, c in enumerate(digits)) % 11:
            return ""
        return with_check_digit("978" + digits[:9])
    valid = re.fullmatch(r"97[89]\d{10}", digits) and with_check_digit(digits[:12]) == digits
    return digits if valid else ""


def with_check_digit(twelve: str) -> str:
    total = sum(int(c) * (3 if place % 2 else 1) for place, c in enumerate(twelve))
    return twelve + str(-total % 10)


def isbn10(thirteen: str) -> str:
    """Only what begins with 978 ever had ten digits."""
    if not thirteen.startswith("978"):
        return ""
    nine = thirteen[3:12]
    check = -sum((10 - place) * int(c) for place, c in enumerate(nine)) % 11
    return nine + ("X" if check == 10 else str(check))


def open_text(path: Path) -> TextIO:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding="utf-8", newline="") if zipped else path.open(encoding="utf-8", newline="")


def rows(path: Path) -> Iterator[dict[str, str]]:
    with open_text(path) as file:
        yield from csv.DictReader(file)


def cell(row: dict[str, str], column: str) -> str:
    return " ".join((row.get(column) or "").split())


def people(text: str) -> list[str]:
    return [person for person in (part.strip() for part in PEOPLE.split(text)) if person]


def number(text: str) -> int:
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


def book(row: dict[str, str]) -> Book:
    authors = tuple(name for name in map(name_of, people(cell(row, "author"))) if name not in NOBODY)
    return Book(
        id=cell(row, "id"),
        title=cell(row, "title"),
        subtitle=cell(row, "subtitle"),
        series=cell(row, "series"),
        authors=authors,
        isbn=isbn13(cell(row, "isbn")),
        ratings=number(cell(row, "rating_count")),
        whole=plain(cell(row, "title")),
        names=tuple("".join(name_parts(name)) for name in authors),
    )


def books(path: Path) -> list[Book]:
    return [one for one in map(book, rows(path)) if one.id and one.whole]
