"""Pieces of motions: for training the sub-motion mapping, and as queries to measure it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..encoders import WindowEncoder
from ..errors import MRetrieveError
from ..motion import CANONICAL_FPS, Clip
from ..motion.augmentation import change_speed, lose_joints, other_body
from ..motion.bones import USED_JOINTS

#: Number of answers among which the parent of a piece should be.
FIRST = 5


@dataclass(frozen=True)
class Pieces:
    """How pieces are drawn: of all lengths and speeds, and perturbed as queries are.

    Attributes:
        count: pieces of a batch.
        shortest: frames after the change of speed; all of a clip that is shorter.
        longest: frames, drawn evenly from shortest to longest on a logarithmic scale.
        fastest: speed lies between 1 / fastest and fastest, evenly on a logarithmic scale.
        limb_scale: each pair of bones is 1 - limb_scale to 1 + limb_scale times as long.
        joint_offset_m: root mean square of the fixed displacement of each joint, in half of the pieces.
        noise_m: largest root mean square of the noise of every sample; each piece has its own part of it.
        missing_share: part of the pieces that lack joints.
        missing_joints: number of joints that these lack, of the 17 besides the pelvis.
    """

    count: int = 64
    shortest: int = 15
    longest: int = 150
    fastest: float = 2.0
    limb_scale: float = 0.2
    joint_offset_m: float = 0.015
    noise_m: float = 0.02
    missing_share: float = 0.3
    missing_joints: int = 4

    def draw(self, clip: Clip, generator: np.random.Generator) -> Clip:
        """One piece of a clip."""
        speed = self.fastest ** generator.uniform(-1, 1)
        longest = min(self.longest * speed, clip.frame_count)
        shortest = min(self.shortest * speed, longest)
        frames = max(1, round(shortest * (longest / shortest) ** generator.uniform()))
        start = int(generator.integers(clip.frame_count - frames + 1))
        piece = change_speed(clip.cut(start, start + frames), speed)
        offset_m = self.joint_offset_m * (generator.random() < 0.5)
        piece = noisy(
            other_body(piece, generator, self.limb_scale, offset_m), self.noise_m * generator.random(), generator
        )
        if generator.random() < self.missing_share:
            piece = lose_joints(piece, generator.choice(USED_JOINTS[1:], self.missing_joints, replace=False))
        return piece


def noisy(clip: Clip, noise_m: float, generator: np.random.Generator) -> Clip:
    """The clip with every sample displaced at random by `noise_m`, root mean square."""
    noise = generator.standard_normal(clip.positions.shape, np.float32)
    return replace(clip, positions=clip.positions + np.float32(noise_m / np.sqrt(3)) * noise)


def turned(clip: Clip, angle: float) -> Clip:
    """The clip turned about the vertical, radians."""
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    positions = clip.positions.copy()
    positions[..., 0] = cosine * clip.positions[..., 0] + sine * clip.positions[..., 2]
    positions[..., 2] = cosine * clip.positions[..., 2] - sine * clip.positions[..., 0]
    return replace(clip, positions=positions)


def disturbed(clip: Clip, generator: np.random.Generator) -> Clip:
    """The clip as a query may be: at .7 to 1.4 times its speed, on bones .85 to 1.15 times as long, turned anywhere.

    Every coordinate of every sample is off by 10 mm (standard deviation).
    """
    other = other_body(
        change_speed(clip, 0.7 * 2 ** generator.uniform()), generator, limb_scale=0.15, joint_offset_m=0.0
    )
    return noisy(turned(other, generator.uniform(0, 2 * np.pi)), 0.01 * np.sqrt(3), generator)


@dataclass(frozen=True, eq=False)
class AskedPieces:
    """Pieces and the clips they are taken from.

    Attributes:
        pieces: N pieces.
        parents: (N,) number of the clip of each.
    """

    pieces: tuple[Clip, ...]
    parents: NDArray[np.int64]


def asked_pieces(
    clips: Sequence[Clip], parents: Sequence[int], *, length_s: float = 2.0, count: int = 200, seed: int = 0
) -> AskedPieces:
    """Pieces of `length_s` of the clips that `parents` names, `disturbed`.

    Raises:
        MRetrieveError: none of these clips is as long.
    """
    generator = np.random.default_rng(seed)
    frames = round(length_s * CANONICAL_FPS)
    able = [parent for parent in parents if clips[parent].frame_count >= frames]
    if not able:
        raise MRetrieveError(f"no clip has the {length_s:g} s of a piece; give longer ones")
    drawn, pieces = generator.choice(able, count), []
    for parent in drawn:
        start = int(generator.integers(clips[parent].frame_count - frames + 1))
        pieces.append(disturbed(clips[parent].cut(start, start + frames), generator))
    return AskedPieces(tuple(pieces), np.asarray(drawn, np.int64))


def parent_ranks(
    encoder: WindowEncoder, vectors: NDArray[np.float32], stored: NDArray[np.float32], parents: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Rank (N,), from 1, of each piece's parent: pieces by encoded vectors (N, D), all clips by theirs (M, D)."""
    distances = -(encoder.as_queries(vectors) @ stored.T)
    return np.asarray((distances < np.take_along_axis(distances, parents[:, None], axis=1)).sum(axis=1) + 1)


@dataclass(frozen=True)
class ParentsFound:
    """How often pieces find the clips they were taken from.

    Attributes:
        about: what the queries were.
        first: share of pieces whose clip is the first answer.
        among_first: share of pieces whose clip is among the first FIRST answers.
        pieces: number of pieces.
        clips: number of clips.
        length_s: length of the pieces before they were perturbed.
    """

    about: str
    first: float
    among_first: float
    pieces: int
    clips: int
    length_s: float

    def __str__(self) -> str:
        found = f"{self.among_first:.3f} among the first {FIRST} of {self.clips} clips, {self.first:.3f} first"
        return f"{self.about}: {found}"


def parents_found(about: str, ranks: NDArray[np.int64], clips: int, length_s: float) -> ParentsFound:
    """The shares of `parent_ranks` among `clips` clips."""
    return ParentsFound(about, float((ranks == 1).mean()), float((ranks <= FIRST).mean()), len(ranks), clips, length_s)
