"""The service as an ASGI application: the routes, and what surrounds them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp

from ..version import __version__
from .failures import answer_failures
from .guard import POSE_MODEL, Guard
from .handling import Handling
from .interface import ERRORS
from .limits import Limits
from .live_index import LiveIndex
from .pages import page_routes, pose_model
from .routes import library_routes, motion_routes, search_routes
from .telemetry import Metrics, Telemetry

_LOG = logging.getLogger("mretrieve.service")
#: Seconds between two looks for a new version of the index.
_REFRESH_S = 1.0


def create_service(
    live: LiveIndex, limits: Limits | None = None, token: str | None = None, hosts: frozenset[str] | None = None
) -> ASGIApp:
    """The service as an ASGI application.

    Args:
        live: the index.
        limits: of requests; None for the default ones.
        token: see `Guard`.
        hosts: see `Guard`.
    """
    limits = limits or Limits()
    handling, metrics = Handling(live, limits), Metrics()
    metrics.gauge("index_version", "Version of the index that answers.", lambda: live.current.number)
    metrics.gauge("index_clips", "Clips in it.", lambda: len(live.current.index))
    metrics.gauge("index_open_versions", "Versions whose files are open.", lambda: live.open_versions)
    metrics.gauge(
        "requests_unfinished", "Requests that are being answered or wait for it.", lambda: handling.unfinished
    )

    @asynccontextmanager
    async def lifespan(_api: FastAPI) -> AsyncIterator[None]:
        following = asyncio.create_task(_follow(live))
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await asyncio.to_thread(handling.close)

    api = FastAPI(
        title="mretrieve",
        version=__version__,
        summary="Find the moments in a motion library where a body moves like this one.",
        docs_url=None,  # FastAPI's pages load scripts from the internet
        redoc_url=None,
        lifespan=lifespan,
        responses=ERRORS,
    )
    answer_failures(api)
    for routes in (search_routes, library_routes, motion_routes):
        api.include_router(routes(handling))
    api.include_router(_state_routes(live, metrics))
    api.include_router(page_routes(api.openapi))
    model = pose_model()
    if model is not None:
        api.mount(POSE_MODEL, model)
    return Telemetry(Guard(api, limits, token, hosts), metrics)


def _state_routes(live: LiveIndex, metrics: Metrics) -> APIRouter:
    routes = APIRouter(tags=["state"])

    @routes.get("/health", summary="Whether the process answers")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/ready", summary="The version that answers, and whether it is the newest")
    async def ready() -> dict[str, str | int]:
        return {"status": "ok" if live.problem is None else "outdated", "index_version": live.current.number}

    @routes.get("/metrics", summary="Metrics in Prometheus' text format", response_class=Response)
    async def show_metrics() -> Response:
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return routes


async def _follow(live: LiveIndex) -> None:
    """Open new versions as they are committed."""
    told: str | None = None
    while True:
        await asyncio.sleep(_REFRESH_S)
        try:
            is_new = await asyncio.to_thread(live.refresh)
        except Exception:  # whatever it is, requests are answered from the version that is open
            _LOG.exception("no look at the index")
            continue
        if is_new:
            _LOG.info("new version", extra={"fields": {"index_version": live.current.number}})
        if live.problem != told:
            told = live.problem
            _LOG.warning("the newest version cannot be opened", extra={"fields": {"problem": told}})
