"""A stand-in for lifting: the picture as a plane in space, so that tests of reading need no weights."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from mretrieve.motion import Clip
from mretrieve.motion.view import View


def lift_flat(view: View) -> Clip:
    """x and y of the view, z of zero; a facing of the body keeps it from being degenerate."""
    depth = np.zeros((*view.observed.shape, 1), np.float32)
    return Clip(np.concatenate([view.points, depth], axis=2), view.observed, view.start_s, notes=("lifted from 2D",))


@pytest.fixture
def flat_lifting(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mretrieve.lifting.lift` is `lift_flat`."""
    room = ModuleType("mretrieve.lifting")
    room.lift = lift_flat  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mretrieve.lifting", room)
