"""Formats that are recognised, so that the refusal names a remedy, but not read."""

from __future__ import annotations

from .reader import Reader

_EXPORT = "cannot be read yet; export the take as BVH"
_MARKERS = "marker files cannot be read yet; export the solved skeleton as BVH"

UNREADABLE = (
    Reader(
        "c3d",
        ("c3d",),
        lambda head, _: len(head) >= 512 and 0 < head[0] < 32 and head[1] == 0x50 and 0 in head[:512],
        hint=_MARKERS,
    ),
    Reader("fbx", ("fbx",), lambda head, _: head.startswith((b"Kaydara FBX Binary", b"; FBX")), hint=f"FBX {_EXPORT}"),
    Reader("glb", ("glb",), lambda head, _: head.startswith(b"glTF"), hint=f"glTF {_EXPORT}"),
    Reader(
        "npz",
        ("npz",),
        lambda head, _: head.startswith(b"PK\x03\x04") and b".npy" in head[:300],
        hint="NumPy archives cannot be read yet",
    ),
    Reader("trc", ("trc",), lambda head, _: head.startswith(b"PathFileType"), hint=_MARKERS),
)
