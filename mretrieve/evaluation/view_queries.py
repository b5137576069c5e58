"""The protocol `view-queries`: clips, filmed by random cameras, are searched in a library in three dimensions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ..motion import Clip, LabelledClip
from ..motion.camera import Camera, CameraRange, film
from ..motion.detection import DETECTED, DetectionErrors, with_stand_ins
from ..motion.view import View
from ..search.options import QueryOptions
from ..search.query import Query
from ..search.search import as_hit, open_search
from ..search.spaces import Spaces
from ..sources.resolve import ClipResolver
from ..storage.snapshot import Snapshot
from .data_sets import view_split
from .measurements import MeasurementOptions
from .metrics import average_precision
from .tables import Table

#: Classes that the sets name differently, chosen by name before anything was measured.
_SAME_CLASS = {"walk": "walking", "run": "running", "jump": "jumping", "dribble": "basketball"}
_HEADING = ("queries", "n", "own@1", "own@5", "class", "class, others", "mAP", "azimuth", "pitch", "CPU s", "slowest")
#: The folder of each set in the index, by how its files end.
_FOLDERS = {".amc": "hdm05", ".bvh": "bvh", ".txt": "expmap"}
#: Of the queries and their cameras. Settings were chosen with another one.
SEED = 1


@dataclass(frozen=True)
class Condition:
    """How the queries of a row are filmed.

    Attributes:
        name: of the row.
        cameras: where the camera stands.
        errors: what the detector does not find.
        noise_m: root mean square of the distance of a detected point from the true one, in every frame for itself.
        offset: frames that are left out at the start, so that frames that are compared are not the library's own.
    """

    name: str
    cameras: CameraRange = CameraRange()  # noqa: RUF009  frozen
    errors: DetectionErrors = DetectionErrors(1.0, 3, 0.0, 0.0, 0.0, 0.0)  # noqa: RUF009  frozen
    noise_m: float = 0.0
    offset: int = 0

    def view(self, clip: Clip, camera: Camera, generator: np.random.Generator) -> View:
        """What is found of a clip."""
        seen = film(clip.cut(min(self.offset, clip.frame_count - 1), clip.frame_count), camera)
        noise = self.noise_m / np.sqrt(2) * generator.standard_normal(seen.points.shape)
        noisy = replace(seen, points=(seen.points + noise).astype(np.float32))
        return with_stand_ins(self.errors.draw(noisy, generator))


_EXACT = DetectionErrors(0.0, 0, 0.0, 0.0, 0.0, 0.0)
CONDITIONS = (
    Condition(f"3 of {len(DETECTED)} joints lost"),
    Condition("the same, from the third frame on", offset=2),
    Condition("all joints", errors=_EXACT),
    Condition("3 joints lost, 2 cm noise", noise_m=0.02),
    Condition("no legs", errors=replace(_EXACT, legless_share=1.0)),
    Condition("3 joints lost, pitch 30 to 60", cameras=CameraRange(30.0, 60.0)),
)


@dataclass(frozen=True, eq=False)
class ViewQueryScores:
    """How one query did.

    Attributes:
        own_rank: rank of the query's own clip, from 1; infinite if it was no candidate.
        first_is_of_class: whether the first answer is of the query's class, its own clip allowed.
        other_is_of_class: the same among other performers and files; NaN if none of them is of the class.
        precision: average precision among other performers and files; NaN likewise.
        azimuth_error_deg: of the own clip if it is first, else NaN.
        pitch_error_deg: likewise.
        seconds: lifting, search and ten hits, in seconds of one core.
        unseen: whether nothing was trained or chosen on the clip.
    """

    own_rank: float
    first_is_of_class: bool
    other_is_of_class: float
    precision: float
    azimuth_error_deg: float
    pitch_error_deg: float
    seconds: float
    unseen: bool


def view_queries(data: Path, options: MeasurementOptions) -> list[Table]:
    """Tables of retrieval by views: HDM05 performers mm and tr and every second take of CMU ask for all 397 clips.

    The lifting network has not seen these; half of them nothing was chosen on either, and have rows of their own. Half
    of the cameras are orthographic, half 3 to 10 m away.

    Raises:
        QueryError: the folder lacks data.
    """
    library = FilmedLibrary.read(data)
    assert options.build_index is not None
    rows = []
    with TemporaryDirectory(prefix="mretrieve-") as folder:
        index = Path(folder) / "index"
        options.build_index([data / "hdm05", data / "cmu" / "bvh", data / "cmu" / "expmap"], index)
        searched = SearchedLibrary(library, Snapshot.open(index))
        for condition in CONDITIONS:
            options.progress(f"{condition.name}: {options.queries} queries")
            scores = searched.scores(condition, options.queries, SEED)
            rows.append(_row(condition.name, scores))
            if any(score.unseen for score in scores):
                rows.append(_row("  nothing chosen on them", [score for score in scores if score.unseen]))
    return [Table(f"views among {len(library.items)} clips", _HEADING, tuple(rows))]


@dataclass(frozen=True, eq=False)
class FilmedLibrary:
    """The clips in the order of their names, with what is known of each.

    Attributes:
        items: the clips.
        names: in the index of the three folders.
        labels: (C,) classes.
        performers: (C,) performers of HDM05, files of CMU.
        asked: numbers of those that are queries.
        unseen: of those that nothing was chosen on either.
    """

    items: list[LabelledClip]
    names: list[str]
    labels: NDArray[np.str_]
    performers: NDArray[np.str_]
    asked: list[int]
    unseen: set[int]

    @classmethod
    def read(cls, data: Path) -> FilmedLibrary:
        split = view_split(data)
        named = {
            f"{_FOLDERS[Path(item.path).suffix]}/{item.path}": (item, part)
            for part, items in enumerate((split.trained, split.chosen, split.unseen))
            for item in items
        }
        names = sorted(named)
        items, parts = zip(*(named[name] for name in names), strict=True)
        return cls(
            list(items),
            names,
            np.array([_SAME_CLASS.get(item.label, item.label) for item in items]),
            np.array([f"{name.partition('/')[0]} {named[name][0].group}" for name in names]),
            [number for number, part in enumerate(parts) if part],
            {number for number, part in enumerate(parts) if part == 2},
        )


class SearchedLibrary:
    """The library in an index."""

    def __init__(self, library: FilmedLibrary, snapshot: Snapshot) -> None:
        self._library, self._snapshot = library, snapshot
        self._spaces = Spaces(snapshot)
        numbers = {name: number for number, name in enumerate(library.names)}
        self._number_of_row = [numbers[name] for name in snapshot.clips["clip"].to_pylist()]

    def scores(self, condition: Condition, count: int, seed: int) -> list[ViewQueryScores]:
        """Of `count` random queries, each clip once before any is there twice, each filmed by a camera of its own."""
        generator = np.random.default_rng(seed)
        rounds = [generator.permutation(self._library.asked) for _ in range(-(-count // len(self._library.asked)))]
        scores = []
        for number in np.concatenate(rounds)[:count].tolist():
            camera = condition.cameras.draw(generator)
            view = condition.view(self._library.items[number].clip, camera, generator)
            scores.append(self._score(number, view, camera))
        return scores

    def _score(self, number: int, view: View, camera: Camera) -> ViewQueryScores:
        library, options = self._library, QueryOptions()
        started = time.process_time()
        query = Query.of(ClipResolver(self._snapshot).resolve(view))
        search = open_search(self._spaces, query, options)
        matches = search.matches(*search.candidates(search.encoded()))
        best = [search.localised(match) for match in matches[: options.k]]
        hits = [as_hit(search, match, rank, options) for rank, match in enumerate(best, 1)]
        seconds = time.process_time() - started
        ranked = [self._number_of_row[match.clip_row] for match in matches]
        order = np.array(ranked + sorted(set(range(len(library.items))) - set(ranked)))
        relevant = library.labels[order] == library.labels[number]
        others = relevant[library.performers[order] != library.performers[number]]
        own = hits[0].clip == library.names[number]
        azimuth, pitch = hits[0].camera_azimuth_deg or 0.0, hits[0].camera_pitch_deg or 0.0
        return ViewQueryScores(
            own_rank=ranked.index(number) + 1 if number in ranked else np.inf,
            first_is_of_class=bool(relevant[0]),
            other_is_of_class=float(others[0]) if others.any() else np.nan,
            precision=average_precision(-np.arange(len(others)), others) if others.any() else np.nan,
            azimuth_error_deg=abs((azimuth - camera.azimuth_deg + 180) % 360 - 180) if own else np.nan,
            pitch_error_deg=abs(pitch - camera.pitch_deg) if own else np.nan,
            seconds=seconds,
            unseen=number in library.unseen,
        )


def _row(name: str, scores: Sequence[ViewQueryScores]) -> tuple[str, ...]:
    mean = partial(np.nanmean, dtype=np.float64)
    ranks = np.array([score.own_rank for score in scores])
    seconds = [score.seconds for score in scores]
    shares = [
        mean(ranks <= 1),
        mean(ranks <= 5),
        mean([score.first_is_of_class for score in scores]),
        mean([score.other_is_of_class for score in scores]),
        mean([score.precision for score in scores]),
    ]
    angles = [
        np.nanmedian([getattr(score, name) for score in scores]) for name in ("azimuth_error_deg", "pitch_error_deg")
    ]
    return (
        name,
        str(len(scores)),
        *(f"{share:.3f}" for share in shares),
        *(f"{angle:.1f}" for angle in angles),
        f"{np.median(seconds):.2f}",
        f"{max(seconds):.2f}",
    )
