"""The page of a report: whole, alone and safe to open."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.html_pages import Elements
from support.viewer import needs_viewer, playback_in

from mretrieve.comparison import NamedClip
from mretrieve.comparison.differences import compare
from mretrieve.comparison.page import page
from mretrieve.comparison.playback import Playback
from mretrieve.errors import MRetrieveError

HOSTILE = "</script><script>alert(1)</script><!-- playback -->\"'&<img src=x onerror=alert(2)>.bvh"


def _page(walk: NamedClip, name: str = "a.bvh") -> str:
    return page(Playback.of_comparison(compare(replace(walk, name=name), walk)))


@needs_viewer
def test_the_page_loads_nothing_and_runs_only_its_own_script(walk: NamedClip):
    text = _page(walk)
    elements = Elements(text)
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(elements.names)
    assert not {"src", "href", "srcset", "action"} & {name for name, _ in elements.attributes}
    (policy,) = (value for _, value in elements.attributes if value and value.startswith("default-src 'none'"))
    (script,) = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy


@needs_viewer
def test_names_are_text_and_nothing_else(walk: NamedClip):
    plain, hostile = _page(walk), _page(walk, HOSTILE)
    assert Elements(plain).names == Elements(hostile).names
    assert playback_in(hostile)["motions"][0].pop("name") == HOSTILE


def test_a_checkout_without_the_viewer_says_how_it_is_built(
    walk: NamedClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.built_page.files", lambda package: tmp_path)
    with pytest.raises(MRetrieveError, match="`make web`"):
        _page(walk)
