"""Animations of glTF 2.0 (section 3.11): their channels as tracks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..keyframes import Track
from .document import GltfDocument

_WIDTHS = {"translation": 3, "rotation": 4, "scale": 3}


def tracks_of(document: GltfDocument, animation: dict[str, Any]) -> list[Track]:
    """The tracks of an animation; morph targets and properties of extensions are left out.

    Raises:
        FormatError: the animation contradicts itself or the format.
    """
    samplers, channels, node_count = (
        animation.get("samplers"),
        animation.get("channels"),
        len(document.objects("nodes")),
    )
    if not isinstance(samplers, list) or not isinstance(channels, list):
        raise document.error("an animation has no samplers or no channels; export the file again")
    tracks = []
    for channel in channels:
        try:
            target, sampler = channel["target"], samplers[channel["sampler"]]
            path, node = target.get("path"), target.get("node")
            times, values = sampler["input"], sampler["output"]
            interpolation = sampler.get("interpolation", "LINEAR")
        except (KeyError, IndexError, TypeError, AttributeError):
            raise document.error("a channel of an animation is not one of glTF 2.0; export the file again") from None
        if path not in _WIDTHS or not isinstance(node, int) or not 0 <= node < node_count:
            continue
        tracks.append(_track(document, node, path, document.numbers(times), document.numbers(values), interpolation))
    return tracks


def _track(
    document: GltfDocument,
    node: int,
    path: str,
    times_s: NDArray[np.float64],
    values: NDArray[np.float64],
    interpolation: Any,
) -> Track:
    width = _WIDTHS[path]
    keys_per_time = 3 if interpolation == "CUBICSPLINE" else 1
    if interpolation not in ("LINEAR", "STEP", "CUBICSPLINE"):
        raise document.error(f"interpolation {str(interpolation)[:30]!r} is not one of glTF 2.0")
    if times_s.ndim != 1 or not len(times_s) or values.shape != (keys_per_time * len(times_s), width):
        raise document.error(f"{len(values)} values of a {path} for {len(times_s)} key frames; export the file again")
    if (np.diff(times_s) <= 0).any():
        raise document.error("the times of an animation do not increase; export the file again")
    if keys_per_time == 3:
        values = values.reshape(-1, 3, width)
    return Track(node, path, times_s, values, interpolation)
