"""The part that the fits of the statistics encoders share: a linear map of features, its file and its card."""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from mretrieve import Clip

sys.path.append(str(Path(__file__).parents[1]))
from mocap_sets import mocap_folder

WEIGHTS = Path(__file__).parents[2] / "mretrieve" / "encoders" / "weights"
LICENCE = """\
- **Licence** of this file: CC BY-SA 3.0, as of HDM05 (Müller, Röder, Clausen, Eberhardt, Krüger, Weber: Documentation
  Mocap Database HDM05, Universität Bonn, 2007), from which a part of it is derived. The CMU data came from
  mocap.cs.cmu.edu, created with funding from NSF EIA-0196217."""
VERSIONS = """\
- **Versions** numpy {numpy}; another version or processor may differ in the last bits, which gives another fingerprint.
- **sha256** `{digest}`, {size} bytes."""


@dataclass(frozen=True)
class Recipe:
    """Everything that was chosen, on the training sets only; the defaults are of `pose-statistics`.

    By mean average precision of HDM05 cross-performer (also mirrored and at other speeds), CMU cross-file in windows of
    2.5 s and whole, CMU cross-rig, walks whose path was turned (direction as the class), and takes stitched of HDM05
    clips. The optimum is flat: doubling or halving any one of these moves that mean by less than .005.
    """

    block_weights: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 0.5, 0.5)  # in the order of the blocks
    dimension: int = 64
    basis_dimension: int = 96  # directions that are estimated where joints are missing; the first `dimension` are used
    noise_correlation: float = 10.0  # features share their noise: so many of them tell as much as an independent one
    ridge: float = 0.5  # part of the mean eigenvalue that is added to the covariance between copies
    piece_share: float = 0.5  # of the distance that the 2-second pieces have
    copies: int = 5
    window_frames: int = 75  # longer takes are cut into windows of this length for the map of whole windows
    seed: int = 0


def windows_of(clip: Clip, length: int, hop: int) -> list[Clip]:
    """The clip cut into windows of `length` frames; itself where it is shorter."""
    if clip.frame_count <= length:
        return [clip]
    return [clip.cut(start, start + length) for start in range(0, clip.frame_count - length + 1, hop)]


def fit_map(
    originals: NDArray[np.float32], copies: NDArray[np.float32], blocks: Sequence[slice], recipe: Recipe
) -> dict[str, NDArray[np.floating]]:
    """Arrays of one map, as the encoder reads them, from features (N, F) and those of C augmented copies (N, C, F).

    `blocks` of features are brought to one size, each by its weight in the recipe.
    """
    block_scales = np.array(
        [
            np.sqrt(weight / (2 * originals[:, rows].var(axis=0).sum()))
            for weight, rows in zip(recipe.block_weights, blocks, strict=True)
        ]
    )
    scale = np.repeat(block_scales, [rows.stop - rows.start for rows in blocks])
    mean = originals.mean(axis=0)
    centred = (originals - mean) * scale
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    basis = directions[: recipe.basis_dimension].T
    spread = singular[: recipe.basis_dimension] ** 2 / len(originals)
    noise = ((centred - centred @ basis @ basis.T) ** 2).mean(axis=0)
    used = basis[:, : recipe.dimension]
    groups = ((np.concatenate([originals[:, None], copies], axis=1) - mean) * scale) @ used
    residuals = groups - groups.mean(axis=1, keepdims=True)
    within = np.einsum("nci,ncj->ij", residuals, residuals) / (len(groups) * (groups.shape[1] - 1))
    values, vectors = np.linalg.eigh(within + recipe.ridge * np.trace(within) / len(within) * np.eye(len(within)))
    whitening = vectors / np.sqrt(values) @ vectors.T
    variance = ((centred @ used @ whitening) ** 2).sum(axis=1).mean()
    return {
        "mean": mean.astype(np.float32),
        "block_scales": block_scales.astype(np.float32),
        "basis": basis.astype(np.float16),
        "spread": spread.astype(np.float32),
        "noise": (recipe.noise_correlation * np.maximum(noise, 1e-3 * noise.mean())).astype(np.float32),
        "whitening": np.pad(whitening, ((0, recipe.basis_dimension - recipe.dimension), (0, 0))).astype(np.float32),
        "variance": np.float32(variance),
    }


def archive(arrays: dict[str, NDArray[np.floating]]) -> bytes:
    """An .npz without the time of day: the same arrays give the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asarray(arrays[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), entry.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def card_text(card: str, weights: bytes, **values: Any) -> str:
    """The card with these values, the licence of the training sets, and the versions and hash of the weights."""
    versions = VERSIONS.format(numpy=np.__version__, digest=hashlib.sha256(weights).hexdigest(), size=len(weights))
    return card.format(licence=LICENCE, versions=versions, **values)


def fit_command(name: str, fit: Callable[[Path], tuple[bytes, str]]) -> click.Command:
    """The command that writes what `fit` makes of a folder of motion capture: NAME.npz, and its card NAME.md."""

    @click.command(help=f"Fit the maps of {name.replace('_', '-')} and write them with their card.")
    @click.option(
        "--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of motion capture."
    )
    @click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS, show_default=True)
    def main(mocap: Path | None, output: Path) -> None:
        weights, card = fit(mocap_folder(mocap))
        output.mkdir(parents=True, exist_ok=True)
        (output / f"{name}.npz").write_bytes(weights)
        (output / f"{name}.md").write_text(card, encoding="utf-8")
        click.echo(card)

    return main
