"""What an encoder looked at, where it has attention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..encoders import WindowEncoder
from ..motion import Clip


@dataclass(frozen=True, eq=False)
class Attention:
    """How much each frame counted in an encoder's vectors: 1 for as much as the mean frame of its clip."""

    encoder: str
    query: NDArray[np.float32]  # (n,)
    other: NDArray[np.float32]  # (k,), of the frames that are compared


def attention_of(encoder: WindowEncoder, query: Clip, moment: Clip) -> Attention | None:
    """What an encoder looks at in two clips; None of one without attention."""
    attention = getattr(encoder, "attention", None)
    of_query = attention(query) if attention is not None else None
    if attention is None or of_query is None:
        return None
    of_moment = attention(moment)
    return Attention(encoder.name, of_query * len(of_query), of_moment * len(of_moment))
