"""A view is searched like a motion: the filmed clip comes first, and the answer says where the camera stood."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
from support.generated_library import Library

from mretrieve import Clip, QueryError
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.detection import LEGS, DetectionErrors, as_detected
from mretrieve.motion.skeleton import joint
from mretrieve.motion.view import View, mirror_view
from mretrieve.search.options import Scope


def clip_of(library: Library, name: str) -> Clip:
    snapshot = library.snapshot
    return Clip(*snapshot.motion(snapshot.clip_row(name)))


def filmed(library: Library, name: str, camera: Camera) -> View:
    return as_detected(film(clip_of(library, name), camera))


@pytest.mark.parametrize("camera", [Camera(30, 0), Camera(140, 25, 0, 5.0), Camera(250, 50)])
def test_the_filmed_clip_is_first_and_the_camera_is_named(library: Library, camera: Camera):
    best = library.opened.search(filmed(library, library.short_clip, camera), k=5)[0]
    assert best.clip == library.short_clip
    assert best.camera_azimuth_deg == pytest.approx(camera.azimuth_deg, abs=12)
    assert best.camera_pitch_deg == pytest.approx(camera.pitch_deg, abs=12)


def test_the_moment_of_a_long_take_that_was_filmed_is_found(library: Library):
    start, end = 330, 375
    view = as_detected(film(clip_of(library, library.long_take).cut(start, end), Camera(75, 10)))
    best = library.opened.search(view, k=1)[0]
    offset_s = clip_of(library, library.long_take).start_s
    assert best.clip == library.long_take
    assert (best.start_s - offset_s, best.end_s - offset_s) == pytest.approx((start / 30, end / 30), abs=0.2)


def test_a_long_view_is_found_in_the_take_that_it_shows(library: Library):
    view = as_detected(film(clip_of(library, library.long_take).cut(60, 420), Camera(75, 10)))
    best = library.opened.search(view, k=1)[0]
    assert best.clip == library.long_take
    assert best.camera_azimuth_deg == pytest.approx(75, abs=12)


@pytest.mark.parametrize(("ratio", "holds_it"), [(3.9, True), (5.4, False)])
def test_a_clip_shorter_than_a_quarter_of_a_view_does_not_score_like_a_match_of_the_whole(
    library: Library, ratio: float, holds_it: bool
):
    short, other = [name for name in library.opened.clips if "_kick_" in name][:2]
    kick, frames = clip_of(library, other), round(ratio * clip_of(library, short).frame_count)
    times = np.linspace(0, kick.frame_count - 1, frames).astype(int)
    slowed = replace(kick, positions=kick.positions[times], observed=kick.observed[times])
    view = as_detected(film(slowed, Camera(30, 0)))

    def score(scope: Scope) -> float:
        return next(hit.score for hit in library.opened.search(view, k=10_000, scope=scope) if hit.clip == short)

    assert (score("auto") == score("whole")) if holds_it else (score("auto") < 0.6 * score("whole"))


def test_answers_to_views_follow_the_schema(library: Library):
    content = library.opened.search(filmed(library, library.short_clip, Camera(30, 0)), k=3).to_dict()
    schema = json.loads((files("mretrieve.search") / "query.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(content, schema)
    assert all("camera_azimuth_deg" in hit and "camera_pitch_deg" in hit for hit in content["results"])


def test_answers_to_motions_in_space_do_not_mention_cameras(library: Library):
    answer = library.opened.search(library.short_clip, k=3)
    assert (answer.notes, answer[0].camera_azimuth_deg, answer[0].camera_pitch_deg) == ((), None, None)
    content = answer.to_dict()
    assert "notes" not in content and not any("camera" in name for hit in content["results"] for name in hit)
    assert not any("camera" in name for name in answer.to_arrow().column_names)


def test_what_makes_an_answer_less_certain_is_noted(library: Library):
    clip = clip_of(library, library.short_clip)
    assert library.opened.search(as_detected(film(clip, Camera(30, 0)))).notes == ()
    steep = library.opened.search(as_detected(film(clip, Camera(30, 60))))
    assert any("degrees above" in note for note in steep.notes)
    legless = DetectionErrors(0.0, 0, 1.0, 0.0, 0.0, 0.0).draw(film(clip, Camera(30, 0)), np.random.default_rng(0))
    assert not legless.seen_joints[list(LEGS)].any()
    notes = library.opened.search(legless).notes
    assert "left ankle" in notes[0] and "left wrist" not in notes[0]
    assert any("no legs" in note for note in notes)


def test_a_mirrored_view_is_found_when_mirror_images_are_searched(library: Library):
    view = mirror_view(filmed(library, library.short_clip, Camera(30, 0)))
    best = library.opened.search(view, k=1, mirror="both")[0]
    assert (best.clip, best.mirror) == (library.short_clip, "whole")


def test_limbs_of_a_view_cannot_be_exchanged(library: Library):
    with pytest.raises(QueryError, match="cannot be exchanged in a query in two dimensions"):
        library.opened.search(filmed(library, library.short_clip, Camera()), mirror="arms")


def test_the_query_itself_may_be_cut_in_time(library: Library):
    view = filmed(library, library.long_take, Camera(200, 5))
    best = library.opened.search(view, k=1, start_s=12.0, end_s=13.5)[0]
    start_s = clip_of(library, library.long_take).start_s
    assert best.clip == library.long_take
    assert best.start_s - start_s == pytest.approx(12.0, abs=0.2)


def test_a_view_of_one_arm_is_refused(library: Library):
    view = filmed(library, library.short_clip, Camera())
    observed = np.zeros_like(view.observed)
    observed[:, [joint("left_shoulder"), joint("left_elbow"), joint("left_wrist")]] = True
    with pytest.raises(QueryError, match="shows 3 joints"):
        library.opened.search(View(view.points, observed, observed.astype(np.float32)))
