"""Every command in the documentation runs: on the demo library, or on files that are named as on its page."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.documented_commands import WRITING, Typed, code_blocks, make_named_files, sections, typed_lines
from support.generated_library import Demo
from support.running_service import running_service
from support.viewer import needs_viewer

from mretrieve.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
ON_THE_DEMO = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
ON_NAMED_FILES = [
    REPOSITORY / "README.md",
    *(
        page
        for room in ("guide", "reference")
        for page in sorted((DOCS / room).glob("*.md"))
        if typed_lines(page.read_text())
    ),
]
#: Commands that take minutes, do not end, or need what a test machine may lack, and the tests that run them.
ELSEWHERE = {
    "train": "tests/cli/test_train.py",
    "--data": "tests/cli/test_evaluate.py",
    "pieces.safetensors": "tests/cli/test_train_submotion.py",
    "serve": "tests/service/test_process.py",
    "cuda": "tests/indexer/test_devices.py",
    "--ray": "tests/indexer/test_ray.py",
    "dance.mp4": "tests/formats/video/test_poses.py",
    "moment.gif": "tests/cli/test_show.py",
}


@pytest.fixture(scope="module")
def demo_folder(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `mretrieve demo` writes, indexed."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(demo.folder, folder, dirs_exist_ok=True)
    run([Typed(["mretrieve", "index", "library", "--labels", "library/labels.csv"])], folder)
    return folder


@pytest.fixture(scope="module")
def named_files(generated: Path, demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that guide and reference name, and an index."""
    folder = tmp_path_factory.mktemp("named")
    make_named_files(folder, generated, demo.query)
    run([Typed(["mretrieve", "index", "mocap", "--labels", "labels.csv"])], folder)
    run([Typed(["mretrieve", "query", "zoe_kick.bvh", "--format", "json"], "answer.json")], folder)
    return folder


@needs_viewer
@pytest.mark.parametrize("page", ON_THE_DEMO, ids=lambda page: page.stem)
def test_commands_run_on_the_demo_library(page: Path, demo_folder: Path, generated: Path, tmp_path: Path):
    folder = tmp_path / "tutorial"
    shutil.copytree(demo_folder, folder)
    if page.stem == "researcher":  # a network encodes each window: fewer clips take half as long
        for part in ("library", ".mretrieve"):
            shutil.rmtree(folder / part)
        shutil.copytree(generated, folder / "library")
    run_lines(typed_lines(page.read_text(encoding="utf-8")), folder)


@needs_viewer
@pytest.mark.parametrize("page", ON_NAMED_FILES, ids=lambda page: page.stem)
def test_commands_run_on_files_named_as_on_the_page(page: Path, named_files: Path, tmp_path: Path):
    for number, section in enumerate(sections(page)):
        if lines := typed_lines(section):
            shutil.copytree(named_files, tmp_path / str(number))
            run_lines(lines, tmp_path / str(number))


@pytest.mark.parametrize(
    "page", [page for page in ON_THE_DEMO if "```python" in page.read_text()], ids=lambda page: page.stem
)
def test_python_runs_on_the_demo_library(page: Path, demo_folder: Path, tmp_path: Path):
    shutil.copytree(demo_folder, tmp_path / "tutorial")
    with chdir(tmp_path / "tutorial"):
        exec("\n".join(code_blocks(page.read_text(encoding="utf-8"), "python")), {})


@pytest.mark.parametrize("path", ELSEWHERE.values())
def test_commands_that_do_not_run_here_have_tests_of_their_own(path: str):
    assert (REPOSITORY / path).is_file()


def run_lines(lines: list[list[Typed]], folder: Path) -> None:
    """Run commands in their order, each in the folder to which the ones before it changed."""
    for line in lines:
        words = line[0].words
        if words[0] == "cd":
            folder = folder / words[1]
        elif words[0] == "curl":
            run_curl(words, folder)
        elif words[1] == "demo":
            assert words[2:] == [folder.name], "the page's folder is made by a fixture"
            folder = folder.parent
        elif not ELSEWHERE.keys() & {word for command in line for word in command.words}:
            run(line, folder)


def run(line: list[Typed], folder: Path) -> None:
    """Run the commands of a pipe in this process, in which everything is loaded."""
    printed = ""
    for command in line:
        words = [in_folder(word, folder) for word in command.words[1:]]
        overwrite = ["--force"] if WRITING & set(words) else []
        with chdir(folder):
            result = CliRunner(env={"MRETRIEVE_INDEX": None}).invoke(
                main, [*words, *overwrite], input=printed, prog_name="mretrieve"
            )
        assert result.exit_code == 0, f"mretrieve {' '.join(words)}: {result.stderr}"
        printed = result.stdout
        if command.output:
            (folder / command.output).write_text(printed, encoding="utf-8")


def run_curl(words: list[str], folder: Path) -> None:
    """Ask a service of the folder's index instead of the one on the usual port."""
    if shutil.which("curl") is None:
        pytest.skip("NO CURL: requests of the documentation are not sent")
    with running_service(folder / ".mretrieve") as client:
        here = [word.replace("localhost:8765", f"127.0.0.1:{client.base_url.port}") for word in words]
        answer = subprocess.run(
            [*here, "--silent", "--fail-with-body"], cwd=folder, env=os.environ | {"no_proxy": "*"}, capture_output=True
        )
    assert answer.returncode == 0, f"{' '.join(words)}: {answer.stdout.decode()}"


def in_folder(word: str, folder: Path) -> str:
    """Absolute paths and buckets of the documentation are folders of the test."""
    return word.replace("s3://bucket", str(folder / "bucket")).replace("/data/", f"{folder}/")
