"""The site of the documentation: it is built without a warning, and its pages load nothing from other hosts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.html_pages import Elements

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="NO MKDOCS: install the extra docs")
def test_the_site_is_built_without_warnings_and_loads_nothing_from_other_hosts(tmp_path: Path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout + built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        elements = Elements(page.read_text(encoding="utf-8"))
        loaded = [value for name, value in elements.attributes if name in ("src", "srcset", "data")]
        assert not [address for address in loaded if address and re.match(r"(\w+:)?//", address)], page
    for sheet in tmp_path.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet
    reference = (tmp_path / "reference" / "python.html").read_text(encoding="utf-8")
    assert all(f'id="mretrieve.{name}"' in reference for name in ("Index.search", "Hit", "QueryOptions", "build_index"))
