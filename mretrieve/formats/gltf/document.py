"""The container of glTF 2.0 (Khronos specification, sections 3.6 and 4): the JSON document and its numbers."""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ..json_file import LARGEST_JSON, load_json
from ..reader import MotionFile

_MAGIC, _JSON_CHUNK, _BINARY_CHUNK = b"glTF", b"JSON", b"BIN\0"
_COMPONENTS = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_NUMBERS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_LARGEST_BUFFER = 1 << 30


@dataclass(frozen=True, eq=False)
class GltfDocument:
    """A glTF file: its JSON, and the bytes that its accessors refer to.

    Attributes:
        file: the file.
        json: the document.
        binary: the binary chunk of a GLB file; empty in a text file.
    """

    file: MotionFile
    json: dict[str, Any]
    binary: bytes = b""
    _buffers: dict[int, bytes] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file, for messages."""
        return self.file.path

    def objects(self, name: str) -> list[dict[str, Any]]:
        """The list of objects under a key of the document; empty if there is none. FormatError: something else."""
        value = self.json.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.error(f"{name!r} is not a list of objects")
        return value

    def numbers(self, accessor_index: Any) -> NDArray[np.float64]:
        """The numbers of an accessor, (N,) for scalars and (N, C) else; normalised integers as fractions.

        Raises:
            FormatError: the accessor does not exist, is compressed, or its bytes are not in the file.
        """
        accessor = self._at("accessors", accessor_index)
        try:
            dtype, width = np.dtype(_COMPONENTS[accessor["componentType"]]), _NUMBERS[accessor["type"]]
            count = _whole(accessor["count"])
            view = self._at("bufferViews", accessor["bufferView"])
            if "sparse" in accessor or "EXT_meshopt_compression" in view.get("extensions", {}):
                raise self.error("holds compressed animation; export it without compression")
            data = self._buffer(_whole(view["buffer"]))
            view_start, view_size = _whole(view.get("byteOffset", 0)), _whole(view["byteLength"])
            offset, step = _whole(accessor.get("byteOffset", 0)), _whole(view.get("byteStride", 0))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self.error(f"accessor {accessor_index} is not one of glTF 2.0") from None
        step = step or width * dtype.itemsize
        needed = offset + (count - 1) * step + width * dtype.itemsize if count else 0
        if view_start + view_size > len(data) or needed > view_size:
            raise self.error(f"accessor {accessor_index} needs bytes that the file does not have")
        values = np.ndarray(
            (count, width), dtype.newbyteorder("<"), data, view_start + offset, (step, dtype.itemsize)
        ).astype(np.float64)
        if accessor.get("normalized") and dtype.kind in "iu":
            values = np.maximum(values / float(np.iinfo(dtype.type).max), -1.0)
        if not np.isfinite(values).all():
            raise self.error(f"accessor {accessor_index} holds numbers that are not finite")
        return values[:, 0] if width == 1 else values

    def error(self, message: str) -> FormatError:
        """An error about this file."""
        return FormatError(f"{self.path}: {message}")

    def _at(self, name: str, index: Any) -> dict[str, Any]:
        items = self.objects(name)
        if not isinstance(index, int) or not 0 <= index < len(items):
            raise self.error(f"refers to number {index} of {len(items)} {name}; export the file again")
        return items[index]

    def _buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            self._buffers[index] = self._load(self._at("buffers", index))
        return self._buffers[index]

    def _load(self, buffer: dict[str, Any]) -> bytes:
        uri = buffer.get("uri")
        if uri is None:
            return self.binary
        if not isinstance(uri, str):
            raise self.error("a buffer's uri is not text")
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(";base64,")[2], validate=True)
            except (binascii.Error, ValueError):
                raise self.error("a buffer is not base64; export the file again") from None
        named = Path(unquote(uri))
        if named.name != str(named) or ":" in uri or "\\" in uri or "\0" in uri:
            raise self.error(f"its buffer {uri[:80]!r} is not a file next to it; export as GLB")
        beside = self.file.beside(named)
        if not beside.path.is_file() or beside.size_bytes > _LARGEST_BUFFER:
            raise self.error(f"its buffer {uri[:80]!r} is missing or too large; export as GLB")
        return beside.read_bytes()


def _whole(value: Any) -> int:
    """A size. ValueError: it is not a whole number, or negative."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != math.floor(value) or value < 0:
        raise ValueError
    return int(value)


def load_gltf(file: MotionFile) -> GltfDocument:
    """The document in a GLB file or in glTF text.

    Raises:
        FormatError: the file cannot be read, is damaged or of another version.
    """
    document = GltfDocument(file, {})
    if file.head()[:4] != _MAGIC:
        parsed, binary = load_json(file), b""
    else:
        content = file.read_bytes()
        chunks = dict(_chunks(document, content))
        if _JSON_CHUNK not in chunks:
            raise document.error("a GLB file without a document; export it again")
        if len(chunks[_JSON_CHUNK]) > LARGEST_JSON:
            raise document.error("its document is too large; export the skeleton only")
        binary = chunks.get(_BINARY_CHUNK, b"")
        try:
            parsed = json.loads(chunks[_JSON_CHUNK])
        except (ValueError, RecursionError):
            raise document.error("its document is broken JSON; export the file again") from None
    asset = parsed.get("asset") if isinstance(parsed, dict) else None
    version = asset.get("version") if isinstance(asset, dict) else None
    if not isinstance(version, str) or not version.startswith("2."):
        raise document.error("not glTF 2.0; export the file again")
    return GltfDocument(file, parsed, binary)


def _chunks(document: GltfDocument, content: bytes) -> list[tuple[bytes, bytes]]:
    """Type and content of each chunk of a GLB file."""
    chunks, place = [], 12
    while place + 8 <= len(content):
        length, kind = struct.unpack_from("<I4s", content, place)
        if place + 8 + length > len(content):
            raise document.error("ends in the middle of a chunk; copy or export the file again")
        chunks.append((kind, content[place + 8 : place + 8 + length]))
        place += 8 + length
    return chunks[:2]
