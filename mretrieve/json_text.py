"""JSON as the command line prints it, as the service answers, and as pages hold it."""

from __future__ import annotations

import json
from typing import Any


def as_json(value: dict[str, Any]) -> str:
    """A JSON object with a newline at its end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def as_compact_json(value: dict[str, Any]) -> str:
    """A JSON object without white space, for programs. ValueError: a number is not finite."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def json_element(name: str, value: dict[str, Any]) -> str:
    """An element of an HTML page, with the id `name`, that holds a JSON object. ValueError: a number is not finite."""
    # "<" is escaped: the data can neither end their element nor begin another one.
    content = as_compact_json(value).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{content}</script>'
