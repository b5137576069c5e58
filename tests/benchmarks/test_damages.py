"""A short run of the program that damages indexes at random."""

from __future__ import annotations

import sys
from pathlib import Path

from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from damages import main


def test_no_damage_is_answered_with_and_all_are_named_and_repaired():
    result = CliRunner().invoke(main, ["--number", "6", "--seed", "3"])
    assert result.exit_code == 0, result.output
    assert "6 damages, 0 of them with a wrong outcome" in result.output
