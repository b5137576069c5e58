"""Weights of body parts: what counts nothing changes nothing, neither among candidates nor in the alignment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.generated_library import Library

from mretrieve import Clip, Hit, canonicalise, open_index, read
from mretrieve.errors import QueryError
from mretrieve.indexer import build_index
from mretrieve.motion import PARTS

LEGS = [*PARTS["left_leg"], *PARTS["right_leg"]]
ARMS = [*PARTS["left_arm"], *PARTS["right_arm"]]


@pytest.fixture(scope="module")
def two_clips(library: Library) -> tuple[Clip, Clip]:
    """A kick and another action, of one length."""
    names = [library.short_clip, next(clip for clip in library.opened.clips if "_wave_" in clip or "_hop_" in clip)]
    clips = [canonicalise(read(library.folder / name)[0]) for name in names]
    count = min(clip.frame_count for clip in clips)
    return clips[0].cut(0, count), clips[1].cut(0, count)


def with_limbs_of(clip: Clip, other: Clip, limbs: list[int]) -> Clip:
    """The clip with some joints of another one, hung from the same pelvis."""
    positions = clip.positions.copy()
    positions[:, limbs] = other.positions[:, limbs] - other.positions[:, :1] + clip.positions[:, :1]
    return replace(clip, positions=positions)


def moments(hits: list[Hit]) -> list[tuple[str, float, float, float, float]]:
    return [(hit.clip, hit.start_s, hit.end_s, hit.score, hit.distance_mm) for hit in hits]


@pytest.mark.parametrize(
    ("parts", "replaced", "options"),
    [
        ("arms", LEGS, {}),
        ("upper", LEGS, {"scope": "moments"}),
        ("legs", ARMS, {"mirror": "both"}),
        ("legs=0", LEGS, {}),
        ("legs=0", LEGS, {"rerank": 0}),
    ],
    ids=str,
)
def test_what_counts_nothing_does_not_change_the_ranking(
    library: Library, two_clips: tuple[Clip, Clip], parts: str, replaced: list[int], options: dict[str, str]
):
    clip, other = two_clips
    asked = {"k": 10_000, "parts": parts, **options}
    before = library.opened.search(clip, **asked)  # type: ignore[arg-type]
    after = library.opened.search(with_limbs_of(clip, other, replaced), **asked)  # type: ignore[arg-type]
    assert moments(after) == moments(before)


def test_without_weights_the_replaced_limbs_do_change_it(library: Library, two_clips: tuple[Clip, Clip]):
    clip, other = two_clips
    before, after = (library.opened.search(one, k=10) for one in (clip, with_limbs_of(clip, other, LEGS)))
    assert moments(after) != moments(before)


def test_a_body_of_two_motions_is_found_by_either_part(library: Library, two_clips: tuple[Clip, Clip]):
    kick, other = two_clips
    both = with_limbs_of(other, kick, LEGS)
    legs = library.opened.search(both, k=2, parts="legs", where="label <> 'take'")
    assert [hit.label for hit in legs] == ["kick", "kick"]
    assert library.opened.search(both, k=1, parts="upper")[0].label != "kick"


def test_weights_are_honoured_by_their_ratios(library: Library, two_clips: tuple[Clip, Clip]):
    one = library.opened.search(two_clips[0], k=20, parts="arms=1,legs=0.5")
    other = library.opened.search(two_clips[0], k=20, parts="arms=4,legs=2")
    assert [hit.clip for hit in one] == [hit.clip for hit in other]
    assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], abs=1e-5)


def test_equal_weights_are_no_weights(library: Library, two_clips: tuple[Clip, Clip]):
    assert library.opened.search(two_clips[0], parts="body=3").hits == library.opened.search(two_clips[0]).hits


def test_an_index_without_part_vectors_says_how_to_add_them(library: Library, tmp_path: Path):
    build_index(library.folder, tmp_path / "index", encoder="pose-statistics", jobs=1)
    opened = open_index(tmp_path / "index")
    with pytest.raises(QueryError, match=r"no vectors of body parts.*--encoder pose-statistics,part-statistics"):
        opened.search(library.short_clip, parts="arms")
    named = opened.search(library.short_clip, k=5, parts="arms", encoder="pose-statistics")
    assert library.short_clip in [hit.clip for hit in named]  # whoever names a space gets its candidates
    build_index(library.folder, tmp_path / "index", encoder="pose-statistics,part-statistics", jobs=1)
    assert open_index(tmp_path / "index").search(library.short_clip, k=1, parts="arms")[0].clip == library.short_clip


def test_the_part_space_answers_part_queries_alone(library: Library):
    assert library.opened.search(library.short_clip).encoder == "pose-statistics"
    assert np.isclose(sum(record.weight for record in library.snapshot.encoders), 1.0)
