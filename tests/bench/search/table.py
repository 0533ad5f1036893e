"""The figures side by side, and ours against the bars that the project holds itself to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from known_items import GROUPS

OURS = "yujie"


@dataclass(frozen=True)
class Bar:
    name: str
    good: Callable[[float], bool]
    figure: Callable[[dict], float | None]
    limit: str

    def line(self, engine: dict) -> tuple[str, bool]:
        value = self.figure(engine)
        if value is None:
            return f"– {self.name}: not measured", True
        good = self.good(value)
        return f"{'✓' if good else '✗'} {self.name}: {value:.4g} ({self.limit})", good


def success(group: str, places: int) -> Callable[[dict], float | None]:
    return lambda engine: grouped(engine, GROUPS[group])[f"success@{places}"] if grouped(engine, GROUPS[group])["asked"] else None


def of_kind(kind: str, places: int) -> Callable[[dict], float | None]:
    return lambda engine: engine["query"]["kinds"].get(kind, {}).get(f"success@{places}")


def at_least(least: float) -> dict:
    return {"good": lambda value: value >= least, "limit": f"≥ {least:g}"}


def at_most(most: float) -> dict:
    return {"good": lambda value: value <= most, "limit": f"≤ {most:g}"}


BARS = [
    *(Bar(f"{kind}, found first", figure=of_kind(kind, 1), **at_least(0.95)) for kind in GROUPS["exact text"]),
    *(Bar(f"{kind}, in the first five", figure=of_kind(kind, 5), **at_least(0.99)) for kind in GROUPS["exact text"]),
    *(Bar(f"{group}, in the first five", figure=success(group, 5), **at_least(0.9)) for group in GROUPS if group != "exact text"),
    Bar("p50 ms", figure=lambda engine: engine["query"]["p50_ms"], **at_most(0.5)),
    Bar("p99 ms", figure=lambda engine: engine["query"]["p99_ms"], **at_most(5)),
    Bar("open to first answer ms", figure=lambda engine: engine["query"]["first_answer_ms"], **at_most(50)),
    Bar("index MB per million titles", figure=lambda engine: engine["build"]["bytes"] / engine["build"]["titles"], **at_most(100)),
    Bar("titles built per second", figure=lambda engine: engine["build"]["titles_per_second"], **at_least(30_000)),
]

COLUMNS: list[tuple[str, Callable[[dict], str]]] = [
    ("exact text, first", lambda engine: share(grouped(engine, GROUPS["exact text"]), 1)),
    ("first five", lambda engine: share(grouped(engine, GROUPS["exact text"]), 5)),
    ("nothing", lambda engine: str(grouped(engine, GROUPS["exact text"])["empty"])),
    ("pinyin, five", lambda engine: share(grouped(engine, GROUPS["pinyin"]), 5)),
    ("initials, five", lambda engine: share(grouped(engine, GROUPS["initials"]), 5)),
    ("one error, five", lambda engine: share(grouped(engine, GROUPS["one error"]), 5)),
    ("all, first", lambda engine: share(engine["query"]["all"], 1)),
    ("all, five", lambda engine: share(engine["query"]["all"], 5)),
    ("p50 ms", lambda engine: f"{engine['query']['p50_ms']:.2f}"),
    ("p95 ms", lambda engine: f"{engine['query']['p95_ms']:.2f}"),
    ("p99 ms", lambda engine: f"{engine['query']['p99_ms']:.2f}"),
    ("first answer ms", lambda engine: f"{engine['query']['first_answer_ms']:.0f}"),
    ("memory MB", lambda engine: megabytes(engine["query"]["memory_bytes"])),
    ("index MB", lambda engine: megabytes(engine["build"]["bytes"])),
    ("build s", lambda engine: f"{engine['build']['seconds']:.1f}"),
    ("titles/s", lambda engine: f"{engine['build']['titles_per_second']:,.0f}"),
    ("build memory MB", lambda engine: megabytes(engine["build"]["peak_bytes"])),
]


def grouped(engine: dict, kinds: tuple[str, ...]) -> dict:
    rows = [engine["query"]["kinds"][kind] for kind in kinds if kind in engine["query"]["kinds"]]
    asked = sum(row["asked"] for row in rows)
    shares = {
        name: sum(row[name] * row["asked"] for row in rows) / max(1, asked) for name in ("success@1", "success@5")
    }
    return {"asked": asked, "empty": sum(row["empty"] for row in rows), **shares}


def share(row: dict, places: int) -> str:
    return f"{100 * row[f'success@{places}']:.1f} %" if row["asked"] else "–"


def megabytes(count: float) -> str:
    return f"{count / 1e6:.0f}"


def side_by_side(engines: dict[str, dict]) -> list[list[str]]:
    rows = [["engine", *(name for name, _ in COLUMNS)]]
    for name, engine in engines.items():
        if "trouble" in engine:
            rows.append([name, f"not measured: {engine['trouble']}", *[""] * (len(COLUMNS) - 1)])
        else:
            rows.append([name, *(show(engine) for _, show in COLUMNS)])
    return rows


def shares(row: dict) -> str:
    return f"{share(row, 1)} / {share(row, 5)}"


def times(row: dict) -> str:
    return f"{row['p50_ms']:.2f} / {row['p99_ms']:.2f}"


def by_kind(engines: dict[str, dict], show: Callable[[dict], str] = shares) -> list[list[str]]:
    measured = {name: engine for name, engine in engines.items() if "query" in engine}
    kinds = list(dict.fromkeys(kind for group in GROUPS.values() for kind in group))
    rows = [["kind", "queries", *measured]]
    for kind in kinds:
        counted = [engine["query"]["kinds"].get(kind) for engine in measured.values()]
        if any(counted):
            asked = next(row["asked"] for row in counted if row)
            rows.append([kind, str(asked), *(show(row) if row else "–" for row in counted)])
    return rows


def markdown(rows: list[list[str]]) -> str:
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *body))


def text(rows: list[list[str]]) -> str:
    """For a terminal; a row that explains itself in one long cell does not widen its column."""
    short = [row for row in rows if not any(cell.startswith("not measured") for cell in row)]
    widths = [max(len(row[column]) for row in short) for column in range(len(rows[0]))]
    lines = []
    for name, *cells in rows:
        padded = [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)
