"""The bodies of requests as pydantic models; options and their defaults are those of the library."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from ..export import ExportOptions
from ..formats import ReadingOptions
from ..motion.body_parts import Flip, Parts
from ..search.options import QueryOptions
from .request_clips import RequestFiles

#: Numbers of frames, hits and candidates beyond this have no meaning, and would not fit the library's integers.
_LARGEST_NUMBER = 1_000_000
_HINTS = get_type_hints(QueryOptions, localns={"Parts": Parts, "Flip": Flip})
#: The options that name files: in a request, files that are sent with it.
FILE_OPTIONS = tuple(name for name, hint in _HINTS.items() if Path in get_args(hint))


def _numbers(value: object) -> object:
    """The numbers of "0.7,0.3", as forms have them."""
    return value.split(",") if isinstance(value, str) else value


def _model_type(name: str) -> Any:
    """The type of an option in a request."""
    hint = _HINTS[name]
    if name in FILE_OPTIONS:
        return str | None
    if name == "parts":
        return Mapping[str, float] | str | None
    if hint is int:
        return Annotated[int, Field(le=_LARGEST_NUMBER)]
    return Annotated[hint, BeforeValidator(_numbers)] if Sequence[float] in get_args(hint) else hint


def _about(name: str) -> str:
    """An option in a sentence, from the documentation of QueryOptions."""
    documented = re.search(
        rf"^ +{name}: (.*?)(?=^ +\w+: |^\s*$|\Z)", QueryOptions.__doc__ or "", re.MULTILINE | re.DOTALL
    )
    text = " ".join(documented[1].split()).replace("None for", "null for") if documented else ""
    return f"{text} Here, the name of a file of the request." if name in FILE_OPTIONS else text


#: The fields of a model of requests, one for each option of a query.
_OPTIONS = {
    field.name: (_model_type(field.name), Field(field.default, description=_about(field.name)))
    for field in fields(QueryOptions)
}

Text = Annotated[str, Field(max_length=10_000)]
Point = tuple[float | None, float | None, float | None]


class Request(BaseModel):
    """What all requests have in common: names that do not exist and numbers that are none are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ReadingRequest(Request):
    """A request that reads motion by name."""

    parts: Mapping[str, float] | str | None = Field(None, description=_about("parts"))
    asf: str | None = Field(None, description=_about("asf"))
    rig_map: str | None = Field(None, description=_about("rig_map"))
    fps: float | None = Field(None, description=_about("fps"), ge=1, le=10_000)

    def reading(self, files: RequestFiles) -> ReadingOptions:
        """How files are read. QueryError: the request lacks a file that it names."""
        return ReadingOptions(files.path("asf", self.asf), files.path("rig_map", self.rig_map), self.fps)


class QueryInput(Request):
    """What is searched for: one of `query`, `positions` and `keypoints`; without any, the first file of the request."""

    query: Text | None = Field(
        None,
        description="a file of the request, an indexed clip, or a moment of either: walk.bvh@3.20-5.43; "
        "answer.json#3 is the third hit of a saved answer that is sent as a file",
    )
    positions: list[list[Point]] | None = Field(
        None, description="joint positions by frame and joint, x, y, z in any unit and axes; null where missing"
    )
    joints: list[str] | None = Field(
        None, description="names of the joints of `positions`; null for the 22 canonical ones"
    )
    canonical: bool = Field(
        False,
        description="whether `positions` are canonical already: the 22 joints, metres, y up, 30 frames a second, "
        "nothing missing; their rate, axes and unit are then not looked for",
    )
    keypoints: list[list[tuple[float | None, float | None] | Point]] | None = Field(
        None,
        description="points in the image by frame and joint, x to the right and y down, and if known their "
        "confidence from 0 to 1; null where nothing was detected",
    )
    joint_set: str = Field("coco-17", description="the joints of `keypoints`, by the name of their set")
    image_size: tuple[float, float] | None = Field(None, description="width and height of the image of `keypoints`")

    def options(self, files: RequestFiles) -> QueryOptions:
        """How the query is answered. QueryError: an option has no meaning, or names a file that is not there."""
        values = {field.name: getattr(self, field.name) for field in fields(QueryOptions)}
        for name in FILE_OPTIONS:
            values[name] = files.path(name, values[name])
        return QueryOptions(**values)


#: A query with all its options.
QueryRequest = cast("type[QueryInput]", create_model("QueryRequest", __base__=QueryInput, **cast(Any, _OPTIONS)))


class MotionRequest(ReadingRequest):
    """A motion by name, as it is played back."""

    query: Text | None = Field(None, description="a file of the request, an indexed clip, or a moment of either")
    pose_model: str | None = Field(None, description=_about("pose_model"))


class ExplainRequest(ReadingRequest):
    """Why a moment matches a query."""

    query: Text = Field(description="a file of the request, an indexed clip, or a moment of either")
    moment: Text = Field(description="likewise; in a clip more than twice as long, the best-matching moment")
    start_s: float | None = Field(None, description=_about("start_s"))
    end_s: float | None = Field(None, description=_about("end_s"))
    mirror: Flip = Field("none", description="what is mirrored of the query")
    encoder: list[str] | str | None = Field(
        None, description="encoders whose attention is wanted; null for those of the index that have attention"
    )


class PairRequest(ReadingRequest):
    """Two motions."""

    a: Text = Field(description="a file of the request, an indexed clip, or a moment of either")
    b: Text = Field(description="likewise")


class AlignRequest(PairRequest):
    """Which frames of two motions correspond."""

    find: bool = Field(False, description="look for a within b; otherwise first and last frames are aligned")
    format: Literal["json", "csv"] = "json"


class CutRequest(Request):
    """How moments are cut out of their files as BVH."""

    mirrored: bool = Field(False, description="swap left and right")
    fps: float | None = Field(None, description="frames per second; null for those of the file")
    keep_rest_pose: bool = Field(False, description="keep the T-pose frames at the start of a file")


class ExportRequest(CutRequest):
    """A moment that is cut out of its file as BVH."""

    moment: Text = Field(description="a file of the request, an indexed clip, or a moment of either")
    retime_to: Text | None = Field(None, description="a motion; the moment does at each time what it does then")
    asf: str | None = Field(None, description=_about("asf"))
    rig_map: str | None = Field(None, description=_about("rig_map"))

    def options(self, files: RequestFiles) -> ExportOptions:
        """How it is exported. QueryError: the rate has no meaning, or the request lacks a file that it names."""
        reading = ReadingOptions(files.path("asf", self.asf), files.path("rig_map", self.rig_map))
        return ExportOptions(self.retime_to, self.mirrored, self.fps, self.keep_rest_pose, reading)


class ExportsRequest(CutRequest):
    """Moments that are cut out of their files as BVH, in one archive."""

    moments: list[Text] = Field(description="indexed clips, or moments of them", min_length=1, max_length=1000)

    def options(self) -> ExportOptions:
        """How they are exported. QueryError: the rate has no meaning."""
        return ExportOptions(None, self.mirrored, self.fps, self.keep_rest_pose)


def one_line(errors: Sequence[Mapping[str, Any]]) -> str:
    """What pydantic found wrong with a request, in one line."""
    found = [f"{'.'.join(map(str, error['loc'])) or 'request'}: {error['msg']}" for error in errors[:3]]
    more = f"; and {len(errors) - 3} more" if len(errors) > 3 else ""
    return "; ".join(found) + more
