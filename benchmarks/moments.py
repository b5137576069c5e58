"""Pieces of real takes as queries whose answer is known to the frame, and takes in which a motion is repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from stored_clips import stored_clip

from mretrieve import Index, open_index
from mretrieve.encoders import DEFAULT_ENCODER, load_encoder
from mretrieve.indexer.ingest import DEFAULT_WINDOWS
from mretrieve.motion import CANONICAL_FPS, JOINT_COUNT, Clip, LabelledClip
from mretrieve.motion.augmentation import change_speed, other_body
from mretrieve.motion.body_view import body_view
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.shard_writer import write_shard

SLOWEST, FASTEST = 0.7, 1.4
LIMB_SCALE = 0.15
JOINT_NOISE_M = 0.01
SHORTEST_S, LONGEST_S = 1.0, 3.0


@dataclass(frozen=True, eq=False)
class Piece:
    """A query, and where it was cut out."""

    query: Clip
    take: LabelledClip
    start_frame: int  # of the take's clip
    end_frame: int

    def overlap(self, start_s: float, end_s: float) -> float:
        """Temporal intersection over union with a moment of the take, in seconds of its file."""
        own = self.take.clip.start_s + np.array([self.start_frame, self.end_frame]) / CANONICAL_FPS
        return overlap((float(own[0]), float(own[1])), (start_s, end_s))


def overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Temporal intersection over union of two spans."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0.0, shared) / (max(one[1], other[1]) - min(one[0], other[0]))


def disturbed_pieces(takes: Sequence[LabelledClip], count: int, seed: int) -> list[Piece]:
    """Pieces of 1 to 3 s, each disturbed as `disturbed` does it."""
    return [
        replace(piece, query=disturbed(piece.query, generator))
        for piece, generator in _pieces(takes, count, np.random.default_rng(seed))
    ]


def plain_pieces(takes: Sequence[LabelledClip], count: int, seed: int) -> list[Piece]:
    """Pieces of 1 to 3 s as they are."""
    return [piece for piece, _ in _pieces(takes, count, np.random.default_rng(seed))]


def disturbed(clip: Clip, generator: np.random.Generator) -> Clip:
    """The clip at another speed, on a body of other proportions, facing elsewhere, all coordinates with noise."""
    clip = change_speed(clip, generator.uniform(SLOWEST, FASTEST))
    clip = other_body(clip, generator, LIMB_SCALE, 0.0)
    noise = generator.normal(0, JOINT_NOISE_M, (clip.frame_count, JOINT_COUNT, 3))
    positions = (clip.positions + noise) @ _about_the_vertical(generator.uniform(-np.pi, np.pi))
    return replace(clip, positions=positions.astype(np.float32))


def repeated(renditions: Sequence[Clip], generator: np.random.Generator) -> tuple[Clip, list[tuple[int, int]]]:
    """A take of the renditions one after the other, and the span of each, in frames.

    Between two the body stands still, slides over a third of a second into the next one's first pose and stands still
    again: 0.7 to 1.5 s in all. Each goes on where the last one ended, facing as it did.
    """
    parts: list[NDArray[np.float32]] = []
    spans, frames, heading, origin = [], 0, 0.0, np.zeros(3, np.float32)
    last = None
    for rendition in renditions:
        view = body_view(rendition.positions, rendition.observed)
        turn = _about_the_vertical(-(heading - float(view.heading[0])))
        positions = rendition.positions @ turn
        positions = (positions + (origin - view.origin[0] @ turn) * np.array([1, 0, 1])).astype(np.float32)
        still = int(generator.integers(20, 46))
        pause = np.repeat(positions[:1], still, axis=0)
        if last is not None:
            at = (np.arange(still) - still / 2) / 10
            share = (0.5 + 0.5 * np.sin(np.pi * np.clip(at, -0.5, 0.5)))[:, None, None]
            pause = (last * (1 - share) + positions[0] * share).astype(np.float32)
        parts += [pause, positions]
        spans.append((frames + still, frames + still + len(positions)))
        frames = spans[-1][1]
        view = body_view(positions, rendition.observed)
        heading, origin, last = float(view.heading[-1]), view.origin[-1], positions[-1]
    assert last is not None
    parts.append(np.repeat(last[None], 20, axis=0))
    joined = np.concatenate(parts)
    return Clip(joined, np.ones(joined.shape[:2], bool)), spans


@contextmanager
def indexed(clips: Mapping[str, Clip]) -> Iterator[Index]:
    """An index of clips by their ids, in a folder that goes when it is done with."""
    encoder = load_encoder(DEFAULT_ENCODER)
    stored = [stored_clip(name, clip, [encoder]) for name, clip in clips.items()]
    with TemporaryDirectory() as home:
        record = EncoderRecord(encoder.name, encoder.fingerprint, encoder.dimension)
        folder = Path(home) / "index"
        with WriterLock(folder):
            shard = write_shard(folder, stored)
            commit(
                folder,
                None,
                folders={"": Path(home)},
                fps=CANONICAL_FPS,
                encoders=[record],
                windows=DEFAULT_WINDOWS,
                add=[shard],
            )
        yield open_index(folder)


def _pieces(
    takes: Sequence[LabelledClip], count: int, generator: np.random.Generator
) -> Iterator[tuple[Piece, np.random.Generator]]:
    while count:
        take = takes[int(generator.integers(len(takes)))]
        frames = round(generator.uniform(SHORTEST_S, LONGEST_S) * CANONICAL_FPS)
        if frames <= take.clip.frame_count:
            start = int(generator.integers(take.clip.frame_count - frames + 1))
            yield Piece(take.clip.cut(start, start + frames), take, start, start + frames), generator
            count -= 1


def _about_the_vertical(angle: float) -> NDArray[np.float64]:
    """To be multiplied from the right: turns by an angle (radians), to the right seen from above where positive."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
