"""Two motions next to each other: explain, compare, align."""

from __future__ import annotations

from fastapi import Response

from ..comparison.by_name import align_clips, compare_takes, explain_moment
from .handling import Call, json_answer
from .models import AlignRequest, ExplainRequest, PairRequest


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
