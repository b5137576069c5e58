"""The map of the library, and where a query belongs on it."""

from __future__ import annotations

from fastapi import Response

from ..indexer import describe_clips, find_clips
from .handling import Call, json_answer
from .models import QueryInput
from .queries import searched

#: Name and version of the JSON of a map.
SCHEMA = "mretrieve.map/1"


def describe_map(call: Call) -> Response:
    """Each clip with its place and its labels."""
    index = call.version.index
    rows = find_clips(index.snapshot)
    clips = describe_clips(index.snapshot, rows)
    places = call.version.library_map.places[rows].round(4).tolist()
    content = [
        {"clip": clip.clip, "place": place, "labels": clip.labels} for clip, place in zip(clips, places, strict=True)
    ]
    return json_answer({"schema": SCHEMA, "version": index.snapshot.version, "clips": content})


def place_query(asked: QueryInput, call: Call) -> Response:
    """Where a query belongs on the map."""
    query, options = searched(asked, call)
    vector = call.version.index.encoded(query, options=options, resolver=call.clips)
    (place,) = call.version.library_map.place(vector).round(4).tolist()
    return json_answer({"schema": SCHEMA, "version": call.version.number, "place": place})
