"""A playback as one page for a browser: the viewer and its data in one file, which loads nothing else."""

from __future__ import annotations

from importlib.resources import files

from ..errors import MRetrieveError
from ..json_text import json_element
from .playback import Playback

#: The line of the built page that the data replace.
_PLACE = "<!-- playback -->"


def page(playback: Playback) -> str:
    """The page as HTML. It is safe to open whatever the names of clips are, and asks no server for anything.

    Raises:
        MRetrieveError: the viewer has not been built.
    """
    try:
        viewer = (files("mretrieve") / "viewer" / "report.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MRetrieveError(
            "the viewer of --html is not built in this checkout; build it with `make web`, which needs Node.js"
        ) from None
    before, _, after = viewer.partition(_PLACE)
    return before + json_element("playback", playback.to_dict()) + after
