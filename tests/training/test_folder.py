"""Clips out of folders: labels, groups, files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mretrieve import MRetrieveError
from mretrieve.training.folder import Columns, Source, choose_columns, described, hold_out, read_clips

LABELS = {
    "ada_walk.bvh": {"label": "walk", "performer": "ada", "style": "neutral"},
    "ada_kick.bvh": {"label": "kick", "performer": "ada", "style": ""},
    "eve_kick.bvh": {"label": "kick", "performer": "", "style": "tired"},
}


@pytest.fixture(scope="session")
def folder(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three motions of the generated library under short names, and files that are none."""
    folder = tmp_path_factory.mktemp("motions")
    motions = sorted(generated.rglob("*_walk_*.bvh")) + sorted(generated.rglob("*_kick_*.bvh"))
    for motion, short in zip(motions, LABELS, strict=False):
        (folder / short).write_bytes(motion.read_bytes())
    (folder / "damaged.bvh").write_text("HIERARCHY\nROOT Hips\n{")
    (folder / "scene.glb").write_bytes(b"glTF" + bytes(100))
    (folder / "notes.txt").write_text("nothing to see")
    return folder


def source(folder: Path, labels: dict[str, dict[str, str]] | None = None) -> Source:
    paths = tuple(sorted(path.name for path in folder.iterdir()))
    return Source(folder, paths, LABELS if labels is None else labels)


# -- columns -----------------------------------------------------------------------------------------------------------


def test_the_usual_columns_are_taken_where_none_is_named(folder: Path):
    assert choose_columns([source(folder)], None, None) == Columns("label", "performer")
    only_style = {"a.bvh": {"label": "x", "style": "y"}}
    assert choose_columns([source(folder, only_style)], None, None) == Columns("label", "style")
    assert choose_columns([source(folder, {"a.bvh": {"label": "x"}})], None, None) == Columns("label", None)
    assert choose_columns([source(folder)], "performer", None) == Columns("performer", "style")


def test_the_named_columns_are_taken(folder: Path):
    assert choose_columns([source(folder)], "style", "label") == Columns("style", "label")


def test_columns_are_found_whatever_their_case(folder: Path):
    sources = [source(folder, {"a.bvh": {"label": "x", "Action": "y", "Actor": "z"}})]
    assert choose_columns(sources, None, None) == Columns("label", "Actor")
    assert choose_columns(sources, "action", "ACTOR") == Columns("Action", "Actor")


@pytest.mark.parametrize(
    ("label", "group", "said"),
    [
        ("action", None, "no column 'action'; it has label, performer, style: give one of them to --label-column"),
        (None, "actor", "no column 'actor'; it has .*--group-column"),
    ],
)
def test_a_wrong_column_is_answered_with_those_that_there_are(folder: Path, label, group, said: str):
    with pytest.raises(MRetrieveError, match=said):
        choose_columns([source(folder)], label, group)


def test_a_table_without_label_asks_for_a_column(folder: Path):
    with pytest.raises(MRetrieveError, match="no column 'label'; it has class: give one of them to --label-column"):
        choose_columns([source(folder, {"a.bvh": {"class": "x"}})], None, None)


# -- reading -----------------------------------------------------------------------------------------------------------


def test_clips_have_their_labels_and_groups_and_without_a_group_their_file(folder: Path):
    read = read_clips([source(folder)], Columns("label", "performer"))
    assert [(item.path, item.label, item.group) for item in read.clips] == [
        ("ada_kick.bvh", "kick", "ada"),
        ("ada_walk.bvh", "walk", "ada"),
        ("eve_kick.bvh", "kick", "eve_kick.bvh"),
    ]
    assert all(item.clip.frame_count > 20 for item in read.clips)


def test_bad_files_are_one_line_each_and_stop_nothing(folder: Path):
    refused = read_clips([source(folder)], None).refused
    assert len(refused) == 2 and all("\n" not in line for line in refused)
    assert refused[0].startswith(str(folder / "damaged.bvh"))
    assert refused[1].startswith(str(folder / "scene.glb")) and "export it again" in refused[1]


def test_without_a_table_no_clip_has_a_label_and_each_is_its_own_group(folder: Path):
    clips = read_clips([source(folder)], None).clips
    assert [(item.label, item.group == item.path) for item in clips] == [("", True)] * 3


def test_a_file_without_a_row_has_no_label(folder: Path):
    clips = read_clips([source(folder, {"ada_walk.bvh": {"label": "walk"}})], Columns("label", None)).clips
    assert [item.label for item in clips] == ["", "walk", ""]


def test_files_of_the_same_name_in_two_folders_are_two(folder: Path):
    clips = read_clips([source(folder), source(folder)], Columns("label", None)).clips
    assert len({item.path for item in clips}) == len({item.group for item in clips}) == 6


def test_progress_is_told_file_by_file(folder: Path):
    told: list[tuple[int, int]] = []
    read_clips([source(folder)], None, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 6) for done in range(1, 7)]


def test_a_folder_without_motion_says_why(tmp_path: Path, folder: Path):
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(MRetrieveError, match="no motion file that can be read; see `mretrieve formats`"):
        read_clips([source(tmp_path, {})], None)
    (tmp_path / "scene.glb").write_bytes((folder / "scene.glb").read_bytes())
    with pytest.raises(MRetrieveError, match=r"the first reason: .*scene.glb: .*export it again"):
        read_clips([source(tmp_path, {})], None)


# -- holding out -------------------------------------------------------------------------------------------------------


def test_held_out_classes_are_trained_on_by_nobody(folder: Path):
    clips = read_clips([source(folder)], Columns("label", None)).clips
    kept, held_out = hold_out(clips, ["kick"])
    assert {item.label for item in kept} == {"walk"} and {item.label for item in held_out} == {"kick"}
    assert hold_out(clips, []) == (list(clips), [])


def test_an_unknown_class_is_answered_with_the_known_ones(folder: Path):
    clips = read_clips([source(folder)], Columns("label", None)).clips
    with pytest.raises(MRetrieveError, match="no clip has the label 'kik'; there are kick, walk"):
        hold_out(clips, ["kik"])
    with pytest.raises(MRetrieveError, match="no class is left to train on"):
        hold_out(clips, ["kick", "walk"])


def test_what_was_read_is_described(folder: Path):
    columns = Columns("label", "performer")
    first, single = described(read_clips([source(folder)], columns), columns)
    assert first.startswith("3 clips, 0.") and "3 have a label of 2 classes (label); groups by performer" in first
    assert single == "only one clip each, too few to learn from: walk"
    assert "label" not in described(read_clips([source(folder)], None), None)[0]
