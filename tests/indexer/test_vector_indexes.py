"""The vector indexes of a version: none in a small library, few in a large one, and not all again at every change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from mretrieve.indexer.vector_indexes import plan_indexes
from mretrieve.storage.records import EncoderRecord, FileRecord, VectorIndexRecord, VectorSearchSettings
from mretrieve.vectors import choose_kind

ENCODER = EncoderRecord("pose-statistics", "x", 196)
FILE = FileRecord("0" * 32, "0" * 64, 1 << 30)
EXACT = VectorSearchSettings()


@dataclass
class Version:
    """Shards with windows of one length, all and live, and vector indexes."""

    counts: dict[str, tuple[int, int]]
    vector_indexes: tuple[VectorIndexRecord, ...] = ()
    rows: Any = field(default_factory=lambda: SimpleNamespace(lengths=[60]))

    def window_counts(self, length: int) -> dict[str, tuple[int, int]]:
        return self.counts


def planned(version: Version, settings: VectorSearchSettings = EXACT, encoder: EncoderRecord = ENCODER) -> Version:
    """The version with the indexes that it should have."""
    kept, plan = plan_indexes(version, encoder, 60, settings)  # type: ignore[arg-type]
    made = [] if plan is None else [made_record(plan.kind, plan.shards, settings.recall)]
    return replace(version, vector_indexes=tuple(sorted([*kept, *made], key=lambda record: -record.window_count)))


def made_record(kind: str, shards: dict[str, int], recall: float) -> VectorIndexRecord:
    settings = {"wanted_recall": recall}
    return VectorIndexRecord(ENCODER.name, 60, kind, settings, shards, 1.0, 0.99, 1.0, FILE)


def shards(first: int, count: int, windows: int) -> dict[str, tuple[int, int]]:
    return {f"{number:05}": (windows, windows) for number in range(first, first + count)}


def covered(version: Version) -> list[int]:
    return [record.window_count for record in version.vector_indexes]


def test_a_small_library_has_none():
    assert planned(Version(shards(0, 2, 10_000))).vector_indexes == ()


def test_a_large_one_has_one_over_all_shards_and_keeps_it():
    version = planned(Version(shards(0, 20, 10_000)))
    assert covered(version) == [200_000]
    assert planned(version) == version


def test_additions_are_indexed_when_they_are_a_tenth():
    version = planned(Version(shards(0, 20, 10_000)))
    version.counts |= shards(20, 2, 10_000)
    assert covered(planned(version)) == [200_000]
    version.counts |= shards(22, 1, 10_000)
    assert covered(planned(version)) == [200_000, 30_000]


def test_there_are_few_indexes_after_many_additions_and_no_window_is_in_two():
    version, made = Version(shards(0, 20, 10_000)), 0
    for number in range(20, 400):
        version = planned(version)
        version.counts |= shards(number, 1, 10_000)
        made += sum(record not in version.vector_indexes for record in planned(version).vector_indexes)
        every = [shard for record in version.vector_indexes for shard in record.shards]
        assert len(set(every)) == len(every)
    assert len(version.vector_indexes) <= 5
    assert made < 40


def test_an_index_that_lost_a_quarter_is_made_again():
    version = planned(Version(shards(0, 40, 10_000)))
    version.counts |= {f"{number:05}": (10_000, 2_000) for number in range(11)}
    assert planned(version) == version
    version.counts |= {f"{number:05}": (10_000, 2_000) for number in range(14)}
    del version.counts["00000"]
    assert covered(planned(version)) == [390_000]


def test_another_kind_replaces_it_and_a_recall_that_it_has_does_not():
    version = planned(Version(shards(0, 110, 10_000)), VectorSearchSettings(recall=0.95))
    assert [record.kind for record in version.vector_indexes] == ["ivf-fast-scan"]
    assert planned(version, VectorSearchSettings(recall=0.9)) == version
    better = planned(version, VectorSearchSettings(recall=0.999))
    assert better != version
    assert planned(better, VectorSearchSettings(recall=0.999)) == better  # although it does not reach this recall
    assert [record.kind for record in planned(version).vector_indexes] == ["flat-codes"]
    assert planned(version, VectorSearchSettings("flat")).vector_indexes == ()


@pytest.mark.parametrize(
    ("windows", "settings", "weighted", "kind"),
    [
        (29_999, VectorSearchSettings(recall=0.9), False, "flat"),
        (30_000, VectorSearchSettings(recall=0.9), False, "flat-codes"),
        (10_000_000, VectorSearchSettings(), False, "flat-codes"),
        (999_999, VectorSearchSettings(recall=0.99), False, "flat-codes"),
        (1_000_000, VectorSearchSettings(recall=0.99), False, "ivf-fast-scan"),
        (1_000_000, VectorSearchSettings(recall=0.99), True, "flat-codes"),
        (500_000, VectorSearchSettings(recall=0.99, memory_bytes=50 << 20), False, "ivf-fast-scan"),
        (3_000_000, VectorSearchSettings(recall=0.99, memory_bytes=160 << 20), False, "fast-scan"),
        (3_000_000, VectorSearchSettings(recall=0.99, memory_bytes=140 << 20), False, "rabitq"),
        (5_000, VectorSearchSettings("fast-scan", 0.9), False, "fast-scan"),
        (5_000, VectorSearchSettings("fast-scan", 0.9), True, "flat-codes"),
        (999, VectorSearchSettings("fast-scan", 0.9), False, "flat"),
    ],
)
def test_the_kind_is_chosen_by_size_recall_memory_and_use(windows, settings, weighted, kind):
    pytest.importorskip("faiss")
    assert choose_kind(windows, 196, settings, weighted=weighted) == kind
