"""Named protocols that give tables of their own, because what they measure is not the retrieval of clips."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from typing import Protocol as TypingProtocol

from ..errors import QueryError
from ..motion import LabelledClip
from ..motion.view import LabelledView
from .protocols import PROTOCOLS
from .tables import Table
from .task import Protocol


class BuildIndex(TypingProtocol):
    """Makes an index."""

    def __call__(self, folder: Sequence[Path], index: Path, *, labels: Sequence[Path] = ()) -> object:
        """Index folders at a path, with the labels of label files."""
        ...


class Train(TypingProtocol):
    """Trains an encoder."""

    def __call__(
        self,
        name: str,
        clips: Sequence[LabelledClip | LabelledView],
        seed: int,
        changes: Mapping[str, Any] | None = None,
    ) -> Any:
        """The encoder of that name; `changes` are other values of its recipe's fields, by name."""
        ...


@dataclass(frozen=True)
class MeasurementOptions:
    """What a user may choose about a measurement.

    Attributes:
        encoders: names and files of encoders to measure; empty for those that come with mretrieve.
        as_shipped: whether a name stands for the weights that come with mretrieve; else it is trained.
        train: trains an encoder by name.
        seeds: number of trainings.
        progress: called with a line about what is being done.
        queries: number of queries, in protocols that draw them.
        build_index: makes an index of some folders at a path, for protocols that search one.
    """

    encoders: tuple[str, ...]
    as_shipped: bool
    train: Train
    seeds: int = 1
    progress: Callable[[str], None] = lambda line: None
    queries: int = 200
    build_index: BuildIndex | None = None


@dataclass(frozen=True)
class Measurement:
    """A named protocol.

    Attributes:
        name: its name.
        about: one line about what is measured.
        needs: data that must be in the data folder.
        code: "module:function", called with the data folder and the options; returns tables.
    """

    name: str
    about: str
    needs: tuple[str, ...]
    code: str

    def measure(self, data: Path, options: MeasurementOptions) -> Sequence[Table]:
        """The tables. QueryError if the folder lacks data."""
        tables: Sequence[Table] = resolve_name(self.code)(data, options)
        return tables


MEASUREMENTS: dict[str, Measurement] = {
    each.name: each
    for each in (
        Measurement(
            "view-queries",
            "clips that a random camera films in 2D find themselves and their class among 397 clips in 3D",
            ("hdm05", "cmu/bvh", "cmu/expmap"),
            "mretrieve.evaluation.view_queries:view_queries",
        ),
        Measurement(
            "spotting",
            "actions of another performer found at their place in takes: stitched ones, and real ones of a sensor",
            ("hdm05", "bandai1", "kinect/precog_csv"),
            "mretrieve.evaluation.spotting:spotting",
        ),
        Measurement(
            "part-agreement",
            "similarities of body parts against known differences, in 3D and between 2D views from two cameras",
            ("hdm05", "cmu/expmap", "cmu/bvh"),
            "mretrieve.evaluation.part_agreement:part_agreement",
        ),
        Measurement(
            "jhmdb",
            "2D poses of 14 classes, 3 official splits: skip-pose vectors as in their paper, and spaces of views",
            ("jhmdb", "hdm05", "cmu"),
            "mretrieve.evaluation.jhmdb:jhmdb",
        ),
        Measurement(
            "dense-correspondence",
            "frames of CMU takes that two cameras film, 30 to 80 degrees apart: which are of the same moment",
            ("hdm05", "cmu/bvh", "cmu/expmap"),
            "mretrieve.evaluation.dense_correspondence:dense_correspondence",
        ),
        Measurement(
            "anthropometry",
            "how far poses from 2D and 3D change if bones are .75 to 1.25 times as long, and joint errors",
            ("hdm05", "cmu/bvh", "cmu/expmap"),
            "mretrieve.evaluation.anthropometry:anthropometry",
        ),
    )
}


def named_protocol(name: str) -> Protocol | Measurement:
    """What `mretrieve evaluate` calls by that name; QueryError with a suggestion if there is nothing."""
    known: dict[str, Protocol | Measurement] = {**PROTOCOLS, **MEASUREMENTS}
    if name not in known:
        close = get_close_matches(name, known) or list(known)
        raise QueryError(f"no protocol {name!r}; did you mean {' or '.join(close)}?")
    return known[name]
