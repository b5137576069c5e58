"""The routes of the interface."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from . import comparisons, exports, library, maps, queries
from .handling import Handling
from .interface import BINARY, answer_schema, described
from .models import (
    AlignRequest,
    ExplainRequest,
    ExportRequest,
    ExportsRequest,
    MotionRequest,
    PairRequest,
    QueryRequest,
)

_MOST_CLIPS = 10_000
_Name = Annotated[str, Query(max_length=10_000, description="an indexed clip, or a moment of one: walk.bvh@3.20-5.43")]
_Where = Annotated[str | None, Query(max_length=10_000, description="a condition on the clips, see /api/v1/where")]
_PLAYED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The motion", "content": BINARY},
    206: {"description": "Some of its bytes", "content": BINARY},
    304: {"description": "The client has it"},
    416: {"description": "It has no such bytes"},
}


def library_routes(handling: Handling) -> APIRouter:
    """What the index holds."""
    routes = APIRouter(prefix="/api/v1", tags=["library"])

    @routes.get("/index", summary="The contents of the index")
    async def index(request: Request) -> Response:
        return await handling.look_up(request, library.describe)

    @routes.get("/clips", summary="The clips, a page at a time")
    async def clips(
        request: Request,
        where: _Where = None,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=_MOST_CLIPS)] = 100,
    ) -> Response:
        return await handling.look_up(request, lambda call: library.list_clips(call, where, offset, limit))

    @routes.get("/map", summary="The clips as points, near those that move like them")
    async def library_map(request: Request) -> Response:
        return await handling.look_up(request, maps.describe_map, handling.maps)

    @routes.post("/map", summary="Where a query belongs among them", **described(QueryRequest))
    async def place(request: Request) -> Response:
        return await handling.answer(request, QueryRequest, maps.place_query, handling.maps)

    @routes.get("/where", summary="The columns and operators of conditions")
    async def where(request: Request) -> Response:
        return await handling.look_up(request, library.where_help)

    return routes


def search_routes(handling: Handling) -> APIRouter:
    """Queries and comparisons."""
    routes = APIRouter(prefix="/api/v1", tags=["search"])

    @routes.post(
        "/query", summary="The moments that move most like a query", **described(QueryRequest, answer_schema())
    )
    async def query(request: Request) -> Response:
        return await handling.answer(request, QueryRequest, queries.answer_query)

    @routes.post("/playback", summary="The same, with motions to play", **described(QueryRequest))
    async def playback(request: Request) -> Response:
        return await handling.answer(request, QueryRequest, queries.play_answer)

    @routes.post("/explain", summary="Why a moment matches a query", **described(ExplainRequest))
    async def explain(request: Request) -> Response:
        return await handling.answer(request, ExplainRequest, comparisons.explain)

    @routes.post("/compare", summary="Two takes of one motion: scores, and advice for a", **described(PairRequest))
    async def compare(request: Request) -> Response:
        return await handling.answer(request, PairRequest, comparisons.compare)

    @routes.post("/align", summary="Which frames of two motions correspond", **described(AlignRequest))
    async def align(request: Request) -> Response:
        return await handling.answer(request, AlignRequest, comparisons.align)

    return routes


def motion_routes(handling: Handling) -> APIRouter:
    """Motion for playback, and as files."""
    routes = APIRouter(prefix="/api/v1", tags=["motion"])

    @routes.get("/skeleton", summary="The skeleton of all motion for playback")
    async def skeleton() -> Response:
        return library.skeleton()

    @routes.get("/motion", summary="The motion of a clip or moment for playback", responses=_PLAYED)
    async def motion(
        request: Request,
        clip: _Name,
        wanted: Annotated[str | None, Header(alias="Range")] = None,
        known: Annotated[str | None, Header(alias="If-None-Match")] = None,
        if_range: Annotated[str | None, Header(alias="If-Range")] = None,
    ) -> Response:
        return await handling.look_up(request, lambda call: queries.play_clip(clip, call, wanted, known, if_range))

    @routes.post("/motion", summary="The motion of a file for playback", **described(MotionRequest, content=BINARY))
    async def play(request: Request) -> Response:
        return await handling.answer(request, MotionRequest, queries.play_query)

    @routes.post("/export", summary="A moment as BVH, on its own rig", **described(ExportRequest, content=BINARY))
    async def export(request: Request) -> Response:
        return await handling.answer(request, ExportRequest, exports.export)

    @routes.post("/exports", summary="Moments as BVH, in a ZIP archive", **described(ExportsRequest, content=BINARY))
    async def export_all(request: Request) -> Response:
        return await handling.answer(request, ExportsRequest, exports.export_all)

    return routes
