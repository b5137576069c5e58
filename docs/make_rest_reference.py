"""Write docs/reference/rest.md from the OpenAPI description of the service: python docs/make_rest_reference.py"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from mretrieve import build_index
from mretrieve.demo import write_query
from mretrieve.service.app import create_service
from mretrieve.service.live_index import LiveIndex

PAGE = Path(__file__).parent / "reference" / "rest.md"
_HEAD = """# REST

<!-- Made by docs/make_rest_reference.py from the OpenAPI description of the service. -->

The paths of `mretrieve serve`, their fields and their answers. A running service has the same at `/docs`, and at
`/openapi.json` for programs. How to use it: [Serving](../guide/serving.md).

Bodies are JSON or forms; forms can bring files. An error is JSON with the fields `error`, its kind, and
`message`, the line that the command line prints.
"""


def description(index: Path) -> dict[str, Any]:
    """The OpenAPI description of the service of an index, on which it does not depend."""

    async def fetched() -> dict[str, Any]:
        transport = httpx.ASGITransport(create_service(LiveIndex(index)))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
            return dict((await client.get("/openapi.json")).raise_for_status().json())

    return asyncio.run(fetched())


def reference(openapi: dict[str, Any]) -> str:
    """The page."""
    paths = openapi["paths"].items()
    operations = [(f"{method.upper()} {path}", each) for path, methods in paths for method, each in methods.items()]
    everywhere = set.intersection(*(set(operation["responses"]) for _, operation in operations)) - {"200"}
    lines = [_HEAD]
    for name, operation in operations:
        lines += section(name, operation)
    lines += ["## Errors", "", "| status | meaning |", "|---|---|"]
    responses = operations[0][1]["responses"]
    lines += [f"| {status} | {_cell(responses[status]['description'])} |" for status in sorted(everywhere)]
    return "\n".join(lines) + "\n"


def section(name: str, operation: dict[str, Any]) -> Iterator[str]:
    """One path: its summary, a table of its fields, and the type of its answer."""
    yield from (f"## {name}", "", f"{operation['summary']}.", "")
    rows = [f"| `{field}` | {kind} | {_cell(about)} |" for field, kind, about in _fields(operation)]
    if rows:
        yield from ("| field | type | meaning |", "|---|---|---|", *rows, "")
    answers = [status for status in operation["responses"] if status.startswith("2")]
    types = sorted({kind for status in answers for kind in operation["responses"][status].get("content", {})})
    yield from (f"Answer: {', '.join(f'`{kind}`' for kind in types)}.", "") if types else ()


def _fields(operation: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Name, type and meaning of each parameter and of each field of a form."""
    for parameter in operation.get("parameters", ()):
        yield _field(parameter["name"], parameter["schema"] | parameter, parameter["required"])
    content = operation.get("requestBody", {}).get("content", {})
    form = content.get("multipart/form-data", {}).get("schema", {})
    for name, schema in form.get("properties", {}).items():
        yield _field(name, schema, name in form.get("required", ()))


def _field(name: str, schema: dict[str, Any], is_required: bool) -> tuple[str, str, str]:
    default = "" if schema.get("default") is None else f" [default: {schema['default']}]"
    return name, _type(schema) + ", required" * is_required, f"{schema.get('description', '')}{default}".strip()


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "$ref" in schema:
        return "object"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each) for each in schema["anyOf"] if each.get("type") != "null"))
    if schema.get("format") == "binary":
        return "file"
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {_type(schema['items'])}"
    return str(schema.get("type", "any"))


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory() as folder:
        write_query(Path(folder))
        build_index(Path(folder), Path(folder) / ".mretrieve", jobs=1)
        PAGE.write_text(reference(description(Path(folder) / ".mretrieve")), encoding="utf-8")


if __name__ == "__main__":
    main()
