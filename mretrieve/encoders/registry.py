"""Encoders and mappers that are ready to use: by name, with their shipped weights, or by a weights file."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from ..errors import QueryError
from .catalogue import WEIGHTS, encoder_specs, find_spec
from .encoder import FusedEncoder, WindowEncoder, encoder_names

if TYPE_CHECKING:
    from .systems.submotion import SubmotionMapper

DEFAULT_ENCODER = "pose-statistics"
#: The encoder that a new index has besides, for queries that weigh parts of the body.
PART_ENCODER = "part-statistics"
ENCODER_SUFFIX = ".safetensors"


@lru_cache(maxsize=8)
def load_encoder(name: str = DEFAULT_ENCODER) -> WindowEncoder:
    """The encoder of that name with its shipped weights, or of the .safetensors file of that path, loaded once.

    For several, as in "pose-statistics,./mine.safetensors", the mean of their distances.

    Raises:
        QueryError: no encoder has this name, it has to be trained first, or it encodes 2D views.
        FormatError: the file cannot be read, or is not an encoder's.
    """
    names = encoder_names(name)
    if len(names) > 1:
        return FusedEncoder([(load_encoder(each), 1.0) for each in names])
    if name.endswith(ENCODER_SUFFIX):
        from .weights_file import read_encoder

        return read_encoder(Path(name)).encoder
    spec = find_spec(name)
    if spec is None or spec.kind == "mapper":
        ready = [spec.name for spec in encoder_specs() if spec.ready and spec.inputs != "view"]
        close = get_close_matches(name, ready) or sorted(ready)
        raise QueryError(f"no encoder {name!r}; did you mean {' or '.join(close)}? A file ends in {ENCODER_SUFFIX}")
    if spec.inputs == "view":
        raise QueryError(f"{name} encodes 2D views and cannot encode clips; choose {DEFAULT_ENCODER}")
    if spec.kind == "fixed":
        encoder: WindowEncoder = resolve_name(spec.code)()
        return encoder
    if not spec.ready:
        make = spec.name if spec.training else "auto"
        raise QueryError(f"{name} comes without weights; train it with `mretrieve train {make}` and name the file")
    from .weights_file import read_encoder

    assert spec.weights is not None
    return read_encoder(spec.weights).encoder


@lru_cache(maxsize=8)
def load_view_encoder(name: str) -> Any:
    """The encoder of 2D views of that name with its shipped weights, or of the .safetensors file of that path.

    Raises:
        QueryError: no encoder of views comes with mretrieve under this name.
        FormatError: the file cannot be read, or is not of an encoder of views.
    """
    spec = find_spec(name)
    if spec is not None and spec.inputs != "clip" and spec.kind == "fixed":
        return resolve_name(spec.code)()
    from .weights_file import read_view_encoder

    if name.endswith(ENCODER_SUFFIX):
        return read_view_encoder(Path(name))[0]
    if spec is not None and spec.inputs != "clip" and spec.weights is not None:
        return read_view_encoder(spec.weights)[0]
    ready = [spec.name for spec in encoder_specs() if spec.ready and spec.inputs != "clip"]
    raise QueryError(f"{name} is no encoder of 2D views; choose {' or '.join(ready)}, or a weights file of one")


@lru_cache(maxsize=8)
def load_mapper(path: Path) -> SubmotionMapper:
    """The mapper in a .safetensors file, loaded once.

    Raises:
        FormatError: the file cannot be read, or is not a mapper's.
    """
    from .weights_file import read_mapper

    return read_mapper(path)[0]


@lru_cache(maxsize=8)
def shipped_mapper(encoder_fingerprint: str) -> SubmotionMapper | None:
    """The mapper that comes with mretrieve into the space of an encoder; None if there is none for its weights.

    Reads the headers of a few small files, and loads torch only if a mapper is found.
    """
    from .weights_file import file_settings

    for path in sorted(WEIGHTS.glob("submotion_*.safetensors")):
        if file_settings(path)["over_fingerprint"] == encoder_fingerprint:
            return load_mapper(path)
    return None
