"""The map of the library, and where a query belongs on it."""

from __future__ import annotations

from dataclasses import replace

from fastapi import Response

from ..indexer import describe_clips, find_clips
from ..maps import place
from .handling import Call, json_answer
from .models import QueryInput
from .queries import searched

#: Name and version of the JSON of a map.
SCHEMA = "mretrieve.map/1"


def describe_map(call: Call) -> Response:
    """Each clip with its place and its labels."""
    snapshot, drawn = call.version.index.snapshot, call.version.library_map
    rows = find_clips(snapshot)
    clips = describe_clips(snapshot, rows)
    places = drawn.points[rows].round(4).tolist()
    content = [{"clip": clip.clip, "place": at, "labels": clip.labels} for clip, at in zip(clips, places, strict=True)]
    about = {"version": snapshot.version, "space": drawn.space, "method": drawn.method}
    return json_answer({"schema": SCHEMA, **about, "clips": content})


def place_query(asked: QueryInput, call: Call) -> Response:
    """Where a query belongs on the map."""
    query, options = searched(asked, call)
    drawn = call.version.library_map
    options = replace(options, encoder=drawn.space, encoder_weights=None)
    (at,) = place(drawn, call.version.index.encoded(query, options=options, resolver=call.clips)).round(4).tolist()
    return json_answer({"schema": SCHEMA, "version": call.version.number, "place": at})
