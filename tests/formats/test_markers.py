"""Marker files: every byte order and layout gives the same joints, and those are where anatomy puts them."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from support.mutations import mutate

from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.motion import canonicalise
from mretrieve.motion.joint_sets import JOINT_SETS

RNG = np.random.default_rng(0)
FRAMES = 60

#: Places of Plug-in Gait's markers on a body that faces +X, Y to its left, Z up, in millimetres.
MARKERS = {
    "LASI": (90, 120, 980), "RASI": (90, -120, 980), "LPSI": (-90, 50, 1000), "RPSI": (-90, -50, 1000),
    "LKNE": (45, 140, 500), "RKNE": (45, -140, 500), "LANK": (40, 125, 90), "RANK": (40, -125, 90),
    "LTOE": (200, 110, 40), "RTOE": (200, -110, 40), "C7": (-60, 0, 1480), "CLAV": (70, 0, 1420), "T10": (-90, 0, 1250),
    "STRN": (110, 0, 1270), "LSHO": (0, 190, 1460), "RSHO": (0, -190, 1460), "LELB": (0, 260, 1150),
    "RELB": (0, -260, 1150), "LWRA": (60, 250, 900), "LWRB": (20, 280, 900), "RWRA": (60, -250, 900),
    "RWRB": (20, -280, 900), "LFHD": (80, 70, 1640), "RFHD": (80, -70, 1640), "LBHD": (-80, 70, 1650),
    "RBHD": (-80, -70, 1650),
}  # fmt: skip
TURNS = Rotation.from_rotvec(np.linspace(0, 2, FRAMES)[:, None] * [0, 0, 1])
PATH = np.cumsum(RNG.uniform(-8, 12, (FRAMES, 3)) * [1, 1, 0], axis=0)


def moved(place: tuple[float, float, float]) -> NDArray[np.float64]:
    """A place of the body, (T, 3), as it turns and walks."""
    return TURNS.apply(np.asarray(place, np.float64)) + PATH


POSITIONS = np.stack([moved(place) for place in MARKERS.values()], axis=1)
LABELS = tuple(MARKERS)
#: Bell's hips: 36 % of the width of 240 mm to the side, 19 % behind and 30 % below the middle of the front spines.
FORWARD = np.array([180, 0, -20]) / np.hypot(180, 20)
UP = np.array([20, 0, 180]) / np.hypot(180, 20)
LEFT_HIP = np.array([90, 0.36 * 240, 980]) - 0.19 * 240 * FORWARD - 0.30 * 240 * UP


def vax(numbers: NDArray[np.float32]) -> bytes:
    """DEC's reals: the halves swapped, four times the number of the same bits."""
    return (numbers * np.float32(4)).astype("<f4").view("<u2").reshape(-1, 2)[:, ::-1].tobytes()


def c3d_bytes(processor: int = 84, integers: bool = False, labels: tuple[str, ...] = LABELS) -> bytes:
    """A C3D file of the markers, by the C3D User Guide; the fourth has not been seen in frame 5."""
    order = ">" if processor == 86 else "<"
    real = (lambda x: vax(np.array([x], np.float32))) if processor == 85 else (lambda x: struct.pack(f"{order}f", x))
    whole = lambda x: struct.pack(f"{order}h", x)  # noqa: E731

    def parameter(group: int, name: str, kind: int, dimensions: tuple[int, ...], data: bytes) -> bytes:
        body = struct.pack("bB", kind, len(dimensions)) + bytes(dimensions) + data + b"\0"
        return bytes([len(name), group]) + name.encode() + whole(len(body) + 2) + body

    scale = 0.1 if integers else -0.1
    width = 8
    text = b"".join(label.encode().ljust(width) for label in labels)
    parameters = bytes([5, 255]) + b"POINT" + whole(3) + b"\0"
    parameters += parameter(1, "USED", 2, (), whole(len(labels)))
    parameters += parameter(1, "SCALE", 4, (), real(scale))
    parameters += parameter(1, "RATE", 4, (), real(50.0))
    parameters += parameter(1, "DATA_START", 2, (), whole(6))
    parameters += parameter(1, "LABELS", -1, (width, len(labels)), text)
    parameters += parameter(1, "Y_SCREEN", -1, (2,), b"+Z") + b"\0\0"
    header = bytearray(512)
    header[:2] = bytes([2, 0x50])
    header[2:12] = b"".join(map(whole, (len(labels), 0, 1, FRAMES, 10)))
    header[12:16], header[16:18], header[20:24] = real(scale), whole(6), real(50.0)
    rows = np.concatenate([POSITIONS, np.zeros((FRAMES, len(LABELS), 1))], axis=2)
    rows[5, 3, 3] = -1
    if integers:
        rows[..., :3] /= scale
        data = np.round(rows).astype(f"{order}i2").tobytes()
    else:
        data = vax(rows.astype(np.float32)) if processor == 85 else rows.astype(f"{order}f4").tobytes()
    blocks = (bytes([1, 0x50, 4, processor]) + parameters).ljust(4 * 512, b"\0")
    return bytes(header) + blocks + data


