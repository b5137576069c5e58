"""The page of a comparison: whole, alone and safe to open."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.changed_motion import raised_right_arm
from support.html_pages import Elements, opened_in_browser

from mretrieve.comparison import NamedClip
from mretrieve.comparison.differences import compare
from mretrieve.comparison.page import page

HOSTILE = "</script><script>alert(1)</script>{{data}}\"'&<img src=x onerror=alert(2)>.bvh"


def _data(text: str) -> dict[str, object]:
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_holds_both_bodies_the_parts_and_the_advice(walk: NamedClip):
    raised = replace(walk, clip=raised_right_arm(walk.clip, 0.5, 1.1))
    comparison = compare(walk, raised)
    text = page(comparison)
    data = _data(text)
    assert len(data["a"]) == len(data["b"]) == len(data["a_s"]) == len(data["b_s"]) == walk.clip.frame_count
    assert {len(pose) for pose in data["a"]} == {66}
    assert all(said.text in text for said in comparison.advice)
    assert "{{" not in text


def test_the_page_loads_nothing_from_anywhere(waves: tuple[NamedClip, NamedClip]):
    elements = Elements(page(compare(*waves)))
    assert not {"link", "img", "iframe", "object", "embed", "base"} & set(elements.names)
    assert not {"src", "href", "xlink:href", "srcset", "action"} & {name for name, _ in elements.attributes}
    assert any(value and "default-src 'none'" in value for _, value in elements.attributes)


def test_names_are_text_and_nothing_else(walk: NamedClip):
    plain, hostile = (page(compare(replace(walk, name=name), walk)) for name in ("a.bvh", HOSTILE))
    assert Elements(plain).names == Elements(hostile).names
    assert [name for name, _ in Elements(plain).attributes] == [name for name, _ in Elements(hostile).attributes]
    assert "&lt;script&gt;" in hostile
    assert "{{data}}" in hostile
    assert _data(hostile) == _data(plain)


def test_long_takes_are_thinned(walk: NamedClip, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mretrieve.comparison.page._MOST_FRAMES", 20)
    data = _data(page(compare(walk, walk)))
    assert 10 <= len(data["a"]) <= 20
    assert data["fps"] < 30


def test_the_page_runs_in_a_browser(walk: NamedClip, tmp_path: Path):
    path = tmp_path / "page.html"
    path.write_text(page(compare(replace(walk, name=HOSTILE), walk)), encoding="utf-8")
    dom, console = opened_in_browser(path)
    shown = re.search(r'<output id="now">(.*?)</output>', dom)
    assert shown is not None
    assert shown[1] == f"A {walk.clip.start_s:.2f} s, B {walk.clip.start_s:.2f} s"  # written by the page's program
    assert console == []
