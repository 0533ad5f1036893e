"""Which actions on the table a function's code can come to, read from the source.

Every access to the table goes through a named function of `shared/table`; there the calls of the table's own few verbs say what
DynamoDB is asked. This follows the names from a function's source to those verbs, and from the commands that it calls on `shared/lending`
through these.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ACCESS = ROOT / "shared" / "table" / "src"
RUNTIME = ROOT / "shared" / "runtime" / "src"
LENDING = ROOT / "shared" / "lending" / "src"

VERBS = {
    r"Write::(?:put_new|put_if|replace)\b": {"PutItem"},
    r"Write::update\b": {"UpdateItem"},
    r"Write::delete\b": {"DeleteItem"},
    r"\btable\s*\.(?:get|warm)\w*\(": {"GetItem"},
    r"\.batch_get\(": {"BatchGetItem"},
    r"\.query\(": {"Query"},
    r"\.query_through\(": {"Query", "BatchGetItem"},
    r"\.batch_write_item\(": {"BatchWriteItem"},
    r"\.scan\(": {"Scan"},
}
INDEX = r"index: Some\((BY_\w+)\)"
# What a function calls of the commands, and what these call of each other: the receiver's name says what it is.
COMMAND = r"\b(lending|rules|places)\s*\.\s*(\w+)\("
INNER = r"\b(self|[Ww]ork|lending|rules|places)\s*(?:\.|::)\s*(\w+)\("


def without_tests(text: str) -> str:
    return re.split(r"^#\[cfg\(test\)\]", text, maxsplit=1, flags=re.MULTILINE)[0]


def functions_of(text: str) -> dict[str, str]:
    """The free functions of a file with their bodies; a body ends at the brace in the first column."""
    found = re.finditer(r"^(?:pub(?:\([a-z]+\))? )?(?:async )?fn (\w+)(.*?)^\}", without_tests(text), re.MULTILINE | re.DOTALL)
    return {match[1]: match[2] for match in found}


@cache
def access() -> dict[tuple[str, str], str]:
    """(module, function) of the table layer → body."""
    files = [*sorted((ACCESS / "access").glob("*.rs")), ACCESS / "audit.rs", ACCESS / "bulk.rs"]
    return {(path.stem, name): body for path in files for name, body in functions_of(path.read_text(encoding="utf-8")).items()}


def named_in(text: str, module: str | None = None) -> set[tuple[str, str]]:
    """The table layer's functions that a text names, as `module::function`, by import, or plainly from within their own module."""
    return {
        (owner, name)
        for owner, name in access()
        if re.search(rf"\b{owner}::(?:\{{[^}}]*\b)?{name}\b", text) or (owner == module and re.search(rf"(?<![.\w:]){name}\(", text))
    }


@cache
def commands() -> dict[tuple[str, str], str]:
    """(type, method) of `shared/lending` → body."""
    text = "".join(without_tests(path.read_text(encoding="utf-8")) for path in sorted(LENDING.glob("*.rs")))
    found = {}
    for block in re.finditer(r"^impl(?:<[^>]*>)? (?:\S+ for )?(\w+).*?^\}", text, re.MULTILINE | re.DOTALL):
        for method in re.finditer(r"^    (?:pub(?:\([a-z]+\))? )?(?:async )?fn (\w+)(.*?)^    \}", block[0], re.MULTILINE | re.DOTALL):
            found[block[1].lower(), method[1]] = method[2]
    return found


def commanded_by(text: str) -> str:
    """The bodies of all methods of `shared/lending` that a function's text comes to."""
    seen: set[tuple[str, str]] = set()
    waiting = set(re.findall(COMMAND, text))
    while waiting:
        one = waiting.pop()
        if one in commands() and one not in seen:
            seen.add(one)
            found = re.findall(INNER, commands()[one])
            waiting |= {(one[0] if receiver == "self" else receiver.lower(), name) for receiver, name in found}
    return "".join(commands()[one] for one in sorted(seen))


def asked_in(text: str) -> set[str]:
    actions = {action for verb, actions in VERBS.items() if re.search(verb, text) for action in actions}
    return actions | set(re.findall(INDEX, text))


@cache
def asked_by(module: str, name: str) -> frozenset[str]:
    """What a function of the table layer asks of DynamoDB, by itself and through others."""
    seen, waiting, asked = set(), [(module, name)], set()
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            body = access()[one]
            asked |= asked_in(body)
            waiting += named_in(body, one[0])
    return frozenset(asked)


def asked_of_table(name: str) -> tuple[set[str], set[str]]:
    """The actions that the function `name` can ask of DynamoDB, and the indexes that it can query."""
    sources = sorted((ROOT / "functions" / name / "src").rglob("*.rs"))
    text = "".join(without_tests(path.read_text(encoding="utf-8")) for path in sources)
    shared = [path for path in sorted(RUNTIME.glob("*.rs")) if path.stem != "lib" and re.search(rf"\b{path.stem}::", text)]
    text += "".join(without_tests(path.read_text(encoding="utf-8")) for path in shared)
    text += commanded_by(text)
    asked = {"GetItem"} if re.search(r"\.warm\(", text) else set()
    for module, function in named_in(text):
        asked |= asked_by(module, function)
    indexes = {word.lower() for word in asked if word.startswith("BY_")}
    return {f"dynamodb:{word}" for word in asked if not word.startswith("BY_")}, indexes