def assert_joints(path: Path, tolerance_mm: float = 0.01) -> None:
    (motion,) = read(path)
    joint = motion.rig.joint_names.index
    assert motion.fps == 50.0
    seen = np.arange(FRAMES) != 5
    found = motion.positions[:, joint("left_hip")]
    np.testing.assert_allclose(found[seen], moved(tuple(LEFT_HIP))[seen], atol=tolerance_mm)
    assert np.isnan(found[5]).all()  # the pelvis is not known without RPSI
    np.testing.assert_allclose(motion.positions[:, joint("neck")], moved((5, 0, 1450)), atol=tolerance_mm)
    np.testing.assert_allclose(motion.positions[:, joint("left_wrist")], moved((40, 265, 900)), atol=tolerance_mm)


@pytest.mark.parametrize("processor", [84, 85, 86], ids=["Intel", "DEC", "SGI"])
@pytest.mark.parametrize("integers", [False, True], ids=["real", "integer"])
def test_c3d_of_every_processor_gives_the_same_joints(tmp_path: Path, processor: int, integers: bool) -> None:
    (tmp_path / "a.c3d").write_bytes(c3d_bytes(processor, integers))
    assert_joints(tmp_path / "a.c3d", 0.2 if integers else 0.01)
    assert read(tmp_path / "a.c3d")[0].declared_up == "+Z"


def cells(positions: NDArray[np.float64] = POSITIONS) -> list[list[str]]:
    rows = [[f"{value:.4f}" for value in row.ravel()] for row in positions]
    rows[5][9:12] = ["", "", ""]
    return rows


def trc(delimiter: str = "\t") -> str:
    names = [cell for label in LABELS for cell in (label, "", "")]
    axes = [f"{axis}{number}" for number in range(1, len(LABELS) + 1) for axis in "XYZ"]
    lines = [
        ["PathFileType", "4", "(X/Y/Z)", "a.trc"],
        ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate"],
        ["50", "50", str(FRAMES), str(len(LABELS)), "mm", "50"],
        ["Frame#", "Time", *names],
        ["", "", *axes],
        [""],
        *([str(number + 1), f"{number / 50:.3f}", *row] for number, row in enumerate(cells())),
    ]
    return "\n".join(delimiter.join(line) for line in lines) + "\n"


def qualisys() -> str:
    header = (
        f"NO_OF_FRAMES\t{FRAMES}\nNO_OF_CAMERAS\t10\nNO_OF_MARKERS\t{len(LABELS)}\nFREQUENCY\t50\nNO_OF_ANALOG\t0\n"
    )
    header += "ANALOG_FREQUENCY\t0\nDESCRIPTION\t--\nDATA_INCLUDED\t3D\nMARKER_NAMES\t" + "\t".join(LABELS) + "\n"
    return header + "\n".join("\t".join(row) for row in cells()) + "\n"


def vicon(*subjects: str) -> str:
    names = [cell for subject in subjects for label in LABELS for cell in (f"{subject}:{label}", "", "")]
    lines = [["Trajectories"], ["50"], ["", "", *names, "box:corner", "", ""]]
    lines += [["Frame", "Sub Frame", *"XYZ" * (len(subjects) * len(LABELS) + 1)], ["", "", "mm"]]
    lines += [[str(number + 1), "0", *row * len(subjects), "1", "2", "3"] for number, row in enumerate(cells())]
    return "\n".join(",".join(line) for line in lines) + "\n\nDevices\n1000\n"


def space_table(*axes: str) -> str:
    header = ",".join(["Frame", *(f"{label}{axis}" for label in LABELS for axis in axes)])
    return (
        "// fs=50  nSamples=60\n"
        + header
        + "\n"
        + "\n".join(f"{n},{','.join(r)}" for n, r in enumerate(cells()))
        + "\n"
    )


def motive(kind: str) -> str:
    names = [f"Ann:{label}" for label in LABELS for _ in range(3)]
    lines = [
        ["Format Version", "1.25", "Capture Frame Rate", "50", "Export Frame Rate", "50", "Coordinate Space", "Global"],
        [""],
        ["", "Type", *[kind] * len(names)],
        ["", "Name", *names],
        ["", "", *["Position"] * len(names)],
        ["Frame", "Time (Seconds)", *"XYZ" * len(LABELS)],
    ]
    lines += [[str(number), f"{number / 50}", *row] for number, row in enumerate(cells())]
    return "\n".join(",".join(line) for line in lines) + "\n"


