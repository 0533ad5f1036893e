#!/usr/bin/env python3
"""Check the demo library: titles.csv and sites.csv.

    python3 infra/demo/check.py [FOLDER]

FOLDER is where the two files lie (default: beside this script). Prints one line per fault and exits 1 if
there is any; otherwise prints one line per file and exits 0.
"""

import csv
import re
import sys
from pathlib import Path

TITLE_COLUMNS = [
    "id", "isbn", "title", "subtitle", "original_title", "author", "translator", "publisher",
    "pub_year", "pages", "price", "binding", "series", "category", "summary", "class",
]
SITE_COLUMNS = ["id", "name", "kind", "address", "lat", "lng", "opening_hours", "holds_stock", "capacity"]
KINDS = {
    "library", "city_book_house", "self_service_24h", "street_library", "reading_room", "shared_site",
}
TITLES_WANTED = (350, 600)
SITES_WANTED = (20, 40)
# The tests and the walk-through order these by name, so the files are not the demo without them.
MUST_HAVE = {("解忧杂货店", "9787544270878"), ("秃秃大王", None)}
# Chaoyang district, with a little margin: a swapped pair or a foreign datum falls outside.
LAT, LNG = (39.87, 40.02), (116.42, 116.60)

TITLE_ID = re.compile(r"d\d{4}")
SITE_ID = re.compile(r"[A-Z]\d{2}")
YEAR = re.compile(r"(1[89]|20)\d{2}")
CLASS = re.compile(r"[A-Z]{1,2}(\d[\d.]*)?(-\d+)?")
COORDINATE = re.compile(r"\d{2,3}\.\d{5}")
DAY = "(?:Mo|Tu|We|Th|Fr|Sa|Su)"
HOURS = re.compile(rf"24/7|{DAY}(?:-{DAY})? (\d{{2}}:\d{{2}})-(\d{{2}}:\d{{2}})")


def isbn13_ok(isbn):
    if not re.fullmatch(r"9787\d{9}", isbn):
        return False
    return sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(isbn)) % 10 == 0


def read(path, columns, faults):
    """Rows as (line number, dict); reports what makes the file unreadable as the table it should be."""
    try:
        raw = path.read_bytes()
    except OSError as e:
        faults.append(f"{path.name}: cannot be read: {e.strerror}")
        return []
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as e:
        faults.append(f"{path.name}: not UTF-8 at byte {e.start}")
        return []
    if text.startswith("\ufeff"):
        faults.append(f"{path.name}: starts with a byte order mark")
        text = text[1:]
    if "\r" in text:
        faults.append(f"{path.name}: has carriage returns; lines end with LF")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text and not text.endswith("\n"):
        faults.append(f"{path.name}: last line has no line end")

    rows = []
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = next(reader, None)
        if header != columns:
            faults.append(f"{path.name}:1: columns are {header}, not {columns}")
            return []
        for cells in reader:
            if len(cells) != len(columns):
                faults.append(f"{path.name}:{reader.line_num}: {len(cells)} cells, not {len(columns)}")
                continue
            row = dict(zip(columns, cells))
            for name, value in row.items():
                if value != value.strip():
                    faults.append(f"{path.name}:{reader.line_num}: {name} has spaces around it: {value!r}")
            rows.append((reader.line_num, row))
    except csv.Error as e:
        faults.append(f"{path.name}:{reader.line_num}: {e}")
    return rows


def check_count(name, rows, wanted, faults):
    low, high = wanted
    if not low <= len(rows) <= high:
        faults.append(f"{name}: {len(rows)} rows, not {low} to {high}")


