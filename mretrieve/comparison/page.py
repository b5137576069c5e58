"""A playback as one page for a browser: the viewer and its data in one file, which loads nothing else."""

from __future__ import annotations

from ..built_page import page_with_data
from .playback import Playback


def page(playback: Playback) -> str:
    """The page as HTML. It is safe to open whatever the names of clips are, and asks no server for anything.

    Raises:
        MRetrieveError: the viewer has not been built.
    """
    return page_with_data("report", "playback", playback.to_dict())
