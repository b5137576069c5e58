"""Skeletons in Universal Scene Description (UsdSkel): usda, usdc and usdz.

usd-core reads the file, in a process of its own (`worker`), because damaged files can end it. The animations that
skeletons are bound to are one take; each other SkelAnimation of the file is a take of its own. Joints that an
animation lacks keep their rest transforms. `upAxis` is read; `metersPerUnit` is not believed, as in FBX. Other files
that it refers to are opened, if the file is on disk.
"""

from __future__ import annotations

from pathlib import Path

from ...motion.motion import Motion
from ..motion_text import text_head
from ..reader import MotionFile, Reader
from ..scene_worker import SceneWorker

#: Time for one file, seconds.
LONGEST_READ_S = 120.0


def read_usd(file: MotionFile) -> list[Motion]:
    """A motion for each take and each skeleton that it moves, at the time codes of the stage.

    Raises:
        FormatError: usd-core cannot read the file or crashes, or the file holds no animation of a skeleton.
    """
    conversion = "open it in Blender and export the skeleton as GLB or BVH"
    worker = SceneWorker(Path(__file__).with_name("worker.py"), "usd-core", conversion)
    # The suffix is that of the content, because the library chooses by it; a file on disk is opened where it lies.
    place = [str(file.path.absolute())] if file.content is None else []
    return worker.motions(file, LONGEST_READ_S, [_suffix(file.head()), *place])


def _suffix(head: bytes) -> str:
    if head.startswith(b"PK"):
        return ".usdz"
    return ".usdc" if head.startswith(b"PXR-USDC") else ".usda"


def _is_usd(head: bytes) -> bool:
    is_package = head.startswith(b"PK\x03\x04") and b".usd" in head[30:300]
    return is_package or head.startswith(b"PXR-USDC") or text_head(head).startswith(b"#usda ")


USD = Reader(
    "usd",
    ("usd", "usda", "usdc", "usdz"),
    lambda head, _: _is_usd(head),
    lambda file, _: read_usd(file),
    modules=("pxr",),
    extra="usd",
)
