"""Manifests of the layouts 1 to 3, which mretrieve 0.1.0 and its forerunners wrote, in terms of the present one."""

from __future__ import annotations

from typing import Any

#: Frames per second of canonical clips in these layouts.
_FPS = 30.0


def upgraded(content: dict[str, Any], schema: int) -> dict[str, Any]:
    """The content of a manifest of a layout, as the present layout has it."""
    if schema >= 4:
        return content
    content = dict(content)
    folder = {"name": "", "path": content.pop("repository"), "path_from_index": content.pop("repository_from_index")}
    return {**content, "folders": [folder], "fps": _FPS, "windows": _windows(**content["windows"])}


def _windows(
    *,
    lengths_s: list[float] | None = None,
    hop_share: float = 0.0,
    length_s: float = 0.0,
    hop_s: float = 0.0,
) -> dict[str, Any]:
    """The settings of layout 3, or of the older ones, which had one length and its hop in seconds."""
    if lengths_s is None:
        return {"lengths_s": [length_s], "hop_share": hop_s / length_s if length_s else 0.0}
    return {"lengths_s": lengths_s, "hop_share": hop_share}
