"""Errors as answers: a status, and JSON with the one line that the library has for them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from ..errors import FormatError, IndexStateError, MRetrieveError, RigError
from .limits import BusyError, IncompleteError, TooLargeError, TooSlowError
from .models import one_line

#: The status of each error; of several classes that fit, the first counts. Other errors of users are BAD_REQUEST.
_STATUS: tuple[tuple[type[MRetrieveError], HTTPStatus], ...] = (
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (BusyError, HTTPStatus.SERVICE_UNAVAILABLE),
    (TooSlowError, HTTPStatus.SERVICE_UNAVAILABLE),
    (IncompleteError, HTTPStatus.REQUEST_TIMEOUT),
    (FormatError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (RigError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (IndexStateError, HTTPStatus.CONFLICT),
)
_RETRY_AFTER_S = 1

#: The JSON of an error, for the description of the interface.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error", "message"],
    "additionalProperties": False,
    "properties": {
        "error": {"type": "string", "description": "kind of the error, such as QueryError"},
        "message": {"type": "string", "description": "what is wrong, where, and what to do, in one line"},
    },
}


def failure(status: int, kind: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as an answer."""
    content = json.dumps({"error": kind, "message": " ".join(message.split())}) + "\n"
    more = {"Retry-After": str(_RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Response(content, status, {**more, **(headers or {})}, media_type="application/json")


def failure_of(error: MRetrieveError) -> Response:
    """An error of the library as an answer."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)
    return failure(status, type(error).__name__, str(error))


def answer_failures(api: FastAPI) -> None:
    """Make every error of the API such an answer."""

    async def of_library(_request: Request, error: Exception) -> Response:
        assert isinstance(error, MRetrieveError)
        return failure_of(error)

    async def of_model(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError | ValidationError)
        return failure(HTTPStatus.UNPROCESSABLE_ENTITY, "InvalidRequest", one_line(error.errors()))

    async def of_routing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = HTTPStatus(error.status_code).phrase.title().replace(" ", "")
        message = f"{request.method} {request.url.path}: {error.detail}; /docs lists what there is"
        return failure(error.status_code, kind, message, error.headers)

    async def of_system(_request: Request, error: Exception) -> Response:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return failure(HTTPStatus.SERVICE_UNAVAILABLE, "Unavailable", f"a file cannot be stored or read now: {reason}")

    async def of_service(_request: Request, error: Exception) -> Response:
        message = f"{type(error).__name__} in the service; its log has the details under the request's id"
        return failure(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", message)

    api.add_exception_handler(MRetrieveError, of_library)
    api.add_exception_handler(RequestValidationError, of_model)
    api.add_exception_handler(ValidationError, of_model)
    api.add_exception_handler(HTTPException, of_routing)
    api.add_exception_handler(OSError, of_system)
    api.add_exception_handler(Exception, of_service)
