"""Actions found at their place in takes: the protocol `spotting`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.generated_library import Library

from mretrieve.evaluation.measurements import MeasurementOptions, named_protocol
from mretrieve.evaluation.spotting import Place, average_precision_of_places, overlap, spotting_table, stitched_set
from mretrieve.evaluation.stitched import takes_of
from mretrieve.indexer import build_index
from mretrieve.motion import CANONICAL_FPS, LabelledClip
from mretrieve.sources.resolve import indexed_clip

LABELS = ("bow", "clap", "kick")


@pytest.fixture(scope="module")
def items(library: Library) -> list[LabelledClip]:
    """Two clips of three kinds, of two groups."""
    clips = library.snapshot.clips.select(["label"]).to_pylist()
    found = []
    for label in LABELS:
        rows = [row for row, clip in enumerate(clips) if clip["label"] == label][:2]
        assert len(rows) == 2
        found += [
            LabelledClip(indexed_clip(library.snapshot, row), label, group, f"{label} {group}")
            for row, group in zip(rows, ("first", "second"), strict=True)
        ]
    return found


def test_a_take_has_each_action_once_and_every_clip_is_in_one_take(items: list[LabelledClip]):
    takes = takes_of([*items, *map(replace, items)], 10, seed=1)
    assert [take.group for take in takes] == ["first", "first", "second", "second"]
    for take in takes:
        assert sorted(span.label for span in take.spans) == sorted(LABELS)
        lengths = [round((span.end_s - span.start_s) * CANONICAL_FPS) for span in take.spans]
        own = {item.label: item.clip.frame_count for item in items if item.group == take.group}
        assert lengths == [own[span.label] for span in take.spans]
        speeds = np.linalg.norm(np.diff(take.clip.positions, axis=0), axis=2).mean(axis=1) * CANONICAL_FPS
        assert speeds.max() < 12, "clips are joined without a jump"


def test_takes_are_no_longer_than_asked_for(items: list[LabelledClip]):
    assert [len(take.spans) for take in takes_of(items, 2, seed=1)] == [2, 2]


def test_overlaps_are_of_one_clip():
    assert overlap(Place(0, 0, 10), Place(0, 5, 15)) == pytest.approx(1 / 3)
    assert overlap(Place(0, 0, 10), Place(1, 0, 10)) == 0
    assert overlap(Place(0, 0, 10), Place(0, 20, 30)) == 0


def test_each_true_place_is_found_once_and_those_that_are_missed_count():
    true = [Place(0, 0, 10), Place(1, 0, 10)]
    twice = [Place(0, 0, 10), Place(0, 1, 11), Place(1, 0, 9)]
    assert average_precision_of_places(twice, true, 0.5) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision_of_places(twice[:2], true, 0.5) == pytest.approx(0.5)
    assert average_precision_of_places(twice, true, 0.95) == pytest.approx(0.5)
    assert average_precision_of_places([], true, 0.5) == 0


def test_the_table_has_each_label_and_the_search_finds_the_actions(items: list[LabelledClip], tmp_path: Path):
    options = MeasurementOptions(
        (), True, _train, build_index=lambda *args, **labels: build_index(*args, jobs=1, **labels)
    )
    made = stitched_set("generated", items, tmp_path / "set", options)
    assert sorted(made.snapshot.spans.labels) == sorted(LABELS * 2)
    table = spotting_table(made)
    assert table.title == "generated: 2 takes"
    assert {row[0] for row in table.rows} == {*LABELS, "all"}
    of_all = {row[1]: dict(zip(table.heading, row, strict=True)) for row in table.rows if row[0] == "all"}
    assert all(row["queries"] == "6" for row in of_all.values())
    assert float(of_all["one moment a take"]["mAP@0.5"]) >= 0.8
    assert float(of_all["one moment a take"]["mAP@0.7"]) <= float(of_all["one moment a take"]["mAP@0.3"])


def test_the_protocol_has_a_name():
    assert named_protocol("spotting").needs == ("hdm05", "bandai1", "kinect/precog_csv")


def _train(*_: object, **__: object) -> None:
    raise AssertionError("nothing is trained")
