"""Measures one peer in one process: `build` writes its index, `query` opens it and asks every question. Prints one JSON object.

    python measure.py ENGINE trouble
    python measure.py ENGINE build RECORDS.jsonl FOLDER
    python measure.py ENGINE query FOLDER QUESTIONS.jsonl [--passes N] [--first N]

The figures are those of `search_bench`, taken the same way: a first pass that is not timed, then several, of which each query's median counts.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from pathlib import Path

import score
from peers import PEERS, peer
from peers.base import Answer, Peer
from prepared import Question, read_questions, read_records

SHOWN = 20


def of_this_process(figure: str) -> int:
    return int(re.search(rf"{figure}:\s*(\d+)", Path("/proc/self/status").read_text())[1]) * 1024


def build(engine: Peer, records: Path, folder: Path) -> dict:
    folder.mkdir(parents=True)
    count = 0

    def counted():
        nonlocal count
        for record in read_records(records):
            count += 1
            yield record

    began = time.perf_counter()
    try:
        engine.build(counted(), folder)
        seconds = time.perf_counter() - began
        memory = of_this_process("VmHWM") + engine.build_memory()
    finally:
        engine.close()
    return {
        "titles": count,
        "seconds": seconds,
        "titles_per_second": count / seconds,
        "bytes": engine.size(folder),
        "peak_bytes": memory,
        "version": engine.version(),
        "note": engine.note,
    }


def query(engine: Peer, folder: Path, questions: list[Question], passes: int) -> dict:
    before = of_this_process("VmRSS")
    began = time.perf_counter()
    engine.open(folder)
    try:
        opened = time.perf_counter() - began
        engine.query(questions[0], SHOWN)
        first_answer = time.perf_counter() - began
        answers = [engine.query(question, SHOWN) for question in questions]
        taken: list[list[float]] = [[] for _ in questions]
        for _ in range(passes):
            for question, times in zip(questions, taken, strict=True):
                times.append(timed(engine, question))
        memory = of_this_process("VmRSS") - before + engine.memory()
    finally:
        engine.close()
    times = [statistics.median(one) for one in taken]
    places = [score.place(answer.ids, question.right) for question, answer in zip(questions, answers, strict=True)]
    return score.report(questions, places, [not answer.total for answer in answers], times) | {
        "queries": len(questions),
        **score.percentiles(times),
        "open_ms": opened * 1e3,
        "first_answer_ms": first_answer * 1e3,
        "memory_bytes": memory,
    }


def timed(engine: Peer, question: Question) -> float:
    began = time.perf_counter()
    answer: Answer = engine.query(question, SHOWN)
    seconds = time.perf_counter() - began
    return seconds if answer.seconds is None else answer.seconds


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures one engine.")
    parser.add_argument("engine", choices=PEERS)
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("trouble")
    building = what.add_parser("build")
    building.add_argument("records", type=Path)
    building.add_argument("folder", type=Path)
    asking = what.add_parser("query")
    asking.add_argument("folder", type=Path)
    asking.add_argument("questions", type=Path)
    asking.add_argument("--passes", type=int, default=3)
    wanted = parser.parse_args()
    engine = peer(wanted.engine)
    if wanted.what == "trouble":
        figures = {"trouble": engine.trouble(), "packages": engine.packages}
    elif wanted.what == "build":
        figures = build(engine, wanted.records, wanted.folder)
    else:
        figures = query(engine, wanted.folder, read_questions(wanted.questions), wanted.passes)
    print(json.dumps(figures, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
