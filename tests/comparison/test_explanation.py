"""Explanations: what the JSON promises, the frames that matter, the table and the picture."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from support.changed_motion import raised_right_arm

from mretrieve.cli.comparison_text import explanation_text
from mretrieve.comparison import Explanation, NamedClip, explain
from mretrieve.comparison.key_frames import farthest_frames, frames_to_draw, nearest_frames
from mretrieve.comparison.pictures import draw_explanation
from mretrieve.encoders import load_encoder
from mretrieve.errors import MRetrieveError
from mretrieve.motion.body_parts import PartWeights
from mretrieve.motion.skeleton import JOINTS, PARTS


@pytest.fixture(scope="module")
def schema() -> dict[str, object]:
    return json.loads((files("mretrieve.comparison") / "explain.schema.json").read_text(encoding="utf-8"))


def test_the_json_keeps_its_contract(waves: tuple[NamedClip, NamedClip], schema: dict[str, object]):
    explanation = explain(*waves)
    said = json.loads(json.dumps(explanation.to_dict(), allow_nan=False))
    jsonschema.validate(said, schema)
    assert said["query"]["path"] == waves[0].name
    assert said["clip"]["end_s"] == pytest.approx(waves[1].clip.end_s, abs=1e-4)
    assert list(said["parts"]) == list(PARTS)
    assert list(said["joints_mm"]) == list(JOINTS)
    assert said["path"][0] == [0, 0]
    assert said["path"][-1] == [waves[0].clip.frame_count - 1, waves[1].clip.frame_count - 1]
    assert {len(values) for values in said["over_time"]["parts_mm"].values()} == {waves[0].clip.frame_count}


def test_what_is_not_compared_is_null(waves: tuple[NamedClip, NamedClip], schema: dict[str, object]):
    said = json.loads(json.dumps(explain(*waves, PartWeights.of("arms")).to_dict(), allow_nan=False))
    jsonschema.validate(said, schema)
    assert said["parts"]["left_leg"] == {"weight": 0, "score": None, "distance_mm": None}
    assert said["joints_mm"]["left_foot"] is None
    assert said["over_time"]["parts_mm"]["left_leg"] is None


def test_a_clip_with_one_arm_changed_is_farthest_apart_there_and_then(walk: NamedClip):
    raised = replace(walk, clip=raised_right_arm(walk.clip, 0.5, 1.1))
    explanation = explain(walk, raised)
    assert max(explanation.alignment.parts_mm, key=explanation.alignment.parts_mm.__getitem__) == "right_arm"
    assert min(explanation.alignment.part_scores, key=explanation.alignment.part_scores.__getitem__) == "right_arm"
    worst = farthest_frames(explanation.alignment)[0]
    assert worst.part == "right_arm"
    assert walk.clip.start_s + 0.5 < worst.query_s < walk.clip.start_s + 1.1
    best = nearest_frames(explanation.alignment)[0]
    assert not walk.clip.start_s + 0.5 < best.query_s < walk.clip.start_s + 1.1
    assert best.distance_mm < worst.distance_mm


def test_the_frames_that_are_drawn_begin_and_end_with_the_query(waves: tuple[NamedClip, NamedClip]):
    alignment = explain(*waves).alignment
    for count in (2, 4, 6):
        frames = frames_to_draw(alignment, count)
        assert len(frames) == count
        assert frames == sorted(set(frames))
        assert (frames[0], frames[-1]) == (0, alignment.query.frame_count - 1)
    short = explain(*(replace(wave, clip=wave.clip.cut(0, 3)) for wave in waves)).alignment
    assert frames_to_draw(short) == [0, 1, 2]


def test_a_moment_is_found_in_a_clip_that_is_much_longer(walk: NamedClip):
    piece = replace(walk, clip=walk.clip.cut(20, 20 + walk.clip.frame_count // 4))
    explanation = explain(piece, walk)
    assert explanation.other.clip.start_s == pytest.approx(piece.clip.start_s)
    assert explanation.other.clip.end_s == pytest.approx(piece.clip.end_s)
    assert explanation.to_dict()["path"][0] == [0, 0]
    assert explain(piece, replace(walk, is_moment=True)).other.clip.frame_count == walk.clip.frame_count


def test_the_table_names_every_part_and_the_frames_that_matter(waves: tuple[NamedClip, NamedClip]):
    text = explanation_text(explain(*waves))
    lines = text.splitlines()
    assert waves[0].name in lines[0]
    assert waves[1].name in lines[1]
    assert all(any(line.startswith(part.replace("_", " ")) for line in lines) for part in PARTS)
    assert "wrist" in text
    assert "farthest" in text
    assert "nearest" in text


@pytest.fixture(scope="module")
def attentive(waves: tuple[NamedClip, NamedClip]) -> Explanation:
    pytest.importorskip("torch", reason="NO TORCH: learned encoders are not tested")
    return explain(*waves, encoders=[load_encoder("mmd-nca"), load_encoder("deephums"), load_encoder()])


def test_attention_is_told_of_encoders_that_have_it(
    attentive: Explanation, waves: tuple[NamedClip, NamedClip], schema: dict[str, object]
):
    (seen,) = attentive.attention
    assert seen.encoder == "mmd-nca"
    assert [len(seen.query), len(seen.other)] == [wave.clip.frame_count for wave in waves]
    assert seen.query.mean() == pytest.approx(1, abs=1e-3)
    said = attentive.to_dict()
    jsonschema.validate(said, schema)
    assert len(said["attention"][0]["query"]) == waves[0].clip.frame_count
    assert "mmd-nca attends" in explanation_text(attentive)


def test_the_picture_is_a_png_whatever_is_drawn(attentive: Explanation, walk: NamedClip, tmp_path: Path):
    pytest.importorskip("matplotlib", reason="NO MATPLOTLIB: pictures are not tested")
    hostile = replace(walk, name="long" * 60 + "\n$\\frac{<b>$.bvh")
    still = replace(walk, clip=walk.clip.cut(0, 1))
    cases = {
        "attention": attentive,
        "hostile name": explain(hostile, walk),
        "same": explain(walk, walk),
        "one frame": explain(still, still),
        "arms": explain(walk, walk, PartWeights.of("arms")),
    }
    for name, explanation in cases.items():
        path = tmp_path / f"{name}.png"
        draw_explanation(path, explanation)
        content = path.read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n", name
        width, height = struct.unpack(">II", content[16:24])
        assert width > 1000, name
        assert 500 < height < width, name
        assert 20_000 < len(content) < 500_000, name
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.png" for name in cases)


def test_a_picture_that_cannot_be_written_is_one_clear_line(attentive: Explanation, tmp_path: Path):
    pytest.importorskip("matplotlib", reason="NO MATPLOTLIB: pictures are not tested")
    with pytest.raises(MRetrieveError, match="cannot be written"):
        draw_explanation(tmp_path / "nowhere" / "a.png", attentive)


def test_a_picture_shows_where_something_was_seen(walk: NamedClip, tmp_path: Path):
    pytest.importorskip("matplotlib", reason="NO MATPLOTLIB: pictures are not tested")
    observed = walk.clip.observed.copy()
    observed[:10] = False
    partly = replace(walk, clip=replace(walk.clip, observed=observed))
    explanation = explain(partly, walk)
    assert np.isnan(explanation.alignment.frames_mm[:10]).all()
    assert min(key.query_frame for key in nearest_frames(explanation.alignment)) >= 10
    draw_explanation(tmp_path / "partly.png", explanation)
    json.dumps(explanation.to_dict(), allow_nan=False)
    assert explanation_text(explanation)
