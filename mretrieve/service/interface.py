"""How the interface describes itself in OpenAPI: bodies as JSON or forms, answers, errors."""

from __future__ import annotations

import json
from copy import deepcopy
from importlib.resources import files
from typing import Any

from .bodies import FILE
from .failures import SCHEMA
from .models import Request

#: Answers that are bytes.
BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
#: The errors that any request may have.
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": about, "content": {"application/json": {"schema": SCHEMA}}}
    for status, about in {
        400: "The request has no meaning",
        401: "The token is missing or wrong",
        403: "A page of another site asks, or under a name that is not this service's",
        408: "The body did not arrive in time",
        409: "The index, or a file that it was made of, cannot be used",
        413: "Larger or longer than the limits",
        415: "The body is of another type",
        422: "The request, or a file in it, cannot be read",
        503: "Too many requests, or the answer took too long",
    }.items()
}
_FILES = {
    "type": "array",
    "items": {"type": "string", "format": "binary"},
    "description": "Files that other fields name. A file may also be sent in the field that names it.",
}


def answer_schema() -> dict[str, Any]:
    """The JSON Schema of an answer."""
    text = (files("mretrieve.search") / "query.schema.json").read_text(encoding="utf-8")
    schema = dict(json.loads(text))
    return {name: value for name, value in schema.items() if not name.startswith("$")}


def described(
    model: type[Request], schema: dict[str, Any] | None = None, content: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Arguments of a route whose body is a model, as JSON or as a form, and whose answer has a schema or content."""
    body = model.model_json_schema()
    form = deepcopy(body)
    form["properties"][FILE] = _FILES
    answer = content or {"application/json": {"schema": schema or {"type": "object"}}}
    return {
        "responses": {200: {"description": "The answer", "content": answer}},
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": body}, "multipart/form-data": {"schema": form}},
            }
        },
    }
