"""A file's format is known by its content; by its suffix only where the content says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sample_files import AMC, ASF, BVH

from mretrieve.errors import FormatError
from mretrieve.formats import READERS, read, recognise

CONTENTS: dict[str, tuple[bytes, str | None]] = {
    "bvh": (BVH.encode(), "bvh"),
    "bvh in UTF-16": (BVH.encode("utf-16"), "bvh"),
    "bvh with a byte-order mark and blank lines": (b"\xef\xbb\xbf\r\n\r\n" + BVH.encode(), "bvh"),
    "amc": (AMC.encode(), "amc"),
    "amc without header": (AMC[AMC.index("1\n") :].encode(), "amc"),
    "asf": (ASF.encode(), "asf"),
    "exponential maps of CMU": (b",".join([b"0.0012"] * 117) + b"\n", "expmap"),
    "exponential maps of Human3.6M": (b", ".join([b"-1e-3"] * 99) + b"\r\n", "expmap"),
    "npz": (b"PK\x03\x04" + bytes(26) + b"pose.npy", "numpy"),
    "fbx": (b"Kaydara FBX Binary  \0", "fbx"),
    "c3d": (bytes([2, 0x50]) + bytes(600), "c3d"),
    "exponential maps, first row cut": (b"1,2\n" + b",".join([b"0.5"] * 117), "expmap"),
    "exponential maps with a number lost": (b",".join([b"nan", *[b"-0"] * 116]), "expmap"),
    "exponential maps with old line ends": (b"\r".join([b",".join([b"0.25"] * 99)] * 300), "expmap"),
    "other numbers": (b"1,2,3\n4,5,6\n", None),
    "a table with as many columns": (b",".join(b"x%d" % number for number in range(99)) + b"\n", None),
    "json": (b'{"a": 1}', None),
    "markdown": (b"# A title\n\ntext\n", None),
    "labels": (b"path,label\na.bvh,walk\n", None),
    "empty": (b"", None),
    "zip": (b"PK\x03\x04" + bytes(26) + b"readme.txt", None),
}


def format_name(path: Path) -> str | None:
    reader = recognise(path)
    return None if reader is None else reader.name


@pytest.mark.parametrize("kind", CONTENTS)
def test_content_decides_whatever_the_suffix(tmp_path: Path, kind: str) -> None:
    content, expected = CONTENTS[kind]
    path = tmp_path / "file.data"
    path.write_bytes(content)
    assert format_name(path) == expected


@pytest.mark.parametrize("suffix", ["bvh", "AMC", "fbx"])
def test_damaged_content_falls_back_on_the_suffix_and_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file.{suffix}"
    path.write_bytes(b"\x00\x01rubbish")
    assert format_name(path) == suffix.lower()
    with pytest.raises(FormatError, match=f"file.{suffix}"):
        read(path)


def test_a_bvh_with_the_suffix_of_a_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "take.txt"
    path.write_text(BVH)
    assert read(path)[0].frame_count == 3


@pytest.mark.parametrize("kind", ["asf"])
def test_known_but_unreadable_formats_are_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENTS[kind][0])
    with pytest.raises(FormatError, match=f"file: {CONTENTS[kind][1]}: "):
        read(path)


def test_what_is_no_motion_file_is_refused_with_the_command_that_lists_the_formats(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("# notes")
    with pytest.raises(FormatError, match=r"notes\.md: not a known motion format; see `mretrieve formats`"):
        read(path)


@pytest.mark.parametrize("name", ["missing.bvh", "."])
def test_what_cannot_be_opened_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        read(tmp_path / name)


def test_formats_are_registered_under_their_own_names() -> None:
    assert {name: reader.name for name, reader in READERS.items()} == {name: name for name in READERS}


def test_real_files_are_recognised_as_what_their_suffixes_say(mocap: Path) -> None:
    known = {suffix for reader in READERS.values() for suffix in reader.suffixes}
    for path in mocap.rglob("*.*"):
        suffix = path.suffix.lower().removeprefix(".")
        if suffix in ("npy", "npz"):
            assert format_name(path) == "numpy", path
        elif suffix in known:
            assert suffix in READERS[str(format_name(path))].suffixes, path
        elif path.parent.name == "precog_csv":
            assert format_name(path) == "kinect", path
        elif path.parent.name == "kinect_json_frames":
            assert format_name(path) == "kinect-json", path
        elif suffix in {"csv", "json", "md"} and path.parent.name not in ("pose2d", "csv-tsv"):
            assert format_name(path) is None, path
    assert all(format_name(path) == "expmap" for path in mocap.glob("cmu/expmap/**/*.txt"))
