"""A short run of the fuzzing of texts, and the inputs by which faults were found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from fuzz_texts import attempt_text

FOUND = (127, 1411, 4009, 5185, 6469, 7136, 9439, 12709, 12849, 13867, 14875, 14882, 15799, 17737, 17977, 19615)


@pytest.mark.parametrize("seed", [*range(60), *FOUND])
def test_a_text_is_read_or_refused_in_one_line(tmp_path: Path, seed: int):
    assert attempt_text(tmp_path, seed).endswith((": read", ": refused"))
