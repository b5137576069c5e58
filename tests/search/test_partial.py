"""Answers of an index whose parts other processes hold, some of which have died."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner, Result
from support.generated_library import Library
from support.parts_here import PartsHere

import mretrieve
from mretrieve import Index, build_index, open_index
from mretrieve.cli import main
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage.snapshot import Snapshot


@pytest.fixture(scope="module")
def shards(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated library in an index of several shards."""
    index = tmp_path_factory.mktemp("shards") / "index"
    build_index(library.folder, index, labels=[library.folder / "labels.csv"], jobs=1, shard_size=ShardSize(clips=9))
    return index


def _kill_first_part(here: PartsHere) -> list[str]:
    """Ids of the shards that no worker has any more."""
    for worker in here.workers[0]:
        worker.dead = True
    return list(here.parts[0].shards)


@pytest.mark.parametrize("options", [{}, {"mirror": "both", "k": 40}, {"where": "duration_s > 3"}, {"rerank": 0}])
def test_the_answers_of_parts_are_those_of_one_process(shards: Path, library: Library, options: dict[str, Any]):
    snapshot = Snapshot.open(shards)
    alone, together = Index(snapshot), Index(snapshot, PartsHere(snapshot).open_vectors)
    for query in (library.short_clip, library.long_take):
        answer = together.search(query, **options)
        assert [hit.to_dict() for hit in answer] == [hit.to_dict() for hit in alone.search(query, **options)]
        assert not answer.partial and "partial" not in answer.to_dict()


def test_an_answer_without_a_part_has_the_moments_of_the_others_and_names_the_missing_shards(
    shards: Path, library: Library
):
    snapshot = Snapshot.open(shards)
    here = PartsHere(snapshot)
    alone, together = Index(snapshot), Index(snapshot, here.open_vectors)
    everything = len(snapshot.rows.clips)
    missing = _kill_first_part(here)
    numbers = [number for number, record in enumerate(snapshot.shards) if record.id in missing]
    gone = {snapshot.rows.clips[row] for row in np.flatnonzero(np.isin(snapshot.rows.clip_shard, numbers))}
    answer = together.search(library.short_clip, everything, rerank=everything)
    assert answer.partial and list(answer.missing_shards) == sorted(missing)
    whole = alone.search(library.short_clip, everything, rerank=everything)
    assert [hit.clip for hit in answer] == [hit.clip for hit in whole if hit.clip not in gone]
    schema = json.loads((Path(mretrieve.__file__).parent / "search" / "query.schema.json").read_text())
    jsonschema.validate(answer.to_dict(), schema)
    assert together.classify(library.short_clip).missing_shards == answer.missing_shards
    many = together.search_many([library.short_clip, library.long_take])
    assert [each.missing_shards for each in many] == 2 * [answer.missing_shards]


def test_the_command_prints_a_partial_answer_and_its_status_is_3(
    shards: Path, library: Library, monkeypatch: pytest.MonkeyPatch
):
    started = []

    def start(snapshot: Snapshot, address: str) -> PartsHere:
        assert address == "head:6379"
        here = PartsHere(snapshot)
        started.append(_kill_first_part(here))
        return here

    monkeypatch.setattr("mretrieve.vectors.ray_parts.RayParts", start)

    def query(*words: str) -> Result:
        typed = ["query", library.short_clip, "--index", str(shards), "--ray", "head:6379", *words]
        return CliRunner().invoke(main, typed)

    table, content = query(), query("--format", "json")
    assert table.exit_code == content.exit_code == 3
    assert f"Partial: shards {', '.join(sorted(started[0]))} were not searched" in table.stderr
    assert json.loads(content.stdout)["missing_shards"] == sorted(started[1])


def test_a_gpu_and_a_cluster_together_are_refused(shards: Path):
    with pytest.raises(mretrieve.MRetrieveError, match="leave out --device"):
        open_index(shards, device="cpu", ray="auto")
