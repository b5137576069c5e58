"""The map of a library: points whose distances are those of the encoder, kept in the index, as a picture and a page."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.generated_library import Library
from support.html_pages import Elements
from support.viewer import data_in, needs_viewer

from mretrieve import QueryError, QueryOptions, open_index
from mretrieve.cli import main
from mretrieve.maps import library_map, map_library, place, projection
from mretrieve.maps.page import map_page
from mretrieve.maps.projection import principal_components, project
from mretrieve.search.spaces import Spaces
from mretrieve.storage.garbage import collect_garbage

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def by_pca(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a plain installation does, whatever is installed here."""
    monkeypatch.setattr(library_map, "best_method", lambda: "pca")


@pytest.fixture
def index(library: Library, tmp_path: Path) -> Path:
    shutil.copytree(library.index, tmp_path / "index")
    return tmp_path / "index"


def squares(points: np.ndarray) -> np.ndarray:
    return ((points[:, None] - points[None]) ** 2).sum(-1)


@pytest.mark.parametrize("landmarks", [200, 20])
def test_components_have_the_distances_that_were_given(landmarks: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(projection, "_LANDMARKS", landmarks)
    monkeypatch.setattr(projection, "_AT_ONCE", 25)
    points = np.random.default_rng(1).normal(size=(60, 4)) * (4, 3, 2, 1)
    found = principal_components(lambda rows, others: squares(points)[np.ix_(rows, others)], 60)
    np.testing.assert_allclose(squares(found), squares(points), atol=1e-6)
    spread = found.std(axis=0)
    assert (np.diff(spread) < 1e-6).all() or landmarks < 60  # of all points, the first component has most


def test_components_of_clips_have_the_distances_of_the_encoder(library: Library):
    opened = Spaces(library.snapshot).asked("pose-statistics", None)
    vectors = library.snapshot.vectors("pose-statistics", 0)
    distances = -(opened.encoder.as_queries(vectors) @ vectors.T)
    found = squares(principal_components(lambda rows, others: distances[np.ix_(rows, others)], len(vectors)))
    others = ~np.eye(len(vectors), dtype=bool)
    assert np.corrcoef(found[others], distances[others])[0, 1] > 0.99


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_clips_are_points_too(count: int):
    points = project(lambda rows, others: squares(np.eye(count))[np.ix_(rows, others)], count, "umap")
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()


@pytest.mark.parametrize(("method", "library_name"), [("umap", "umap"), ("tsne", "openTSNE")])
def test_neighbours_stay_together_and_the_map_is_the_same_again(method: str, library_name: str):
    pytest.importorskip(library_name, reason=f"NO {library_name}: maps by it are not tested")
    groups = np.repeat(np.arange(4), 20)
    points = np.random.default_rng(2).normal(size=(80, 5)) + 20 * np.eye(5)[groups]
    found, again = (project(lambda rows, others: squares(points)[np.ix_(rows, others)], 80, method) for _ in range(2))
    assert np.array_equal(found, again)
    apart = squares(found) + 9 * np.eye(80)
    assert (groups[apart.argmin(axis=1)] == groups).mean() > 0.95


def test_a_map_is_computed_once_and_follows_its_version(index: Path, monkeypatch: pytest.MonkeyPatch):
    snapshot = open_index(index).snapshot
    points = map_library(snapshot).points
    (stored,) = (index / "maps").iterdir()
    assert collect_garbage(index, keep_versions=1, grace_s=-10.0) == []
    with monkeypatch.context() as patch:
        patch.setattr(library_map, "project", None)
        assert np.array_equal(map_library(snapshot).points, points)
    stored.write_bytes(stored.read_bytes()[:-9])
    assert np.array_equal(map_library(snapshot).points, points)

    first = open_index(index).clips[0]
    removed = CliRunner().invoke(main, ["remove", first, "--index", str(index)])
    assert removed.exit_code == 0, removed.output
    later = map_library(open_index(index).snapshot)
    assert len(later.points) == len(points) - 1
    assert first not in later.names
    collect_garbage(index, keep_versions=1, grace_s=-10.0)
    assert stored not in (index / "maps").iterdir()


def test_an_index_that_cannot_be_written_has_a_map(index: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_arguments: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr("mretrieve.storage.map_files.publish_file", refuse)
    assert len(map_library(open_index(index).snapshot).points) == len(open_index(index))


def test_the_file_of_a_clip_is_placed_where_the_clip_is(library: Library):
    drawn, options = map_library(library.snapshot), QueryOptions(encoder="pose-statistics")
    files = [clip for clip in library.opened.clips if "#" not in clip][::10]
    encoded = np.concatenate([library.opened.encoded(library.folder / clip, options=options) for clip in files])
    own = drawn.points[[drawn.names.index(clip) for clip in files]]
    assert np.abs(place(drawn, encoded) - own).max() < 0.02


def test_groups_are_the_values_of_a_column(library: Library):
    drawn = map_library(library.snapshot)
    column, groups, of_clip = drawn.groups()
    assert column == "label"
    labels = library.snapshot.clips["label"].to_pylist()
    assert [groups[number].name for number in of_clip] == labels
    assert {group.name: group.count for group in groups} == {name: labels.count(name) for name in labels}
    assert len({group.colour for group in groups}) == len(groups)
    assert drawn.groups("clip")[1][-1].name == "others"
    with pytest.raises(QueryError, match="no column 'mood' to colour by; there are clip,"):
        drawn.groups("mood")


@needs_viewer
def test_the_command_writes_a_picture_and_a_page(index: Path, tmp_path: Path):
    pytest.importorskip("matplotlib", reason="NO MATPLOTLIB: pictures are not tested")
    png, html = tmp_path / "map.png", tmp_path / "map.html"
    words = ["map", "--index", str(index), "--png", str(png), "--html", str(html), "--colour-by", "performer"]
    run = CliRunner().invoke(main, words)
    assert (run.exit_code, run.stderr) == (0, f"Wrote {png}\nWrote {html}\n")
    assert png.read_bytes().startswith(PNG)
    data = data_in(html.read_text(encoding="utf-8"), "map")
    labels = open_index(index).snapshot.clips["performer"].to_pylist()
    assert [(clip["clip"], clip["labels"]) for clip in data["clips"]] == [
        (clip, {"performer": label}) for clip, label in zip(open_index(index).clips, labels, strict=True)
    ]
    assert all(data["motions"])
    for wrong, says in (
        (["--png", str(png)], "--force"),
        ([], "Give --png"),
        (["--png", "x.png", "--space", "y"], "y"),
    ):
        refused = CliRunner().invoke(main, ["map", "--index", str(index), *wrong])
        assert refused.exit_code == 2
        assert says in refused.stderr


@needs_viewer
def test_names_on_the_page_are_text_and_nothing_else(library: Library, monkeypatch: pytest.MonkeyPatch):
    drawn = map_library(library.snapshot)
    plain = map_page(drawn)
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    monkeypatch.setattr(library_map.LibraryMap, "names", property(lambda drawn: [hostile] * len(drawn.points)))
    assert Elements(map_page(drawn)).names == Elements(plain).names
    assert not {"link", "img", "iframe"} & set(Elements(plain).names)
    assert not {"src", "href"} & {name for name, _ in Elements(plain).attributes}
    assert data_in(map_page(drawn), "map")["clips"][0]["clip"] == hostile
