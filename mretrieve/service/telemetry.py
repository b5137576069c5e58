"""What the service tells about itself: a line of JSON for each request, and metrics for Prometheus."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: The header of a request's id, which the answer repeats.
_HEADER = b"x-request-id"
_LOG = logging.getLogger("mretrieve.service")
_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The metrics of one service."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "mretrieve_requests", "Requests answered.", ("path", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "mretrieve_request_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ("path",),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._stages = Histogram(
            "mretrieve_query_stage_seconds",
            "Time of the steps of a query: read, encode, search, rerank.",
            ("stage",),
            buckets=_BUCKETS_S,
            registry=self._registry,
        )

    def gauge(self, name: str, about: str, value: Callable[[], float]) -> None:
        """Add a number that is looked up when it is asked for."""
        Gauge(f"mretrieve_{name}", about, registry=self._registry).set_function(value)

    def count(self, path: str, status: int, seconds: float, stages_ms: dict[str, float]) -> None:
        """Count a request: its route, its status, how long it took, and the steps of the query in it."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)
        for stage, milliseconds in stages_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1e3)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class Telemetry:
    """Gives each request an id, and logs and counts it when it has been answered."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, see ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = dict(scope["headers"]).get(_HEADER, b"").decode("latin-1")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        notes: dict[str, Any] = {}
        scope.setdefault("state", {})["notes"] = notes
        status, size = 500, 0

        async def noted_send(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                more = (_HEADER, request_id.encode()), (b"x-content-type-options", b"nosniff")
                message["headers"] = [*message.get("headers", ()), *more]
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, noted_send)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.count(route, status, seconds, notes.get("took_ms", {}))
            _LOG.info(
                "request",
                extra={
                    "fields": {
                        "request_id": request_id,
                        "client": (scope.get("client") or ("",))[0],
                        "method": scope["method"],
                        "path": scope["path"],
                        "status": status,
                        "bytes": size,
                        "duration_ms": round(seconds * 1e3, 3),
                        **notes,
                    }
                },
            )


class JsonLines(logging.Formatter):
    """Log records as JSON, one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
