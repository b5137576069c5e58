"""The encoders that exist, by name."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from pkgutil import resolve_name

from ..errors import QueryError
from .encoder import Encoder

#: Places, not classes: listing the names loads none of them.
ENCODERS: dict[str, str] = {
    "pose-statistics": "mretrieve.encoders.pose_statistics:PoseStatistics",
}
DEFAULT_ENCODER = "pose-statistics"


@lru_cache(maxsize=4)
def load_encoder(name: str = DEFAULT_ENCODER) -> Encoder:
    """The encoder of that name with its shipped weights, loaded once; QueryError where there is none."""
    if name not in ENCODERS:
        close = get_close_matches(name, ENCODERS) or sorted(ENCODERS)
        raise QueryError(f"no encoder {name!r}; did you mean {' or '.join(close)}?")
    encoder: Encoder = resolve_name(ENCODERS[name])()
    return encoder
