"""Sequences of every kind that time warping has to cope with, for property-based tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Frames = NDArray[np.float32] | NDArray[np.float64]


def drawn_sequences(draw: st.DrawFn) -> Callable[[int], Frames]:
    """Draws sequences of at most so many frames, of one width and type, that belong to one problem.

    They have any lengths from one frame on, and are all smooth, noisy, constant or repeated, near or far away.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    features = draw(st.integers(1, 70))
    scale, offset = draw(st.sampled_from([1e-6, 1.0, 1e4])), draw(st.sampled_from([0.0, 0.1, -50.0]))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    kind = draw(st.sampled_from(["noise", "walk", "constant", "integers"]))

    def frames(most: int) -> Frames:
        noise = rng.normal(size=(draw(st.integers(1, most)), features))
        if kind == "walk":
            noise = noise.cumsum(axis=0)
        elif kind == "constant":
            noise = np.broadcast_to(noise[:1], noise.shape)
        elif kind == "integers":
            noise = noise.round()
        return (offset + scale * noise).astype(dtype)

    return frames