def check_titles(path, faults):
    rows = read(path, TITLE_COLUMNS, faults)
    if not rows:
        faults.append(f"{path.name}: no rows")
        return 0
    check_count(path.name, rows, TITLES_WANTED, faults)
    ids, isbns = {}, {}
    for line, row in rows:
        def fault(text):
            faults.append(f"{path.name}:{line}: {row['id'] or '(no id)'}: {text}")

        if not TITLE_ID.fullmatch(row["id"]):
            fault("id is not d and four digits")
        if row["id"] in ids:
            fault(f"id already used on line {ids[row['id']]}")
        ids.setdefault(row["id"], line)
        if not row["title"]:
            fault("title is empty")
        if not row["summary"]:
            fault("summary is empty")
        if not CLASS.fullmatch(row["class"]):
            fault(f"class {row['class']!r} is not a CLC class")
        if not row["category"] or "" in row["category"].split("|"):
            fault(f"category {row['category']!r} has an empty tag")
        if row["isbn"]:
            if not isbn13_ok(row["isbn"]):
                fault(f"isbn {row['isbn']!r} is not a valid 978-7 ISBN-13")
            if row["isbn"] in isbns:
                fault(f"isbn already used on line {isbns[row['isbn']]}")
            isbns.setdefault(row["isbn"], line)
        if row["pub_year"] and not YEAR.fullmatch(row["pub_year"]):
            fault(f"pub_year {row['pub_year']!r} is not a year")
        if row["pages"] and not row["pages"].isdecimal():
            fault(f"pages {row['pages']!r} is not a number")
    for title, isbn in sorted(MUST_HAVE, key=str):
        if not any(r["title"] == title and isbn in (None, r["isbn"]) for _, r in rows):
            faults.append(f"{path.name}: has no 《{title}》" + (f" with ISBN {isbn}" if isbn else ""))
    return len(rows)


def check_sites(path, faults):
    rows = read(path, SITE_COLUMNS, faults)
    if not rows:
        faults.append(f"{path.name}: no rows")
        return 0
    check_count(path.name, rows, SITES_WANTED, faults)
    ids = {}
    for line, row in rows:
        def fault(text):
            faults.append(f"{path.name}:{line}: {row['id'] or '(no id)'}: {text}")

        if not SITE_ID.fullmatch(row["id"]):
            fault("id is not a capital letter and two digits")
        if row["id"] in ids:
            fault(f"id already used on line {ids[row['id']]}")
        ids.setdefault(row["id"], line)
        for name in ("name", "address"):
            if not row[name]:
                fault(f"{name} is empty")
        if row["kind"] not in KINDS:
            fault(f"kind {row['kind']!r} is none of {', '.join(sorted(KINDS))}")
        for name, (low, high) in (("lat", LAT), ("lng", LNG)):
            if not COORDINATE.fullmatch(row[name]):
                fault(f"{name} {row[name]!r} is not a number with five decimals")
            elif not low <= float(row[name]) <= high:
                fault(f"{name} {row[name]} is outside {low} to {high}")
        hours = HOURS.fullmatch(row["opening_hours"])
        if not hours:
            fault(f"opening_hours {row['opening_hours']!r} is neither 24/7 nor like Mo-Su 09:00-21:00")
        elif hours[1] and not "00:00" <= hours[1] < hours[2] <= "24:00":
            fault(f"opening_hours {row['opening_hours']!r} closes before it opens")
        if row["holds_stock"] not in ("0", "1"):
            fault(f"holds_stock {row['holds_stock']!r} is neither 0 nor 1")
        if row["capacity"] and not row["capacity"].isdecimal():
            fault(f"capacity {row['capacity']!r} is not a number")
    first = rows[0][1]
    if (first["id"], first["holds_stock"]) != ("C01", "1"):
        faults.append(f"{path.name}:2: the dispatch centre C01, holding stock, must come first")
    for kind in sorted(KINDS - {r["kind"] for _, r in rows}):
        faults.append(f"{path.name}: has no site of kind {kind}")
    return len(rows)


def main(argv):
    if len(argv) > 2 or argv[1:] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0 if argv[1:] in (["-h"], ["--help"]) else 2
    folder = Path(argv[1]) if len(argv) == 2 else Path(__file__).resolve().parent
    faults = []
    titles = check_titles(folder / "titles.csv", faults)
    sites = check_sites(folder / "sites.csv", faults)
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        print(f"{len(faults)} fault(s)", file=sys.stderr)
        return 1
    print(f"titles.csv: {titles} titles, no fault")
    print(f"sites.csv: {sites} sites, no fault")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
