"""`part-agreement`: how well similarities of body parts agree with known differences, in 3D and in 2D.

The measure of Park et al. 2021 (section V-B) is Spearman's rank correlation with how similar people find two motions.
Here it is the correlation with the differences of generated pairs (`part_variations.py`), for each part alone. Pairs of
variations of one clip count; pairs of different classes are easy, and flatter every method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..encoders.part_similarity import similarity_of
from ..encoders.registry import ENCODER_SUFFIX, load_view_encoder
from ..encoders.statistics.part_statistics import PartStatistics
from ..encoders.systems.body_part_embedding import ARCHITECTURE, PART_JOINTS, BodyPartEncoder
from ..errors import QueryError
from ..kernels.warping import dtw_path
from ..motion import PARTS, Clip, LabelledClip, heading_view, mirror
from ..motion.body_parts import PartWeights
from ..motion.skeleton import joint
from ..motion.view import View, mirror_view
from .data_sets import cmu_expmap, cmu_subjects, hdm05, windows
from .measurements import MeasurementOptions
from .part_variations import Pair, Replaced, draw_pairs, draw_replaced
from .tables import Table

#: Performers of HDM05 that are held out: methods were chosen by the first, and the second is for tests.
CHOICE_PERFORMER, TEST_PERFORMER = "mm", "tr"

#: Similarity (2, 5) of each part of a pair, as they are and with the second motion mirrored.
Similarity = Callable[[Pair], NDArray[np.float64]]


@dataclass(frozen=True)
class PartClips:
    """The split of the protocol: clips to train on, to choose by, and to test with."""

    train: tuple[LabelledClip, ...]
    choice: tuple[LabelledClip, ...]
    test: tuple[LabelledClip, ...]


def part_clips(data: Path) -> PartClips:
    """HDM05 by performer, and every second file of CMU in the order of its path for tests; long takes cut for those."""
    performed, cmu = hdm05(data), sorted([*cmu_expmap(data), *cmu_subjects(data)], key=lambda item: item.path)
    test = [item for item in performed if item.group == TEST_PERFORMER] + cmu[1::2]
    return PartClips(
        train=tuple(item for item in performed if item.group not in (CHOICE_PERFORMER, TEST_PERFORMER))
        + tuple(cmu[::2]),
        choice=tuple(item for item in performed if item.group == CHOICE_PERFORMER),
        test=tuple(window for item in test for window in windows(item)),
    )


#: Number of pairs, and of limbs that are replaced.
PAIRS, REPLACED = 300, 100


def part_agreement(data: Path, options: MeasurementOptions) -> tuple[Table, ...]:
    """The protocol: fixed measures, and the networks of the options or those that come with mretrieve.

    Raises:
        QueryError: the folder lacks data, or an encoder is not of body parts.
    """
    clips = part_clips(data)
    names = options.encoders or (ARCHITECTURE,)
    networks = {Path(name).name.removesuffix(ENCODER_SUFFIX): _networks(name, clips.train, options) for name in names}
    return part_tables(clips.test, networks, options.progress)


def part_tables(
    clips: Sequence[LabelledClip],
    networks: Mapping[str, Sequence[BodyPartEncoder]],
    progress: Callable[[str], None] = lambda line: None,
) -> tuple[Table, ...]:
    """Agreement with known differences, and what replacing a limb does, on clips that no network was trained on.

    Args:
        clips: clips of two classes or more.
        networks: by name, one for each seed.
        progress: called with a line about what is being done.
    """
    pairs = draw_pairs(clips, PAIRS)
    methods: dict[str, list[Similarity]] = {
        "3D joint distance, DTW": [joints_3d],
        "3D part-statistics": [fixed_parts_3d()],
        "2D joint distance, DTW": [joints_2d],
    }
    methods |= {f"2D {name}": [embedded_2d(encoder) for encoder in encoders] for name, encoders in networks.items()}
    rows = []
    for name, seeds in methods.items():
        progress(name)
        both = [np.stack([similarity(pair) for pair in pairs]) for similarity in seeds]
        for flip in (True, False):
            agreed = [agreement(pairs, flipped(each) if flip else each[:, 0]) for each in both]
            rows.append((name, "yes" if flip else "no", *_cells(agreed)))
    agreement_table = Table(
        f"Spearman's correlation with known differences of {len(pairs)} pairs, mean over the parts",
        ("method", "flip", "variations", "all pairs", *PARTS),
        tuple(rows),
    )
    return agreement_table, _replacement_table(clips, networks)


@dataclass(frozen=True, eq=False)
class Agreement:
    """Spearman's rank correlation of similarity and difference, negated.

    Attributes:
        every: over all pairs, the mean over the parts.
        variations: over the pairs of variations of one clip, the mean over the parts.
        parts: the same for each part.
    """

    every: float
    variations: float
    parts: Mapping[str, float]


def agreement(pairs: Sequence[Pair], similarity: NDArray[np.float64]) -> Agreement:
    """The agreement of similarities (N, 5) with the differences of N pairs."""
    difference = np.stack([pair.difference for pair in pairs])
    one_clip = np.array([pair.one_clip for pair in pairs])
    of_parts = _correlations(similarity[one_clip], difference[one_clip])
    every = _correlations(similarity, difference)
    return Agreement(float(every.mean()), float(of_parts.mean()), dict(zip(PARTS, of_parts.tolist(), strict=True)))


def flipped(similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """The body flip of section V-B1: (N, 5) of the more similar way, of similarities (N, 2, 5) of both."""
    best = similarity.mean(axis=2).argmax(axis=1)
    return np.asarray(similarity[np.arange(len(similarity)), best])


def joints_3d(pair: Pair) -> NDArray[np.float64]:
    """Minus the mean distance, metres, of a part's joints in the frame of the body, along the part's warping path."""
    first, second = pair.clips
    return np.stack([_joint_similarity(*map(_poses, (first, other))) for other in (second, mirror(second))])


def joints_2d(pair: Pair) -> NDArray[np.float64]:
    """The same in the image, about the pelvis and in units of the root mean square distance from it."""
    first, second = pair.views
    return np.stack([_joint_similarity(*map(_points, (first, other))) for other in (second, mirror_view(second))])


def fixed_parts_3d() -> Similarity:
    """Minus the distance of each part by `part-statistics` of whole motions."""
    encoder = PartStatistics()
    alone = [encoder.weighted(PartWeights.of({part: 1.0})) for part in PARTS]

    def similarity(pair: Pair) -> NDArray[np.float64]:
        first, second = pair.clips
        vectors = encoder.encode([first, second, mirror(second)])
        of_parts = [(one.as_queries(vectors[:1]) @ vectors[1:].T)[0] for one in alone]
        return np.stack(of_parts, axis=1, dtype=np.float64)

    return similarity


def embedded_2d(encoder: BodyPartEncoder) -> Similarity:
    """Algorithm 1 with trained part embeddings."""

    def similarity(pair: Pair) -> NDArray[np.float64]:
        first, second = pair.views
        ours, *theirs = encoder.embed([first, second, mirror_view(second)])
        return np.array([list(similarity_of(ours, each).parts.values()) for each in theirs])

    return similarity


def _networks(name: str, train: Sequence[LabelledClip], options: MeasurementOptions) -> list[BodyPartEncoder]:
    """The network of a file, the one that comes with mretrieve, or one that is trained for each seed."""
    if options.encoders and not options.as_shipped and name == ARCHITECTURE:
        encoders = [options.train(name, train, seed) for seed in range(options.seeds)]
    else:
        encoders = [load_view_encoder(name)]
    for encoder in encoders:
        if not isinstance(encoder, BodyPartEncoder):
            raise QueryError(f"{name} does not compare body parts; choose {ARCHITECTURE} or a file of one")
    return encoders


def _cells(agreed: Sequence[Agreement]) -> list[str]:
    """Variations, all pairs, and each part; the first two with their deviation over seeds."""
    cells = []
    for values in ([each.variations for each in agreed], [each.every for each in agreed]):
        deviation = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
        cells.append(f"{np.mean(values):.3f}{deviation}")
    return [*cells, *(f"{np.mean([each.parts[part] for each in agreed]):.3f}" for part in PARTS)]


def _replacement_table(clips: Sequence[LabelledClip], networks: Mapping[str, Sequence[BodyPartEncoder]]) -> Table:
    """By how much the similarity of two views of one motion falls if a limb of the second is replaced."""
    replaced = [draw_replaced(clips, np.random.default_rng((1, number))) for number in range(REPLACED)]
    rows = []
    for name, encoders in networks.items():
        falls = np.mean([[fall(encoder, each) for each in replaced] for encoder in encoders], axis=0)
        limbs = np.array([list(PARTS).index(each.part) for each in replaced])
        own = falls[np.arange(len(falls)), limbs]
        others = np.abs(falls[np.arange(falls.shape[1]) != limbs[:, None]])
        rows.append((f"2D {name}", f"{own.mean():.3f}", f"{others.mean():.3f}", f"{others.max():.3f}"))
    return Table(
        f"One limb replaced by that of another class, {len(replaced)} times: how far similarities fall",
        ("method", "replaced limb", "other parts", "most of another part"),
        tuple(rows),
    )


def fall(encoder: BodyPartEncoder, replaced: Replaced) -> NDArray[np.float64]:
    """How far the similarity of each part falls, (5,)."""
    ours, whole, other = encoder.embed(replaced.views)
    before, after = (list(similarity_of(ours, each).parts.values()) for each in (whole, other))
    return np.asarray(np.subtract(before, after), np.float64)


def _joint_similarity(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """(5,) of poses (T, 22, D)."""
    return np.array([-_warped_distance(first[:, numbers], second[:, numbers]) for numbers in map(_joints, PARTS)])


def _joints(part: str) -> list[int]:
    return [PART_JOINTS[part].reference, *PART_JOINTS[part].joints]


def _warped_distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    path, _ = dtw_path(*(poses.reshape(len(poses), -1) for poses in (first, second)))
    return float(np.linalg.norm(first[path[:, 0]] - second[path[:, 1]], axis=-1).mean())


def _poses(clip: Clip) -> NDArray[np.float32]:
    return heading_view(clip.positions, clip.observed)


def _points(view: View) -> NDArray[np.float32]:
    centred = view.points - view.points[:, [joint("pelvis")]]
    size = np.sqrt(np.square(centred).sum(axis=-1).mean())
    return np.asarray(centred / np.maximum(size, 1e-6), np.float32)


def _correlations(similarity: NDArray[np.float64], difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each column, with the sign turned: 1 if more similar parts differ less, always."""
    from scipy.stats import spearmanr

    return np.array([-spearmanr(s, d).statistic for s, d in zip(similarity.T, difference.T, strict=True)])
