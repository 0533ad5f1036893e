"""A million titles out of a real catalogue: heads of titles with tails of others, people, publishers, series, years and tags of others.

    python recombine.py CATALOGUE.csv[.gz] TARGET.csv [--titles N] [--seed N]

What makes an index large or slow is how often which character stands beside which; recombined halves keep that, invented text would not. The
catalogue's own records come first, so that its known items have their place among the million. No summaries: they are not searched.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from pathlib import Path

import catalogue
from catalogue import cell

TITLES = 1_000_000
SEED = 20_261_124
COLUMNS = (
    *("id", "isbn", "title", "subtitle", "original_title", "author", "translator", "publisher", "pub_year", "pages", "series"),
    *("category", "rating_count"),
)
# Taken together from one record: a person and the translator, a house and its series belong together.
TOGETHER = (
    *(("author", "translator"), ("publisher", "series"), ("subtitle", "original_title")),
    *(("pub_year",), ("pages",), ("category",), ("rating_count",)),
)


def halves(title: str) -> tuple[str, str]:
    """Between words where there are words, otherwise in the middle."""
    words = title.split(" ")
    if len(words) > 1:
        at = len(words) // 2
        return " ".join(words[:at]) + " ", " ".join(words[at:])
    at = (len(title) + 1) // 2
    return title[:at], title[at:]


def isbn(number: int) -> str:
    """Valid, each once, spread over the numbers of the group 978-7 so that neighbours in the file are none in the index."""
    return catalogue.with_check_digit(f"9787{number * 48_271 % 99_999_989:08}")


def write(source: Path, target: Path, titles: int = TITLES, seed: int = SEED) -> None:
    chance = random.Random(seed)
    rows = [{name: cell(row, name) for name in COLUMNS} for row in catalogue.rows(source)]
    rows = [row for row in rows if row["id"] and row["title"]]
    split = [halves(row["title"]) for row in rows]
    partial = target.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[:titles])
        for number in range(len(rows), titles):
            row = {"id": f"m{number:07}", "title": chance.choice(split)[0] + chance.choice(split)[1]}
            for columns in TOGETHER:
                donor = chance.choice(rows)
                row |= {name: donor[name] for name in columns}
            row["isbn"] = isbn(number) if chance.choice(rows)["isbn"] else ""
            writer.writerow(row)
    partial.rename(target)


def ensure(source: Path, target: Path) -> Path:
    """Makes the file once; another catalogue or another version of this module makes it anew."""
    status = source.stat()
    stamp, wanted = target.with_suffix(".stamp"), f"{source} {status.st_size} {status.st_mtime_ns} {Path(__file__).read_text()}"
    if not (target.exists() and stamp.exists() and stamp.read_text() == wanted):
        print("recombining a million titles …", file=sys.stderr)
        target.parent.mkdir(parents=True, exist_ok=True)
        write(source, target)
        stamp.write_text(wanted)
    return target


def main() -> int:
    parser = argparse.ArgumentParser(description="Recombines a catalogue into a larger one.")
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--titles", type=int, default=TITLES)
    parser.add_argument("--seed", type=int, default=SEED)
    wanted = parser.parse_args()
    write(wanted.catalogue, wanted.target, wanted.titles, wanted.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
