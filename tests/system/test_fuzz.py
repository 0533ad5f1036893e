"""The API's own description, turned against it: whatever fits it, and whatever does not, gets an answer that it describes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from tools import LOCAL, ensure
from world import World

# Cases for each route, of what fits its description and of what does not.
CASES = 12
CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"
# The same requests on every machine, unless others are asked for: what comes to light is then seen where it can be looked at.
SEED = os.environ.get("YUJIE_SEED", "20261201")


def everyone(world: World) -> str:
    return world.reader().token


def administrator(world: World) -> str:
    entry = next(entry for entry in world.library.logins if entry["role"] == "administrator")
    return world.library.sign_in(entry).token


@pytest.mark.parametrize(("token", "routes"), [
    # Staff first: passwords that are guessed from one place close it for sign-ins.
    (administrator, ["--include-path-regex", "^/staff/"]),
    (everyone, ["--exclude-path-regex", "^/(staff|webhooks)/"]),
], ids=["staff", "reader"])
def test_no_request_gets_an_answer_that_is_not_described(world: World, tmp_path: Path, token, routes: list[str]):
    ensure("fuzz")
    command = [
        str(LOCAL / "fuzz" / "bin" / "schemathesis"), "run", str(ROOT / "infra" / "openapi.json"), "--url", world.stack.api_url,
        "--header", f"Authorization: Bearer {token(world)}", "--checks", CHECKS, "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(CASES), "--seed", str(int(SEED) % 2**32), "--workers", "2", "--suppress-health-check", "all", "--warnings", "off", "--no-color", *routes,
    ]
    done = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=900)
    print(done.stdout[-6000:])
    assert done.returncode == 0, done.stdout[-6000:]
