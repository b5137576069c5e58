"""Labels in the names of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mretrieve.errors import MRetrieveError
from mretrieve.sources.label_pattern import labels_by_pattern
from mretrieve.sources.labels import read_labels

PATHS = ["zoe/kick_angry_01.bvh", "amy/walk_sad_02.amc", "amy/rest.bvh", "notes"]


def test_columns_are_read_from_names_that_fit_and_others_have_none():
    assert labels_by_pattern("{label}_{style}_{take}", PATHS) == {
        "zoe/kick_angry_01.bvh": {"label": "kick", "style": "angry", "take": "01"},
        "amy/walk_sad_02.amc": {"label": "walk", "style": "sad", "take": "02"},
    }


def test_folders_count_if_the_pattern_has_a_slash():
    assert labels_by_pattern("{performer}/{label}_{rest}", PATHS)["zoe/kick_angry_01.bvh"] == {
        "performer": "zoe",
        "label": "kick",
        "rest": "angry_01",
    }


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("walk", "name each column once"),
        ("{label}_{Label}", "name each column once"),
        ("{path}_{take}", "of its own"),
        ("{label}+{take}", "fits no file; one is 'zoe/kick_angry_01'"),
    ],
)
def test_a_pattern_without_a_meaning_is_an_error(pattern: str, message: str):
    with pytest.raises(MRetrieveError, match=message.replace("+", r"\+")):
        labels_by_pattern(pattern, PATHS)


def test_a_label_file_adds_to_names_and_must_not_contradict_them(tmp_path: Path):
    (tmp_path / "more.csv").write_text("path,label,mood\nzoe/kick_angry_01.bvh,kick,5\namy/rest.bvh,rest,\n")
    labels = read_labels([tmp_path / "more.csv"], {"": tmp_path}, PATHS, "{label}_{style}_{take}")
    assert [(row["path"], row["label"], row["mood"]) for row in labels.table.to_pylist()] == [
        ("amy/rest.bvh", "rest", None),
        ("amy/walk_sad_02.amc", "walk", None),
        ("zoe/kick_angry_01.bvh", "kick", "5"),
    ]
    (tmp_path / "more.csv").write_text("path,label\nzoe/kick_angry_01.bvh,walk\n")
    with pytest.raises(MRetrieveError, match="keep one"):
        read_labels([tmp_path / "more.csv"], {"": tmp_path}, PATHS, "{label}_{style}_{take}")
