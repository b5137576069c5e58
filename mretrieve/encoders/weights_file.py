"""Weights files of encoders and mappers: one safetensors file with weights, settings and card.

The metadata in the header holds `format`, `architecture` (the name of an `EncoderSpec`) and `name`, and as JSON
`settings` and `card`. Nothing in such a file is ever executed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import FormatError, MRetrieveError
from ..version import install_hint
from .catalogue import find_spec
from .encoder import Stored, StoredContent, StoredEncoder, WindowEncoder

if TYPE_CHECKING:
    from .systems.submotion import SubmotionMapper

FORMAT = "mretrieve-encoder/1"
_LARGEST_FILE = 1 << 30
#: Why an encoder of other motion cannot be used, by the motion that it is given.
_WRONG_MOTION = {
    "clip": "encodes 2D views and cannot encode clips; choose pose-statistics or another encoder of clips",
    "view": "encodes 3D clips and cannot encode 2D views; choose body-part-embedding or another encoder of views",
}


@dataclass(frozen=True, eq=False)
class EncoderFile:
    """The content of a weights file.

    Attributes:
        encoder: the encoder.
        card: what the file says of its making.
    """

    encoder: WindowEncoder
    card: Mapping[str, Any]


def encoder_bytes(encoder: Stored, card: Mapping[str, Any]) -> bytes:
    """The content of the file of an encoder: the same bytes for the same encoder and card."""
    save = _safetensors().numpy.save
    metadata = {
        "format": FORMAT,
        "architecture": encoder.architecture,
        "name": encoder.name,
        "settings": json.dumps(encoder.settings(), sort_keys=True),
        "card": json.dumps(card, sort_keys=True, ensure_ascii=False),
    }
    content: bytes = save({key: np.ascontiguousarray(value) for key, value in encoder.to_tensors().items()}, metadata)
    size = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + size]), sort_keys=True).encode()  # safetensors' order is by chance
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def stored_encoder(content: StoredContent) -> StoredEncoder:
    """The encoder that a file holds. FormatError if its architecture is unknown, or its parts do not fit each other."""
    if not _is(content.architecture, "trained"):
        raise FormatError(f"architecture {content.architecture!r} is not known here")
    encoder: StoredEncoder = _made(content)
    return encoder


def read_encoder(source: Path | bytes) -> EncoderFile:
    """The encoder in a file, or in its content.

    Raises:
        FormatError: it cannot be opened, is not a file of an encoder of clips, or is damaged.
        MRetrieveError: a library that it needs is not installed.
    """
    encoder, card = _read(source, "trained")
    return EncoderFile(encoder, card)


def read_view_encoder(source: Path | bytes) -> tuple[Any, Mapping[str, Any]]:
    """The encoder of 2D views in a file, or in its content, and its card; raises what `read_encoder` does."""
    return _read(source, "trained", "view")


def read_mapper(source: Path | bytes) -> tuple[SubmotionMapper, Mapping[str, Any]]:
    """The mapper in a file, or in its content, and its card; raises what `read_encoder` does."""
    mapper, card = _read(source, "mapper")
    return mapper, card


def _read(
    source: Path | bytes, kind: Literal["trained", "mapper"], motion: Literal["clip", "view"] = "clip"
) -> tuple[Any, Mapping[str, Any]]:
    """The encoder of such motion, or the mapper, in a file, and its card."""
    place = f"{source}: " if isinstance(source, Path) else ""
    try:
        if isinstance(source, Path):
            if source.stat().st_size > _LARGEST_FILE:
                raise FormatError(f"{place}is larger than 1 GiB, which no encoder of mretrieve is")
            source = source.read_bytes()
    except OSError as error:
        raise FormatError(f"{place}cannot be read: {error.strerror or error}; check the path") from None
    metadata = _metadata(source, place)
    architecture = metadata.get("architecture", "")
    if metadata.get("format") != FORMAT or not (_is(architecture, "trained") or _is(architecture, "mapper")):
        raise FormatError(
            f"{place}is not an encoder file of this mretrieve (format {metadata.get('format')!r}, architecture "
            f"{architecture!r}); make one with `mretrieve train`"
        )
    if not _is(architecture, kind):
        found = "is an encoder, not a mapper into the space of one"
        if kind == "trained":
            found = "maps pieces of motion into the space of an encoder, and is not an encoder; give that encoder"
        raise FormatError(f"{place}{found}")
    spec = find_spec(architecture)
    if spec is not None and spec.inputs not in (motion, "either"):
        raise FormatError(f"{place}{_WRONG_MOTION[motion]}")
    library = _safetensors()
    try:
        tensors, settings = library.numpy.load(source), json.loads(metadata["settings"])
        card = json.loads(metadata["card"])
        if not isinstance(card, dict):
            raise ValueError("its card is not a table")
        made = _made(StoredContent(architecture, tensors, settings, metadata.get("name")))
    except FormatError as error:
        raise FormatError(f"{place}{error}") from None
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    except (library.SafetensorError, LookupError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise FormatError(f"{place}is damaged ({type(error).__name__}: {error}); train or copy it again") from None
    return made, card


def _is(architecture: str, kind: Literal["trained", "mapper"]) -> bool:
    spec = find_spec(architecture)
    return spec is not None and spec.kind == kind


def _made(content: StoredContent) -> Any:
    """An encoder or a mapper."""
    spec = find_spec(content.architecture)
    assert spec is not None
    code: Any = resolve_name(spec.code)
    return code.from_content(content)


def file_settings(path: Path) -> dict[str, Any]:
    """The settings in a file of ours: reads only its header, and does without the safetensors library."""
    with path.open("rb") as file:
        size = file.read(8)
        header = size + file.read(int.from_bytes(size, "little"))
    settings: dict[str, Any] = json.loads(_metadata(header, f"{path}: ")["settings"])
    return settings


def _metadata(content: bytes, place: str) -> dict[str, str]:
    """The metadata in the header; FormatError if it is not the header of a safetensors file."""
    size = int.from_bytes(content[:8], "little")
    try:
        if len(content) < 8 or size > len(content) - 8:
            raise ValueError("its header does not fit in it")
        metadata = json.loads(content[8 : 8 + size])["__metadata__"]
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError("its metadata is not a table of texts")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FormatError(
            f"{place}is not an encoder file (safetensors with metadata); give one of `mretrieve train`"
        ) from None
    return metadata


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    return safetensors


def _missing(error: ModuleNotFoundError) -> MRetrieveError:
    return MRetrieveError(f"learned encoders need {error.name}; {install_hint('learned')}")
