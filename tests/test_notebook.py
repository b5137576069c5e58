"""The notebook of the examples runs, and shows hits as moving bodies."""

from __future__ import annotations

import gc
import html
import pickle
import re
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.generated_library import Library
from support.viewer import needs_viewer

from mretrieve.search.answer import Answer
from mretrieve.sources.resolve import ClipResolver, ResolvedClip

NOTEBOOK = Path(__file__).resolve().parent.parent / "examples" / "search.ipynb"


@needs_viewer
@pytest.mark.skipif(find_spec("nbclient") is None, reason="NO NBCLIENT: the notebook is not run")
def test_the_notebook_runs_and_shows_moving_bodies():
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300).execute()  # raises if a cell does
    shown = {cell.source: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    for source in ('answer = index.search(clip, k=5, mirror="both")\nanswer', "answer[0]"):
        (output,) = shown[source]
        assert output.data["text/html"].startswith("<iframe")
    assert all(not output for output in (cell.get("outputs") for cell in nbformat.read(NOTEBOOK, 4).cells))


@needs_viewer
def test_a_hit_is_shown_in_a_frame_without_access_to_the_notebook(library: Library):
    answer = library.opened.search(library.short_clip, k=10)
    one, ten = answer[0]._repr_html_(), answer._repr_html_()
    for element in (one, ten):
        assert re.match(r'<iframe [^>]*sandbox="allow-scripts"[^>]*srcdoc="[^"]*"></iframe>$', element)
        assert "DecompressionStream" in html.unescape(element)
    assert len(one) < 300_000
    assert len(ten) < 500_000


def test_an_answer_can_be_pickled_without_its_index(library: Library):
    (answer,) = library.opened.search_many([library.short_clip], k=3)
    copy: Answer = pickle.loads(pickle.dumps(answer))
    assert copy == answer
    assert copy._repr_html_() is None
    assert copy[0]._repr_html_() is None


def test_an_answer_does_not_keep_the_motion_of_its_query(library: Library, monkeypatch: pytest.MonkeyPatch):
    read: list[weakref.ref[ResolvedClip]] = []
    real = ClipResolver.resolve

    def resolved(*arguments: Any, **options: Any) -> ResolvedClip:
        found = real(*arguments, **options)
        read.append(weakref.ref(found))
        return found

    monkeypatch.setattr(ClipResolver, "resolve", resolved)
    query = min(library.folder.rglob("*.bvh"))
    answers = library.opened.search_many([query, query], k=3)
    gc.collect()
    assert len(answers) == len(read) == 2
    assert [reference() for reference in read] == [None, None]
