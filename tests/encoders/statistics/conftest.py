"""Real clips of five performers, read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mretrieve import Clip, canonicalise, read
from mretrieve.evaluation import cross_group


@pytest.fixture(scope="session")
def performers(mocap: Path) -> tuple[list[Clip], NDArray[np.bool_], NDArray[np.bool_]]:
    """The N clips of HDM05; which (N, N) are of the same action, and which of another performer."""
    rows = [line.split(",") for line in (mocap / "hdm05" / "labels.csv").read_text(encoding="utf-8").split()[1:]]
    clips = [canonicalise(read(mocap / "hdm05" / path)[0]) for path, *_ in rows]
    relevant, allowed = cross_group([label for _, label, *_ in rows], [subject for _, _, subject, _ in rows])
    return clips, relevant, allowed
