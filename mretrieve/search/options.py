"""How a query is answered: what the user chose, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from ..errors import QueryError
from ..motion.body_parts import PartWeights
from ..motion.flips import Flip

#: Which images of the query are searched, the best of them counts: `whole` is the left-right mirror image alone, `both`
#: the query and its mirror image, `arms` and `legs` the query and itself with left and right limbs exchanged.
Mirror = Literal["none", "whole", "both", "arms", "legs", "any"]
_FLIPS: dict[Mirror, tuple[Flip, ...]] = {
    "none": ("none",),
    "whole": ("whole",),
    "both": ("none", "whole"),
    "arms": ("none", "arms"),
    "legs": ("none", "legs"),
    "any": ("none", "whole", "arms", "legs"),
}
#: What an answer is made of. `auto`: a clip up to some times as long as the query answers as a whole, a longer one with
#: the moment that fits; `whole`: clips as a whole; `moments`: the stretch of each clip that fits, however long it is.
Scope = Literal["auto", "whole", "moments"]


@dataclass(frozen=True)
class QueryOptions:
    """How a query is answered."""

    k: int = 10  # how many hits; fewer only where fewer clips exist
    start_s: float | None = None  # the part of the query that is compared, in seconds of its file; None for its ends
    end_s: float | None = None
    rerank: int = 100  # how many candidates are aligned with DTW (never fewer than k); 0 ranks by the encoder alone
    where: str | None = None  # a condition on the clips table, see search/where.py
    exclude_self: bool = False  # leave out the clip that is the query's own
    all_moments: bool = False  # several moments of one clip
    mirror: Mirror = "none"  # which mirror images are searched
    asf: Path | None = None  # the skeleton of an AMC query, where it is not found beside it
    rig_map: Path | None = None  # a saved rig map for the query's file
    encoder: str | Sequence[str] | None = None  # which spaces answer together, "a,b" or a list; None for the index's
    weights: Sequence[float] | None = None  # of their distances; None for those that the index was given
    scope: Scope = "auto"
    mapper: Path | None = None  # a sub-motion network's file; None for the one that comes with a learned encoder
    parts: PartWeights = field(default_factory=PartWeights)  # how much each part of the body counts

    def __post_init__(self) -> None:
        """QueryError for what has no meaning."""
        if self.k < 1:
            raise QueryError(f"k is {self.k}; ask for at least 1 hit")
        if self.rerank < 0:
            raise QueryError(f"rerank is {self.rerank}; give 0 to switch re-ranking off, or a number of candidates")
        if self.mirror not in _FLIPS:
            raise QueryError(f"mirror is {self.mirror!r}; give one of {', '.join(_FLIPS)}")
        if self.scope not in get_args(Scope):
            raise QueryError(f"scope is {self.scope!r}; give one of {', '.join(get_args(Scope))}")
        if self.all_moments and self.scope == "whole":
            raise QueryError("all moments of a clip and clips as a whole cannot both be asked for; leave out one")

    @property
    def flips(self) -> tuple[Flip, ...]:
        """Which images of the query are searched."""
        return _FLIPS[self.mirror]
