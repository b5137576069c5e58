"""Time of a query in two dimensions over many clips: `python benchmarks/view_queries.py INDEX --clips 10000`.

The index is copied, and its clips are repeated under other names until it has as many. A repeated clip has other bones:
each joint is displaced by about 9 cm, the same in all frames, and the clip is encoded again. Printed are seconds of one
core for lifting, candidates, reprojection and ten hits.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mretrieve import Clip, open_index
from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.motion import CANONICAL_FPS
from mretrieve.motion.camera import CameraRange, film
from mretrieve.motion.detection import DetectionErrors
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot

_LOST = DetectionErrors(1.0, 3, 0.0, 0.0, 0.0, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=20)
    arguments = parser.parse_args()
    original = Snapshot.open(arguments.index)
    with TemporaryDirectory() as folder:
        repeated(original, Path(folder) / "index", arguments.clips)
        index = open_index(Path(folder) / "index")
        random = np.random.default_rng(0)
        seconds, firsts = [], 0
        for number, row in enumerate(random.choice(original.clips.num_rows, arguments.queries + 1)):
            clip = Clip(*original.motion(int(row)))
            view = _LOST.draw(film(clip, CameraRange().draw(random)), random)
            started = time.process_time()
            answer = index.search(view)
            if number:  # the first query loads the weights
                seconds.append(time.process_time() - started)
                firsts += answer[0].clip == original.clips["clip"][int(row)].as_py()
        print(
            f"{len(index)} clips: {np.median(seconds):.2f} s a query (median of {len(seconds)}), at most "
            f"{max(seconds):.2f} s; own clip first in {firsts}"
        )


def repeated(original: Snapshot, path: Path, count: int) -> None:
    """An index of `count` clips: those of another, and disturbed copies of them."""
    random = np.random.default_rng(1)
    encoders = {record.name: load_encoder(record.name) for record in original.encoders}
    clips = [original.stored(row) for row in range(original.clips.num_rows)]
    shards = []
    with WriterLock(path):
        for start in range(0, count, len(clips)):
            copies = clips[: count - start]
            if start:
                copies = [disturbed(clip, start, encoders, random) for clip in copies]
            shards.append(write_shard(path, copies))
        commit(
            path,
            None,
            folders=original.folders,
            fps=CANONICAL_FPS,
            encoders=original.encoders,
            windows=original.windows_settings,
            add=shards,
        )


def disturbed(
    clip: ShardClip, number: int, encoders: Mapping[str, WindowEncoder], random: np.random.Generator
) -> ShardClip:
    """A copy of a clip on other bones."""
    offsets = 0.05 * random.standard_normal((1, *clip.positions.shape[1:])).astype(np.float32)
    motion = Clip(clip.positions + offsets, clip.observed, clip.start_s)
    return replace(
        clip,
        clip=copied(clip.clip, number),
        path=copied(clip.path, number),
        positions=motion.positions,
        vectors={name: encoder.encode_windows(motion, clip.windows) for name, encoder in encoders.items()},
    )


def copied(name: str, number: int) -> str:
    """The name of a copy, in the folder of the original: `cmu/walk.bvh` becomes `cmu/copy3/walk.bvh`."""
    folder, slash, inside = name.partition("/")
    return f"{folder}/copy{number}/{inside}" if slash else f"copy{number}/{name}"


if __name__ == "__main__":
    main()
