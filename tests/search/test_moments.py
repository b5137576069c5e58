"""Moments: which stretch of which clip, at which speed, in which image of the query; all of them; and long queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from support.generated_library import Library
from support.moving_bodies import random_clip

from mretrieve import Clip, Hit, QueryOptions, canonicalise, read
from mretrieve.alignment.moment_finder import PoseComparer
from mretrieve.errors import QueryError
from mretrieve.motion.augmentation import change_speed
from mretrieve.motion.body_parts import PartWeights, flip
from mretrieve.search.candidates import Candidates
from mretrieve.search.long_queries import best_chains, match_long_query
from mretrieve.search.matches import (
    Match,
    best_first,
    best_of_each_clip,
    copy_limits,
    regions_around,
    suppress_overlaps,
)
from mretrieve.search.query import SPLIT_FROM_FRAMES


def clip_of(library: Library, name: str) -> Clip:
    return canonicalise(read(library.folder / name)[0])


def shared_part(hit: Hit, start_s: float, end_s: float) -> float:
    """Intersection over union of the hit's time and another."""
    shared = min(hit.end_s, end_s) - max(hit.start_s, start_s)
    return max(0.0, shared) / (max(hit.end_s, end_s) - min(hit.start_s, start_s))


@pytest.mark.parametrize("speed", [0.5, 0.7, 1.0, 1.4, 2.0])
@pytest.mark.parametrize(("start_s", "end_s"), [(11.0, 12.5), (20.3, 23.1)])
def test_a_piece_of_a_take_is_found_to_the_frame_at_any_speed(
    library: Library, start_s: float, end_s: float, speed: float
):
    take = clip_of(library, library.long_take)
    first, last = (round((time_s - take.start_s) * 30) for time_s in (start_s, end_s))
    hit = library.opened.search(change_speed(take.cut(first, last), speed), k=1)[0]
    assert hit.clip == library.long_take
    assert shared_part(hit, start_s, end_s) > 0.9
    assert hit.speed == pytest.approx(1 / speed, rel=0.1)


def test_a_query_shorter_than_any_window_finds_its_moment(library: Library):
    hit = library.opened.search(library.long_take, k=1, start_s=15.0, end_s=15.4)[0]
    assert (hit.clip, hit.score) == (library.long_take, pytest.approx(1.0, abs=0.01))
    assert (hit.start_s, hit.end_s) == pytest.approx((15.0, 15.4), abs=0.02)


def test_moments_are_about_as_long_as_the_query_and_wholes_are_the_clips(library: Library):
    frames = dict(zip(library.opened.clips, library.snapshot.clips["frame_count"].to_pylist(), strict=True))
    asked = {"k": 10_000, "start_s": 0.5, "end_s": 1.5}
    for hit in library.opened.search(library.short_clip, scope="moments", **asked):
        count = round((hit.end_s - hit.start_s) * 30)
        assert count < 2.3 * 30 or count == frames[hit.clip]
    for hit in library.opened.search(library.short_clip, scope="whole", **asked):
        assert round((hit.end_s - hit.start_s) * 30) == frames[hit.clip]


@pytest.mark.parametrize("scope", ["auto", "whole", "moments"])
def test_every_scope_gives_k_hits_of_k_clips(library: Library, scope: str):
    hits = library.opened.search(library.short_clip, k=10_000, scope=scope)  # type: ignore[arg-type]
    assert sorted(hit.clip for hit in hits) == library.opened.clips


@pytest.mark.parametrize("what", ["arms", "legs", "whole"])
def test_the_image_that_matched_is_named(library: Library, what: str):
    clip = clip_of(library, library.short_clip)
    hit = library.opened.search(flip(clip, what), k=1, mirror="any")[0]  # type: ignore[arg-type]
    assert (hit.clip, hit.mirror) == (library.short_clip, what)
    assert hit.distance_mm < 10


