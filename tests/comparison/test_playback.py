"""What a viewer is given: motions that can be put back together, and frames that correspond."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray
from support.changed_motion import raised_right_arm
from support.generated_library import Library

from mretrieve import QueryOptions
from mretrieve.comparison import NamedClip, by_name, explain
from mretrieve.comparison.differences import compare
from mretrieve.comparison.playback import Playback, PlayedMotion
from mretrieve.errors import IndexStateError
from mretrieve.motion.body_view import body_view
from mretrieve.motion.filmstrip import floor_m
from mretrieve.motion.skeleton import PARTS

KICK = "*_kick_*"


def _numbers(encoded: str, dtype: str, *shape: int) -> NDArray[np.floating]:
    return np.frombuffer(base64.b64decode(encoded), dtype).reshape(-1, *shape)


def _joints(motion: dict[str, Any]) -> NDArray[np.float64]:
    """Joints (T, 22, 3) as a viewer puts a travelling body together."""
    poses = _numbers(motion["poses"], "<f2", 22, 3).astype(np.float64)
    left, up, forwards, heading = _numbers(motion["roots"], "<f4", 4).astype(np.float64).T[..., None]
    cosine, sine = np.cos(heading), np.sin(heading)
    x = cosine * poses[..., 0] + sine * poses[..., 2] + left
    z = cosine * poses[..., 2] - sine * poses[..., 0] + forwards
    return np.stack([x, poses[..., 1] + up, z], axis=-1)


def _validated(playback: Playback) -> dict[str, Any]:
    data = playback.to_dict()
    schema = json.loads((files("mretrieve.comparison") / "playback.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema)
    return data


def test_a_motion_is_the_clip_on_its_floor_moved_and_turned_to_where_it_begins(walk: NamedClip):
    data = PlayedMotion("walk.bvh", walk.clip).to_dict()
    assert data["frame_count"] == walk.clip.frame_count
    seen = _joints(data)
    view = body_view(walk.clip.positions)
    heading, origin = float(view.heading[0]), view.origin[0] * [1, 0, 1] + [0, floor_m(walk.clip), 0]
    turn = np.array([[np.cos(heading), 0, -np.sin(heading)], [0, 1, 0], [np.sin(heading), 0, np.cos(heading)]])
    assert np.abs(seen - (walk.clip.positions - origin) @ turn.T).max() < 0.002  # float16 of metres around the hips
    assert np.abs(seen[0, 0, [0, 2]]).max() < 0.1


def test_pairs_hold_the_path_and_the_distances_of_the_alignment(walk: NamedClip):
    raised = replace(walk, clip=raised_right_arm(walk.clip, 0.5, 1.1))
    comparison = compare(walk, raised)
    data = _validated(Playback.of_comparison(comparison))
    (pair,) = data["pairs"]
    assert pair["path"] == comparison.alignment.path.tolist()
    errors = _numbers(pair["errors_mm"], "<f2", 22)
    expected = comparison.alignment.over_time_mm
    assert errors[:, PARTS["right_arm"]] == pytest.approx(expected[:, PARTS["right_arm"]], rel=0.001)
    assert [said["text"] for said in pair["advice"]] == [said.text for said in comparison.advice]
    assert {found["part"] for found in pair["differences"]} == {"right_arm"}
    assert {key["kind"] for key in pair["key_frames"]} == {"farthest", "nearest"}


def test_every_hit_of_an_answer_is_paired_with_the_image_of_the_query_that_it_is_like(library: Library):
    options = QueryOptions(k=6, mirror="both")
    query = str(min(library.folder.rglob(KICK)))
    answer = library.opened.search(query, options=options)
    data = _validated(library.opened.playback(answer, query, options=options))
    assert [pair["rank"] for pair in data["pairs"]] == [hit.rank for hit in answer]
    for hit, pair in zip(answer, data["pairs"], strict=True):
        shown, compared = data["motions"][pair["other"]], data["motions"][pair["query"]]
        assert (shown["name"], shown["start_s"]) == (hit.clip, pytest.approx(hit.start_s, abs=1e-3))
        assert shown["frame_count"] == round((hit.end_s - hit.start_s) * 30)
        assert compared["remark"] == ("mirrored" if hit.mirrored else "")
        assert pair["parts"] == {part: round(score, 6) for part, score in hit.parts.items()}
    assert {bool(pair["query"]) for pair in data["pairs"]} == {False, True}  # some of the hits are mirrored


def test_a_hit_whose_motion_cannot_be_read_is_named_and_the_others_are_shown(
    library: Library, monkeypatch: pytest.MonkeyPatch
):
    query = str(min(library.folder.rglob(KICK)))
    answer = library.opened.search(query, k=3)

    def explained(_resolver: object, found: object, hit: object, **options: object) -> object:
        if hit is answer[1]:
            raise IndexStateError("damaged")
        return real(_resolver, found, hit, **options)

    real = by_name.explain_moment
    monkeypatch.setattr(by_name, "explain_moment", explained)
    playback = library.opened.playback(answer, query)
    assert [pair.hit.rank for pair in playback.pairs if pair.hit] == [1, 3]
    assert playback.notes == (f"{answer[1].clip} cannot be shown: its motion cannot be read",)


def test_long_motions_are_thinned_and_still_correspond(walk: NamedClip, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mretrieve.comparison.playback._MOST_FRAMES", walk.clip.frame_count - 1)
    data = _validated(Playback.of_explanation(explain(walk, walk)))
    frames = data["motions"][0]["frame_count"]
    assert data["fps"] == 10
    assert frames == -(-walk.clip.frame_count // 3)
    assert data["pairs"][0]["path"] == [[frame, frame] for frame in range(frames)]
    assert len(_numbers(data["pairs"][0]["errors_mm"], "<f2", 22)) == frames
