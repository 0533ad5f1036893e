"""`make bench-search`: what search finds and costs, side by side with the engines that somebody else would take.

    python3 tests/bench/search/run.py [--catalogue FILE] [--engines NAME …] [--million] [--passes N] [--kept]

Everything it makes is in `.local/bench`; the table is printed and written to `target/bench-search.md` and `.json`. Each engine is built
by one process and asked by another one, on one core, one engine at a time; its index is read from the disk when it is opened.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import machine
from machine import HERE, LOCAL, ROOT, Fault, say
from peers import PEERS
from table import BARS, OURS, by_kind, markdown, side_by_side, text, times

BOOKS = ROOT.parent / "shared" / "data" / "books" / "books.csv.gz"
ENGINES = [OURS, *PEERS]
NOTES = """
Same titles, same queries, same four fields and weights, one core, twenty lines and the number of all hits for each query. The peers
get texts and queries that are folded (and, where they cannot cut Chinese themselves, cut) beforehand by our own program, which is not
in their times; ours folds, cuts, counts facets by class, year and the like, and groups editions within its time. None of the peers
knows pinyin: a column of it would have to be added by hand. The time of a query is the median of {passes} passes after one that is not
timed. “First answer” begins with opening the index (starting the server, for one that is a server), its files not in memory, and
ends with the first answer; “memory” is what that process and its server hold after all queries, mapped files included, less what
the process held before opening. Xapian reads its files instead of mapping them, so that their pages are not in its figure.
"""


def prepare(program: Path, catalogue: Path, name: str, for_peers: bool) -> Path:
    """The queries and the peers' records of a catalogue; made anew when the catalogue or what makes them has changed."""
    import known_items
    import prepared

    folder = LOCAL / name
    folder.mkdir(parents=True, exist_ok=True)
    makers = [HERE / "catalogue.py", HERE / "known_items.py", HERE / "prepared.py", HERE / "requirements.txt"]
    makers += sorted((ROOT / "shared" / "catalogue" / "src").rglob("fold*")) + sorted((ROOT / "shared" / "catalogue" / "src" / "fold").glob("*"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in makers if path.is_file()))
    status = catalogue.stat()
    digest.update(f"{catalogue.resolve()} {status.st_size} {status.st_mtime_ns}".encode())
    queries, records = folder / "queries.tsv", folder / "records.jsonl"
    if not made(queries, digest.hexdigest()):
        say("making the known-item list …")
        # In a process of its own, which gives its memory back.
        subprocess.run([sys.executable, HERE / "known_items.py", catalogue, queries], check=True)
        mark(queries, digest.hexdigest())
    if for_peers and not made(records, digest.hexdigest()):
        say("folding the records for the peers …")
        prepared.write_questions(program, known_items.read(queries), folder / "questions.jsonl")
        prepared.write_records(program, catalogue, records)
        mark(records, digest.hexdigest())
    return folder


def made(path: Path, digest: str) -> bool:
    stamp = path.with_suffix(".stamp")
    return path.exists() and stamp.exists() and stamp.read_text() == digest


def mark(path: Path, digest: str) -> None:
    path.with_suffix(".stamp").write_text(digest)


def ours(program: Path, catalogue: Path, folder: Path, passes: int, misses: Path) -> dict:
    index = emptied(folder / OURS)
    built = json.loads(machine.on_one_core([program, "build", catalogue, index]))
    machine.forget(index)
    options = ["--passes", str(passes), "--misses", misses]
    return {"build": built, "query": json.loads(machine.on_one_core([program, "query", index, folder / "queries.tsv", *options]))}


def theirs(name: str, folder: Path, passes: int) -> dict:
    measure = [sys.executable, HERE / "measure.py", name]
    needs = json.loads(machine.on_one_core([*measure, "trouble"]))
    if needs["trouble"] and needs["packages"]:
        machine.install_packages(tuple(needs["packages"]))
        needs = json.loads(machine.on_one_core([*measure, "trouble"]))
    if needs["trouble"]:
        return {"trouble": needs["trouble"]}
    index = emptied(folder / name)
    built = json.loads(machine.on_one_core([*measure, "build", folder / "records.jsonl", index]))
    machine.forget(index)
    asked = machine.on_one_core([*measure, "query", index, folder / "questions.jsonl", "--passes", str(passes)])
    return {"build": built, "query": json.loads(asked)}


def emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def measured(name: str, program: Path, catalogue: Path, folder: Path, passes: int) -> dict:
    say(f"measuring {name} …")
    try:
        if name == OURS:
            return ours(program, catalogue, folder, passes, ROOT / "target" / "bench-search-misses.txt")
        return theirs(name, folder, passes)
    except Fault as fault:
        return {"trouble": str(fault)}
    except json.JSONDecodeError as error:
        return {"trouble": f"its figures cannot be read: {error}"}


def report(engines: dict[str, dict], catalogue: Path, passes: int) -> str:
    titles = next((engine["build"]["titles"] for engine in engines.values() if "build" in engine), 0)
    queries = next((engine["query"]["queries"] for engine in engines.values() if "query" in engine), 0)
    built = {name: engine["build"] for name, engine in engines.items() if engine.get("build", {}).get("version")}
    versions = [f"- {name}: {build['version']}, {build['note']}" for name, build in built.items()]
    parts = [
        f"# Search, side by side: {titles:,} titles, {queries:,} queries",
        f"{datetime.date.today().isoformat()}, {catalogue.name}, {processor()}, profile `bench-local` (the search engine and ours at opt-level 3, thin LTO).",
        NOTES.format(passes=passes).strip(),
        markdown(side_by_side(engines)),
        "Found first / in the first five, by kind of query:",
        markdown(by_kind(engines)),
        "Time of half and of 99 % of the queries, in ms, by kind:",
        markdown(by_kind(engines, times)),
        "\n".join(versions),
    ]
    if "query" in engines.get(OURS, {}):
        parts += ["Ours against its bars:", "\n".join(f"- {bar.line(engines[OURS])[0]}" for bar in BARS)]
    return "\n\n".join(part for part in parts if part) + "\n"


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> int:
    parser = argparse.ArgumentParser(description="What search finds and costs, side by side with other engines.")
    parser.add_argument("--catalogue", type=Path, help="CSV, may be gzipped")
    parser.add_argument("--engines", nargs="*", choices=ENGINES, help="all when none is named; with --million ours only")
    parser.add_argument("--million", action="store_true", help="a million titles recombined from the catalogue")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--kept", action="store_true", help="keep the indexes in .local/bench")
    wanted = parser.parse_args()
    machine.tools.check_machine()
    if not shutil.which("taskset"):
        raise Fault("taskset is missing: apt-get install util-linux")
    catalogue: Path = (wanted.catalogue or BOOKS).resolve()
    if not catalogue.is_file():
        raise Fault(f"{wanted.catalogue or 'the usual catalogue'} is not here: name one with --catalogue (make bench-search CATALOGUE=titles.csv)")
    machine.enter_environment()
    names = wanted.engines or ([OURS] if wanted.million else ENGINES)
    if "minisearch" in names:
        machine.install_node_modules()
    program = machine.build_program()

    label = "books"
    if wanted.million:
        import recombine

        catalogue, label = recombine.ensure(catalogue, LOCAL / "million.csv"), "million"
    folder = prepare(program, catalogue, label, for_peers=names != [OURS])
    engines = {}
    for name in names:
        engines[name] = measured(name, program, catalogue, folder, wanted.passes)
        if not wanted.kept:
            emptied(folder / name)

    target = ROOT / "target" / ("bench-search-million" if wanted.million else "bench-search")
    target.parent.mkdir(exist_ok=True)
    target.with_suffix(".json").write_text(json.dumps(engines, ensure_ascii=False, indent=1) + "\n")
    target.with_suffix(".md").write_text(report(engines, catalogue, wanted.passes))
    print(text(side_by_side(engines)), text(by_kind(engines)), sep="\n\n")
    lines = [bar.line(engines[OURS]) for bar in BARS] if "query" in engines.get(OURS, {}) else []
    print("\n" + "\n".join(line for line, _ in lines))
    print(f"\n{sum(good for _, good in lines)} of {len(lines)} bars; {target.relative_to(ROOT)}.md has it all")
    return 0 if all(good for _, good in lines) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Fault as fault:
        print(f"error: {fault}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
