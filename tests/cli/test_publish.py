"""`mretrieve push` and `pull`: an index in another place answers as the one that it is a copy of."""

from __future__ import annotations

from pathlib import Path

from support.command_line import Run
from support.generated_library import Library


def test_a_pulled_index_answers_as_the_pushed_one(mretrieve: Run, library: Library, tmp_path: Path):
    there, index = tmp_path / "there", tmp_path / "here" / "index"
    pushed = mretrieve("push", there, "--index", library.index, folder=tmp_path)
    assert pushed.returncode == 0 and "files copied" in pushed.stdout, pushed.stderr
    for expected in ("files copied", "already"):
        pulled = mretrieve("pull", there, "--index", index, folder=tmp_path)
        assert pulled.returncode == 0 and expected in pulled.stdout, pulled.stderr
    words = ("query", library.folder / library.short_clip, "--format", "csv", "--index")
    first, second = (mretrieve(*words, path, folder=tmp_path) for path in (library.index, index))
    assert first.stdout.count("\n") == 11 and second.stdout == first.stdout
    failed = mretrieve("pull", "nothing://there", "--index", index, folder=tmp_path)
    assert failed.returncode == 2 and failed.stderr.startswith("Error: nothing://there: cannot be used")
