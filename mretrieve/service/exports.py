"""Moments as BVH files: one, or several in a ZIP archive."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath
from urllib.parse import quote

from fastapi import Response

from ..errors import MRetrieveError
from ..export import ExportOptions, export_moment
from ..motion import CANONICAL_FPS
from .handling import Call
from .limits import TooLargeError
from .models import ExportRequest, ExportsRequest

#: Most frames of the files of a request together; their text is in memory.
_MOST_FRAMES = 100_000
#: The file of an archive that says which moments are not in it, and why.
MISSING = "not exported.txt"


def export(asked: ExportRequest, call: Call) -> Response:
    """A moment as BVH on its own rig, as `mretrieve export --to -` writes it."""
    name, content = _exported(asked.moment, asked.options(call.files), call, _MOST_FRAMES)
    return _attached(content, PurePosixPath(name).name)


def export_all(asked: ExportsRequest, call: Call) -> Response:
    """Moments as BVH in a ZIP archive, in the folders of the library; what cannot be exported is listed in MISSING.

    Raises:
        MRetrieveError: none of the moments can be exported.
    """
    options = asked.options()
    files: dict[str, bytes] = {}
    errors: list[MRetrieveError] = []
    for moment in asked.moments:
        try:
            name, content = _exported(moment, options, call, _MOST_FRAMES // len(asked.moments))
            files[name] = content
        except MRetrieveError as error:
            errors.append(error)
    if not files:
        raise errors[0]
    if errors:
        files[MISSING] = "".join(f"{error}\n" for error in errors).encode("utf-8", "replace")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    response = _attached(archive.getvalue(), "moments.zip")
    response.headers["Moments-Missing"] = str(len(errors))
    return response


def _exported(name: str, options: ExportOptions, call: Call, most_frames: int) -> tuple[str, bytes]:
    """A file name that tells the moment, in the folder of its clip, and the file. TooLargeError: it is too long."""
    moment = call.clips.resolve(name, options.reading)
    frames = moment.part.duration_s * (options.fps or moment.fps or CANONICAL_FPS)
    if frames > most_frames:
        raise TooLargeError(f"{name}: {frames:.0f} frames are more than the {most_frames} that are exported; lower fps")
    exported = export_moment(name, options, call.clips)
    path, _, body = moment.name.partition("#")
    clip = PurePosixPath(path)
    stem = f"{clip.stem}_{body}" if body else clip.stem
    file = clip.with_name(f"{stem}_{exported.first}-{exported.last - 1}.bvh")
    return str(file), "".join(exported.text()).encode("utf-8", "replace")


def _attached(content: bytes, name: str) -> Response:
    """Bytes that browsers save under a name."""
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, headers={"Content-Disposition": disposition}, media_type="application/octet-stream")
