"""An index that mretrieve 0.1.0 made answers as one that is made today."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.generated_library import Library
from support.older_index import write_older_index

from mretrieve import Index, build_index, open_index
from mretrieve.storage.labels import read_labels
from mretrieve.storage.snapshot import Snapshot


def older(library: Library, index: Path, folder: Path) -> Path:
    """The library's index, of a copy of its folder, as 0.1.0 wrote it: in three shards."""
    shutil.copytree(library.folder, folder)
    snapshot = library.snapshot
    clips = [snapshot.stored(row) for row in range(snapshot.rows.clip_count)]
    assert snapshot.manifest.labels is not None
    write_older_index(
        index,
        [clips[shard::3] for shard in range(3)],
        repository=folder,
        encoders=snapshot.encoders,
        lengths_s=snapshot.manifest.windows.lengths_s,
        hop_share=snapshot.manifest.windows.hop_share,
        labels=read_labels(library.index, snapshot.manifest.labels),
    )
    return index


@pytest.fixture(scope="module")
def opened(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index of 0.1.0."""
    folder = tmp_path_factory.mktemp("older")
    return open_index(older(library, folder / "index", folder / "motions"))


def answers(index: Index, library: Library, options: dict[str, object]) -> list[dict[str, object]]:
    """Everything that hits say but the place of their files."""
    queries = (library.short_clip, library.long_take)
    found = [hit for query in queries for hit in index.search(query, k=20, **options)]  # type: ignore[arg-type]
    return [{**hit.to_dict(), "file": None} for hit in found]


@pytest.mark.parametrize(
    "options",
    [
        {"end_s": 2.0},
        {"scope": "whole"},
        {"scope": "moments", "exclude_self": True, "start_s": 1.0, "end_s": 2.5},
        {"all_moments": True, "end_s": 1.5},
        {"rerank": 0, "mirror": "both", "end_s": 2.0},
        {"where": "label = 'kick' OR duration_s > 8", "exclude_self": True},
        {"parts": "arms=1,legs=0", "end_s": 2.0},
    ],
    ids=str,
)
def test_it_gives_the_same_hits_in_the_same_order(library: Library, opened: Index, options: dict[str, object]):
    expected = answers(library.opened, library, options)
    assert expected
    assert answers(opened, library, options) == expected


def test_it_is_brought_up_to_date_without_reading_a_known_file_again(library: Library, tmp_path: Path):
    folder = tmp_path / "motions"
    index = older(library, tmp_path / "index", folder)
    shutil.copy(min(folder.rglob("*_walk_*.bvh")), folder / "again.bvh")
    report = build_index(folder, index, jobs=1)
    assert [entry.path for entry in report.entries] == ["again.bvh"]
    assert len(Snapshot.open(index).shards) == 4
    build_index(folder, tmp_path / "fresh", labels=[folder / "labels.csv"], jobs=1)
    options: dict[str, object] = {"end_s": 2.0, "exclude_self": True}
    expected = answers(open_index(tmp_path / "fresh"), library, options)
    assert answers(open_index(index), library, options) == expected
