"""Files in JSON, read whole and with care: JSON can hold numbers, depths and sizes that no motion has."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import FormatError
from .reader import MotionFile

#: Parsed, a file takes about ten times its size in memory.
LARGEST_JSON = 1 << 30


def load_json(file: MotionFile) -> Any:
    """The document in a file.

    Raises:
        FormatError: the file cannot be read, is too large or is not JSON.
    """
    if file.size_bytes > LARGEST_JSON:
        raise FormatError(f"{file.path}: {file.size_bytes >> 20} MiB of JSON are too much; cut the recording")
    try:
        return json.loads(file.read_bytes())
    except json.JSONDecodeError as error:
        raise FormatError(f"{file.path}:{error.lineno}: broken JSON ({error.msg}); export the file again") from None
    except RecursionError:
        raise FormatError(f"{file.path}: JSON in JSON without an end; export the file again") from None
    except ValueError as error:  # not text, or an integer of thousands of digits
        raise FormatError(f"{file.path}: not readable as JSON ({error}); export the file again") from None


def has_key(head: bytes, *names: str) -> bool:
    """Whether the beginning of a JSON file has a key of one of these names."""
    return re.search(rb'"(?:%s)"\s*:' % b"|".join(name.encode() for name in names), head) is not None


def starts_json(head: bytes) -> bool:
    """Whether a file may be JSON with an object or a list in it."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def number(document: Any, *names: str) -> float | None:
    """The first finite number above 0 that an object has under one of these names."""
    if isinstance(document, dict):
        for name in names:
            value = document.get(name)
            if isinstance(value, int | float) and 0 < value < 1e9:
                return float(value)
    return None
