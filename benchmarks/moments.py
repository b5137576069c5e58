"""Pieces of real takes as queries whose answer is known to the frame, and indexes of clips."""

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
