"""JSON as the command line prints it and as the service answers."""

from __future__ import annotations

import json
from typing import Any


def as_json(value: dict[str, Any]) -> str:
    """A JSON object with a newline at its end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
