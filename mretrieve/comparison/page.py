"""A playback as one page for a browser: the viewer and its data in one file, which loads nothing else."""

from __future__ import annotations

import json
from importlib.resources import files

from ..errors import MRetrieveError
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
    data = json.dumps(playback.to_dict(), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    before, _, after = viewer.partition(_PLACE)
    # "<" is escaped: the data can neither end their element nor begin another one.
    escaped = data.replace("<", "\\u003c")
    return f'{before}<script type="application/json" id="playback">{escaped}</script>{after}'
