"""Queries: what is searched for, and the answer."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from fastapi import Response
from numpy.typing import NDArray

from ..errors import QueryError
from ..json_text import as_compact_json
from ..motion import JOINT_COUNT, Clip
from ..motion.joint_sets import JOINT_SETS
from ..motion.keypoints import Keypoints
from ..search.answer import Answer
from ..search.options import QueryOptions
from ..sources.reading import clip_from_joints
from .handling import Call, json_answer
from .models import MotionRequest, QueryInput
from .motion_bytes import playback


def answer_query(asked: QueryInput, call: Call) -> Response:
    """The moments that move most like the query, as `mretrieve query --format json` prints them.

    Raises:
        MRetrieveError: as `Index.search`; or the request holds no query, or two.
    """
    answer, _, _ = _answered(asked, call)
    return json_answer(answer.to_dict())


def play_answer(asked: QueryInput, call: Call) -> Response:
    """The answer to a query, and what a viewer plays of it. Errors are those of `answer_query`."""
    answer, query, options = _answered(asked, call)
    playback = call.version.index.playback(answer, query, options=options, resolver=call.clips)
    text = as_compact_json({"answer": answer.to_dict(), "playback": playback.to_dict()})
    return Response(text.encode("utf-8", "replace"), media_type="application/json")


def _answered(asked: QueryInput, call: Call) -> tuple[Answer, str | Clip | Keypoints, QueryOptions]:
    """The answer to a request, and what was searched for with which options."""
    query, options = searched(asked, call)
    (answer,) = call.version.index.search_many([query], options=options, resolver=call.clips)
    call.notes["took_ms"] = {step: round(milliseconds, 3) for step, milliseconds in asdict(answer.took_ms).items()}
    return answer, query, options


def searched(asked: QueryInput, call: Call) -> tuple[str | Clip | Keypoints, QueryOptions]:
    """What a request searches for, and with which options. QueryError: as `answer_query`."""
    options = asked.options(call.files)
    options = replace(options, encoder=call.encoders(options.encoder))
    return _searched(asked, options, call), options


def play_query(asked: MotionRequest, call: Call) -> Response:
    """The motion of a file of the request, or of a clip, for playback."""
    reading = replace(asked.reading(call.files), pose_model=call.files.path("pose_model", asked.pose_model))
    return playback(call.clips.resolve(_name(asked.query, call), reading).part)


def play_clip(name: str, call: Call, wanted: str | None, known: str | None, if_range: str | None) -> Response:
    """The motion of an indexed clip for playback; see `playback`."""
    return playback(call.clips.resolve(name).part, wanted, known, if_range)


def _searched(asked: QueryInput, options: QueryOptions, call: Call) -> str | Clip | Keypoints:
    """What a request searches for. QueryError: nothing, two things, or arrays of the wrong shape."""
    given = [name for name in ("query", "positions", "keypoints") if getattr(asked, name) is not None]
    if len(given) > 1:
        raise QueryError(f"the request holds {' and '.join(given)}; send one of them")
    if asked.positions is not None:
        return _clip(asked, options)
    if asked.keypoints is not None:
        return _keypoints(asked, options)
    return _name(asked.query, call)


def _name(query: str | None, call: Call) -> str:
    """The name of a query; that of the first file if none is given."""
    if query is not None:
        return query
    if not call.files.names:
        raise QueryError("the request holds no query; send the name of a clip in `query`, or a file")
    return call.files.names[0]


def _clip(asked: QueryInput, options: QueryOptions) -> Clip:
    positions = _array("positions", asked.positions)
    if asked.canonical:
        if positions.shape[1:] != (JOINT_COUNT, 3) or asked.joints is not None:
            raise QueryError(f"canonical positions are those of {JOINT_COUNT} joints in the order of /api/v1/skeleton")
        with np.errstate(over="ignore"):  # beyond single precision is infinite, and refused as a query
            return Clip(positions.astype(np.float32), np.ones(positions.shape[:2], bool))
    if options.fps is None:
        raise QueryError("positions need their rate; give it as fps")
    try:
        return clip_from_joints(positions, options.fps, asked.joints)
    except TypeError as error:
        raise QueryError(str(error)) from None


def _keypoints(asked: QueryInput, options: QueryOptions) -> Keypoints:
    if asked.joint_set not in JOINT_SETS:
        raise QueryError(f"joint_set {asked.joint_set!r:.80}: give one of {', '.join(JOINT_SETS)}")
    samples = _array("keypoints", asked.keypoints)
    joints = len(JOINT_SETS[asked.joint_set].joints)
    if samples.shape[1] != joints:
        raise QueryError(f"keypoints have {samples.shape[1]} joints, {asked.joint_set} has {joints}")
    seen = np.asarray(np.isfinite(samples[..., :2]).all(axis=2))
    confidence = np.where(seen, samples[..., 2] if samples.shape[2] == 3 else 1.0, 0.0)
    confidence = np.clip(np.nan_to_num(confidence), 0.0, 1.0).astype(np.float32)
    points = np.where(seen[..., None], samples[..., :2], np.nan).astype(np.float32)
    return Keypoints(
        asked.joint_set, points, confidence, Path("keypoints"), fps=options.fps, image_size=asked.image_size
    )


def _array(name: str, values: object) -> NDArray[np.float64]:
    """Numbers by frame, joint and axis, NaN for null. QueryError: frames or joints differ in their number of values."""
    try:
        array = np.array(values, np.float64)
    except ValueError:
        array = np.empty(0)
    if array.ndim != 3 or not array.size:
        raise QueryError(f"{name}: give as many joints in each frame, and as many numbers for each joint")
    return array
