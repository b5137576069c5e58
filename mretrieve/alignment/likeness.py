"""How much a clip is like a query, in space or in the image of a camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..motion.camera import Camera


@dataclass(frozen=True, eq=False)
class Likeness:
    """How much a clip is like a query.

    Attributes:
        camera: the camera that shows the clip as the query does; None for a query in space.
        distance_mm: mean distance of the compared joints along the alignment.
        parts: score in [0, 1] of each part with a joint that is compared; see `alignment.part_scores`.
    """

    camera: Camera | None
    distance_mm: float
    parts: dict[str, float]
