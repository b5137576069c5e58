"""What a query answers: the right moments, always k of them, the same every time, as brute force would."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.generated_library import Library
from support.small_index import row_mask

from mretrieve import QueryOptions, canonicalise, open_index, read
from mretrieve.alignment.alignment import align
from mretrieve.alignment.pose_features import PoseAligner
from mretrieve.encoders import load_encoder
from mretrieve.errors import FormatError, IndexStateError, QueryError
from mretrieve.indexer import build_index, remove_clips
from mretrieve.indexer.compaction import ShardSize
from mretrieve.motion import mirror
from mretrieve.search.candidates import eligible_rows
from mretrieve.search.query import WHOLE_UP_TO
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.snapshot import Snapshot


def test_a_clip_finds_itself_first_at_no_distance(library: Library):
    hit = library.opened.search(library.folder / library.short_clip, k=1)[0]
    assert (hit.rank, hit.clip, hit.mirrored) == (1, library.short_clip, False)
    assert hit.score == pytest.approx(1.0, abs=1e-4)
    assert hit.distance_mm == pytest.approx(0.0, abs=1e-3)


def test_other_clips_of_the_same_kind_come_next(library: Library):
    hits = library.opened.search(library.short_clip, k=2, where="label <> 'take'")
    assert [hit.label for hit in hits] == ["kick", "kick"]


def test_a_clip_named_by_its_path_in_the_index_answers_as_its_file_does(library: Library):
    by_name = library.opened.search(library.short_clip, k=50)
    by_file = library.opened.search(library.folder / library.short_clip, k=50)
    assert by_name.hits == by_file.hits


def test_every_way_to_ask_gives_the_same_answer(library: Library):
    path = library.folder / library.short_clip
    motion = read(path)[0]
    answers = [library.opened.search(query, k=20) for query in (path, str(path), motion, canonicalise(motion))]
    assert all(answer.hits == answers[0].hits for answer in answers)


def test_the_same_question_gives_the_same_answer_to_the_byte(library: Library):
    def asked() -> str:
        answer = (
            open_index(library.index).search(library.short_clip, options=QueryOptions(k=100, mirror="both")).to_dict()
        )
        return json.dumps({**answer, "took_ms": None})

    assert asked() == asked()


@pytest.mark.parametrize("k", [1, 2, 7, 10_000])
@pytest.mark.parametrize("options", [{}, {"rerank": 0}, {"mirror": "both"}])
def test_k_hits_come_back_whenever_k_clips_exist(library: Library, k: int, options: dict[str, int | bool]):
    hits = library.opened.search(library.short_clip, k=k, **options)
    assert len(hits) == min(k, len(library.opened))
    assert len({hit.clip for hit in hits}) == len(hits)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)


@pytest.mark.parametrize(
    "condition",
    [
        "label = 'kick'",
        "label != 'kick'",
        "duration_s > 30",
        "style = 'tired' and label <> 'take'",
        "clip like '%kick%'",
    ],
)
def test_a_filter_gives_k_hits_whenever_k_clips_meet_it(library: Library, condition: str):
    everything = {hit.clip for hit in library.opened.search(library.short_clip, k=10_000, where=condition)}
    few = [hit.clip for hit in library.opened.search(library.short_clip, k=2, where=condition)]
    assert len(everything) >= 2
    assert len(few) == 2
    assert set(few) <= everything


def test_a_filter_that_one_clip_meets_finds_that_clip(library: Library):
    for clip in library.opened.clips[::7]:
        quoted = clip.replace("'", "''")
        assert [hit.clip for hit in library.opened.search(library.short_clip, where=f"clip = '{quoted}'")] == [clip]


def test_a_filter_that_no_clip_meets_finds_nothing(library: Library):
    assert library.opened.search(library.short_clip, where="duration_s < 0").hits == ()


def test_exclude_self_leaves_out_the_query_however_it_is_named(library: Library):
    for query in (
        library.short_clip,
        library.folder / library.short_clip,
        read(library.folder / library.short_clip)[0],
    ):
        hits = library.opened.search(query, k=10_000, exclude_self=True)
        assert library.short_clip not in [hit.clip for hit in hits]
        assert len(hits) == len(library.opened) - 1


def test_without_re_ranking_the_order_is_that_of_brute_force_over_all_vectors(library: Library):
    snapshot = Snapshot.open(library.index)
    encoder = load_encoder(snapshot.encoders[0].name)
    clip = canonicalise(read(library.folder / library.short_clip)[0])
    distances = -(encoder.as_queries(encoder.encode([clip])).astype(np.float64) @ snapshot.vectors(encoder.name).T)[0]
    eligible = eligible_rows(snapshot.rows, clip.frame_count, WHOLE_UP_TO, WHOLE_UP_TO)
    distances[~row_mask(snapshot.rows, [eligible.wholes, *eligible.windows])] = np.inf
    best = [distances[snapshot.rows.window_clip == row].min() for row in range(len(library.opened))]
    expected = [library.opened.clips[row] for row in np.argsort(best, kind="stable")]
    found = [hit.clip for hit in library.opened.search(library.short_clip, k=10_000, rerank=0)]
    assert found == expected


def test_two_seconds_find_their_moment_in_a_long_take(library: Library):
    for moment in csv.DictReader((library.folder / "moments.csv").open(encoding="utf-8")):
        start, end = float(moment["start_s"]), float(moment["end_s"])
        middle = (start + end) / 2
        hits = library.opened.search(moment["path"], k=2, start_s=middle - 1, end_s=middle + 1)
        spans = [(hit.start_s, hit.end_s) for hit in hits if hit.clip == moment["path"]]
        assert len(spans) == 1, f"{moment} is not among the best two"  # a short clip of the same action may be as good
        assert min(end, spans[0][1]) - max(start, spans[0][0]) > 0.5, f"{moment} was found at {spans[0]}"


def test_inside_a_clip_of_some_seconds_the_moment_is_shown_where_it_happens(library: Library):
    snapshot = library.snapshot
    frames = snapshot.clips["frame_count"].to_pylist()
    clips = [clip for clip, count in zip(library.opened.clips, frames, strict=True) if 105 <= count <= 230]
    assert len(clips) > 5
    for clip in clips:
        hits = library.opened.search(clip, k=5, start_s=0.5, end_s=2.5)
        shown = next(hit for hit in hits if hit.clip == clip)
        assert (shown.start_s, shown.end_s) == pytest.approx((0.5, 2.5), abs=0.05)


def test_all_moments_gives_several_of_one_clip_that_do_not_cover_each_other(library: Library):
    options = QueryOptions(k=10_000, start_s=10, end_s=12, all_moments=True, rerank=0)
    hits = library.opened.search(library.long_take, options=options).hits
    mine = [hit for hit in hits if hit.clip == library.long_take]
    best_alone = library.opened.search(library.long_take, k=1, start_s=10, end_s=12, rerank=0)[0]
    assert len(mine) > 5
    assert (hits[0].clip, hits[0].start_s, hits[0].end_s) == (best_alone.clip, best_alone.start_s, best_alone.end_s)
    for n, hit in enumerate(mine):
        for other in mine[:n]:
            shared = min(hit.end_s, other.end_s) - max(hit.start_s, other.start_s)
            assert shared <= 0.5 * min(hit.end_s - hit.start_s, other.end_s - other.start_s) + 1e-6


def test_the_mirror_of_a_clip_finds_the_clip_and_says_so(library: Library):
    reflected = mirror(canonicalise(read(library.folder / library.short_clip)[0]))
    hit = library.opened.search(reflected, k=1, mirror="both")[0]
    assert (hit.clip, hit.mirrored) == (library.short_clip, True)
    assert hit.score == pytest.approx(1.0, abs=1e-3)


def test_times_are_those_of_the_file_after_a_dropped_rest_pose(mocap: Path, tmp_path: Path):
    (tmp_path / "motions").mkdir()
    source = mocap / "cmu" / "bvh" / "007_03.bvh"
    (tmp_path / "motions" / "walk.bvh").symlink_to(source.resolve())
    build_index(tmp_path / "motions", tmp_path / "index", jobs=1)
    hit = open_index(tmp_path / "index").search(source, k=1)[0]
    assert hit.start_s == pytest.approx(1 / 60, abs=1e-3)  # frame 0 of the file is a T-pose
    assert hit.end_s == pytest.approx(read(source)[0].duration_s, abs=0.04)


@pytest.fixture
def few(library: Library, tmp_path: Path) -> Path:
    """A folder with every fourth BVH clip of the library, and what is asked for: `kick.bvh`."""
    folder = tmp_path / "few"
    folder.mkdir()
    for clip in [name for name in library.opened.clips if name.endswith(".bvh") and "_take_" not in name][::4]:
        shutil.copy(library.folder / clip, folder)
    shutil.copy(library.folder / _bvh_clip(library), folder / "kick.bvh")
    return folder


def test_an_opened_index_answers_as_before_while_it_is_changed(few: Path, tmp_path: Path):
    build_index(few, tmp_path / "index", jobs=1)
    opened = open_index(tmp_path / "index")
    before = opened.search("kick.bvh", k=5)
    remove_clips(tmp_path / "index", ["kick.bvh"])
    assert opened.search("kick.bvh", k=5).hits == before.hits
    with pytest.raises(QueryError, match=r"no such file.*no clip of this name"):
        open_index(tmp_path / "index").search("kick.bvh", k=5)


def test_an_opened_index_outlives_the_removal_of_its_files(library: Library, tmp_path: Path):
    build_index(library.folder, tmp_path / "index", jobs=1)
    opened = open_index(tmp_path / "index")
    mine = {record.id for record in opened._snapshot.shards}
    build_index(library.folder, tmp_path / "index", jobs=1, rebuild=True, shard_size=ShardSize(clips=10))
    with WriterLock(tmp_path / "index"):
        collect_garbage(tmp_path / "index", keep_versions=1, grace_s=-10.0)
    assert not mine & {folder.name for folder in (tmp_path / "index" / "shards").iterdir()}
    hits = opened.search(library.short_clip, k=5)
    assert [hit.clip for hit in hits] == [hit.clip for hit in library.opened.search(library.short_clip, k=5)]


def test_smoothing_is_an_option_of_the_index_and_still_gives_every_clip_once(few: Path, tmp_path: Path):
    build_index(few, tmp_path / "index", jobs=1, smooth=True)
    opened = open_index(tmp_path / "index")
    hits = opened.search("kick.bvh", k=10_000)
    assert sorted(hit.clip for hit in hits) == opened.clips
    assert hits[0].score == pytest.approx(1.0, abs=1e-3)


def test_missing_joints_are_left_out_of_the_comparison(library: Library):
    clip = canonicalise(read(library.folder / library.short_clip)[0])
    positions, observed = clip.positions.copy(), clip.observed.copy()
    positions[:, [7, 20]], observed[:, [7, 20]] = 50.0, False  # 50 m away: would drown everything else if it counted
    hit = library.opened.search(replace(clip, positions=positions, observed=observed), k=1)[0]
    assert hit.clip == library.short_clip
    assert hit.distance_mm == pytest.approx(0.0, abs=1e-2)


def test_joints_that_a_candidate_lacks_do_not_count_either(library: Library):
    query = canonicalise(read(library.folder / library.short_clip)[0])
    observed = query.observed.copy()
    observed[:, [18, 20]] = False
    observed[0, 18] = True  # one frame of a hundred is no reason to trust the joint
    distances = []
    for filler_m in (0.0, 0.3, 1.0):
        positions = query.positions.copy()
        positions[:, [18, 20]] += np.float32(filler_m)
        candidate = replace(query, positions=positions, observed=observed)
        distances.append((PoseAligner(query).distances([candidate])[0], align(query, candidate).mean_mm))
    assert distances[0] == distances[1] == distances[2] == (0.0, 0.0)


def test_a_file_is_known_as_indexed_through_links_too(library: Library, tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "motions").mkdir()
    source = tmp_path / "real" / "kick.bvh"
    source.write_bytes((library.folder / _bvh_clip(library)).read_bytes())
    (tmp_path / "motions" / "link.bvh").symlink_to(source)
    build_index(tmp_path / "motions", tmp_path / "index", jobs=1)
    opened = open_index(tmp_path / "index")
    assert opened.search(tmp_path / "motions" / "link.bvh", exclude_self=True).hits == ()


@pytest.mark.parametrize("changes", [{}, {"mirror": "both", "parts": {"arms": 1}}, {"rerank": 0, "exclude_self": True}])
def test_a_batch_is_answered_in_order_as_one_by_one(library: Library, changes: dict[str, Any]):
    take = canonicalise(read(library.folder / library.long_take)[0])
    parts = [take.cut(start, start + 150) for start in (0, 100, 300, 420)]  # of one length: they share a search
    queries = [library.short_clip, *parts, take, library.opened.clips[3]]
    together = library.opened.search_many(queries, k=3, **changes)
    assert [answer.hits for answer in together] == [library.opened.search(one, k=3, **changes).hits for one in queries]


def test_of_a_batch_what_cannot_be_answered_is_reported_and_left_out(library: Library):
    clip = canonicalise(read(library.folder / library.short_clip)[0])
    broken = replace(clip, positions=np.full_like(clip.positions, np.nan))
    queries = [library.short_clip, "nonsense.bvh", broken, library.opened.clips[3]]
    failed = []
    answers = library.opened.search_many(queries, on_error=lambda query, error: failed.append((query, type(error))))
    assert [answer.query for answer in answers] == [queries[0], queries[3]]
    assert failed == [("nonsense.bvh", QueryError), (broken, QueryError)]
    with pytest.raises(QueryError, match=r"nonsense\.bvh"):
        library.opened.search_many(queries)


def test_a_part_of_a_take_is_encoded_as_the_same_window_of_the_index(library: Library):
    snapshot = library.snapshot
    row = snapshot.clip_row(library.long_take)
    window = np.flatnonzero(snapshot.rows.window_clip == row)[20]
    start, end = snapshot.rows.window_start[window] / 30, snapshot.rows.window_end[window] / 30
    options = {"k": 1, "rerank": 0, "where": "label = 'take'"}
    hit = library.opened.search(library.long_take, start_s=float(start), end_s=float(end), **options)[0]
    assert (hit.start_s, hit.end_s) == pytest.approx((start, end))
    assert hit.score == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_clip_with_impossible_positions_is_refused(library: Library, value: float):
    clip = canonicalise(read(library.folder / library.short_clip)[0])
    positions = clip.positions.copy()
    positions[5, 3] = value
    with pytest.raises(QueryError, match="positions"):
        library.opened.search(replace(clip, positions=positions))


def test_too_long_a_name_is_no_file_and_no_clip(library: Library):
    with pytest.raises(QueryError, match="no such file"):
        library.opened.search("x" * 5000)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"k": 0}, "at least 1 hit"),
        ({"rerank": -1}, "0 to switch re-ranking off"),
        ({"start_s": 2.0, "end_s": 1.0}, "no motion between 2 s and 1 s"),
        ({"start_s": 1e9}, "no motion between"),
        ({"start_s": float("nan")}, "start"),
        ({"start_s": 1e308}, "no motion between"),
        ({"where": "nonsense"}, "no column"),
    ],
)
def test_a_question_without_meaning_is_refused_in_one_line(library: Library, options: dict[str, float], says: str):
    with pytest.raises(QueryError, match=says) as refusal:
        library.opened.search(library.short_clip, **options)  # type: ignore[arg-type]
    assert "\n" not in str(refusal.value)


def test_a_name_that_is_no_file_and_no_clip_offers_what_is_near(library: Library):
    with pytest.raises(QueryError, match=r"no such file.*did you mean .*kick"):
        library.opened.search(library.short_clip.replace("kick", "kikc"))


def test_a_query_file_that_cannot_be_read_is_named(library: Library, tmp_path: Path):
    (tmp_path / "broken.bvh").write_text("HIERARCHY\nROOT Hips\n{\n")
    with pytest.raises(FormatError, match=r"broken\.bvh"):
        library.opened.search(tmp_path / "broken.bvh")


def test_an_index_of_other_weights_is_refused(library: Library, monkeypatch: pytest.MonkeyPatch):
    encoder = load_encoder("pose-statistics")
    monkeypatch.setattr("mretrieve.search.spaces.load_encoder", lambda name: _with_fingerprint(encoder, "0" * 64))
    with pytest.raises(IndexStateError, match="--rebuild"):
        open_index(library.index)


def _bvh_clip(library: Library) -> str:
    return next(clip for clip in library.opened.clips if clip.endswith(".bvh") and "_take_" not in clip)


def _with_fingerprint(encoder: object, fingerprint: str) -> object:
    class Other:
        def __getattr__(self, name: str) -> object:
            return fingerprint if name == "fingerprint" else getattr(encoder, name)

    return Other()


def test_a_query_loads_neither_torch_nor_faiss_nor_hdf5_nor_pandas(library: Library):
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from mretrieve import open_index\n"
        "assert open_index(sys.argv[1]).search(sys.argv[2], k=5, mirror='both', where=\"label <> 'take'\")\n"
        "print(*sorted(set(sys.modules) & {'torch', 'faiss', 'h5py', 'pandas', 'scipy', 'sklearn'}))"
    )
    words = [sys.executable, "-c", program, str(library.index), str(library.folder / library.short_clip)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.split() == []
