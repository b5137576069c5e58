"""The bodies of requests: JSON, or a form with files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeVar

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from ..errors import QueryError
from .models import Request as RequestModel

#: The field of files that no other field names.
FILE = "file"
_MOST_FILES, _MOST_FIELDS, _LARGEST_FIELD = 10_000, 100, 1 << 20

_Model = TypeVar("_Model", bound=RequestModel)


@dataclass(frozen=True)
class Body:
    """What a request holds.

    Attributes:
        json: the JSON of a request without files.
        fields: the fields of a form by name, texts or lists of texts.
        files: name and content of the files of a form.
    """

    json: bytes | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    files: tuple[tuple[str, BinaryIO], ...] = ()

    def parsed(self, model: type[_Model]) -> _Model:
        """The request as a model. pydantic.ValidationError: it does not fit."""
        return model.model_validate(self.fields) if self.json is None else model.model_validate_json(self.json)


def has_files(content_type: str) -> bool:
    """Whether a content type is that of a form with files."""
    return _media_type(content_type) == "multipart/form-data"


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Body]:
    """The body of a request; its files are closed at the end.

    A file in a field of another name than `file` is also the value of that field: a form that sends the file `clip.bvh`
    as `query` names it as `query` too.

    Raises:
        HTTPException: the content type is neither JSON nor a form, or the form is damaged.
        QueryError: a file has no name.
    """
    content_type = request.headers.get("content-type", "application/json")
    if _media_type(content_type) == "application/json":
        yield Body(json=await request.body() or b"{}")
        return
    if not has_files(content_type) and _media_type(content_type) != "application/x-www-form-urlencoded":
        raise HTTPException(415, f"{content_type!r:.80} is not read; send application/json or multipart/form-data")
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LARGEST_FIELD) as form:
        fields: dict[str, Any] = {}
        files: list[tuple[str, BinaryIO]] = []
        for name, value in form.multi_items():
            text = _text_of(name, value, files)
            if text is not None:
                fields[name] = text if name not in fields else [*_listed(fields[name]), text]
        yield Body(fields=fields, files=tuple(files))


def _text_of(name: str, value: UploadFile | str, files: list[tuple[str, BinaryIO]]) -> str | None:
    """The value of a field, after a file has been added to the others; None for a file in the field FILE."""
    if isinstance(value, str):
        return value
    if not value.filename:
        raise QueryError(f"field {name!r:.80}: the file has no name; send one, whose suffix tells its format")
    files.append((value.filename, value.file))
    return None if name == FILE else value.filename


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()
