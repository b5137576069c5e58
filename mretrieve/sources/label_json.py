"""Labels as JSON: a list of objects, and the files of BABEL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import MRetrieveError


def json_rows(file: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a list of objects, or of the JSON of BABEL, as texts: the header as row 0, the others from 1.

    Raises:
        MRetrieveError: it is neither of the two.
    """
    try:
        content = json.loads(text)
        rows = _babel_rows(content) if isinstance(content, dict) else content
        names = list(dict.fromkeys(name for row in rows for name in row))
        table = [[str(row[name]) if row.get(name) is not None else "" for name in names] for row in rows]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise MRetrieveError(
            f'{file}: not labels as JSON; write a list of objects such as [{{"path": "walk.bvh", "label": "walk"}}]'
        ) from None
    return enumerate([names, *table])


def _babel_rows(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The labels of BABEL (Punnakkal et al. 2021): a span for each action category of each segment.

    What is only labelled as a whole is a span of the whole take. `feat_p` begins with the name of the data set twice.
    """
    rows = []
    for take in content.values():
        segments = take["frame_ann"] or take["seq_ann"]
        for segment in segments["labels"]:
            names = segment.get("act_cat") or [segment.get("proc_label") or segment["raw_label"]]
            times = {"start_s": segment.get("start_t", 0.0), "end_s": segment.get("end_t", take["dur"])}
            path = take["feat_p"].partition("/")[2] or take["feat_p"]
            rows += [{"path": path, "label": name, **times} for name in names if name]
    return rows
