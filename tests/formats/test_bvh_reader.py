"""BVH: every legal variant is read to the numbers it states, every contradiction is refused with its line."""

from __future__ import annotations

import os
import re
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from support.sample_files import BVH, HIERARCHY, ROWS

from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.formats.motion_text import MotionText
from mretrieve.motion import Motion


@pytest.fixture
def read_text(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Reads a text or bytes as a file named take.bvh."""

    def read_it(content: str | bytes) -> list[Motion]:
        path = tmp_path / "take.bvh"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path)

    return read_it


def with_rows(rows: list[str], frames: int = 3, hierarchy: str = HIERARCHY, frame_time: str = "0.0333333") -> str:
    return f"{hierarchy}MOTION\nFrames: {frames}\nFrame Time: {frame_time}\n" + "\n".join(rows) + "\n"


NUMBERS = np.array([[float(word) for word in row.split()] for row in ROWS])


def assert_is_sample(motion: Motion) -> None:
    """The motion holds the numbers of ROWS, at 30 fps, and its positions follow from them."""
    assert motion.channels is not None
    degrees = np.where(motion.rig.channel_kinds >= 3, np.rad2deg(motion.channels), motion.channels)
    np.testing.assert_allclose(degrees, NUMBERS, rtol=1e-14)
    assert motion.fps == 30.0
    spine_end = [name.endswith("_end") for name in motion.rig.joint_names].index(True)
    np.testing.assert_allclose(motion.positions[0, spine_end], [1, 2 + 10 + 5, 3])
    np.testing.assert_allclose(motion.positions[1, spine_end], [1.5 - 5, 2 + 10, 3], atol=1e-5)


def test_the_plain_file(read_text) -> None:  # type: ignore[no-untyped-def]
    (motion,) = read_text(BVH)
    assert_is_sample(motion)
    assert motion.rig.joint_names == ("Hips", "Spine", "Spine_end", "Leg", "Leg_end")
    assert motion.rig.parents.tolist() == [-1, 0, 1, 0, 3]
    assert motion.rig.channel_joints.tolist() == [0] * 6 + [1] * 3 + [3] * 3
    assert (motion.body, motion.metres_per_unit, motion.source.name) == ("", None, "take.bvh")
    assert motion.positions.dtype == np.float32


# The table "BVH robustness" in which three published readers were compared, row by row.
READ_CORRECTLY = {
    "trailing blank line": BVH + "\n\n",
    "lower-case end site": BVH.replace("End Site", "end site"),
    "upper-case words": re.sub("End Site|Frames|Frame Time|Xposition|Zrotation", lambda word: word[0].upper(), BVH),
    "lower-case words": re.sub("HIERARCHY|ROOT|JOINT|OFFSET|CHANNELS|MOTION", lambda word: word[0].lower(), BVH),
    "frame wrapped on two lines": with_rows([ROWS[0].replace(" ", "\n", 4), *ROWS[1:]]),
    "every frame wrapped alike": with_rows([part for row in ROWS for part in textwrap.wrap(row, 12)]),
    "two frames on a line": with_rows([ROWS[0] + " " + ROWS[1], ROWS[2]]),
    "joint name with a space": BVH.replace("JOINT Spine", "JOINT Lower Spine"),
    "duplicate joint names": BVH.replace("JOINT Leg", "JOINT Spine"),
    "UTF-8 byte-order mark": "\ufeff" + BVH,
    "UTF-16": BVH.encode("utf-16"),
    "Latin-1 joint name": BVH.replace("Hips", "Hüfte").encode("latin-1"),
    "UTF-8 joint name": BVH.replace("Hips", "腰"),
    "joint without a name": BVH.replace("JOINT Spine", "JOINT"),
    "comma decimal in Frame Time": BVH.replace("0.0333333", "0,0333333"),
    "comma decimals everywhere": BVH.replace(".", ","),
    "CRLF": BVH.replace("\n", "\r\n"),
    "CR": BVH.replace("\n", "\r"),
    "CR CR LF": BVH.replace("\n", "\r\r\n"),
    "no final newline": BVH.rstrip("\n"),
    "blank lines between rows": with_rows([row + "\n  \n" for row in ROWS]),
    "blanks at the ends of lines": BVH.replace("\n", "  \t\n"),
    "tabs between values": with_rows([row.replace(" ", "\t") for row in ROWS]),
    "brace on the joint's line": re.sub(r"\n\s*\{", " {", BVH),
    "hierarchy on one line": BVH.replace(HIERARCHY, " ".join(HIERARCHY.split()) + "\n"),
    "no colons": BVH.replace("Frames:", "Frames").replace("Frame Time:", "Frame Time"),
    "no blank behind the colons": BVH.replace("s: ", "s:").replace("e: ", "e:"),
    "plus signs": with_rows([" ".join("+" + word if word[0] != "-" else word for word in row.split()) for row in ROWS]),
    "points without digits on one side": with_rows([ROWS[0].replace("2", "2."), ROWS[1], ROWS[2].replace("0.5", ".5")]),
}


@pytest.mark.parametrize("variant", READ_CORRECTLY)
def test_a_legal_variant_is_read_to_the_same_numbers(read_text, variant: str) -> None:  # type: ignore[no-untyped-def]
    (motion,) = read_text(READ_CORRECTLY[variant])
    assert_is_sample(motion)


def test_names_keep_their_blanks_and_letters(read_text) -> None:  # type: ignore[no-untyped-def]
    assert read_text(READ_CORRECTLY["joint name with a space"])[0].rig.joint_names[1:3] == (
        "Lower Spine",
        "Lower Spine_end",
    )
    assert read_text(READ_CORRECTLY["Latin-1 joint name"])[0].rig.joint_names[0] == "Hüfte"
    assert read_text(READ_CORRECTLY["UTF-8 joint name"])[0].rig.joint_names[0] == "腰"
    assert read_text(READ_CORRECTLY["duplicate joint names"])[0].rig.joint_names[1::2] == ("Spine", "Spine")


HEADER_LINES = HIERARCHY.count("\n")
FRAMES_LINE, FRAME_TIME_LINE, FIRST_ROW = HEADER_LINES + 2, HEADER_LINES + 3, HEADER_LINES + 4

# Variant -> text, line of the complaint, words in it.
REFUSED = {
    "Frames larger than the data": (
        with_rows([*ROWS], frames=4),
        FRAMES_LINE,
        "4 frames are declared, the data holds 3",
    ),
    "Frames smaller than the data": (
        with_rows([*ROWS], frames=2),
        FRAMES_LINE,
        "2 frames are declared, the data holds 3",
    ),
    "Frames far beyond the file's size": (with_rows([*ROWS], frames=10**15), FRAMES_LINE, "data holds 3"),
    "zero frames": (with_rows([], frames=0), FRAMES_LINE, "zero frames"),
    "negative frames": (with_rows([*ROWS], frames=-3), FRAMES_LINE, "not a whole number"),
    "no rows": (with_rows([]), FRAMES_LINE, "holds 0"),
    "truncated last row": (with_rows([*ROWS[:2], ROWS[2][:20]]), FIRST_ROW + 2, "frame 3 has 6 values"),
    "row with a value too many": (
        with_rows([ROWS[0], ROWS[1] + " 7", ROWS[2]]),
        FIRST_ROW + 1,
        "frame 2 has 13 values",
    ),
    "a value moved to another row": (
        with_rows([ROWS[0][:-2], ROWS[1] + " 7", ROWS[2]]),
        FIRST_ROW + 1,
        "the end of one frame and a part of the next",
    ),
    "channel total disagrees with rows": (
        BVH.replace("3 Zrotation Xrotation Yrotation", "1 Zrotation"),
        FIRST_ROW,
        "frame 1 has 12 values, the hierarchy declares 8",
    ),
    "nan": (with_rows([ROWS[0], ROWS[1].replace("90", "nan"), ROWS[2]]), FIRST_ROW + 1, "frame 2: 'nan'"),
    "infinity": (with_rows([ROWS[0], ROWS[1].replace("90", "-inf"), ROWS[2]]), FIRST_ROW + 1, "'-inf'"),
    "1e400": (with_rows([ROWS[0], ROWS[1].replace("90", "1e400"), ROWS[2]]), FIRST_ROW + 1, "'1e400' is not a finite"),
    "1e30": (with_rows([ROWS[0], ROWS[1].replace("90", "1e30"), ROWS[2]]), FIRST_ROW + 1, "larger than any motion"),
    "a word among the numbers": (with_rows([ROWS[0], ROWS[1].replace("90", "9O"), ROWS[2]]), FIRST_ROW + 1, "'9O'"),
    "two numbers run together": (with_rows([ROWS[0], ROWS[1].replace("90 ", "90-"), ROWS[2]]), FIRST_ROW + 1, "'90-0'"),
    "underscore in a number": (with_rows([ROWS[0], ROWS[1].replace("90", "9_0"), ROWS[2]]), FIRST_ROW + 1, "'9_0'"),
    "hexadecimal": (with_rows([ROWS[0], ROWS[1].replace("90", "0x9"), ROWS[2]]), FIRST_ROW + 1, "'0x9'"),
    "both decimal marks": (with_rows([ROWS[0], ROWS[1].replace("90", "9,0"), ROWS[2]]), FIRST_ROW + 1, "'1.5'"),
    "control character": (with_rows([ROWS[0], ROWS[1].replace(" 90", "\x0090"), ROWS[2]]), FIRST_ROW + 1, "frame 2"),
    "no Frame Time": (BVH.replace("Frame Time: 0.0333333\n", ""), FRAMES_LINE, "Frame Time"),
    "Frame Time of zero": (BVH.replace("0.0333333", "0"), FRAME_TIME_LINE, "Frame Time is '0'"),
    "negative Frame Time": (BVH.replace("0.0333333", "-0.03"), FRAME_TIME_LINE, "Frame Time is '-0.03'"),
    "Frame Time in milliseconds": (BVH.replace("0.0333333", "33.3333"), FRAME_TIME_LINE, "1 second"),
    "no Frames": (BVH.replace("Frames: 3\n", ""), HEADER_LINES + 1, "Frames"),
    "no MOTION": (HIERARCHY, HEADER_LINES + 1, "before MOTION"),
    "no ROOT": ("HIERARCHY\nMOTION\nFrames: 1\nFrame Time: 0.1\n0\n", 2, "no skeleton"),
    "no HIERARCHY": (BVH.replace("HIERARCHY\n", ""), 1, "HIERARCHY"),
    "no channels at all": (re.sub(r"\tCHANNELS .*\n", "", BVH), HEADER_LINES - 2, "no motion"),
    "missing closing brace": (BVH.replace("}\nMOTION", "MOTION"), HEADER_LINES, "inside the braces of 'Hips'"),
    "closing brace too many": (BVH.replace("}\nMOTION", "}\n}\nMOTION"), HEADER_LINES + 1, "balance the braces"),
    "JOINT outside a ROOT": (BVH.replace("ROOT Hips", "JOINT Hips"), 2, "outside any joint"),
    "ROOT inside a joint": (BVH.replace("JOINT Leg", "ROOT Leg"), 15, "inside a joint"),
    "joint without OFFSET": (BVH.replace("\tOFFSET 1.0 2.0 3.0\n", ""), 2, "'Hips' does not begin with OFFSET"),
    "OFFSET with two numbers": (BVH.replace("OFFSET 0.0 10.0 0.0", "OFFSET 0.0 10.0"), 6, "OFFSET x y z"),
    "OFFSET with four numbers": (BVH.replace("OFFSET 0.0 10.0 0.0", "OFFSET 0.0 10.0 0.0 1.0"), 8, "1.0"),
    "OFFSET that is no number": (BVH.replace("10.0", "nan"), 8, "OFFSET of joint 'Spine': 'nan'"),
    "OFFSETs with both decimal marks": (BVH.replace("OFFSET 0.0 10.0", "OFFSET 0.0 10,0"), 4, "decimal mark"),
    "unknown channel": (BVH.replace("3 Zrotation Xrotation Y", "3 Zrotation Xrotation W", 1), 9, "says 3 and names 2"),
    "wrong channel count": (BVH.replace("CHANNELS 6", "CHANNELS 5"), 5, "says 5 and names 6"),
    "position channel twice": (BVH.replace("Xposition Yposition", "Xposition Xposition"), 5, "position twice"),
    "unknown statement": (BVH.replace("\tJOINT Leg", "\tBONE Leg"), 15, "'BONE Leg' in joint 'Hips'"),
}


@pytest.mark.parametrize("variant", REFUSED)
def test_a_contradiction_is_refused_with_its_line(read_text, variant: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text, line, words = REFUSED[variant]
    with pytest.raises(FormatError) as refused:
        read_text(text)
    assert str(refused.value).startswith(f"{tmp_path / 'take.bvh'}:{line}: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b" \n\t\n", b"\xef\xbb\xbf", bytes(1000), b"\xff\xfeH\x00I"])
def test_a_file_without_text_is_refused(read_text, content: bytes) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(FormatError, match=r"take\.bvh: "):
        read_text(content)


def test_position_channels_on_an_inner_joint_replace_its_offset(read_text) -> None:  # type: ignore[no-untyped-def]
    hierarchy = HIERARCHY.replace("10.0 0.0\n\t\tCHANNELS 3", "10.0 0.0\n\t\tCHANNELS 6 Zposition Xposition Yposition")
    (motion,) = read_text(with_rows(["0 0 0 0 0 0 7 8 9 0 0 0 0 0 0"], 1, hierarchy))
    np.testing.assert_allclose(motion.positions[0, 1], [8, 9, 7])


def test_a_joint_may_have_one_channel_or_none(read_text) -> None:  # type: ignore[no-untyped-def]
    hierarchy = HIERARCHY.replace("3 Zrotation Xrotation Yrotation", "1 Xrotation", 1)
    hierarchy = hierarchy.replace("\t\tCHANNELS 3 Zrotation Xrotation Yrotation\n", "\t\tCHANNELS 0\n")
    (motion,) = read_text(with_rows(["0 0 0 0 0 0 90"], 1, hierarchy))
    np.testing.assert_allclose(motion.positions[0, 2], [0, 10, 5], atol=1e-5)
    np.testing.assert_allclose(motion.positions[0, 4], [4, -8, 0])


def test_rotations_apply_in_the_order_of_the_channels(read_text) -> None:  # type: ignore[no-untyped-def]
    """R = Rz Rx Ry for channels Z X Y: the end site of the spine, 5 above it, after 90 degrees about X and then Z."""
    (motion,) = read_text(with_rows(["0 0 0 0 0 0 90 90 0 0 0 0"], 1))
    np.testing.assert_allclose(motion.positions[0, 2], [0, 10, 5], atol=1e-5)
    (motion,) = read_text(
        with_rows(["0 0 0 0 0 0 90 90 0 0 0 0"], 1, HIERARCHY.replace("3 Zrotation Xrotation", "3 Xrotation Zrotation"))
    )
    np.testing.assert_allclose(motion.positions[0, 2], [-5, 10, 0], atol=1e-5)


def test_several_roots_are_several_bodies(read_text) -> None:  # type: ignore[no-untyped-def]
    second = HIERARCHY.removeprefix("HIERARCHY\n").replace("ROOT Hips", "ROOT Other")
    third = HIERARCHY.removeprefix("HIERARCHY\n")
    rows = [row + " " + row.replace("2", "5") + " " + row for row in ROWS]
    motions = read_text(with_rows(rows, hierarchy=HIERARCHY + second + third))
    assert [motion.body for motion in motions] == ["Hips", "Other", "Hips_2"]
    assert_is_sample(motions[0])
    assert_is_sample(motions[2])
    np.testing.assert_allclose(motions[1].positions[:, 0], [[1, 5, 3], [1.5, 5, 3], [5, 5.5, -0.3]])


def test_an_absurd_number_of_roots_is_read_at_once(read_text) -> None:  # type: ignore[no-untyped-def]
    body = "ROOT A\n{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n}\n"
    motions = read_text(f"HIERARCHY\n{body * 2000}MOTION\nFrames: 1\nFrame Time: 0.1\n{'0 ' * 2000}\n")
    assert len({motion.body for motion in motions}) == 2000


def test_an_absurd_depth_is_refused(read_text) -> None:  # type: ignore[no-untyped-def]
    joint = "JOINT A\n{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n"
    with pytest.raises(FormatError, match=r"take\.bvh:\d+: .*deep"):
        read_text("HIERARCHY\n" + joint.replace("JOINT", "ROOT") + joint * 100_000)


def test_more_joints_than_any_body_has_are_refused(read_text) -> None:  # type: ignore[no-untyped-def]
    joints = "JOINT A\n{\nOFFSET 0 0 0\n}\n" * 10_001
    with pytest.raises(FormatError, match="more than any body has"):
        read_text(
            "HIERARCHY\nROOT A\n{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n"
            f"{joints}}}\nMOTION\nFrames: 1\nFrame Time: 0.1\n0\n"
        )


def test_joints_and_frames_that_do_not_fit_in_memory_are_refused(read_text) -> None:  # type: ignore[no-untyped-def]
    still = "JOINT A\n{\nOFFSET 0 0 0\n}\n" * 9_000
    with pytest.raises(FormatError, match="MiB"):
        read_text(
            "HIERARCHY\nROOT A\n{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n"
            f"{still}}}\nMOTION\nFrames: 9000\nFrame Time: 0.1\n{'0 ' * 9_000}\n"
        )


def test_numbers_are_those_of_float(read_text) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(3)
    values = random.normal(scale=100, size=(400, 12)) * 10.0 ** random.integers(-20, 2, size=(400, 12))
    rows = [" ".join(repr(float(value)) for value in row) for row in values]
    (motion,) = read_text(with_rows(rows, frames=400))
    assert motion.channels is not None
    expected = values * np.where(motion.rig.channel_kinds >= 3, np.pi / 180, 1)
    assert np.array_equal(motion.channels, expected)


def test_every_real_bvh_agrees_with_a_plain_reading(mocap: Path) -> None:
    """float() on every word behind the Frame Time, for a tenth of the files."""
    files = sorted([*mocap.glob("cmu/bvh/*.bvh"), *mocap.glob("bandai1/*.bvh")])
    assert len(files) > 200
    for path in files[::10]:
        (motion,) = read(path)
        assert motion.channels is not None
        words = path.read_text().partition("Frame Time:")[2].split()[1:]
        plain = np.array(list(map(float, words))).reshape(motion.frame_count, -1)
        plain *= np.where(motion.rig.channel_kinds >= 3, np.pi / 180, 1)
        assert np.array_equal(motion.channels, plain), path
        assert motion.fps in (30.0, 60.0)


def test_a_file_leaves_nothing_behind_for_the_next(read_text) -> None:  # type: ignore[no-untyped-def]
    """The memory of a file is used again: a shorter or longer one after it must not see it."""
    long = with_rows([*ROWS] * 50, frames=150)
    for text, frames in ((long, 150), (BVH, 3), (long, 150), (BVH.rstrip(), 3)):
        (motion,) = read_text(text)
        assert motion.frame_count == frames
    with pytest.raises(FormatError, match="frame 3 has 6 values"):
        read_text(with_rows([*ROWS[:2], ROWS[2][:20]]))


def test_takes_of_one_hierarchy_share_their_rig(read_text) -> None:  # type: ignore[no-untyped-def]
    (first,), (second,) = read_text(BVH), read_text(with_rows([ROWS[1]], frames=1))
    assert first.rig is second.rig
    (other,) = read_text(BVH.replace("Spine", "Chest"))
    assert other.rig.joint_names[1] == "Chest"


def test_a_joint_may_be_named_motion(read_text) -> None:  # type: ignore[no-untyped-def]
    for _ in range(2):
        (motion,) = read_text(BVH.replace("JOINT Spine", "JOINT MOTION"))
        assert_is_sample(motion)
        assert motion.rig.joint_names[1] == "MOTION"


def test_a_file_without_a_size_is_read_to_its_end(tmp_path: Path) -> None:
    """A named pipe says that it holds nothing."""
    pipe = tmp_path / "take.bvh"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(BVH,))
    writer.start()
    text = MotionText.load(pipe)
    writer.join()
    assert text.content[: text.size] == BVH.encode()
