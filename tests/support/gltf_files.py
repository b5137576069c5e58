"""glTF files written for tests, from arrays."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class GltfWriter:
    """A document that grows: nodes, and animations whose numbers go into one buffer."""

    def __init__(self, nodes: list[dict[str, Any]]) -> None:
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0"},
            "nodes": nodes,
            "animations": [],
            "accessors": [],
            "bufferViews": [],
        }
        self.binary = b""

    def animate(
        self,
        name: str,
        tracks: Iterable[tuple[int, str, NDArray[Any], NDArray[Any]]],
        interpolation: str = "LINEAR",
    ) -> None:
        """Add an animation of (node, "rotation" or "translation", times in seconds, values)."""
        samplers, channels = [], []
        for number, (node, path, times, values) in enumerate(tracks):
            samplers.append(
                {"input": self.accessor(times), "output": self.accessor(values), "interpolation": interpolation}
            )
            channels.append({"sampler": number, "target": {"node": node, "path": path}})
        self.json["animations"].append({"name": name, "samplers": samplers, "channels": channels})

    def accessor(self, values: NDArray[Any]) -> int:
        """The number of a new accessor to these values, whose normalised integers are fractions."""
        kinds = {"f": 5126, "b": 5120, "h": 5122}
        dtype = values.dtype if values.dtype.char in "bh" else np.dtype(np.float32)
        data = np.ascontiguousarray(values, dtype).tobytes()
        self.binary += bytes(-len(self.binary) % 4)
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)})
        self.binary += data
        self.json["accessors"].append(
            {
                "bufferView": len(self.json["bufferViews"]) - 1,
                "componentType": kinds[dtype.char],
                "normalized": dtype.char in "bh",
                "count": len(values),
                "type": "SCALAR" if values.ndim == 1 else f"VEC{values.shape[1]}",
            }
        )
        return len(self.json["accessors"]) - 1

    def glb(self) -> bytes:
        """The document as a GLB file."""
        text = json.dumps({**self.json, "buffers": [{"byteLength": len(self.binary)}]}).encode()
        text += b" " * (-len(text) % 4)
        binary = self.binary + bytes(-len(self.binary) % 4)
        chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
        return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks

    def text(self, uri: str | None = None) -> str:
        """The document as text, its numbers in it, or in the file `uri`."""
        uri = uri or "data:application/octet-stream;base64," + base64.b64encode(self.binary).decode()
        return json.dumps({**self.json, "buffers": [{"byteLength": len(self.binary), "uri": uri}]})
