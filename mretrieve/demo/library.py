"""The demo library: a folder of generated motion capture of several performers and rigs, with its labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..formats.asf_writer import write_amc, write_asf
from ..formats.bvh_writer import write_bvh, write_whole
from .body import Body
from .recipe import STYLES, MotionRecipe
from .retarget import retarget, rig_of
from .rigs import BIPED, CMU, MIXAMO, NUMBERED, UNREAL, RigTemplate
from .solve import Performance
from .synthesis import KINDS, perform
from .take import perform_take


@dataclass(frozen=True)
class Performer:
    """A body, the rig that it is captured on, and its habits."""

    name: str
    body: Body
    template: RigTemplate
    speed: float
    amplitude: float

    def path(self, folder: Path, about: str) -> Path:
        """Where a file of this performer lies: a folder for each rig."""
        return folder / self.template.name / f"{self.name}{about}{self.template.suffix}"


PERFORMERS = (
    Performer("ada", Body(1.66, 1.02, 0.98, 0.95), MIXAMO, 1.0, 1.0),
    Performer("bo", Body(1.86, 0.98, 1.03, 1.08), CMU, 0.92, 1.05),
    Performer("cleo", Body(1.74, 1.04, 1.0, 1.0), UNREAL, 1.08, 0.95),
    Performer("dan", Body(1.79, 0.96, 1.0, 1.05), NUMBERED, 1.0, 1.1),
    Performer("eve", Body(1.58, 1.0, 0.97, 0.94), MIXAMO, 1.1, 1.0),
    Performer("finn", Body(1.92, 1.03, 1.02, 1.02), UNREAL, 0.95, 0.92),
    Performer("gwen", Body(1.70, 1.0, 1.02, 0.97), CMU, 1.03, 1.0),
)
#: The query's performer, mood and rig are nobody's in the library; the kind is. It is one kick from start to end:
#: hits inside takes can be compared with `moments.csv`.
QUERY_PERFORMER = Performer("zoe", Body(1.63, 0.99, 1.04, 0.92), BIPED, 1.05, 1.05)
QUERY_RECIPE = MotionRecipe("kick", "neutral", QUERY_PERFORMER.speed, "right", 1.05, QUERY_PERFORMER.body, seed=90002)
QUERY_FILE = "zoe_kick.bvh"

#: Performer, style and what is performed in the long takes.
_TAKES: tuple[tuple[str, str, str], ...] = (
    ("ada", "neutral", "walk wave turn walk pick_up walk_backward kick clap reach walk jump punch sit"),
    ("cleo", "energetic", "run jump punch turn dance throw hop kick squat run wave bow walk reach jump pick_up sit"),
    ("bo", "tired", "walk reach sidestep squat bow throw turn walk sit pick_up"),
)

LABEL_COLUMNS = ("path", "label", "style", "performer", "side", "speed")
MOMENT_COLUMNS = ("path", "start_s", "end_s", "label", "side")

_README = """\
# Demo library

Generated motion capture: {clips} short clips of {kinds} kinds and {takes} long takes, by {performers} performers who do
not exist, on {rigs} rigs in BVH and ASF/AMC. No recording of anyone went into it.

- `labels.csv`: kind, style, performer, side and speed of every file ("take" for the long takes)
- `moments.csv`: what happens in the long takes, from when to when, in seconds

Licence: CC0 1.0, public domain (https://creativecommons.org/publicdomain/zero/1.0/).
"""


def make_library(folder: Path | str, *, clips_per_kind: int = 7, seed: int = 0) -> list[Path]:
    """Write the demo library into `folder`, which is made where it is missing; the paths of its motion files.

    The same arguments always write the same bytes. Files that have the same names are replaced, others left alone.
    """
    folder = Path(folder)
    labels: list[tuple[str, ...]] = []
    moments: list[tuple[str, ...]] = []
    for performer in PERFORMERS:
        performer.path(folder, "").parent.mkdir(parents=True, exist_ok=True)
        if performer.template.suffix == ".amc":
            skeleton = rig_of(performer.template, performer.body)
            path = performer.path(folder, "").with_name(f"{performer.name}.asf")
            write_asf(path, skeleton, performer.template.metres_per_unit)
    for performer, recipe, number in _short_clips(clips_per_kind, seed):
        path = performer.path(folder, f"_{recipe.kind}_{recipe.style}_{number:02d}")
        _write(path, perform(recipe, performer.template.fps), performer.template)
        shown = (performer.name, recipe.side, f"{recipe.speed:.2f}")
        labels.append((path.relative_to(folder).as_posix(), recipe.kind, recipe.style, *shown))
    for number, (name, style, kinds) in enumerate(_TAKES):
        performer = next(performer for performer in PERFORMERS if performer.name == name)
        recipes = [
            _recipe(performer, kind, style, "left" if n % 3 == 1 else "right", [seed, number, n, 0])
            for n, kind in enumerate(kinds.split())
        ]
        performance, happenings = perform_take(recipes, performer.template.fps)
        path = performer.path(folder, f"_take_{style}")
        _write(path, performance, performer.template)
        relative = path.relative_to(folder).as_posix()
        labels.append((relative, "take", style, name, "", ""))
        moments += [(relative, f"{m.start_s:.3f}", f"{m.end_s:.3f}", m.recipe.kind, m.recipe.side) for m in happenings]
    _write_csv(folder / "labels.csv", LABEL_COLUMNS, labels)
    _write_csv(folder / "moments.csv", MOMENT_COLUMNS, moments)
    readme = _README.format(
        clips=len(labels) - len(_TAKES),
        kinds=len(KINDS),
        takes=len(_TAKES),
        performers=len(PERFORMERS),
        rigs=len({performer.template.name for performer in PERFORMERS}),
    )
    write_whole(folder / "README.md", readme)
    return [folder / row[0] for row in labels]


def write_query(folder: Path | str) -> Path:
    """Write a clip that is not in the library into `folder`: a kick, by another body on another rig; its path."""
    path = Path(folder) / QUERY_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, perform(QUERY_RECIPE, QUERY_PERFORMER.template.fps, margin_s=0.0), QUERY_PERFORMER.template)
    return path


def _short_clips(clips_per_kind: int, seed: int) -> Iterator[tuple[Performer, MotionRecipe, int]]:
    """Every kind by every performer in turn, in all styles, the sides by turns."""
    styles = list(STYLES)
    for k, kind in enumerate(KINDS):
        for n in range(clips_per_kind):
            performer = PERFORMERS[n % len(PERFORMERS)]
            side: Literal["left", "right"] = "left" if (n + k) % 3 == 2 else "right"
            yield performer, _recipe(performer, kind, styles[(2 * n + k) % len(styles)], side, [seed, k, n]), n + 1


def _recipe(
    performer: Performer, kind: str, style: str, side: Literal["left", "right"], entropy: Sequence[int]
) -> MotionRecipe:
    rng = np.random.default_rng(entropy)
    speed, amplitude = (float(value) for value in rng.uniform(0.9, 1.1, 2))
    variation = int(rng.integers(2**31))
    return MotionRecipe(
        kind, style, performer.speed * speed, side, performer.amplitude * amplitude, performer.body, variation
    )


def _write(path: Path, performance: Performance, template: RigTemplate) -> None:
    rig, channels = retarget(performance, template)
    write = write_amc if template.suffix == ".amc" else write_bvh
    write(path, rig, channels, template.fps, template.decimals)


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    write_whole(path, "".join(",".join(row) + "\n" for row in (columns, *rows)))
