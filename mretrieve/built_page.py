"""The pages that `make web` builds into mretrieve/viewer, each one file."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from .errors import MRetrieveError
from .json_text import json_element


def built_page(name: str) -> str | None:
    """A page as HTML, by its name without `.html`; None if it has not been built."""
    try:
        return (files("mretrieve") / "viewer" / f"{name}.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def page_with_data(name: str, data_name: str, data: dict[str, Any]) -> str:
    """A page with its data inside, in the place of the line `<!-- data_name -->`. It loads nothing else.

    It is safe to open whatever texts the data hold.

    Raises:
        MRetrieveError: the page has not been built.
    """
    page = built_page(name)
    if page is None:
        raise MRetrieveError(
            "the viewer of --html is not built in this checkout; build it with `make web`, which needs Node.js"
        )
    before, _, after = page.partition(f"<!-- {data_name} -->")
    return before + json_element(data_name, data) + after