def test_mirror_whole_searches_the_mirror_image_alone(library: Library):
    clip = clip_of(library, library.short_clip)
    assert library.opened.search(flip(clip, "whole"), k=1, mirror="whole")[0].distance_mm == pytest.approx(0, abs=0.01)
    assert all(hit.mirror == "whole" for hit in library.opened.search(clip, k=20, mirror="whole"))


def test_a_hit_tells_how_alike_each_part_is(library: Library):
    clip = clip_of(library, library.short_clip)
    positions = clip.positions.copy()
    positions[:, [18, 20]] += np.float32(0.3)  # left elbow and wrist
    hit = library.opened.search(replace(clip, positions=positions), k=1)[0]
    assert hit.clip == library.short_clip
    assert hit.parts["left_arm"] < 0.5
    assert all(score > 0.95 for part, score in hit.parts.items() if part != "left_arm")


def test_a_hit_can_be_aligned_with_the_query(library: Library):
    hit = library.opened.search(library.short_clip, k=2)[1]
    explanation = library.opened.explain(library.short_clip, hit)
    assert explanation.alignment.mean_mm == pytest.approx(hit.distance_mm, abs=1e-3)
    assert explanation.to_dict()["distance_mm"] == pytest.approx(hit.distance_mm, abs=1e-3)
    assert (explanation.query.name, explanation.other.name) == (library.short_clip, hit.clip)


def test_a_long_part_of_a_take_finds_that_part(library: Library):
    start_s, end_s = 12.0, 12.0 + SPLIT_FROM_FRAMES / 30 + 5
    hit = library.opened.search(library.long_take, k=1, start_s=start_s, end_s=end_s)[0]
    assert hit.clip == library.long_take
    assert shared_part(hit, start_s, end_s) > 0.95


def test_clips_that_are_parts_of_a_long_query_are_found_and_say_which_part_they_answer(library: Library):
    take = clip_of(library, library.long_take).cut(0, 240)
    short = clip_of(library, library.short_clip)
    pieces = [take.positions, short.positions, take.positions]
    observed = [take.observed, short.observed, take.observed]
    long = Clip(np.concatenate(pieces), np.concatenate(observed))
    hits = library.opened.search(long, k=10_000, scope="moments")
    rank, mine = next((rank, hit) for rank, hit in enumerate(hits) if hit.clip == library.short_clip)
    assert rank < 5
    assert (mine.query_start_s, mine.query_end_s) == pytest.approx((8.0, 8.0 + short.duration_s), abs=0.2)


def moment(clip: int, start: int, end: int, distance: float, query: tuple[int, int] = (0, 60)) -> Match:
    return Match(clip, start, end, 0, distance, distance, *query)


def test_of_moments_that_share_most_of_their_time_the_best_is_kept():
    found = [moment(0, 0, 60, 0.1), moment(0, 10, 70, 0.2), moment(0, 55, 115, 0.3), moment(1, 0, 60, 0.4)]
    assert suppress_overlaps(found) == [found[0], found[2], found[3]]
    assert best_of_each_clip(found) == [found[0], found[3]]


def test_a_chain_follows_the_querys_order_in_one_clip():
    cuts = [(0, 100), (100, 200), (200, 300)]
    pieces = [
        [moment(0, 500, 600, 0.2, cuts[0]), moment(1, 900, 1000, 0.1, cuts[0])],
        [moment(0, 600, 700, 0.2, cuts[1]), moment(1, 100, 200, 0.1, cuts[1])],  # clip 1 goes back in time
        [moment(0, 700, 800, 0.2, cuts[2])],
    ]
    chains = best_chains(pieces, {0: 3, 1: 3})
    first = chains[0]
    assert (first.start_frame, first.end_frame, first.query_start, first.query_end) == (500, 800, 0, 300)
    assert first.distance == pytest.approx(0.2)
    assert chains[1].distance == pytest.approx(1 - 0.9 / 3)  # one piece of three


