"""The known-item list: what readers type who have one book in mind, and which records are a right answer.

    python known_items.py CATALOGUE.csv[.gz] QUERIES.tsv [--seed N] [--scale X]

One line for each query: kind, what is typed, ids of all right answers. The books are drawn with the square root of their number of
ratings as weight: wishes gather on well-known books, but a list of best-sellers only would be too easy for whoever sorts by fame.

A right answer is never narrower than what was typed: every edition of the work (same title, same first author), and, where
nothing but a title was typed, every record with that title, because whoever types 小王子 cannot mean one edition of it.

Kind                What is typed, and what else is right
title               The title as the record has it.
part                Two or more neighbouring characters of the title (whole words of a Latin one), within one stretch without punctuation.
                    Right: every title that has them. Left out: parts that more than 50 titles have; they are a subject, not a book.
author              The first author's name. Right: every record of whom the name, or a run of its parts (马尔克斯 of 加西亚·马尔克斯), is
                    one of the authors. Left out: stand-ins for a name (佚名), names of one character.
title+author        Both, apart by a space, the author first in three of ten; in one of ten run together. Left out: titles that are long
                    enough (more than 20 characters) that nobody adds a name.
isbn-10, isbn-13    As digits; `-hyphens` as printed (only the group 978-7, whose ranges are known here). Right: every record with it.
traditional         The title in traditional characters as OpenCC writes them in China, Taiwan and Hong Kong by turns; only where that
                    differs from the record.
full-width          The title with its ASCII letters, digits and marks as an input method set to full width gives them.
pinyin              The reading of a title of 2 to 10 Han characters by phrase-aware pypinyin, in one piece, ü as v as on a
                    keyboard; `pinyin-spaces` syllable by syllable. Right besides: titles that sound the same.
initials            First letters of the same. Left out: shorter than 4 letters, or more than five different titles have them:
                    the bar speaks of the first five places, and nothing could put six titles there.
error-*             One slip in a title of 4 to 20 Han characters: another common character in place of one (`random`), one that
                    sounds the same (`homophone`), one left out, one too many, two neighbours swapped. Left out: what is by the
                    slip a part of some title, or one slip away from another title as well: then it is not known which was meant.
subtitle            The subtitle, four characters or more. Right: every record that has it within its title, subtitle or series (the
                    sources put one and the same 跨世纪文丛 into either). Left out: those that more than 50 records have.
series              The name of the series, three characters or more. Right: every record of it, every record with this subtitle, and
                    every title that begins with it.
"""

from __future__ import annotations

import argparse
import collections
import functools
import math
import random
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import catalogue
from catalogue import Book, plain

SEED = 20_261_124
# So many of each kind. Their sum is well above the 2,000 that are promised.
COUNTS = {
    "title": 250,
    "part": 250,
    "author": 250,
    "title+author": 250,
    "isbn-10": 100,
    "isbn-10-hyphens": 50,
    "isbn-13": 100,
    "isbn-13-hyphens": 100,
    "traditional": 240,
    "full-width": 200,
    "pinyin": 200,
    "pinyin-spaces": 100,
    "initials": 150,
    "error-random": 100,
    "error-homophone": 100,
    "error-omission": 100,
    "error-insertion": 100,
    "error-transposition": 100,
    "subtitle": 200,
    "series": 150,
}
EXACT = (
    *("title", "part", "author", "title+author", "isbn-10", "isbn-10-hyphens", "isbn-13", "isbn-13-hyphens"),
    *("traditional", "full-width", "subtitle", "series"),
)
GROUPS = {
    "exact text": EXACT,
    "pinyin": ("pinyin", "pinyin-spaces"),
    "initials": ("initials",),
    "one error": tuple(kind for kind in COUNTS if kind.startswith("error-")),
}
TOO_COMMON = 50
LONGEST_QUERY = 80
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
LATIN_TITLE = re.compile(r"[A-Za-z0-9' ]+")
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
# Digits of the publisher's number in 978-7, by what follows the 7.
PUBLISHERS = (("00", "09", 2), ("100", "499", 3), ("5000", "7999", 4), ("80000", "89999", 5), ("900000", "999999", 6))


@dataclass(frozen=True)
class Query:
    kind: str
    typed: str
    right: frozenset[str]


