"""The facade: everything that the commands do, from Python."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from support.generated_library import Library

import mretrieve
from mretrieve import Answer, Hit, QueryError, QueryOptions, canonicalise, read
from mretrieve.motion.body_parts import PartWeights


@pytest.fixture(scope="module")
def answer(library: Library) -> Answer:
    return library.opened.search(library.short_clip, k=5)


def test_an_answer_is_a_sequence_of_its_hits(answer: Answer):
    assert len(answer) == 5
    assert list(answer) == list(answer.hits)
    assert answer[0].rank == 1 and [hit.rank for hit in answer[1:3]] == [2, 3]
    assert answer.hits[4] in answer


def test_a_hit_names_its_file(answer: Answer, library: Library):
    for hit in answer:
        assert Path(hit.file) == library.folder / hit.clip
        assert Path(hit.file).is_file()


def test_representations_are_short(answer: Answer, library: Library):
    for shown in (repr(answer), repr(answer[0]), repr(library.opened)):
        assert len(shown) < 250 and "array" not in shown
    assert answer[0].clip in repr(answer[0]) and "5 hits" in repr(answer)


def test_an_answer_becomes_a_table(answer: Answer):
    table = answer.to_arrow()
    assert table.num_rows == 5
    assert table["clip"].to_pylist() == [hit.clip for hit in answer]
    assert table["distance_mm"].to_pylist() == [hit.distance_mm for hit in answer]
    assert table["part_left_arm"].to_pylist() == [hit.parts.get("left_arm") for hit in answer]
    pytest.importorskip("pandas")
    assert list(answer.to_pandas()["rank"]) == [1, 2, 3, 4, 5]


def test_an_empty_answer_has_the_same_columns(answer: Answer, library: Library):
    nothing = library.opened.search(library.short_clip, where="duration_s < 0")
    assert len(nothing) == 0
    assert nothing.to_arrow().schema == answer.to_arrow().schema


def test_a_hit_can_be_sent_to_another_process(answer: Answer):
    assert pickle.loads(pickle.dumps(answer[0])) == answer[0]
    assert len(pickle.dumps(answer[0])) < 2000  # no motion comes along


def test_help_explains_every_field():
    for public in (Hit, Answer, QueryOptions):
        assert public.__doc__ is not None
        for field in fields(public):
            assert f"        {field.name}: " in public.__doc__, f"{public.__name__}.{field.name}"


def test_threads_may_share_an_index(library: Library):
    queries = [clip for clip in library.opened.clips if "_take_" not in clip][:12]
    alone = [mretrieve.open_index(library.index).search(query, k=5).hits for query in queries]
    shared = mretrieve.open_index(library.index)
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda query: shared.search(query, k=5).hits, queries))
    assert together == alone


def test_joint_positions_are_searched_as_the_file_is(library: Library):
    clip = canonicalise(read(library.folder / library.short_clip)[0])
    by_file = library.opened.search(library.folder / library.short_clip, k=3)
    by_array = library.opened.search(clip.positions, k=3, fps=30)
    assert [hit.clip for hit in by_array] == [hit.clip for hit in by_file]
    assert by_array[0].score == pytest.approx(by_file[0].score, abs=0.01)


def test_joints_of_a_known_rig_may_be_in_any_unit_axes_and_order(library: Library):
    motion = read(library.folder / library.short_clip)[0]
    order = np.random.default_rng(0).permutation(len(motion.rig.joint_names))
    names = [motion.rig.joint_names[joint] for joint in order]
    turned = motion.positions[:, order][..., [2, 0, 1]] * 10  # Y up becomes Z up, centimetres millimetres
    hit = library.opened.search(turned, k=1, fps=motion.fps, joints=names)[0]
    assert hit.clip == library.short_clip
    assert hit.score > 0.9


@pytest.mark.parametrize(
    ("query", "options", "error", "message"),
    [
        (np.zeros((10, 22, 3)), {"fps": 30}, QueryError, "the array"),
        (np.zeros((10, 22)), {"fps": 30}, TypeError, r"\(T, J, 3\)"),
        (np.zeros((10, 17, 3)), {"fps": 30}, TypeError, "17 joints, give their names"),
        (np.zeros((10, 22, 3)), {}, TypeError, "give fps="),
        (np.zeros((10, 22, 3), complex), {"fps": 30}, TypeError, "numbers"),
        (np.zeros((10, 3, 3)), {"fps": 30, "joints": ["a", "b"]}, TypeError, "2 names are given"),
        ("clip.bvh", {"joints": ["a"]}, TypeError, "for arrays"),
        ([1, 2, 3], {}, TypeError, "list"),
        (None, {}, TypeError, "NoneType"),
        ("nowhere.bvh", {}, QueryError, "no such file"),
        ("nowhere.bvh", {"were": "x"}, TypeError, "did you mean where"),
    ],
)
def test_what_cannot_be_searched_is_one_clear_error(library: Library, query, options, error, message):
    with pytest.raises(error, match=message) as raised:
        library.opened.search(query, **options)
    assert "\n" not in str(raised.value) and "[[" not in str(raised.value) and len(str(raised.value)) < 400


def test_parts_may_be_written_in_three_ways(library: Library):
    weights = PartWeights.of("arms=1,legs=0.5")
    answers = [
        library.opened.search(library.short_clip, k=5, parts=parts).hits
        for parts in ("arms=1,legs=0.5", {"arms": 1, "legs": 0.5}, weights)
    ]
    assert answers[0] == answers[1] == answers[2]


def test_a_hit_is_explained_as_it_matched(library: Library, answer: Answer):
    for hit in answer[1:4]:
        explanation = library.opened.explain(library.short_clip, hit)
        assert explanation.alignment.mean_mm == pytest.approx(hit.distance_mm, rel=1e-4)


def test_takes_are_compared_aligned_and_exported(library: Library, answer: Answer, tmp_path: Path):
    first, second = answer[0].clip, answer[1].clip
    assert library.opened.compare(first, second).alignment.mean_mm > 0
    rows = library.opened.align(first, second).rows()
    assert rows[0][0] == 0 and rows[-1][0] == canonicalise(read(library.folder / first)[0]).frame_count - 1
    hit = library.opened.search(library.long_take, k=1, start_s=20, end_s=22)[0]
    library.opened.export(hit, tmp_path / "moment.bvh")
    assert canonicalise(read(tmp_path / "moment.bvh")[0]).duration_s == pytest.approx(2.0, abs=0.1)
    with pytest.raises(QueryError, match="--force"):
        library.opened.export(hit, tmp_path / "moment.bvh")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"where": "duration_s < 4", "exclude_self": True},
        {"parts": "arms=1,legs=0", "mirror": "both"},
        {"all_moments": True, "rerank": 5},
    ],
)
def test_answers_do_not_depend_on_the_device(library: Library, options: dict[str, object]):
    pytest.importorskip("torch", reason="NO TORCH: search on devices is not tested")
    on_device = mretrieve.open_index(library.index, device="cpu")
    for query in (library.short_clip, library.long_take):
        assert on_device.search(query, **options).hits == library.opened.search(query, **options).hits


def test_a_device_that_is_not_there_is_refused(library: Library):
    with pytest.raises(mretrieve.MRetrieveError, match="--device gpu: no such device"):
        mretrieve.open_index(library.index, device="gpu")
