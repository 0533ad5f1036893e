"""The crates against our own rules: no test stands where none is run."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CRATES = sorted(path.parent.relative_to(ROOT) for group in ("functions", "shared") for path in (ROOT / group).glob("*/Cargo.toml"))


@pytest.mark.parametrize("crate", CRATES, ids=str)
def test_a_crate_whose_test_program_is_not_built_holds_no_tests(crate: Path):
    manifest = tomllib.loads((ROOT / crate / "Cargo.toml").read_text(encoding="utf-8"))
    if manifest.get("lib", {}).get("test", True):
        return
    assert [str(file) for file in (ROOT / crate).rglob("*.rs") if "#[test]" in file.read_text(encoding="utf-8")] == []
