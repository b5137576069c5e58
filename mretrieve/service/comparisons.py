"""Two motions next to each other, and moments as files: explain, compare, align, export."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

from fastapi import Response

from ..export import export_moment
from ..index import align_clips, compare_takes, explain_moment
from ..motion import CANONICAL_FPS
from .handling import Call, json_answer
from .limits import TooLargeError
from .models import AlignRequest, ExplainRequest, ExportRequest, PairRequest

#: Most frames of an exported file; its text is in memory.
_MOST_FRAMES = 100_000


def explain(asked: ExplainRequest, call: Call) -> Response:
    """Why a moment matches a query, as `mretrieve explain --format json` prints it."""
    reading = asked.reading(call.files)
    explanation = explain_moment(
        call.clips,
        call.clips.resolve(asked.query, reading, start_s=asked.start_s, end_s=asked.end_s),
        asked.moment,
        parts=asked.parts,
        mirror=asked.mirror,
        encoders=call.encoders(asked.encoder, shipped=True),
        reading=reading,
    )
    return json_answer(explanation.to_dict())


def compare(asked: PairRequest, call: Call) -> Response:
    """Two takes of one motion, as `mretrieve compare --format json` prints them."""
    comparison = compare_takes(call.clips, asked.a, asked.b, parts=asked.parts, reading=asked.reading(call.files))
    return json_answer(comparison.to_dict())


def align(asked: AlignRequest, call: Call) -> Response:
    """Which frames correspond, as `mretrieve align` prints it."""
    reading = asked.reading(call.files)
    found = align_clips(call.clips, asked.a, asked.b, parts=asked.parts, find=asked.find, reading=reading)
    if asked.format == "csv":
        return Response(found.to_csv(), media_type="text/csv")
    return json_answer(found.to_dict())


def export(asked: ExportRequest, call: Call) -> Response:
    """A moment as BVH on its own rig, as `mretrieve export --to -` writes it."""
    options = asked.options(call.files)
    moment = call.clips.resolve(asked.moment, options.reading)
    frames = moment.part.duration_s * (options.fps or moment.fps or CANONICAL_FPS)
    if frames > _MOST_FRAMES:
        raise TooLargeError(f"{frames:.0f} frames are more than the {_MOST_FRAMES} that are exported; lower fps")
    exported = export_moment(asked.moment, options, call.clips)
    content = "".join(exported.text()).encode("utf-8", "replace")
    name = f"{PurePosixPath(moment.name.partition('#')[0]).stem}_{exported.first}-{exported.last - 1}.bvh"
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, headers={"Content-Disposition": disposition}, media_type="application/octet-stream")
