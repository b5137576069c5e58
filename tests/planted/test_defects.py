"""The table of planted defects fits the code, and a few of them are planted."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from planted.defects import REPOSITORY, Defect, OutdatedDefectError, all_defects, with_defect
from planted.run import copy_tree, try_defect

DEFECTS = all_defects()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_has_its_place_and_leaves_a_program(defect: Defect) -> None:
    text = (REPOSITORY / defect.file).read_text(encoding="utf-8")
    planted = ast.parse(with_defect(defect, text))
    assert ast.dump(planted) != ast.dump(ast.parse(text))
    assert defect.effect
    assert defect.tests
    assert all((REPOSITORY / test.partition("::")[0]).is_file() for test in defect.tests)


def test_there_are_defects_in_every_room() -> None:
    rooms = Counter(defect.name.partition("/")[0] for defect in DEFECTS)
    assert rooms.keys() == {"export", "formats", "indexer", "search", "storage", "training"}
    assert rooms.total() >= 60


def test_a_line_that_has_changed_is_an_error() -> None:
    with pytest.raises(OutdatedDefectError, match="0 times"):
        with_defect(DEFECTS[0], "")


def test_a_planted_defect_is_caught_and_tests_of_something_else_miss_it(tmp_path: Path) -> None:
    """One whose tests are fast; `run.py` plants all."""
    copy_tree(tmp_path)
    by_name = {defect.name: defect for defect in DEFECTS}
    defect = by_name["search/unknown-is-false"]
    outcome = try_defect(tmp_path, defect, limit_s=300)
    assert outcome.verdict.partition("::")[0] in defect.tests, outcome.output
    assert (tmp_path / defect.file).read_bytes() == (REPOSITORY / defect.file).read_bytes()
    other = replace(defect, tests=("tests/motion/test_frames.py",))
    assert try_defect(tmp_path, other, limit_s=300).verdict == "MISSED"
