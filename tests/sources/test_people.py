"""Who is in a file: every person, with a line for what is left out; `index` and `rig` agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.bodies.companies import drawn_company, drawn_with_prop
from support.bodies.creatures import drawn_creature

from mretrieve.cli import main
from mretrieve.errors import RigError
from mretrieve.formats import MotionFile, ReadingOptions
from mretrieve.indexer.report import last_report
from mretrieve.sources.reading import NotHumanError, read_bodies
from mretrieve.sources.resolve import ClipResolver
from mretrieve.storage.snapshot import Snapshot


def in_memory(text: str) -> MotionFile:
    return MotionFile(Path("generated.bvh"), text.encode())


@pytest.mark.parametrize("number", range(12))
def test_beside_a_prop_the_person_is_read_and_the_prop_is_named(number: int):
    generated = drawn_with_prop(1, number)
    (body,) = read_bodies(in_memory(generated.text), ReadingOptions())
    assert body.fragment == ""
    true = generated.bodies[0]
    head = body.motion.positions[:, body.rig_map.joints[15]]
    np.testing.assert_allclose(head, true.file_positions[:, true.joints["head"]], atol=true.tolerance)
    if number % 4 < 2:  # roots of their own
        assert [note for note in body.clip.notes if note.startswith("left out: ") and "not a human body: " in note]


def test_a_file_of_props_alone_is_refused_without_the_advice_of_a_rig_map():
    prop = "ROOT Camera\n{ OFFSET 0 0 0 CHANNELS 3 Xposition Yposition Zposition }\n"
    text = f"HIERARCHY\n{prop}{prop}MOTION\nFrames: 1\nFrame Time: 0.1\n0 0 0 1 1 1\n"
    with pytest.raises(NotHumanError, match="not a human body: only 1 joint") as refusal:
        read_bodies(in_memory(text), ReadingOptions())
    assert "--rig-map" not in str(refusal.value)


def test_beside_an_animal_the_person_is_read(tmp_path: Path):
    person, animal = (text.partition("MOTION") for text in (drawn_company(1, 2).text, drawn_creature(1, 0).text))
    rows = [part[2].splitlines()[3:] for part in (person, animal)]
    joined = [f"{first} {second}" for first, second in zip(*rows, strict=False)]
    hierarchy = person[0] + animal[0].removeprefix("HIERARCHY\n")
    lines = [f"Frames: {len(joined)}", "Frame Time: 0.0333333", *joined]
    bodies = read_bodies(in_memory(hierarchy + "MOTION\n" + "\n".join(lines) + "\n"), ReadingOptions())
    assert len(bodies) == len(drawn_company(1, 2).bodies)
    assert any("four limbs" in note for note in bodies[0].clip.notes)


def test_a_users_rig_map_is_not_doubted(tmp_path: Path):
    number = next(n for n in range(0, 99, 3) if drawn_creature(1, n).tags["kind"] == "four_legs")
    dog = tmp_path / "dog.bvh"
    dog.write_text(drawn_creature(1, number).text)
    with pytest.raises(RigError, match="not a human body"):
        read_bodies(MotionFile(dog), ReadingOptions())
    saved = CliRunner().invoke(main, ["rig", str(dog), "--save", str(tmp_path / "rig.json")])
    assert saved.exit_code == 1
    assert "not a human body: " in saved.output
    assert len(read_bodies(MotionFile(dog), ReadingOptions(rig_map=tmp_path / "rig.json"))) == 1


def test_index_and_rig_agree_on_who_is_in_each_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    motions = tmp_path / "motions"
    motions.mkdir()
    people = {}
    for number in range(10):
        for kind, generated in (
            ("creature", drawn_creature(1, number)),
            ("company", drawn_company(1, 4 * number + 2)),
            ("prop", drawn_with_prop(1, number)),
        ):
            (motions / f"{kind}{number}.bvh").write_text(generated.text)
            people[f"{kind}{number}.bvh"] = len(generated.bodies)
    monkeypatch.chdir(tmp_path)
    indexed = CliRunner().invoke(main, ["index", str(motions)])
    assert indexed.exit_code == 0, indexed.output
    assert "To check: " in indexed.output and "left out: " in indexed.output
    snapshot = Snapshot.open(tmp_path / ".mretrieve")
    paths = snapshot.clips["path"].to_pylist()
    assert {path: paths.count(path) for path in people} == people
    reasons = {entry.path: entry.reason for entry in last_report(tmp_path / ".mretrieve")[1]}
    assert set(reasons) == {path for path, count in people.items() if not count}
    assert "a level trunk over four limbs" in "".join(reasons.values())
    for path, count in people.items():
        shown = CliRunner().invoke(main, ["rig", str(motions / path)])
        assert (shown.exit_code == 0) == bool(count), shown.output
    for clip in snapshot.clips["clip"].to_pylist():
        assert ClipResolver(snapshot).resolve(str(motions / clip)).clip.frame_count > 0
