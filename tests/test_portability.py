"""Indexing and querying use nothing that only POSIX systems have, and no package that a plain installation lacks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

#: Modules of the standard library that Windows does not have.
POSIX_ONLY = ("fcntl", "grp", "posix", "pwd", "pty", "resource", "syslog", "termios", "tty")

#: Packages of the extras and of development.
NOT_REQUIRED = (
    "faiss",
    "fastapi",
    "joblib",
    "matplotlib",
    "prometheus_client",
    "pydantic",
    "ray",
    "safetensors",
    "scipy",
    "sklearn",
    "torch",
    "tslearn",
    "uvicorn",
)

PROGRAM = f"""
import sys
import os, pathlib, tempfile  # import what they need on each system themselves
sys.modules.update(dict.fromkeys({POSIX_ONLY + NOT_REQUIRED!r}))  # from now on, importing one raises ImportError
import mretrieve.indexer.build as build
build.ALONE_BELOW_BYTES = 0  # even so few files are shared among processes
from mretrieve.cli import main
main(sys.argv[1:])
"""


def test_index_and_query_run_without_posix_modules_and_extras(generated: Path, tmp_path: Path):
    def mretrieve(*arguments: str) -> str:
        command = [sys.executable, "-c", PROGRAM, *arguments]
        run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        return run.stdout

    shutil.copytree(generated / "mixamo", tmp_path / "motions")
    mretrieve("index", "motions", "--jobs", "2")
    clip = min((tmp_path / "motions").glob("*.bvh"))
    assert clip.name in mretrieve("query", f"motions/{clip.name}", "-k", "3")
