"""The house rules that a machine can check: which way imports point, and what importing costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mretrieve
from mretrieve.version import DISTRIBUTION

REPOSITORY = Path(__file__).resolve().parent.parent

#: The floors of the library, from the ground up. A room imports only rooms of lower floors, and errors.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "version", "atomic_file", "printable", "json_text", "labelled_spans", "kernels"),
    ("motion", "storage", "devices", "ray_connection", "built_page"),
    ("lifting",),
    ("formats", "alignment", "encoders", "vectors"),
    ("sources", "demo"),
    ("search",),
    ("comparison", "export", "evaluation", "maps"),
    ("index",),
    ("training",),
    ("indexer",),
    ("service",),
    ("cli",),
    ("__main__",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def _library_files() -> list[Path]:
    return [path for top in ("mretrieve", "indexer", "cli") for path in sorted((REPOSITORY / top).rglob("*.py"))]


def _module(path: Path) -> tuple[str, ...]:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return parts if parts[0] == "mretrieve" else ("mretrieve", *parts)


def _imported(path: Path) -> Iterator[tuple[str, ...]]:
    """Absolute names, of modules or of what they define, that a file imports, in a function or for types too."""
    module = _module(path)
    package = module if path.name == "__init__.py" else module[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = (*base, *(node.module or "").split(".")) if node.module else base
            yield from ((*name, alias.name) for alias in node.names)


@pytest.mark.parametrize("path", _library_files(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_import_points_up(path: Path):
    module = _module(path)
    if len(module) < 2 or module[1] == "__main__":
        return  # the public face hands on names of every room
    room = module[1]
    for name in _imported(path):
        if name[:1] == ("mretrieve",) and len(name) > 1 and name[1] in FLOOR_OF and name[1] != room:
            assert FLOOR_OF[name[1]] < FLOOR_OF[room], f"{path}: {room} must not import {name[1]}"


def test_no_files_import_each_other_in_a_circle():
    paths = {_module(path): path for path in _library_files()}
    imports = {
        module: {name if name in paths else name[:-1] for name in _imported(path)} & paths.keys()
        for module, path in paths.items()
    }
    TopologicalSorter(imports).prepare()  # CycleError names the files


def test_every_room_is_known_to_this_test():
    rooms = {path.name for path in (REPOSITORY / "mretrieve").iterdir() if (path / "__init__.py").is_file()}
    assert rooms | {
        "errors",
        "version",
        "atomic_file",
        "printable",
        "json_text",
        "labelled_spans",
        "devices",
        "ray_connection",
        "built_page",
        "index",
        "__main__",
    } == set(FLOOR_OF)


def test_the_public_names_are_the_listed_ones_and_all_can_be_imported():
    assert all(getattr(mretrieve, name) is not None for name in mretrieve.__all__)
    assert sorted([*mretrieve.__all__, "__version__"]) == sorted(dir(mretrieve))


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        ("import mretrieve", ("numpy", "numba", "faiss", "torch", "pyarrow", "h5py")),
        (
            "from mretrieve.cli import main; main(['--help'], standalone_mode=False)",
            ("numpy", "numba", "faiss", "torch"),
        ),
        ("import mretrieve.search", ("torch", "faiss", "scipy.linalg", "sklearn", "pandas", "pydantic", "rich")),
    ],
)
def test_importing_stays_light(statement: str, unwanted: tuple[str, ...]):
    program = f"import sys\n{statement}\nprint(*sorted(set(sys.modules) & set({unwanted!r})), file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stderr.split() == []


def test_messages_name_the_distribution_that_pip_installs():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == DISTRIBUTION
    for path in (*_library_files(), REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))):
        told = re.findall(r"pip install '?(mretrieve[\w-]*)", path.read_text(encoding="utf-8"))
        assert set(told) <= {DISTRIBUTION}, f"{path} tells people to install another project"
