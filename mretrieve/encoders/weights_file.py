"""Files of encoders, and of mappers into their spaces: one safetensors file with weights, settings and card.

The header's metadata holds `format`, `architecture`, `name`, and as JSON `settings` and `card`. Nothing in such a file
is ever executed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, MRetrieveError
from ..version import install_hint
from .encoder import Encoder

if TYPE_CHECKING:
    from .systems.submotion import SubmotionMapper

FORMAT = "mretrieve-encoder/1"
#: What reads an architecture's files: places, not classes, so that torch is loaded by those alone that need it.
ARCHITECTURES: dict[str, str] = {
    "mmd-nca": "mretrieve.encoders.learned:LearnedEncoder",
    "deephums": "mretrieve.encoders.learned:LearnedEncoder",
    "gru": "mretrieve.encoders.learned:LearnedEncoder",
    "linear-metric": "mretrieve.encoders.statistics.linear_metric:LinearMetric",
    "adapted": "mretrieve.encoders.adapted:AdaptedEncoder",
}
#: The same for what is no encoder, but maps into the space of one.
MAPPERS: dict[str, str] = {"submotion": "mretrieve.encoders.systems.submotion:SubmotionMapper"}
_LARGEST_FILE = 1 << 30


class Stored(Protocol):
    """What a file can hold."""

    name: str
    fingerprint: str
    architecture: str  # a key of ARCHITECTURES or MAPPERS

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """All arrays by name."""
        ...

    def settings(self) -> dict[str, Any]:
        """What else decides its vectors, as JSON holds it."""
        ...


class StoredEncoder(Encoder, Stored, Protocol):
    """An encoder that a file can hold."""


@dataclass(frozen=True, eq=False)
class EncoderFile:
    """A file as it was read."""

    encoder: Encoder
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


def stored_encoder(
    architecture: str, tensors: Mapping[str, NDArray[Any]], settings: Mapping[str, Any], name: str | None
) -> StoredEncoder:
    """The encoder of an architecture, a key of ARCHITECTURES, from what its `to_tensors` and `settings` gave."""
    encoder: StoredEncoder = _made(ARCHITECTURES, architecture, tensors, settings, name)
    return encoder


def fingerprint_of(encoder: Stored, *versions: int) -> str:
    """Hash of all that decides an encoder's vectors: architecture, settings, `versions` of its code, and weights."""
    digest = hashlib.sha256(repr((encoder.architecture, encoder.settings(), *versions)).encode())
    for key, value in sorted(encoder.to_tensors().items()):
        digest.update(key.encode() + value.tobytes())
    return digest.hexdigest()


def read_encoder(source: Path | bytes) -> EncoderFile:
    """The encoder in a file, or in its content.

    Raises:
        FormatError: it cannot be opened, is no encoder file, or is damaged.
        MRetrieveError: a library that it needs is not installed.
    """
    encoder, card = _read(source, ARCHITECTURES)
    return EncoderFile(encoder, card)


def read_mapper(source: Path | bytes) -> tuple[SubmotionMapper, Mapping[str, Any]]:
    """The mapper in a file, or in its content, and its card; raises what `read_encoder` does."""
    mapper, card = _read(source, MAPPERS)
    return mapper, card


def _read(source: Path | bytes, places: Mapping[str, str]) -> tuple[Any, Mapping[str, Any]]:
    """What a file holds, of one of the architectures in `places`, and its card."""
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
    if metadata.get("format") != FORMAT or architecture not in ARCHITECTURES | MAPPERS:
        raise FormatError(
            f"{place}is no encoder file of this mretrieve (format {metadata.get('format')!r}, architecture "
            f"{architecture!r}); make one with `mretrieve train`"
        )
    if architecture not in places:
        what = "is an encoder, and no mapper into the space of one"
        if architecture in MAPPERS:
            what = "maps pieces of motion into the space of an encoder, and is no encoder; give that encoder"
        raise FormatError(f"{place}{what}")
    library = _safetensors()
    try:
        tensors, settings = library.numpy.load(source), json.loads(metadata["settings"])
        card = json.loads(metadata["card"])
        if not isinstance(card, dict):
            raise ValueError("its card is no table")
        found = _made(places, architecture, tensors, settings, metadata.get("name"))
    except FormatError as error:
        raise FormatError(f"{place}{error}") from None
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    except (library.SafetensorError, LookupError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise FormatError(f"{place}is damaged ({type(error).__name__}: {error}); train or copy it again") from None
    return found, card


def _made(
    places: Mapping[str, str],
    architecture: str,
    tensors: Mapping[str, NDArray[Any]],
    settings: Mapping[str, Any],
    name: str | None,
) -> Any:
    """What the class at an architecture's place makes of a file's content."""
    loader: Any = resolve_name(places[architecture])
    return loader.from_tensors(architecture, tensors, settings, name)


def file_settings(path: Path) -> dict[str, Any]:
    """The settings in a file of ours, without its weights: only its head is read."""
    with path.open("rb") as file:
        size = file.read(8)
        head = size + file.read(int.from_bytes(size, "little"))
    settings: dict[str, Any] = json.loads(_metadata(head, f"{path}: ")["settings"])
    return settings


def _metadata(content: bytes, place: str) -> dict[str, str]:
    """The header's metadata; FormatError where there is no header of a safetensors file."""
    size = int.from_bytes(content[:8], "little")
    try:
        if len(content) < 8 or size > len(content) - 8:
            raise ValueError("its header does not fit in it")
        metadata = json.loads(content[8 : 8 + size])["__metadata__"]
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError("its metadata is no table of texts")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FormatError(
            f"{place}is no encoder file (safetensors with metadata); give one of `mretrieve train`"
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
