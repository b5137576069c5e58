"""The named protocols: what is trained on, what is asked, and what never answers what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.mocap_folders import FoldsOf

from mretrieve.errors import QueryError
from mretrieve.evaluation import PROTOCOLS, EvaluationTask, protocol
from mretrieve.evaluation.data_sets import H36M_ACTIONS, windows
from mretrieve.evaluation.protocols import (
    CMU_TEST_CLASSES,
    CMU_TRAIN_CLASSES,
    HDM05_TEST_CLASSES,
    HDM05_TRAIN_CLASSES,
)
from mretrieve.motion import LabelledClip


def file_of(item: LabelledClip) -> str:
    return item.path.partition("@")[0]


def right_pairs(task: EvaluationTask) -> list[tuple[LabelledClip, LabelledClip]]:
    pairs = np.argwhere(task.relevant & task.allowed)
    return [(task.queries[q], task.gallery[g]) for q, g in pairs]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_query_is_never_its_own_answer_and_right_is_what_has_its_label(name: str, folds_of: FoldsOf):
    for fold in folds_of(name):
        for task in fold.tasks:
            answers = right_pairs(task)
            assert answers
            assert all(query.label == answer.label and query.label for query, answer in answers)
            same = np.array([[query.path == item.path for item in task.gallery] for query in task.queries])
            assert not (task.allowed & same).any()
            assert (task.allowed & ~task.relevant).any()


@pytest.mark.parametrize("name", PROTOCOLS)
def test_only_all_pairs_lets_a_query_be_answered_from_its_own_group(name: str, folds_of: FoldsOf):
    for fold in folds_of(name):
        for task in fold.tasks:
            inside = any(query.group == answer.group for query, answer in right_pairs(task))
            assert inside == (name == "h36m-unseen" and task.name in ("cross-file", "all pairs"))
            within_file = any(file_of(query) == file_of(answer) for query, answer in right_pairs(task))
            assert within_file == (task.name == "all pairs")


@pytest.mark.parametrize("name", PROTOCOLS)
def test_no_query_was_trained_on(name: str, folds_of: FoldsOf):
    for fold in folds_of(name):
        trained = {file_of(item) for item in fold.train}
        assert trained.isdisjoint(file_of(item) for task in fold.tasks for item in task.queries)


@pytest.mark.parametrize("name", ["hdm05-unseen", "cmu-unseen", "h36m-unseen"])
def test_unseen_classes_are_not_in_training(name: str, folds_of: FoldsOf):
    (fold,) = folds_of(name)
    asked = {item.label for task in fold.tasks for item in (*task.queries, *task.gallery)}
    trained = {item.label for item in fold.train}
    expected = {
        "hdm05-unseen": (set(HDM05_TRAIN_CLASSES), set(HDM05_TEST_CLASSES)),
        "cmu-unseen": (set(CMU_TRAIN_CLASSES), set(CMU_TEST_CLASSES)),
        "h36m-unseen": (set(H36M_ACTIONS[:8]), set(H36M_ACTIONS[8:])),
    }[name]
    assert (trained, asked) == expected
    assert trained.isdisjoint(asked)


def test_the_seven_unseen_actions_of_human36m_are_the_published_ones():
    published = "sittingdown smoking takingphoto waiting walking walkingdog walkingtogether"
    assert list(H36M_ACTIONS[8:]) == published.split()
    assert list(H36M_ACTIONS) == sorted(H36M_ACTIONS)


def test_hdm05_performer_asks_tr_for_the_clips_of_the_four_others(folds_of: FoldsOf):
    (fold,) = folds_of("hdm05-performer")
    (task,) = fold.tasks
    assert {item.group for item in task.queries} == {"tr"}
    assert {item.group for item in fold.train} == {"bd", "bk", "dg", "mm"}
    assert task.gallery == fold.train


def test_each_performer_asks_once_in_hdm05_cross_performer(folds_of: FoldsOf):
    folds = folds_of("hdm05-cross-performer")
    assert [{item.group for item in fold.tasks[0].queries} for fold in folds] == [
        {performer} for performer in ("bd", "bk", "dg", "mm", "tr")
    ]
    queries = [item.path for fold in folds for item in fold.tasks[0].queries]
    assert len(queries) == len(set(queries)) == 55


def test_human36m_is_trained_in_90_frames_and_asked_in_pieces_of_takes_above_5_seconds(folds_of: FoldsOf):
    (fold,) = folds_of("h36m-unseen")
    assert {item.clip.frame_count for item in fold.train} == {90}
    pieces = [item for item in fold.tasks[0].queries if "@" in item.path]
    assert pieces
    assert {item.clip.frame_count for item in pieces} == {90}
    assert all(item.clip.frame_count <= 150 for item in fold.tasks[0].queries)
    assert [task.name for task in fold.tasks] == ["cross-subject", "cross-file", "all pairs"]


def test_windows_are_3_seconds_with_a_second_between_and_short_takes_stay_whole(folds_of: FoldsOf):
    item = max(folds_of("bandai-cross-style")[0].tasks[0].queries, key=lambda each: each.clip.frame_count)
    frames = item.clip.frame_count
    cut = windows(item)
    assert [window.path for window in cut] == [f"{item.path}@{4 * n}" for n in range((frames - 90) // 120 + 1)]
    assert (cut[-1].clip.positions == item.clip.positions[120 * (len(cut) - 1) :][:90]).all()
    assert windows(item, frames) == [item]


def test_bandai_is_never_trained_on(folds_of: FoldsOf):
    assert folds_of("bandai-cross-style")[0].train == ()


def test_robustness_disturbs_the_queries_alone_and_always_in_the_same_way(folds_of: FoldsOf, generated_sets: Path):
    (fold,), (again,) = folds_of("robustness"), protocol("robustness").folds(generated_sets)
    clean, lost, slow, fast, rig = fold.tasks
    assert all(task.gallery is clean.gallery for task in fold.tasks)
    pairs = zip(clean.queries, lost.queries, slow.queries, fast.queries, rig.queries, strict=True)
    for whole, lacking, slower, faster, other in pairs:
        assert (whole.clip.seen_joints & ~lacking.clip.seen_joints).sum() <= 4
        assert slower.clip.frame_count == pytest.approx(2 * whole.clip.frame_count, abs=2)
        assert faster.clip.frame_count == pytest.approx(whole.clip.frame_count / 2, abs=2)
        apart = np.linalg.norm(other.clip.positions - whole.clip.positions, axis=2)
        assert 0.005 < apart.mean() < 0.5
    for task, same in zip(fold.tasks, again.tasks, strict=True):
        for one, other in zip(task.queries, same.queries, strict=True):
            assert (one.clip.positions == other.clip.positions).all()


def test_every_subject_is_asked_and_trained_on_in_cmu_person(folds_of: FoldsOf):
    folds = folds_of("cmu-person")
    files = [{file_of(item) for item in fold.tasks[0].queries} for fold in folds]
    assert files[0].isdisjoint(files[1])
    for fold in folds:
        assert {item.label for item in fold.train} == {item.label for item in fold.tasks[0].queries}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_missing_set_is_one_line_that_names_the_folder_and_what_is_missing(name: str, tmp_path: Path):
    with pytest.raises(QueryError) as caught:
        protocol(name).folds(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}: no ")
    assert "\n" not in message


def test_a_table_without_its_columns_is_refused(tmp_path: Path):
    (tmp_path / "hdm05").mkdir()
    (tmp_path / "hdm05" / "labels.csv").write_text("path,label\na.amc,walk\n")
    with pytest.raises(QueryError, match=r"labels\.csv:1: no column 'subject'; it has path, label"):
        protocol("hdm05-performer").folds(tmp_path)


def test_a_misspelt_protocol_is_guessed():
    with pytest.raises(QueryError, match=r"no protocol 'h36m-unsen'; did you mean h36m-unseen"):
        protocol("h36m-unsen")


# -- the real sets: nothing of a split depends on anything but names --------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("hdm05-performer", [(233, 55, 233)]),
        ("hdm05-cross-performer", [(226, 62, 226), (222, 66, 222), (227, 61, 227), (244, 44, 244), (233, 55, 233)]),
        ("hdm05-unseen", [(185, 103, 103)]),
        ("cmu-unseen", [(50, 43, 43)]),
        ("cmu-person", [(49, 43, 43), (43, 49, 49)]),
        ("bandai-cross-style", [(0, 174, 174)]),
    ],
)
def test_real_splits_have_the_sizes_that_the_documents_name(name: str, sizes: list[tuple[int, ...]], mocap: Path):
    folds = protocol(name).folds(mocap)
    assert [(len(f.train), len(f.tasks[0].queries), len(f.tasks[0].gallery)) for f in folds] == sizes
