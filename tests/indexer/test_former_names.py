"""Indexes of version 0.1.0 have the vectors of body parts under the encoder's former name, `body-parts`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mretrieve import Hit, open_index
from mretrieve.encoders import catalogue
from mretrieve.indexer import Outcome, build_index
from mretrieve.storage.snapshot import Snapshot

FORMER = "pose-statistics,body-parts"


@pytest.fixture
def former_index(repository: Path, index: Path, some_motions: list[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index as 0.1.0 made it."""
    spec = catalogue.find_spec("part-statistics")
    assert spec is not None
    with monkeypatch.context() as earlier:
        earlier.delitem(catalogue._BY_NAME, "part-statistics")
        earlier.setitem(catalogue._BY_NAME, "body-parts", replace(spec, name="body-parts", former_names=()))
        earlier.setattr("mretrieve.encoders.statistics.part_statistics.PartStatistics.name", "body-parts")
        build_index(repository, index, encoder=FORMER, jobs=1)
    assert spaces(index) == {"pose-statistics": 1.0, "body-parts": 0.0}
    return index


def spaces(index: Path) -> dict[str, float]:
    return {record.name: record.weight for record in Snapshot.open(index).encoders}


def answers(index: Path, query: Path, **options: str) -> list[tuple[str, float]]:
    hits: Sequence[Hit] = open_index(index).search(query, k=20, **options)
    return [(hit.clip, hit.score) for hit in hits]


def test_it_answers_as_an_index_of_today(former_index: Path, repository: Path, some_motions: list[str]):
    today = former_index.with_name("today")
    build_index(repository, today, jobs=1)
    query = repository / some_motions[0]
    for options in ({"parts": "arms=2,legs"}, {"encoder": "part-statistics"}, {"encoder": "body-parts"}, {}):
        assert answers(former_index, query, **options) == answers(today, query, **options)


def test_new_clips_are_appended_under_the_former_name(
    former_index: Path, repository: Path, some_motions: list[str], write_motion: Callable[..., Path]
):
    new = write_motion("new.bvh", seed=9)
    report = build_index(repository, former_index, jobs=1)
    assert len(report.of(Outcome.READ)) == 1 and spaces(former_index) == {"pose-statistics": 1.0, "body-parts": 0.0}
    assert answers(former_index, new, parts="arms=2,legs")[0][0] == "new.bvh"


def test_the_encoders_name_of_today_means_the_same_space(former_index: Path, repository: Path):
    report = build_index(repository, former_index, encoder="pose-statistics,part-statistics", jobs=1)
    assert not report.new_version and "body-parts" in spaces(former_index)
