"""Where in hours of motion does this happen: pieces cut out of real takes, found again to the frame.

    python benchmarks/localisation.py [--data DIR] [--seed N]

Table 1, through the public engine: 200 pieces of 1 to 3 s out of the takes of cmu/bvh and cmu/expmap, at 0.7 to 1.4
times their speed, on bodies whose bones are .85 to 1.15 times as long, 10 mm of noise on each joint coordinate, facing
anywhere; all takes are searched. Then 100 pieces of cmu/asfamc, another rig at another rate, as they are, among the
takes of cmu/bvh, of which one shows the same performance. IoU is that of the first hit, 0 where it is of another take.

Table 2: how the ends of a moment are set, in the right take. Table 3: how many windows of the encoder's space have to
be looked at before the right place is among them, by the windows' length and how far apart they are, with the motions
of hdm05 and bandai1 beside those of cmu. Choices were made with seeds 1001 to 3003.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from mocap_sets import bandai1, cmu_asfamc, cmu_bvh, cmu_expmap, hdm05, mocap_folder
from moments import Piece, disturbed_pieces, indexed, overlap, plain_pieces
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from mretrieve import Index
from mretrieve.alignment.moment_finder import MomentFinder
from mretrieve.alignment.pose_features import features_of
from mretrieve.encoders import DEFAULT_ENCODER, load_encoder
from mretrieve.indexer.ingest import cut_windows
from mretrieve.kernels.warping import subsequence_matches
from mretrieve.motion import CANONICAL_FPS, JOINT_COUNT, Clip, LabelledClip
from mretrieve.search.options import Scope
from mretrieve.storage.records import WindowSettings

PIECES, TWIN_PIECES = 200, 100
SCOPES: tuple[Scope, ...] = ("auto", "moments")
WINDOWS = (((2.0,), 0.25), ((2.0,), 0.5), ((1.0, 2.0), 0.5), ((1.0, 2.0, 4.0), 0.25), ((1.0, 2.0, 4.0), 0.5))
#: What the two sets call the same kind of motion.
KINDS = {"walk": "walking", "run": "running", "jump": "jumping", "dribble": "basketball"}
#: A region reaches so far beyond its window on either side: half a query, and half a second.
MARGIN_FRAMES = 15


def found(index: Index, pieces: Sequence[Piece], scope: Scope) -> list[tuple[bool, float]]:
    """Of each piece, whether the first hit is of its take, and the overlap."""
    result = []
    for piece in pieces:
        hit = index.search(piece.query, 1, scope=scope)[0]
        right = hit.clip == piece.take.path
        result.append((right, piece.overlap(hit.start_s, hit.end_s) if right else 0.0))
    return result


def share(condition: NDArray[np.bool_]) -> str:
    """In percent."""
    return f"{100 * condition.mean():.1f}"


def add_rows(table: Table, name: str, pieces: Sequence[Piece], answers: Sequence[tuple[bool, float]]) -> None:
    """A row for all pieces, and one for each kind of motion that has ten or more."""
    kinds = np.array([KINDS.get(piece.take.label, piece.take.label) for piece in pieces])
    right, overlaps = np.array([one[0] for one in answers]), np.array([one[1] for one in answers])
    for kind in ["", *(kind for kind, count in sorted(Counter(kinds.tolist()).items()) if kind and count >= 10)]:
        mine = kinds == kind if kind else np.ones(len(pieces), bool)
        figures = [right[mine], *(overlaps[mine] >= least for least in (0.9, 0.8, 0.7))]
        elsewhere = right[mine] & (overlaps[mine] < 0.3)
        row = [f"  {kind}" if kind else name, str(mine.sum()), *map(share, figures), f"{overlaps[mine].mean():.3f}"]
        table.add_row(*row, share(~right[mine]), share(elsewhere), share(right[mine] & ~elsewhere & ~figures[1]))
    table.add_section()


def first_table(mocap: Path, seed: int) -> Table:
    """Table 1."""
    columns = ("pieces", "right take first %", "IoU >= .9 %", ">= .8 %", ">= .7 %", "mean IoU")
    wrong = ("another take %", "another place of it %", "ends off (.3 to .9) %")
    table = Table("", *columns, *wrong, title=f"Pieces found by `mretrieve query`, seed {seed}")
    bvh, maps = in_folder(cmu_bvh(mocap), "cmu/bvh"), in_folder(cmu_expmap(mocap), "cmu/expmap")
    with indexed({item.path: item.clip for item in bvh + maps}) as index:
        pieces = disturbed_pieces(bvh + maps, PIECES, seed)
        for scope in SCOPES:
            add_rows(table, f"cmu/bvh and cmu/expmap, {scope}", pieces, found(index, pieces, scope))
    with indexed({item.path: item.clip for item in bvh}) as index:
        stems = {Path(item.path).stem: item for item in bvh}
        pieces = [
            replace(piece, take=replace(stems[piece.take.group], label=""))
            for piece in plain_pieces(cmu_asfamc(mocap), TWIN_PIECES, seed)
        ]
        for scope in SCOPES:
            add_rows(table, f"cmu/asfamc in cmu/bvh, {scope}", pieces, found(index, pieces, scope))
    return table


def in_folder(items: Sequence[LabelledClip], folder: str) -> list[LabelledClip]:
    """The same, their paths from the root of the data."""
    return [replace(item, path=f"{folder}/{item.path}") for item in items]


def second_table(takes: Sequence[LabelledClip], seed: int) -> Table:
    """Table 2."""
    table = Table("ends from", "IoU >= .9 %", ">= .7 %", title="The right take's best moment, by what sets its ends")
    overlaps = defaultdict(list)
    for piece in disturbed_pieces(takes, PIECES, seed):
        clip = piece.take.clip
        matches = subsequence_matches(features(piece.query), [features(clip)])
        starts, ends, _ = MomentFinder(piece.query).best([clip])
        own = piece.start_frame, piece.end_frame
        overlaps["the warping path"].append(overlap((float(matches.starts[0]), float(matches.ends[0])), own))
        overlaps["the fixed-speed alignment, if it is as good"].append(overlap((float(starts[0]), float(ends[0])), own))
    for name, values in overlaps.items():
        table.add_row(name, *(share(np.array(values) >= least) for least in (0.9, 0.7)))
    return table


def features(clip: Clip) -> NDArray[np.float32]:
    """What is warped of a clip, all joints."""
    return features_of(clip, np.arange(JOINT_COUNT))


def third_table(takes: Sequence[LabelledClip], others: Sequence[LabelledClip], seed: int) -> Table:
    """Table 3."""
    encoder = load_encoder(DEFAULT_ENCODER)
    clips = [item.clip for item in (*takes, *others)]
    pieces = disturbed_pieces(takes, PIECES, seed)
    queries = encoder.as_queries(encoder.encode([piece.query for piece in pieces]))
    numbers = {item.path: number for number, item in enumerate(takes)}
    columns = ("an hour has", "98 % found at depth", "all found at depth")
    table = Table("windows, seconds", "hop", *columns, title="Candidates: windows nearest to the query's length")
    for lengths_s, hop_share in WINDOWS:
        # Each take as its windows alone: of a take shorter than a window, itself.
        settings = [WindowSettings((length_s,), hop_share) for length_s in lengths_s]
        cuts = [[cut_windows(clip.frame_count, one) for clip in clips] for one in settings]
        cuts = [[cut[1:] if len(cut) > 1 else cut for cut in of_length] for of_length in cuts]
        depths = []
        rows = [np.concatenate([np.insert(cut, 0, n, axis=1) for n, cut in enumerate(one)]) for one in cuts]
        vectors = [
            np.concatenate([encoder.encode_windows(clip, cut) for clip, cut in zip(clips, one, strict=True)])
            for one in cuts
        ]
        for piece, query in zip(pieces, queries, strict=True):
            frames = piece.query.frame_count
            nearest = int(np.argmin(np.abs(np.log(np.array(lengths_s) * CANONICAL_FPS / frames))))
            order = np.argsort(-(vectors[nearest] @ query), kind="stable")
            clip, start, end = rows[nearest][order].T
            margin = frames // 2 + MARGIN_FRAMES
            holds = (clip == numbers[piece.take.path]) & (start - margin <= piece.start_frame)
            holds &= end + margin >= piece.end_frame
            depths.append(1 + int(np.argmax(holds)) if holds.any() else np.inf)
        an_hour = sum(3600 / (length_s * hop_share) for length_s in lengths_s)
        table.add_row(
            ", ".join(f"{length_s:g}" for length_s in lengths_s),
            f"{hop_share:g} of the length",
            f"{an_hour:.0f}",
            *(f"{np.quantile(depths, part, method='higher'):.0f}" for part in (0.98, 1.0)),
        )
    return table


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of real motion capture; else as the tests find it")
    parser.add_argument("--seed", type=int, default=4)
    arguments = parser.parse_args()
    mocap = mocap_folder(arguments.data).resolve()
    console = Console(width=170)
    console.print(first_table(mocap, arguments.seed))
    takes = in_folder(cmu_bvh(mocap), "cmu/bvh") + in_folder(cmu_expmap(mocap), "cmu/expmap")
    console.print(second_table(takes, arguments.seed))
    console.print(third_table(takes, hdm05(mocap) + bandai1(mocap), arguments.seed))


if __name__ == "__main__":
    main()
