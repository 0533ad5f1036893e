"""Right answers counted, times sorted: the same figures as `search_bench` prints for ours."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from prepared import Question


def place(ids: Sequence[str], right: Collection[str]) -> int | None:
    """Where the first right title stands, from 0."""
    return next((at for at, id in enumerate(ids) if id in right), None)


def report(questions: list[Question], places: list[int | None], empty: list[bool], seconds: list[float]) -> dict:
    judged = [row for row in zip(questions, places, empty, seconds, strict=True) if row[0].right]
    kinds = {kind: [row for row in judged if row[0].kind == kind] for kind in sorted({row[0].kind for row in judged})}
    return {"all": counted(judged), "kinds": {kind: counted(rows) for kind, rows in kinds.items()}}


def counted(rows: list[tuple[Question, int | None, bool, float]]) -> dict:
    asked = max(1, len(rows))
    times = percentiles([seconds for *_, seconds in rows]) if rows else {}
    return {
        "asked": len(rows),
        "success@1": sum(at == 0 for _, at, *_ in rows) / asked,
        "success@5": sum(at is not None and at < 5 for _, at, *_ in rows) / asked,
        "empty": sum(nothing for _, _, nothing, _ in rows),
        "p50_ms": times.get("p50_ms"),
        "p99_ms": times.get("p99_ms"),
    }


def percentiles(seconds: list[float]) -> dict:
    ordered = sorted(seconds)
    at = {percent: ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] * 1e3 for percent in (50, 95, 99)}
    return {f"p{percent}_ms": value for percent, value in at.items()} | {"max_ms": ordered[-1] * 1e3}
