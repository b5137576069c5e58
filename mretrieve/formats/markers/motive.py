"""CSV of OptiTrack Motive: the bones of solved skeletons, or else labelled markers.

The first line names the take's settings; then lines headed `Type`, `Name`, `ID`, in newer versions `Parent`, a line of
`Rotation` and `Position`, and a line with `Frame` and the axes.
"""

from __future__ import annotations

import numpy as np

from ...errors import FormatError
from ...motion.motion import Motion, Rig
from ..motion_text import MotionText, text_head
from ..reader import Reader
from ..scene import depth_first
from .landmarks import subject_of
from .marker_motion import Markers, motions_of_markers
from .tables import positive_number, table_of


def read_motive(text: MotionText) -> list[Motion]:
    """A motion for each skeleton, with the positions of its bones, or for each subject with labelled markers.

    Raises:
        FormatError: the header is not complete, coordinates are not those of the world, or a cell is not a number.
    """
    table = table_of(text, 6)
    rows = table.head
    settings = dict(zip(rows[0][::2], rows[0][1::2], strict=False))
    header = {row[1].strip(): row for row in rows[1:9] if len(row) > 2 and row[1].strip()}
    axes_row = next((number for number, row in enumerate(rows[:12]) if row and row[0].strip() == "Frame"), None)
    if axes_row is None or not {"Type", "Name"} <= header.keys():
        raise FormatError(f"{text.path}: no lines `Type`, `Name` and `Frame`; export it again with its header")
    if settings.get("Coordinate Space", "Global") != "Global":
        raise FormatError(f"{text.path}: coordinates of bones are relative to others; export them in Global space")
    fps = positive_number(text, [settings.get("Export Frame Rate", settings.get("Capture Frame Rate", ""))], 0, 1)
    what, axes = rows[axes_row - 1], rows[axes_row]
    width = min(map(len, (header["Type"], header["Name"], what, axes)))
    starts = [
        column
        for column in range(2, width - 2)
        if what[column] == "Position" and axes[column : column + 3] == ["X", "Y", "Z"]
    ]
    values = table.numbers(axes_row + 1, width)
    places = values[:, np.array(starts, np.intp)[:, None] + np.arange(3)]
    places[~np.isfinite(places).all(axis=2)] = np.nan
    kinds = [header["Type"][column] for column in starts]
    names = [header["Name"][column].strip() for column in starts]
    above = [header["Parent"][column].strip() if "Parent" in header else "" for column in starts]
    bones = [number for number, kind in enumerate(kinds) if kind == "Bone"]
    if not bones:
        labelled = [number for number, kind in enumerate(kinds) if kind == "Marker"]
        labels = tuple(names[number] for number in labelled)
        return motions_of_markers(Markers(labels, places[:, labelled], fps, "+Y"), text.path)
    subjects: dict[str, list[int]] = {}
    for number in bones:
        subjects.setdefault(subject_of(names[number]), []).append(number)
    motions = []
    for subject, own in subjects.items():
        number_of = {names[number]: place for place, number in enumerate(own)}
        parents = [number_of.get(above[number], -1) for number in own]
        try:
            order = depth_first(parents)
        except ValueError as error:
            raise FormatError(f"{text.path}: {error}; export it again") from None
        place_of = {place: position for position, place in enumerate(order)}
        bare = [names[own[place]].removeprefix(f"{subject}:") for place in order]
        rig = Rig(
            tuple("Hip" if name == subject else name for name in bare),  # the root bears the name of the skeleton
            np.array([place_of.get(parents[place], -1) for place in order], np.int32),
            np.zeros((len(own), 3)),
        )
        positions = places[:, [own[place] for place in order]].astype(np.float32)
        body = subject if len(subjects) > 1 else ""
        motions.append(Motion(rig, positions, fps, text.path, body, declared_up="+Y"))
    return motions


MOTIVE_CSV = Reader(
    "motive",
    (),
    lambda head, _: text_head(head).startswith(b"Format Version,") and b"Frame Rate" in head[:4096],
    lambda file, _: read_motive(file.text()),
)
