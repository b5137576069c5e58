"""Labels from the names of files and folders: `{label}_{style}_{take}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..errors import MRetrieveError
from .label_file import RESERVED

_FIELD = re.compile(r"\{(\w+)\}")


def labels_by_pattern(pattern: str, paths: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
    """The labels of the files whose names fit a pattern, by path and column.

    Each `{column}` stands for one or more characters but a slash, as few as fit. The pattern is compared with the end
    of the path without its suffix: a name, or with slashes in the pattern as many folders too.

    Raises:
        MRetrieveError: the pattern has no column, one twice, or one that every clip has; or no file fits.
    """
    columns = _FIELD.findall(pattern)
    if not columns or len({column.casefold() for column in columns}) < len(columns):
        raise MRetrieveError(f"--label-pattern {pattern}: name each column once in braces, such as {{label}}_{{take}}")
    for column in columns:
        if column.casefold() in RESERVED:
            raise MRetrieveError(f"--label-pattern {pattern}: every clip has a column {column!r} of its own; rename it")
    pieces = _FIELD.split(pattern)
    texts = [re.escape(piece) if place % 2 == 0 else "([^/]+?)" for place, piece in enumerate(pieces)]
    fits = re.compile("(?:.*/)?" + "".join(texts))
    found = {}
    example = ""
    for path in sorted(paths):
        folder, slash, name = path.rpartition("/")
        example = folder + slash + (name.rpartition(".")[0] or name)
        if fitting := fits.fullmatch(example):
            found[path] = dict(zip(columns, fitting.groups(), strict=True))
    if not found:
        raise MRetrieveError(f"--label-pattern {pattern}: fits no file; one is {example!r:.80}")
    return found
