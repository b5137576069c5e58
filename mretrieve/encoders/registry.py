"""The encoders that exist: by name, with their shipped weights, or by the file that somebody trained."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from pkgutil import resolve_name

from ..errors import QueryError
from .encoder import Encoder
from .fusion import FusedEncoder, encoder_names

#: Places, not classes: listing the names loads none of them.
ENCODERS: dict[str, str] = {
    "pose-statistics": "mretrieve.encoders.statistics.pose_statistics:PoseStatistics",
    "body-parts": "mretrieve.encoders.statistics.part_statistics:BodyParts",
    "mmd-nca": "mretrieve.encoders.registry:shipped",
    "deephums": "mretrieve.encoders.registry:shipped",
}
DEFAULT_ENCODER = "pose-statistics"
#: Answers queries that weigh parts of the body.
PART_ENCODER = "body-parts"
ENCODER_SUFFIX = ".safetensors"


@lru_cache(maxsize=8)
def load_encoder(name: str = DEFAULT_ENCODER) -> Encoder:
    """The encoder of that name with its shipped weights, or of the .safetensors file of that path, loaded once.

    Of several, as in "pose-statistics,./mine.safetensors", the mean of their distances.

    Raises:
        QueryError: there is no encoder of this name.
        FormatError: the file cannot be read, or is no encoder's.
    """
    names = encoder_names(name)
    if len(names) > 1:
        return FusedEncoder([(load_encoder(one), 1.0) for one in names])
    if name.endswith(ENCODER_SUFFIX):
        from .weights_file import read_encoder

        return read_encoder(Path(name)).encoder
    if name not in ENCODERS:
        close = get_close_matches(name, ENCODERS) or sorted(ENCODERS)
        raise QueryError(f"no encoder {name!r}; did you mean {' or '.join(close)}? A file ends in {ENCODER_SUFFIX}")
    place = resolve_name(ENCODERS[name])
    encoder: Encoder = place(name) if place is shipped else place()
    return encoder


def shipped(name: str) -> Encoder:
    """The learned encoder of that name with the weights that come with the package."""
    from .weights_file import read_encoder

    file = Path(__file__).parent / "weights" / f"{name.replace('-', '_')}{ENCODER_SUFFIX}"
    return read_encoder(file).encoder