def test_a_chain_may_lack_a_piece():
    pieces = [[moment(0, 0, 100, 0.2, (0, 100))], [], [moment(0, 200, 300, 0.2, (200, 300))]]
    chain = best_chains(pieces, {0: 3})[0]
    assert (chain.start_frame, chain.end_frame) == (0, 300)
    assert chain.distance == pytest.approx(1 - 1.6 / 3)


def test_a_chain_through_a_clip_that_runs_faster_is_no_nearer_than_its_pieces():
    cuts = [(start, start + 60) for start in range(0, 240, 60)]
    pieces = [[moment(0, start // 2, start // 2 + 30, 0.5, (start, end))] for start, end in cuts]
    chain = best_chains(pieces, {0: 2})[0]  # the clip lasts as long as two pieces, and answers four at double speed
    assert (chain.end_frame, chain.query_end) == (120, 240)
    assert chain.distance == pytest.approx(0.5)


@pytest.mark.parametrize(("of_piece", "expected"), [(0.3, 1 - 0.7 / 5), (0.01, 0.01 + 0.05 * 4 / 5)])
def test_a_short_clip_answers_a_long_query_by_its_share_of_it_unless_it_is_a_copy(of_piece: float, expected: float):
    query, short = random_clip(1, 300), random_clip(2, 60)

    def search_pieces(spans: Sequence[tuple[int, int]]) -> list[list[Match]]:
        return [[moment(0, 0, 60, of_piece)] if start == 120 else [] for start, _ in spans]

    (found,) = match_long_query([query], 60, search_pieces, lambda _row: short, PartWeights())
    assert (found.query_start, found.query_end) == (120, 180)
    assert found.distance == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mirror": "sideways"}, "mirror is 'sideways'; give one of none, whole, both"),
        ({"scope": "parts"}, "scope is 'parts'; give one of auto, whole, moments"),
        ({"scope": "whole", "all_moments": True}, "contradict each other"),
    ],
)
def test_options_that_have_no_meaning_are_refused(options: dict[str, object], message: str):
    with pytest.raises(QueryError, match=message):
        QueryOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pose_distances", "limit"),
    [
        ([0.12, 0.14, 0.2], 0.18),  # the second is as near as copies are to each other, the third is another motion
        ([0.0, 0.12, 0.14, 0.2], 0.18),  # the query itself, which is in the index, says nothing about copies of it
        ([0.3, 0.4], 0.22),  # never beyond the comparer's own limit
        ([0.0], 0.22),
    ],
)
def test_copies_are_not_clearly_farther_than_the_nearest_one(pose_distances: list[float], limit: float):
    matches = [Match(row, 0, 30, 0, 0.5, pose_distance) for row, pose_distance in enumerate(pose_distances)]
    comparer = cast(PoseComparer, SimpleNamespace(copy_limit=0.22))
    assert copy_limits(matches, [comparer]) == pytest.approx([limit])


def test_equal_matches_are_in_the_order_of_clip_start_and_variant():
    matches = [Match(clip, start, start + 5, variant, 0.5) for clip in (0, 1) for start in (0, 9) for variant in (0, 1)]
    assert best_first(matches[::-1]) == matches


def test_regions_of_the_query_and_of_its_mirror_image_are_searched_apart(library: Library):
    rows = np.flatnonzero(library.snapshot.rows.window_clip == 0)[[1, 1]]
    found = Candidates(rows, np.array([0.1, 0.2]), np.array([0, 1]))
    assert [region.variant for region in regions_around(library.snapshot, found, 30)] == [0, 1]


def test_a_chain_that_lacks_a_piece_follows_the_querys_order_too():
    first = Match(0, 200, 260, 0, 0.2, query_start=0, query_end=60)
    earlier = Match(0, 210, 270, 0, 0.3, query_start=120, query_end=180)
    chain = best_chains([[first], [], [earlier]], {0: 3})[0]
    assert (chain.query_start, chain.query_end) == (0, 60)
