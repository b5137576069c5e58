"""The pages of the service: the page for searching, if it is built, and the interface as OpenAPI describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from ..built_page import built_page

_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
#: The built page has its own policy inside, with the hashes of its script and style; frames can only be refused here.
_SEARCH_HEADERS = {"Content-Security-Policy": "frame-ancestors 'none'", "Cache-Control": "no-cache"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif }}
td {{ padding: .2rem 1rem .2rem 0; vertical-align: top }}
h2 {{ margin-top: 2.5rem; font-size: 1.1rem }}
</style>
{content}
</html>
"""
_HOME = """<h1>mretrieve</h1>
<p>Finds the moments in a motion library where a body moves like this one.</p>
<p>The page for searching is not built in this checkout: <code>make web</code> builds it, which needs Node.js.</p>
<p>This is the service of one index. <a href="/docs">Its interface</a> ·
<a href="/openapi.json">the same for programs</a> · <a href="/ready">its state</a></p>"""


def page_routes(openapi: Callable[[], dict[str, Any]]) -> APIRouter:
    """The pages; `openapi` gives the description of the interface."""
    routes = APIRouter(include_in_schema=False)

    search_page = built_page("search")

    @routes.get("/")
    async def home() -> HTMLResponse:
        if search_page is not None:
            return HTMLResponse(search_page, headers=_SEARCH_HEADERS)
        return HTMLResponse(_PAGE.format(title="mretrieve", content=_HOME), headers=_HEADERS)

    @routes.get("/docs")
    async def docs() -> HTMLResponse:
        content = "\n".join(_reference(openapi()))
        return HTMLResponse(_PAGE.format(title="mretrieve: interface", content=content), headers=_HEADERS)

    return routes


def pose_model() -> StaticFiles | None:
    """The files with which the search page finds a person in pictures; None if it has not been built."""
    folder = Path(str(files("mretrieve") / "viewer" / "pose"))
    return StaticFiles(directory=folder) if folder.is_dir() else None


def _reference(described: dict[str, Any]) -> Iterator[str]:
    """The interface as HTML, block by block."""
    yield f"<h1>{escape(described['info']['title'])} {escape(described['info']['version'])}</h1>"
    yield f"<p>{escape(described['info']['summary'])} Bodies are JSON or forms with files.</p>"
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>"
            fields = list(_fields(operation))
            if fields:
                rows = (f"<tr><td><code>{escape(name)}</code></td><td>{about}</td></tr>" for name, about in fields)
                yield f"<table>{''.join(rows)}</table>"


def _fields(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name of each parameter and field of an operation, and what it means."""
    for parameter in operation.get("parameters", ()):
        yield parameter["name"], _about(parameter["schema"] | parameter, parameter["required"])
    forms = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema", {})
    for name, schema in forms.get("properties", {}).items():
        yield name, _about(schema, name in forms.get("required", ()))


def _about(schema: dict[str, Any], is_required: bool) -> str:
    default = schema.get("default")
    needed = "Required." if is_required else "" if default is None else f"Default: {default}."
    return escape(f"{schema.get('description', '')} {needed}".strip())
