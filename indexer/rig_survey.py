"""The rigs of a library, to be checked by eye: how each was mapped, on which clips, and a few poses of one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np

from mretrieve.formats import MotionFile, ReadingOptions
from mretrieve.motion import CANONICAL_FPS, PARTS, Clip, Rig, RigMap
from mretrieve.motion.filmstrip import Filmstrip, filmstrip
from mretrieve.motion.keypoints import ASSUMED_FPS
from mretrieve.motion.skeleton import JOINTS
from mretrieve.sources.reading import SourceClip, read_bodies
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.snapshot import Snapshot

from .describe import UNITS_M, nearest_unit
from .ingest import Ingested
from .reasons import kind_of, quantity

#: Below this confidence a map should be checked.
CLEAR_CONFIDENCE = 0.9
#: Names of clips that are kept for each rig.
NAMED_CLIPS = 5
#: The example is the first clip with this many frames, or else the longest.
_EXAMPLE_FRAMES = round(1.0 * CANONICAL_FPS)
_MIDLINE = ("head", "neck", "spine3", "spine2", "spine1", "pelvis")
_PAIRED = ("collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot")
#: `seat_trunk` places these on the line from hips to neck in any case; if others are filled in, the picture is a guess.
_PLACED = {JOINTS[j] for j in PARTS["torso"]} - {"neck", "head"} | {"left_collar", "right_collar"}


@dataclass(eq=False)
class RigUse:
    """Clips whose rigs were mapped alike.

    Attributes:
        origin: where the map is from.
        rows: (canonical joint, joint of the rig, how it was found) for all 22 joints; () if it is not known.
        joint_count: number of joints of the rig; None if not known.
        other_maps: how many other maps clips of the same rig have.
        confidence: of the map; the lowest of the clips.
        clips: number of clips.
        names: the first of them.
        example: the clip of the pictures.
        example_frames: its number of frames.
        strip: a few poses of it.
        rates_fps: clips by rate of their file.
        metres_per_unit: smallest and largest scale of the files.
        notes: by kind, remarks of the conversion as the first clip has them, and the number of clips that have them.
        is_stored: whether the clips are of unchanged files, and are taken from the index.
    """

    origin: str
    rows: tuple[tuple[str, str, str], ...] = ()
    joint_count: int | None = None
    other_maps: int = 0
    confidence: float = 1.0
    clips: int = 0
    names: list[str] = field(default_factory=list)
    example: str = ""
    example_frames: int = 0
    strip: Filmstrip | None = None
    rates_fps: Counter[float] = field(default_factory=Counter)
    metres_per_unit: tuple[float, float] = (np.inf, 0.0)
    notes: dict[str, tuple[str, int]] = field(default_factory=dict)
    is_stored: bool = False

    def count(self, clip: str, confidence: float, fps: float, metres_per_unit: float, notes: Iterable[str]) -> None:
        """Count one clip."""
        self.clips += 1
        self.confidence = min(self.confidence, confidence)
        self.rates_fps[fps] += 1
        low, high = self.metres_per_unit
        self.metres_per_unit = (min(low, metres_per_unit), max(high, metres_per_unit))
        if len(self.names) < NAMED_CLIPS:
            self.names.append(clip)
        for note in notes:
            text, seen = self.notes.get(kind_of(note), (note, 0))
            self.notes[kind_of(note)] = text, seen + 1

    def offer(self, name: str, clip: Clip) -> None:
        """Draw this clip if the present example is short, and this one longer."""
        if self.example_frames < min(_EXAMPLE_FRAMES, clip.frame_count):
            self.example, self.example_frames, self.strip = name, clip.frame_count, filmstrip(clip)

    @property
    def filled(self) -> tuple[str, ...]:
        """Canonical joints that the rig lacks, by the example."""
        return () if self.strip is None else tuple(JOINTS[j] for j in np.flatnonzero(~self.strip.seen))

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the map should be checked, most serious first; empty if nothing speaks against it."""
        found = []
        if self.confidence < CLEAR_CONFIDENCE:
            found.append(f"confidence {self.confidence:.2f}")
        if self.origin.startswith("shape"):
            found.append("found by the shape of the skeleton, not by names")
        if self.other_maps:
            found.append("other clips of the same rig have another map")
        if lacking := [name for name in self.filled if name not in _PLACED]:
            found.append(f"filled in: {', '.join(lacking)}")
        return tuple(found)

    @property
    def by_part(self) -> dict[str, tuple[str, ...]]:
        """The rig's joints from head to foot: one on the midline, (left, right) of a pair, "-" if the rig lacks it."""
        found = {canonical: name for canonical, name, _ in self.rows}
        midline = {name: (found[name],) for name in _MIDLINE if found}
        return midline | {name: (found[f"left_{name}"], found[f"right_{name}"]) for name in _PAIRED if found}

    @property
    def facts(self) -> dict[str, list[str]]:
        """What the clips were taken for, and on what grounds: lines by title."""
        notes = [text if n == self.clips else f"{text} ({n} of {self.clips} clips)" for text, n in self.notes.values()]
        axes = [note.removeprefix("axes: ") for note in notes if note.startswith("axes: ")]
        rates = [f"{fps:.6g} fps ({quantity(clips, 'clip')})" for fps, clips in sorted(self.rates_fps.items())]
        more = f" and {self.clips - len(self.names)} more" if self.clips > len(self.names) else ""
        facts = {
            "Axes": axes or ["Y up, right-handed in the file; not turned"],
            "Unit": [self._unit()],
            "Rate": [f"{', '.join(rates)}, as the file states or as is usual for its format"],
            "Remarks": [note for note in notes if not note.startswith("axes: ")],
            "Clips": [f"{', '.join(self.names)}{more}"],
            "Source": ["the index, since the files are unchanged; clips with the same kind of map are together"]
            if self.is_stored
            else [],
        }
        return {title: lines for title, lines in facts.items() if lines}

    def _unit(self) -> str:
        """The scale, and the height of the body in the nearest unit."""
        (low, high), unit = self.metres_per_unit, nearest_unit(self.metres_per_unit[1])
        scale = f"{high:.4g} m" if low > 0.995 * high else f"{low:.4g} to {high:.4g} m"
        text = f"{scale}, measured on the limbs of an adult"
        if self.strip is None or low <= 0:
            return text
        smallest, tallest = (self.strip.height_m * UNITS_M[unit] / metres for metres in (high, low))
        heights = f"{tallest:.2f} m" if tallest - smallest < 0.02 else f"{smallest:.2f} to {tallest:.2f} m"
        return f"{text}; if the file is in {unit}, the body is about {heights} tall"