class Shelf:
    """The whole catalogue, ready to tell who else would be a right answer."""

    def __init__(self, books: list[Book]) -> None:
        self.books = books
        self.titles = by(books, lambda book: [book.whole])
        self.works = by(books, lambda book: [book.work])
        self.isbns = by(books, lambda book: [book.isbn] if book.isbn else [])
        self.series = by(books, lambda book: [plain(book.series)] if book.series else [])
        self.authors = by(books, lambda book: {run for name in book.authors for run in runs(catalogue.name_parts(name))})
        self.in_titles = Haystack(books, lambda book: book.whole)
        self.in_subtitles = Haystack([book for book in books if book.subtitle], lambda book: plain(book.subtitle))
        self.in_series = Haystack([book for book in books if book.series], lambda book: plain(book.series))
        frequencies = collections.Counter(c for whole in self.titles for c in whole if HAN.fullmatch(c))
        self.common = [c for c, _ in frequencies.most_common(500)]
        self.sounding: dict[str, list[str]] = collections.defaultdict(list)
        for c, _ in frequencies.most_common(3000):
            self.sounding[syllables(c)[0]].append(c)

    @functools.cached_property
    def readings(self) -> dict[str, set[str]]:
        """Titles by how they sound."""
        found: dict[str, set[str]] = collections.defaultdict(set)
        for whole in self.titles:
            if HAN.fullmatch(whole) and 2 <= len(whole) <= 12:
                found["".join(syllables(whole))].add(whole)
        return found

    @functools.cached_property
    def initials(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = collections.defaultdict(set)
        for whole in self.titles:
            if HAN.fullmatch(whole) and 4 <= len(whole) <= 12:
                found[initials(whole)].add(whole)
        return found

    @functools.cached_property
    def ends(self) -> dict[tuple[int, str], list[str]]:
        """Titles by their first two and by their last two characters: one slip leaves one of the two as it was."""
        found: dict[tuple[int, str], list[str]] = collections.defaultdict(list)
        for whole in self.titles:
            if len(whole) >= 3:
                found[0, whole[:2]].append(whole)
                found[1, whole[-2:]].append(whole)
        return found

    def same_title(self, book: Book) -> set[str]:
        return self.titles[book.whole] | self.works[book.work]

    def titled(self, wholes: Iterable[str]) -> set[str]:
        return set().union(*(self.titles[whole] for whole in wholes))

    def one_slip_away(self, typed: str) -> set[str]:
        near = [*self.ends[0, typed[:2]], *self.ends[1, typed[-2:]]]
        found = {whole for whole in near if within_one_edit(typed, whole)}
        return found | {swapped for swapped in map("".join, swaps(typed)) if swapped in self.titles}


class Haystack:
    """All texts of one kind as one string, so that "who contains this" is a search of the C library."""

    def __init__(self, books: list[Book], text: Callable[[Book], str]) -> None:
        self.holders: dict[str, set[str]] = collections.defaultdict(set)
        for book in books:
            self.holders[text(book)].add(book.id)
        self.all = "\n" + "\n".join(self.holders) + "\n"

    def __contains__(self, part: str) -> bool:
        return part in self.all

    def holding(self, part: str, most: int) -> tuple[set[str], int]:
        """The records whose text has this part (begins with it, after a line feed), and how many different texts they are; stops
        looking beyond `most` texts."""
        ids: set[str] = set()
        texts, at = 0, self.all.find(part)
        while at >= 0 and texts <= most:
            begin, end = self.all.rfind("\n", 0, at + 1) + 1, self.all.find("\n", at + 1)
            ids |= self.holders[self.all[begin:end]]
            texts, at = texts + 1, self.all.find(part, end)
        return ids, texts


def by(books: list[Book], keys: Callable[[Book], Iterable]) -> dict:
    found = collections.defaultdict(set)
    for book in books:
        for key in keys(book):
            found[key].add(book.id)
    return found


def runs(parts: tuple[str, ...]) -> set[str]:
    """Every run of neighbouring parts of a name: 加西亚马尔克斯 finds 加夫列尔·加西亚·马尔克斯 as well."""
    return {"".join(parts[begin:end]) for begin in range(len(parts)) for end in range(begin + 1, len(parts) + 1)}


def syllables(han: str) -> list[str]:
    from pypinyin import lazy_pinyin

    return lazy_pinyin(han)


def initials(han: str) -> str:
    return "".join(syllable[0] for syllable in syllables(han))


def within_one_edit(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    begin = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[begin:], other[begin:]
    return one[1:] == other[1:] or one[1:] == other or one == other[1:]


def swaps(text: str) -> Iterable[list[str]]:
    for at in range(len(text) - 1):
        if text[at] != text[at + 1]:
            yield [*text[:at], text[at + 1], text[at], *text[at + 2 :]]


# One function for each kind: a query for this book, or nothing when the book does not suit the kind.


def title(shelf: Shelf, book: Book, _: random.Random) -> Query | None:
    return Query("title", book.title, frozenset(shelf.same_title(book)))


def part(shelf: Shelf, book: Book, chance: random.Random) -> Query | None:
    if LATIN_TITLE.fullmatch(book.title):
        words = book.title.split()
        pieces = [" ".join(words[begin:end]) for begin in range(len(words)) for end in range(begin + 1, len(words) + 1)]
        pieces = [piece for piece in pieces if len(piece) >= 4 and len(piece) < len(book.title)]
    else:
        stretches = HAN.findall(book.title)
        pieces = [s[i:j] for s in stretches for i in range(len(s)) for j in range(i + 2, len(s) + 1)]
        pieces = [piece for piece in pieces if len(piece) < len(book.whole)]
    if not pieces:
        return None
    typed = chance.choice(pieces)
    right, texts = shelf.in_titles.holding(plain(typed), TOO_COMMON)
    return Query("part", typed, frozenset(right)) if texts <= TOO_COMMON else None


def author(shelf: Shelf, book: Book, _: random.Random) -> Query | None:
    if not book.names or len(book.names[0]) < 2:
        return None
    return Query("author", book.authors[0], frozenset(shelf.authors[book.names[0]]))


def title_and_author(shelf: Shelf, book: Book, chance: random.Random) -> Query | None:
    if not book.names or len(book.names[0]) < 2 or len(book.title) > 20:
        return None
    name, way = book.authors[0], chance.random()
    typed = f"{name} {book.title}" if way < 0.3 else f"{book.title}{name}" if way < 0.4 else f"{book.title} {name}"
    return Query("title+author", typed, frozenset(shelf.works[book.work]))


def isbn(kind: str) -> Callable[[Shelf, Book, random.Random], Query | None]:
    def make(shelf: Shelf, book: Book, _: random.Random) -> Query | None:
        if not book.isbn:
            return None
        digits = catalogue.isbn10(book.isbn) if kind.startswith("isbn-10") else book.isbn
        typed = hyphenated(digits) if kind.endswith("hyphens") else digits
        return Query(kind, typed, frozenset(shelf.isbns[book.isbn])) if typed else None

    return make


def hyphenated(digits: str) -> str:
    prefix, body = (digits[:3] + "-", digits[3:]) if len(digits) == 13 else ("", digits)
    rest = body[1:9]
    length = next((length for low, high, length in PUBLISHERS if low <= rest[: len(low)] <= high), 0)
    if not body.startswith("7") or prefix not in ("", "978-") or not length:
        return ""
    return f"{prefix}7-{rest[:length]}-{rest[length:]}-{body[9]}"


def traditional(shelf: Shelf, book: Book, chance: random.Random) -> Query | None:
    typed = catalogue.converter(chance.choice(("s2t", "s2tw", "s2hk"))).convert(book.title)
    return Query("traditional", typed, frozenset(shelf.same_title(book))) if typed != book.title else None


def full_width(shelf: Shelf, book: Book, _: random.Random) -> Query | None:
    if not re.search(r"[A-Za-z0-9]", book.title):
        return None
    return Query("full-width", book.title.translate(FULL_WIDTH), frozenset(shelf.same_title(book)))


def pinyin(kind: str, between: str) -> Callable[[Shelf, Book, random.Random], Query | None]:
    def make(shelf: Shelf, book: Book, _: random.Random) -> Query | None:
        if not HAN.fullmatch(book.whole) or not 2 <= len(book.whole) <= 10:
            return None
        read = syllables(book.whole)
        right = shelf.same_title(book) | shelf.titled(shelf.readings["".join(read)])
        return Query(kind, between.join(read), frozenset(right))

    return make


def first_letters(shelf: Shelf, book: Book, _: random.Random) -> Query | None:
    if not HAN.fullmatch(book.whole) or not 4 <= len(book.whole) <= 10:
        return None
    typed = initials(book.whole)
    return Query("initials", typed, frozenset(shelf.same_title(book))) if len(shelf.initials[typed]) <= 5 else None


def slip(kind: str, make_slip: Callable[[str, Shelf, random.Random], str]) -> Callable[[Shelf, Book, random.Random], Query | None]:
    def make(shelf: Shelf, book: Book, chance: random.Random) -> Query | None:
        if not HAN.fullmatch(book.whole) or not 4 <= len(book.whole) <= 20:
            return None
        typed = make_slip(book.whole, shelf, chance)
        if not typed or plain(typed) in shelf.in_titles or shelf.one_slip_away(typed) - {book.whole}:
            return None
        return Query(kind, typed, frozenset(shelf.same_title(book)))

    return make


def random_character(text: str, shelf: Shelf, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice([c for c in shelf.common if c != text[at]]) + text[at + 1 :]


def homophone(text: str, shelf: Shelf, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    others = [c for c in shelf.sounding[syllables(text)[at]] if c != text[at]]
    return text[:at] + chance.choice(others) + text[at + 1 :] if others else ""


def omission(text: str, _: Shelf, chance: random.Random) -> str:
    # Without its first or last character a title is a part of itself.
    at = chance.randrange(1, len(text) - 1)
    return text[:at] + text[at + 1 :]


def insertion(text: str, shelf: Shelf, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(shelf.common) + text[at:]


def transposition(text: str, _: Shelf, chance: random.Random) -> str:
    ways = list(swaps(text))
    return "".join(chance.choice(ways)) if ways else ""


def subtitle(shelf: Shelf, book: Book, _: random.Random) -> Query | None:
    folded = plain(book.subtitle)
    if len(folded) < 4:
        return None
    places = [where.holding(folded, TOO_COMMON)[0] for where in (shelf.in_titles, shelf.in_subtitles, shelf.in_series)]
    right = frozenset().union(*places)
    return Query("subtitle", book.subtitle, right) if len(right) <= TOO_COMMON else None


def series(shelf: Shelf, book: Book, _: random.Random) -> Query | None:
    name = plain(book.series)
    if len(name) < 3:
        return None
    named = shelf.in_titles.holding("\n" + name, 1000)[0] | shelf.in_subtitles.holding("\n" + name + "\n", 1000)[0]
    return Query("series", book.series, frozenset(shelf.series[name] | named))


MAKERS: dict[str, Callable[[Shelf, Book, random.Random], Query | None]] = {
    "title": title,
    "part": part,
    "author": author,
    "title+author": title_and_author,
    **{kind: isbn(kind) for kind in COUNTS if kind.startswith("isbn")},
    "traditional": traditional,
    "full-width": full_width,
    "pinyin": pinyin("pinyin", ""),
    "pinyin-spaces": pinyin("pinyin-spaces", " "),
    "initials": first_letters,
    "error-random": slip("error-random", random_character),
    "error-homophone": slip("error-homophone", homophone),
    "error-omission": slip("error-omission", omission),
    "error-insertion": slip("error-insertion", insertion),
    "error-transposition": slip("error-transposition", transposition),
    "subtitle": subtitle,
    "series": series,
}


def generate(books: list[Book], seed: int = SEED, scale: float = 1.0) -> list[Query]:
    shelf = Shelf(books)
    cumulated = []
    total = 0.0
    for book in books:
        total += math.sqrt(book.ratings + 1)
        cumulated.append(total)
    queries = []
    for kind, count in COUNTS.items():
        # Each kind has its own chance: changing one does not change the others.
        chance = random.Random(f"{seed} {kind}")
        queries += of_kind(kind, max(1, round(count * scale)), shelf, cumulated, chance)
    return queries


def of_kind(kind: str, count: int, shelf: Shelf, cumulated: list[float], chance: random.Random) -> list[Query]:
    found: dict[str, Query] = {}
    # A small catalogue may not have enough books of a kind.
    for _ in range(count * 2000):
        book = chance.choices(shelf.books, cum_weights=cumulated)[0]
        query = MAKERS[kind](shelf, book, chance)
        if query and len(query.typed) <= LONGEST_QUERY:
            found.setdefault(query.typed, query)
        if len(found) == count:
            break
    return list(found.values())


def write(queries: list[Query], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for query in queries:
            typed = " ".join(query.typed.split("\t"))
            file.write(f"{query.kind}\t{typed}\t{' '.join(sorted(query.right))}\n")


def read(path: Path) -> list[Query]:
    lines = (line.rstrip("\n").split("\t") for line in path.open(encoding="utf-8"))
    return [Query(kind, typed, frozenset(right.split())) for kind, typed, right in lines]


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes the known-item list of a catalogue.")
    parser.add_argument("catalogue", type=Path, help="CSV, may be gzipped")
    parser.add_argument("queries", type=Path, help="the list, tab-separated")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the usual number of queries")
    wanted = parser.parse_args()
    queries = generate(catalogue.books(wanted.catalogue), wanted.seed, wanted.scale)
    write(queries, wanted.queries)
    print(f"{len(queries)} queries, seed {wanted.seed}: {wanted.queries}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
