"""Named protocols that give tables of their own, because what they measure is not the retrieval of clips."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Protocol

from ..motion import LabelledClip
from ..motion.view import LabelledView
from .tables import Table


class Train(Protocol):
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
    """

    encoders: tuple[str, ...]
    as_shipped: bool
    train: Train
    seeds: int = 1
    progress: Callable[[str], None] = lambda line: None


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
