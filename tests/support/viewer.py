"""The pages that `make web` builds, and what a page that it is part of was given."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest

needs_viewer = pytest.mark.skipif(
    not (files("mretrieve") / "viewer" / "search.html").is_file(),
    reason="NO VIEWER: run make web, which needs Node.js",
)


def playback_in(page: str) -> dict[str, Any]:
    """The data that a page of moving bodies holds."""
    return data_in(page, "playback")


def data_in(page: str, name: str) -> dict[str, Any]:
    """The data of a name that a page holds."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])