def by_doubt(uses: Iterable[RigUse]) -> list[RigUse]:
    """Rigs in the order in which they should be checked: least confident first, then those with most remarks."""
    return sorted(uses, key=lambda use: (not use.doubts, use.confidence, -len(use.filled), -len(use.notes), -use.clips))


class RigSurvey:
    """Collects the rigs of the files that a run reads. It keeps a few poses of each, and no motion."""

    def __init__(self) -> None:
        self._uses: dict[tuple[object, ...], RigUse] = {}

    def add(self, ingested: Ingested) -> None:
        """Count the clips of one file."""
        for clip, (rig, rig_map) in zip(ingested.clips, ingested.rigs, strict=False):
            key = rig.joint_names, rig.parents.tobytes(), rig_map.joints
            if key not in self._uses:
                self._uses[key] = _use(rig, rig_map)
            _count(self._uses[key], clip)

    @property
    def uses(self) -> list[RigUse]:
        """The rigs, the most doubtful first. Joint names, parents and map are the same in all clips of one."""
        maps = Counter(key[:2] for key in self._uses)
        for key, use in self._uses.items():
            use.other_maps = maps[key[:2]] - 1
        return by_doubt(self._uses.values())


def stored_rigs(snapshot: Snapshot, reading: ReadingOptions, left_out: Collection[str] = ()) -> list[RigUse]:
    """The rigs of the clips in an index, the most doubtful first, but for the clips of the files `left_out`.

    An index does not store rigs: clips stand together whose maps have the same origin, confidence and filled joints.
    The map is read from the file of the example, and left out if that is gone.
    """
    names = ["clip", "path", "body", "rig", "rig_confidence", "fps", "metres_per_unit", "notes"]
    uses: dict[tuple[object, ...], RigUse] = {}
    for row, clip in enumerate(snapshot.clips.select(names).to_pylist()):
        if clip["path"] in left_out:
            continue
        notes = clip["notes"] or ()
        lacking = tuple(note for note in notes if note.startswith("joints"))
        key = clip["rig"], round(clip["rig_confidence"], 3), lacking
        use = uses.setdefault(key, RigUse(clip["rig"], is_stored=True))
        use.count(clip["clip"], clip["rig_confidence"], clip["fps"], clip["metres_per_unit"], notes)
        if use.example_frames < _EXAMPLE_FRAMES:
            stored = snapshot.stored(row)
            use.offer(stored.clip, _clip(stored))
    for use in uses.values():
        _read_map(use, snapshot, reading)
    return by_doubt(uses.values())


def _read_map(use: RigUse, snapshot: Snapshot, reading: ReadingOptions) -> None:
    """Add the map of the example's rig, if its file is still there."""
    row = snapshot.clip_row(use.example)
    body = snapshot.clips["body"][row].as_py()
    try:
        bodies = read_bodies(MotionFile(snapshot.file(row)), reading, mixed_rigs=True)
    except Exception:  # the file was changed or removed since; the run itself is done
        return
    for each in bodies:
        if each.motion.body == body:
            use.rows, use.joint_count = tuple(each.rig_map.rows(each.rig)), len(each.rig.joint_names)


def rig_of_body(body: SourceClip) -> RigUse:
    """The rig of one body."""
    use, motion = _use(body.rig, body.rig_map), body.motion
    use.count(
        motion.name, body.rig_map.confidence, motion.fps or ASSUMED_FPS, body.clip.metres_per_unit, body.clip.notes
    )
    use.offer(motion.name, body.clip)
    return use


def _use(rig: Rig, rig_map: RigMap) -> RigUse:
    return RigUse(rig_map.origin, tuple(rig_map.rows(rig)), len(rig.joint_names))


def _count(use: RigUse, stored: ShardClip) -> None:
    use.count(stored.clip, stored.rig_confidence, stored.fps, stored.metres_per_unit, stored.notes)
    use.offer(stored.clip, _clip(stored))


def _clip(stored: ShardClip) -> Clip:
    return Clip(stored.positions, stored.observed, stored.start_s, stored.metres_per_unit, stored.notes)
