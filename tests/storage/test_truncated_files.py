"""A process that has an index open, and another program that cuts off its files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from mretrieve.storage.checked_files import COPIED_BYTES

_READER = """
import sys
from mretrieve import open_index
index = open_index(sys.argv[1])
before = [hit.to_dict() for hit in index.search(sys.argv[2], k=5)]
print("open", flush=True)
sys.stdin.readline()
after = [hit.to_dict() for hit in index.search(sys.argv[2], k=5)]
print("same" if before == after else "other")
"""


def test_a_reader_of_a_small_library_survives_and_answers_as_before(library, tmp_path: Path):
    index = shutil.copytree(library.index, tmp_path / "index")
    query = str(library.folder / library.short_clip)
    command = [sys.executable, "-c", _READER, str(index), query]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdin is not None and reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        files = [file for file in index.rglob("*") if file.is_file()]
        assert max(file.stat().st_size for file in files) <= COPIED_BYTES
        for file in files:
            with file.open("r+b") as opened:
                opened.truncate(0)
        answered, _ = reader.communicate("\n", timeout=120)
    assert (reader.returncode, answered) == (0, "same\n")
