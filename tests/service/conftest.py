"""The service of the generated library, shared by the tests that only ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from click.testing import CliRunner
from support.command_line import Run
from support.running_service import running_service

from mretrieve.cli import main

if TYPE_CHECKING:
    from support.generated_library import Library


@pytest.fixture(scope="session")
def service(library: Library) -> Iterator[httpx.Client]:
    """A client of the service of the generated library."""
    with running_service(library.index) as client:
        yield client


@pytest.fixture(scope="session")
def query_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion file that is not in the library."""
    from mretrieve.demo import write_query

    return write_query(tmp_path_factory.mktemp("query"))


@pytest.fixture
def printed(library: Library) -> Run:
    """What a command prints about the generated library, if it is run in a folder."""

    def run(*words: str | Path, folder: Path) -> str:
        with chdir(folder):
            result = CliRunner().invoke(main, [*map(str, words), "--index", str(library.index)])
        assert result.exit_code == 0, result.output
        return result.stdout

    return run
