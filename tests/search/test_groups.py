"""Group-aware search: the same action by others comes first, although each moves in a way of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve import Clip, Index, QueryError, QueryOptions, open_index
from mretrieve.indexer import build_index
from mretrieve.motion.skeleton import joint
from mretrieve.search.groups import CentredIndex, ClipGroups, QueryGroup, group_notes

#: What moves in each action.
ACTIONS = tuple(joint(name) for name in ("left_wrist", "right_wrist", "head", "left_knee", "right_ankle"))
#: How each performer holds the arms, in metres from where the action has them.
PERFORMERS = {"ada": (0.0, 0.0, 0.0), "bo": (0.25, 0.4, 0.1), "cy": (-0.2, 0.3, 0.4), "di": (0.3, -0.1, -0.4)}
ARMS = [joint(f"{side}_{part}") for side in ("left", "right") for part in ("elbow", "wrist")]


def performed(action: int, performer: str) -> Clip:
    """Two seconds in which one joint swings, the arms as the performer holds them."""
    clip = random_clip(0, 60)
    positions = clip.positions.copy()
    positions[:, ACTIONS[action], 1] += 0.1 * np.sin(np.arange(60) / 60 * 4 * np.pi)
    positions[:, ARMS] += PERFORMERS[performer]
    return replace(clip, positions=positions.astype(np.float32), observed=np.ones(clip.observed.shape, bool))


def library(folder: Path, labelled: Sequence[str] = tuple(PERFORMERS)) -> None:
    """Every action by every performer, with the labels of some of them, and its index."""
    rows = ["path,label,performer,day"]
    for action in range(len(ACTIONS)):
        for number, performer in enumerate(PERFORMERS):
            name = f"{performer}_{action}.npy"
            np.save(folder / name, performed(action, performer).positions)
            if performer in labelled:
                rows.append(f"{name},action{action},{performer},{'one' if (action + number) % 2 else 'two'}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    build_index(folder, folder / "index", labels=folder / "labels.csv", jobs=1)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("performed")
    library(folder)
    return open_index(folder / "index")


def firsts_of_others(opened: Index, **options: object) -> float:
    """How often the first answer by another performer is the query's action."""
    right = []
    for name in opened.clips:
        performer, action = name.removesuffix(".npy").split("_")
        hits = opened.search(name, options=QueryOptions(k=100, exclude_self=True, **options))  # type: ignore[arg-type]
        others = [hit for hit in hits if not hit.clip.startswith(performer)]
        right.append(others[0].label == f"action{action}")
    return float(np.mean(right))


def test_the_same_action_by_others_comes_first(opened: Index):
    assert firsts_of_others(opened, rerank=0) < 0.8
    assert firsts_of_others(opened, rerank=0, group="performer") == 1.0


def test_clips_of_all_groups_are_ranked_together_and_the_query_itself_is_first(opened: Index):
    hits = opened.search("ada_2.npy", k=1000, group="performer")
    assert len(hits) == len(opened.clips)
    assert (hits[0].clip, hits[0].score) == ("ada_2.npy", pytest.approx(1.0, abs=1e-6))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_conditions_and_exclusion_hold(opened: Index):
    options = QueryOptions(k=100, group="performer", exclude_self=True, where="performer <> 'bo'")
    found = {hit.clip for hit in opened.search("ada_2.npy", options=options)}
    assert found == {name for name in opened.clips if not name.startswith("bo_") and name != "ada_2.npy"}


def test_the_group_of_a_new_clip_is_named_or_assumed(opened: Index):
    clip = replace(performed(2, "cy"), positions=performed(2, "cy").positions[:50], observed=np.ones((50, 22), bool))
    named = opened.search(clip, k=100, group="performer", query_group="cy")
    assumed = opened.search(clip, k=100, group="performer")
    assert named.notes == ()
    assert assumed.notes == ("taken for performer 'cy', the nearest; --query-group names another",)
    assert [hit.clip for hit in assumed] == [hit.clip for hit in named]
    another = opened.search(clip, k=100, group="performer", query_group="bo")
    assert [hit.clip for hit in another] != [hit.clip for hit in named]


def test_groups_that_do_not_differ_are_not_used_and_the_answer_says_so(opened: Index):
    grouped, plain = opened.search("ada_2.npy", k=100, group="day"), opened.search("ada_2.npy", k=100)
    assert [(hit.clip, hit.score) for hit in grouped] == [(hit.clip, hit.score) for hit in plain]
    assert grouped.notes == ("clips of one day are no more alike than others, so the search was without groups",)


def test_groups_of_one_action_are_warned_of(opened: Index):
    by_label, by_performer = (ClipGroups.by(opened._spaces.snapshot, column) for column in ("label", "performer"))
    group = QueryGroup("action0", np.arange(1, 4), assumed=False)
    assert group_notes(by_performer, group, differs=True) == ()
    assert group_notes(by_label, group, differs=True) == (
        "5 of 5 groups by label hold one action only, which grouping makes harder to find",
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "performers"}, "--group: no column 'performers' in this index; did you mean performer"),
        ({"group": "performer", "query_group": "al"}, "--query-group: no clip has 'al' in the column performer; there"),
        ({"query_group": "ada"}, "query_group is 'ada'; name the column to group by as well"),
    ],
)
def test_wrong_groups_are_refused_in_one_line(opened: Index, options: dict[str, str], message: str):
    with pytest.raises(QueryError) as refused:
        opened.search("ada_2.npy", options=QueryOptions(**options))  # type: ignore[arg-type]
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_column_of_too_many_values_is_refused(opened: Index, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mretrieve.search.groups._MOST_GROUPS", 19)
    with pytest.raises(QueryError, match="--group: 20 different values in the column clip; choose one with at most 19"):
        opened.search("ada_2.npy", group="clip")


def test_clips_of_no_group_are_found_too(tmp_path: Path):
    library(tmp_path, labelled=("ada", "bo", "cy"))
    opened = open_index(tmp_path / "index")
    assert "cy" in ClipGroups.by(opened._spaces.snapshot, "performer").names
    assert {hit.clip for hit in opened.search("ada_2.npy", k=100, group="performer")} == set(opened.clips)


def test_the_mean_of_a_group_is_that_of_the_others_in_it(opened: Index):
    groups = ClipGroups.by(opened._spaces.snapshot, "performer")
    row = opened.clips.index("ada_2.npy")
    group = CentredIndex.group_of(cast(CentredIndex, SimpleNamespace(groups=groups)), np.zeros((1, 1)), (row,), None)
    assert group is not None and group.name == "ada" and row not in group.members and len(group.members) == 4
