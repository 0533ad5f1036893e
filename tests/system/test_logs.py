"""What the functions wrote while all the other tests ran names nobody."""

from __future__ import annotations

import re

from world import World


def test_no_log_line_holds_a_phone_an_id_number_a_name_or_a_secret(world: World):
    text = world.stack.function_log.read_text(encoding="utf-8", errors="replace")
    assert text, "the functions wrote nothing at all"
    secrets = {"phone": re.compile(r"138000\d{5}"), "ID number": re.compile(r"999999(?:19|20)\d{9}[\dX]"), "street": re.compile("朝阳门外小街"),
               "token": re.compile(r"Bearer \S{20}"), "password": re.compile("Reader-2026-pass")}
    found = {}
    for what, pattern in secrets.items():
        lines = [line for line in text.splitlines() if pattern.search(line)]
        if lines:
            found[what] = (len(lines), lines[0][:400])
    names = {person.name for person in world.people}
    named = [line for line in text.splitlines() if any(name in line for name in names)]
    if named:
        found["name"] = (len(named), named[0][:400])
    assert found == {}
