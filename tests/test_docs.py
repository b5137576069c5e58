"""The documentation: its links lead somewhere, its commands can be typed, and the files that it names exist."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from support.generated_library import Library

from mretrieve import QueryOptions
from mretrieve.cli import main

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
#: The pages with commands to type; the others show output of programs.
MANUAL = [
    PAGES[0],
    DOCS / "tutorial.md",
    *(page for page in PAGES if page.parent.name in ("how-to", "guide", "reference")),
]
FILE = re.compile(
    r"\b(?:mretrieve|indexer|cli|benchmarks|tests|examples)/[\w/.-]*\w\.(?:py|json|npz|safetensors|ipynb)\b"
)
MAKE_REFERENCE = runpy.run_path(str(DOCS / "make_cli_reference.py"))
SOURCES = [path for top in ("mretrieve", "indexer", "cli") for path in sorted((REPOSITORY / top).rglob("*.py"))]


def _code_blocks(page: Path) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _typed_commands(page: Path) -> list[list[str]]:
    """The words of each mretrieve command on a line of its own, without redirections and comments."""
    commands = []
    for line in "".join(_code_blocks(page)).splitlines():
        if not line.removeprefix("$ ").startswith("mretrieve "):
            continue
        words = [*shlex.split(re.sub(r"\s+# .*", "", line.removeprefix("$ "))), "|"]
        while words:
            end = min(words.index(sign) for sign in "|>" if sign in words)
            if words[0] == "mretrieve":
                commands.append(words[1:end])
            words = words[end + 1 :]
    return commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_to_pages_and_headings(page: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page)):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page}: no {target}"
        if anchor:
            assert anchor in _anchors(linked), f"{page}: no heading for {target}"


@pytest.mark.parametrize("page", MANUAL, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_commands_parse(page: Path):
    for words in _typed_commands(page):
        command, name, rest = main, "mretrieve", list(words)
        context = click.Context(main, info_name=name)
        while isinstance(command, click.Group) and not (rest and rest[0].startswith("--")):
            name, command, rest = command.resolve_command(context, rest)
            context = click.Context(command, info_name=name, parent=context)
        try:
            command.make_context(name, rest)
        except click.exceptions.Exit:  # of --help and --version
            pass
        except click.ClickException as error:
            pytest.fail(f"{page}: mretrieve {shlex.join(words)}: {error.format_message()}")


def test_the_commands_of_the_readme_are_found():
    typed = {words[0] for words in _typed_commands(REPOSITORY / "README.md")}
    assert typed >= {"index", "query", "explain", "compare", "align", "export", "train"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_files_that_are_named_exist(page: Path):
    text = page.read_text(encoding="utf-8")
    for path in FILE.findall(text):
        assert (REPOSITORY / path).exists(), f"{page}: no {path}"


def test_the_command_line_reference_is_current():
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    assert page == MAKE_REFERENCE["reference"](), "run python docs/make_cli_reference.py"


def test_the_rest_reference_is_current(library: Library):
    make = runpy.run_path(str(DOCS / "make_rest_reference.py"))
    page = (DOCS / "reference" / "rest.md").read_text(encoding="utf-8")
    assert page == make["reference"](make["description"](library.index)), "run python docs/make_rest_reference.py"


def test_messages_under_troubleshooting_are_those_of_the_code():
    page = (DOCS / "reference" / "troubleshooting.md").read_text(encoding="utf-8")
    texts = [text for path in SOURCES for text in _texts(path)]
    for message in re.findall(r"^### `(.*)`$", page, re.MULTILINE):
        pieces = re.compile(".*".join(map(re.escape, message.split("..."))))
        assert any(pieces.search(text) for text in texts), f"no message {message!r}"


def _texts(path: Path) -> Iterator[str]:
    """The texts in a source file; of f-strings, what is written in them, with a placeholder for each value."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_query_options_are_all_documented():
    page = (DOCS / "reference" / "query-options.md").read_text(encoding="utf-8")
    for field in dataclasses.fields(QueryOptions):
        assert f"`{field.name}`" in page or f"`{field.name}=" in page, field.name


@pytest.mark.parametrize(
    "schema",
    [
        "search/query.schema.json",
        "comparison/explain.schema.json",
        "comparison/playback.schema.json",
    ],
)
def test_fields_of_json_are_all_documented(schema: str):
    page = (DOCS / "reference" / "schemas.md").read_text(encoding="utf-8")
    for name in _fields(json.loads((REPOSITORY / "mretrieve" / schema).read_text(encoding="utf-8"))):
        assert re.search(rf"[`.]{name}[`.\[]", page), name


def _fields(schema: dict) -> set[str]:
    """Names of all properties that a JSON Schema declares."""
    names = set(schema.get("properties", {}))
    for value in schema.values():
        if isinstance(value, dict):
            names |= _fields(value)
    return names
