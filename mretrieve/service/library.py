"""What the index holds: its description, its clips, the canonical skeleton."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import Response

from ..indexer import describe_clips, find_clips
from ..motion import CANONICAL_FPS, JOINTS, PARENTS, PARTS
from .handling import Call, json_answer
from .motion_bytes import FRAME_BYTES


def describe(call: Call) -> Response:
    """The contents of the index, as `mretrieve info --format json` prints them."""
    return json_answer(asdict(call.version.description))


def list_clips(call: Call, where: str | None, offset: int, limit: int) -> Response:
    """A page of the clips that meet a condition, each as `mretrieve list --format json` prints it."""
    snapshot = call.version.index.snapshot
    rows = find_clips(snapshot, where)
    clips = describe_clips(snapshot, rows[offset : offset + limit])
    return json_answer(
        {
            "schema": "mretrieve.list/1",
            "index": str(snapshot.index),
            "version": snapshot.version,
            "total": len(rows),
            "offset": offset,
            "clips": list(map(asdict, clips)),
        }
    )


def where_help(call: Call) -> Response:
    """The columns and operators of conditions, as `--where help` prints them."""
    return Response(call.version.index.where_help() + "\n", media_type="text/plain")


def skeleton() -> Response:
    """The skeleton of all motion for playback."""
    return json_answer(
        {
            "schema": "mretrieve.skeleton/1",
            "joints": list(JOINTS),
            "parents": list(PARENTS),
            "parts": {part: list(joints) for part, joints in PARTS.items()},
            "fps": CANONICAL_FPS,
            "frame_bytes": FRAME_BYTES,
        }
    )
