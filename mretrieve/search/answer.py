"""An answer: the query as it was understood, and its hits, best first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from ..motion.body_parts import Flip

#: Name and version of the JSON that `mretrieve query --format json` prints; the schema is query.schema.json.
SCHEMA = "mretrieve.query/3"

#: Draws hits of an answer next to its query, as HTML for a notebook; None if it cannot.
Player = Callable[[Sequence["Hit"]], str | None]


class _Played:
    """Shown as moving bodies in a notebook. The player is not copied or pickled: it holds the open index."""

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "player"}


@dataclass(frozen=True)
class Hit(_Played):
    """One moment of an answer.

    Attributes:
        rank: 1 is the best.
        clip: id of the clip: its path relative to the indexed folder, with `#body` if the file holds several.
        file: absolute path of the clip's file.
        start_s: start in seconds of the file.
        end_s: end in seconds of the file.
        score: in [0, 1]: 1 is the same motion; higher is more alike.
        distance_mm: mean distance per joint along the alignment, in millimetres, on the canonical skeleton.
        label: label of the moment: of the labelled span that it shares most time with, otherwise of the clip; None if
            it has none.
        mirror: which variant of the query matched: "none" is the query as it is.
        speed: how many times as fast as the query: 2 if the moment takes half as long.
        parts: score in [0, 1] of each body part that both motions have.
        query_start_s: start of the part of the query that matched; differs from the query's only for long queries.
        query_end_s: end of that part.
        camera_azimuth_deg: of a query in two dimensions, where a camera stands that sees the moment so: from the +Z of
            the clip towards +X, see `motion.camera.Camera`; None for other queries.
        camera_pitch_deg: likewise how far it looks down.
        player: draws the hit in a notebook; None for a hit that no open index returned.
    """

    rank: int
    clip: str
    file: str
    start_s: float
    end_s: float
    score: float
    distance_mm: float
    label: str | None
    mirror: Flip
    speed: float
    parts: Mapping[str, float]
    query_start_s: float
    query_end_s: float
    camera_azimuth_deg: float | None = None
    camera_pitch_deg: float | None = None
    player: Player | None = field(default=None, repr=False, compare=False)

    @property
    def mirrored(self) -> bool:
        """Whether a mirror image of the query matched, of the whole body or of some limbs."""
        return self.mirror != "none"

    def to_dict(self) -> dict[str, Any]:
        """The hit as it stands in the JSON contract, numbers rounded."""
        content = {
            "rank": self.rank,
            "clip": self.clip,
            "file": self.file,
            "start_s": round(self.start_s, 4),
            "end_s": round(self.end_s, 4),
            "score": round(self.score, 6),
            "distance_mm": round(self.distance_mm, 3),
            "label": self.label,
            "mirror": self.mirror,
            "speed": round(self.speed, 4),
            "parts": {part: round(score, 6) for part, score in self.parts.items()},
            "query_start_s": round(self.query_start_s, 4),
            "query_end_s": round(self.query_end_s, 4),
        }
        camera = {"camera_azimuth_deg": self.camera_azimuth_deg, "camera_pitch_deg": self.camera_pitch_deg}
        return content | {name: round(angle, 1) for name, angle in camera.items() if angle is not None}

    def __repr__(self) -> str:
        where = f"{self.clip}@{self.start_s:.2f}-{self.end_s:.2f}"
        return f"<Hit {self.rank}: {where} score {self.score:.3f}, {self.distance_mm:.0f} mm>"

    def _repr_html_(self) -> str | None:
        return None if self.player is None else self.player([self])


@dataclass(frozen=True)
class StepTimes:
    """Milliseconds that each step of a query took.

    Attributes:
        read: reading the query.
        encode: computing its vector.
        search: finding candidates.
        rerank: aligning them.
    """

    read: float
    encode: float
    search: float
    rerank: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.read + self.encode + self.search + self.rerank


@dataclass(frozen=True)
class Answer(_Played, Sequence[Hit]):
    """The hits of one query, best first, and how the query was understood.

    Attributes:
        query: the query's file, or the clip it named; "" for a motion or array given from Python.
        start_s: start of the part that was compared, in seconds of the query's file.
        end_s: end of that part.
        index_path: folder of the index.
        index_version: version of the index that answered.
        encoder: encoder that was used; several are joined by commas.
        hits: the moments, best first; equal scores in the order of clip and start.
        took_ms: how long each step took.
        notes: what makes the answer less certain, or what it takes for granted, one line each.
        missing_shards: ids of the shards that were not searched, because they are damaged or no process that holds
            them answered; better moments may be in them.
        damage: what is wrong with those that are damaged, one line each.
        player: draws the hits in a notebook; None for an answer that no open index returned.
    """

    query: str
    start_s: float
    end_s: float
    index_path: str
    index_version: int
    encoder: str
    hits: tuple[Hit, ...]
    took_ms: StepTimes
    notes: tuple[str, ...] = ()
    missing_shards: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
    player: Player | None = field(default=None, repr=False, compare=False)

    @property
    def partial(self) -> bool:
        """Whether a part of the index was not searched."""
        return bool(self.missing_shards)

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Hit]: ...
    def __getitem__(self, index: int | slice) -> Hit | Sequence[Hit]:
        return self.hits[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __repr__(self) -> str:
        best = f", best {self.hits[0]!r}" if self.hits else ""
        return f"<Answer to {self.query or 'a motion'}: {len(self.hits)} hits{best}>"

    def _repr_html_(self) -> str | None:
        return None if self.player is None else self.player(self.hits)

    def to_dict(self) -> dict[str, Any]:
        """The public JSON contract (schema SCHEMA) as plain dicts and lists."""
        content: dict[str, Any] = {
            "schema": SCHEMA,
            "query": {"path": self.query, "start_s": round(self.start_s, 4), "end_s": round(self.end_s, 4)},
            "index": {"path": self.index_path, "version": self.index_version, "encoder": self.encoder},
            "results": [hit.to_dict() for hit in self.hits],
            "took_ms": {step: round(milliseconds, 3) for step, milliseconds in asdict(self.took_ms).items()},
        }
        if self.notes:
            content["notes"] = list(self.notes)
        if self.partial:
            content |= {"partial": True, "missing_shards": list(self.missing_shards)}
        if self.damage:
            content["damage"] = list(self.damage)
        return content

    def to_arrow(self) -> pa.Table:
        """One row per hit, columns as in `Hit`; the scores of the body parts are columns `part_<name>`.

        There are columns for the camera only if the query is in two dimensions.
        """
        import pyarrow as pa

        from ..motion.skeleton import PARTS

        text: dict[str, pa.DataType] = dict.fromkeys(("clip", "file", "label", "mirror"), pa.string())
        seen = any(hit.camera_azimuth_deg is not None for hit in self.hits)
        left_out = {"parts", "player"} | (set() if seen else {"camera_azimuth_deg", "camera_pitch_deg"})
        names = [name for name in Hit.__dataclass_fields__ if name not in left_out]
        types = [text.get(name, pa.int64() if name == "rank" else pa.float64()) for name in names]
        columns = {
            name: pa.array([getattr(hit, name) for hit in self.hits], kind)
            for name, kind in zip(names, types, strict=True)
        }
        for part in PARTS:
            columns[f"part_{part}"] = pa.array([hit.parts.get(part) for hit in self.hits], pa.float64())
        return pa.table(columns)

    def to_pandas(self) -> pd.DataFrame:
        """The table of `to_arrow` as a pandas DataFrame. ModuleNotFoundError: pandas is not installed."""
        return self.to_arrow().to_pandas()