TABLES = {
    "TRC": trc(),
    "TRC with commas": trc(","),
    "Qualisys": qualisys(),
    "Vicon": vicon("Ann"),
    "Motive": motive("Marker"),
    "columns _X": space_table("_X", "_Y", "_Z"),
    "columns [0]": space_table("[0]", "[1]", "[2]"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_give_the_same_joints(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.data").write_text(TABLES[kind])
    assert_joints(tmp_path / "a.data")


def test_a_long_table_takes_a_few_times_its_size_in_memory(tmp_path: Path) -> None:
    header, *rows = TABLES["Motive"].splitlines()
    text = "\n".join([header, *rows[:5], *rows[5:] * 150]) + "\n"
    (tmp_path / "a.csv").write_text(text)
    read(tmp_path / "a.csv")  # what is loaded once is not counted
    tracemalloc.start()
    try:
        (motion,) = read(tmp_path / "a.csv")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert motion.frame_count == 150 * len(rows[5:])
    assert peak < 9 * len(text)  # its cells as texts would take twelve times


def test_many_rows_that_are_shorter_than_the_header_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    labels = "".join(f"\t{label}\t\t" for label in [*LABELS, *(f"M{number}" for number in range(3000))])
    text = f"PathFileType\t4\t(X/Y/Z)\ta\nDataRate\n100\t100\nFrame#\tTime{labels}\n\t\tX1\n\n"
    (tmp_path / "a.trc").write_text(text + "1\t0.01\n" * 20_000)  # 1.4 GiB if all cells were there
    with pytest.raises(FormatError, match="fewer columns than the header has"):
        read(tmp_path / "a.trc")


def test_bones_that_motive_has_solved_are_preferred_to_markers(tmp_path: Path) -> None:
    bones = {"Ann": (0, 1, 0), "LThigh": (0.1, 1, 0), "LShin": (0.1, 0.5, 0), "LFoot": (0.1, 0.1, 0)}
    above = {"Ann": "Root", "LThigh": "Ann:Ann", "LShin": "Ann:LThigh", "LFoot": "Ann:LShin"}
    order = ["LFoot", "Ann", "LShin", "LThigh"]  # not sorted
    lines = [
        ["Format Version", "1.25", "Export Frame Rate", "120", "Coordinate Space", "Global"],
        ["", "Type", *[kind for _ in order for kind in ["Bone"] * 3], *["Marker"] * 3],
        ["", "Name", *[f"Ann:{name}" for name in order for _ in range(3)], *["Ann:LASI"] * 3],
        ["", "Parent", *[above[name] for name in order for _ in range(3)], "", "", ""],
        ["", "", *["Position"] * 3 * (len(order) + 1)],
        ["Frame", "Time (Seconds)", *"XYZ" * (len(order) + 1)],
    ]
    row = [str(value) for name in order for value in bones[name]]
    lines += [[str(frame), str(frame / 120), *row, "1", "2", "3"] for frame in range(5)]
    (tmp_path / "a.csv").write_text("\n".join(",".join(line) for line in lines))
    (motion,) = read(tmp_path / "a.csv")
    assert motion.rig.joint_names == ("Hip", "LThigh", "LShin", "LFoot")
    assert (motion.rig.parents.tolist(), motion.fps, motion.declared_up) == ([-1, 0, 1, 2], 120.0, "+Y")
    np.testing.assert_allclose(motion.positions[3], list(bones.values()))


def test_joints_of_a_kinect_in_columns(tmp_path: Path) -> None:
    names = [
        f"{part}{side}" for part in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle") for side in ("Left", "Right")
    ]
    names += ["SpineBase", "Neck", "Head"]
    positions = RNG.uniform(-1, 1, (20, len(names), 3))
    header = "\t".join(["Timestamp", *(f"{name}_{axis}" for name in names for axis in "XYZ")])
    rows = ["\t".join(map(str, [number / 15, *row.ravel()])) for number, row in enumerate(positions)]
    (tmp_path / "a.tsv").write_text("system\tkinect\n" + header + "\n" + "\n".join(rows))
    (motion,) = read(tmp_path / "a.tsv")
    knee = motion.positions[:, motion.rig.joint_names.index("left_knee")]
    np.testing.assert_allclose(knee, positions[:, names.index("KneeLeft")], atol=1e-6)
    assert motion.fps == 15.0


def test_joints_of_mediapipe_in_space_are_no_markers(tmp_path: Path) -> None:
    """FreeMoCap writes them as a table, and as an array with hands and face after the body."""
    names = JOINT_SETS["mediapipe-33"].joints
    positions = RNG.uniform(-1, 1, (20, 553, 3))
    header = ",".join(f"{name}_{axis}" for name in names for axis in "xyz")
    rows = [",".join(map(str, row.ravel())) for row in positions[:, :33]]
    (tmp_path / "a.csv").write_text("\n".join([header, *rows]))
    np.save(tmp_path / "a.npy", positions)
    for name in ("a.csv", "a.npy"):
        (motion,) = read(tmp_path / name)
        for joint, own in (("left_hip", "left_hip"), ("right_foot", "right_foot_index")):
            found = motion.positions[:, motion.rig.joint_names.index(joint)]
            np.testing.assert_allclose(found, positions[:, names.index(own)], atol=1e-6)


def test_two_subjects_are_two_bodies_and_props_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(vicon("Ann", "Ben"))
    assert [motion.body for motion in read(tmp_path / "a.csv")] == ["Ann", "Ben"]


def test_a_body_of_markers_stands_upright(tmp_path: Path) -> None:
    (tmp_path / "a.c3d").write_bytes(c3d_bytes())
    clip = canonicalise(read(tmp_path / "a.c3d")[0])
    height = clip.positions[:, 15, 1] - clip.positions[:, 10, 1]
    assert (height > 1.2).all() and (height < 1.8).all()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (c3d_bytes()[:700], "not a C3D file|ends too early|holds no"),
        (c3d_bytes()[:2600], "holds no frames"),
        (c3d_bytes(labels=tuple(f"M{number}" for number in range(len(LABELS)))), "of no known set"),
        (c3d_bytes(labels=("",) * len(LABELS)), "have no labels"),
        (trc().replace("50\t50", "0\t50").encode(), "no frames per second"),
        (trc().replace("\t1480.0000", "\tx", 1).encode(), ":7: a coordinate is not a number"),
        (b"PathFileType\t4\t(X/Y/Z)\ta.trc\n", "ends in its header"),
        (qualisys().replace("FREQUENCY", "F").encode(), "no FREQUENCY"),
    ],
)
def test_damage_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.c3d").write_bytes(content)
    with pytest.raises(FormatError, match=reason) as refusal:
        read(tmp_path / "a.c3d")
    assert "a.c3d" in str(refusal.value) and len(str(refusal.value).splitlines()) == 1


def relabelled(labels: dict[str, str], places: dict[str, tuple[float, float, float]] | None = None) -> str:
    """A TRC in which some labels are others, and some of the markers are elsewhere."""
    lines = trc().splitlines()
    for old, new in labels.items():
        lines[3] = lines[3].replace(old, new)
    for place in (places or {}).items():
        column = 2 + 3 * LABELS.index(place[0])
        for row, point in enumerate(moved(place[1]), start=6):
            cells_of_row = lines[row].split("\t")
            cells_of_row[column : column + 3] = [f"{value:.4f}" for value in point]
            lines[row] = "\t".join(cells_of_row)
    return "\n".join(lines) + "\n"


def test_ankles_are_known_by_heel_and_toe_if_the_legs_have_markers_on_segments_only(tmp_path: Path) -> None:
    labels = {"LKNE": "LTH1", "RKNE": "RTH1", "LANK": "LHEE", "RANK": "RHEE"}
    (tmp_path / "a.trc").write_text(relabelled(labels, {"LANK": (0, 105, 45), "RANK": (0, -105, 45)}))
    (motion,) = read(tmp_path / "a.trc")
    assert not {"left_knee", "right_knee"} & set(motion.rig.joint_names)
    ankle = motion.positions[:, motion.rig.joint_names.index("left_ankle")]
    seen = np.arange(FRAMES) != 5
    np.testing.assert_allclose(ankle[seen], moved((56, 105, 85))[seen], atol=6.0)
    assert canonicalise(motion).observed.any(axis=0).sum() > 12


def test_what_markers_do_not_tell_of_a_body_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.trc").write_text(relabelled({"LKNE": "LTH1", "RKNE": "RTH1", "LANK": "LTB1", "RANK": "RTB1"}))
    with pytest.raises(FormatError, match="its markers do not tell both knees or both ankles; export"):
        read(tmp_path / "a.trc")


@pytest.mark.parametrize("kind", ["c3d", "trc"])
def test_mutants_are_read_or_refused(tmp_path: Path, kind: str) -> None:
    sound, path = c3d_bytes() if kind == "c3d" else trc().encode(), tmp_path / f"a.{kind}"
    chance = np.random.default_rng(0)
    for seed in range(150):
        mutant = bytearray(mutate(sound, seed)) if kind == "trc" else bytearray(sound)
        if kind == "c3d":
            for place in chance.integers(0, 2560, 4):
                mutant[place] = chance.integers(256)
        path.write_bytes(mutant)
        try:
            read(path)
        except FormatError as error:
            assert len(str(error).splitlines()) == 1
