"""How a query is answered: the options of `Index.search` and `mretrieve query`, declared once and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from ..errors import QueryError

if TYPE_CHECKING:  # this module loads no NumPy, so that the command line can read its defaults
    from ..motion.body_parts import Flip, Parts, PartWeights

#: Which variants of the query are searched; the best of them counts.
Mirror = Literal["none", "whole", "both", "arms", "legs", "any"]
#: What is compared: see `QueryOptions.scope`.
Scope = Literal["auto", "whole", "moments"]

_FLIPS: dict[Mirror, tuple[Flip, ...]] = {
    "none": ("none",),
    "whole": ("whole",),
    "both": ("none", "whole"),
    "arms": ("none", "arms"),
    "legs": ("none", "legs"),
    "any": ("none", "whole", "arms", "legs"),
}


@dataclass(frozen=True)
class QueryOptions:
    """How a query is answered.

    Attributes:
        k: number of hits; an answer has fewer only if the index has fewer clips (that meet `where`).
        start_s: compare from this second of the query's file on; None for its start.
        end_s: compare up to this second; None for its end.
        rerank: number of candidates that are aligned frame by frame (at least k); 0 ranks by the encoder alone.
        where: a condition on the clips, such as "label = 'walk' AND duration_s > 2".
        exclude_self: leave out the clip that the query itself is.
        all_moments: return every matching moment of a clip, not only its best.
        scope: "auto" compares clips up to 4 times as long as the query as a whole, and longer ones by the moment that
            matches best; "whole" compares clips as a whole; "moments" finds the best-matching moment of every clip.
        mirror: "none" searches the query as it is, "whole" its mirror image, "both" both; "arms" and "legs" the query
            and itself with left and right limbs exchanged; "any" all of them.
        parts: how much each body part counts, as PartWeights, {"arms": 1, "legs": 0} or "arms=1,legs=0".
        encoder: which of the index's encoders are used, as "a,b" or a list of names or weights files; None for the
            index's default.
        encoder_weights: weights of their distances; None for those stored in the index.
        mapper: file of a sub-motion network; None for the one that comes with a learned encoder.
        group: a column of the clips, such as performer, style or rig: motions are compared as seen from the mean of
            their group, so that the same action by others comes first. None to compare them as they are.
        query_group: the query's value in that column; None for that of the clip that the query is, else the nearest.
        asf: skeleton file of an AMC query that does not have it next to it.
        rig_map: saved rig map for the query's file.
        fps: frames per second of a query in keypoints or in an array; None for what the file says. Motion files have
            their own.
        pose_model: what finds people in a video, a MediaPipe bundle (.task) or "rtmlib"; None for the file that
            $MRETRIEVE_POSE_MODEL names.

    Raises:
        QueryError: an option has no meaning, or two contradict each other.
    """

    k: int = 10
    start_s: float | None = None
    end_s: float | None = None
    rerank: int = 100
    where: str | None = None
    exclude_self: bool = False
    all_moments: bool = False
    scope: Scope = "auto"
    mirror: Mirror = "none"
    parts: Parts = None
    encoder: str | Sequence[str] | None = None
    encoder_weights: Sequence[float] | None = None
    mapper: Path | str | None = None
    group: str | None = None
    query_group: str | None = None
    asf: Path | str | None = None
    rig_map: Path | str | None = None
    fps: float | None = None
    pose_model: Path | str | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise QueryError(f"k is {self.k}; ask for at least 1 hit")
        if self.rerank < 0:
            raise QueryError(f"rerank is {self.rerank}; give 0 to switch re-ranking off, or a number of candidates")
        if self.fps is not None and not 1 <= self.fps <= 10_000:
            raise QueryError(f"fps is {self.fps:g}; give the frames of the video in a second")
        if self.mirror not in _FLIPS:
            raise QueryError(f"mirror is {self.mirror!r}; give one of {', '.join(_FLIPS)}")
        if self.scope not in get_args(Scope):
            raise QueryError(f"scope is {self.scope!r}; give one of {', '.join(get_args(Scope))}")
        if self.query_group is not None and self.group is None:
            raise QueryError(f"query_group is {self.query_group!r:.60}; name the column to group by as well")
        if self.all_moments and self.scope == "whole":
            raise QueryError("all moments of a clip and clips as a whole contradict each other; leave out one")

    @classmethod
    def of(cls, options: QueryOptions | None, changes: Mapping[str, Any]) -> QueryOptions:
        """Options with some changed. TypeError: there is no option of a name, and which one may be meant."""
        known = [field.name for field in fields(cls)]
        for name in changes:
            if name not in known:
                from difflib import get_close_matches

                close = get_close_matches(name, known, 1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
                raise TypeError(f"a query has no option {name!r}; {hint}")
        return replace(options or cls(), **changes)

    @property
    def part_weights(self) -> PartWeights:
        """`parts` as weights; even ones if it is None. QueryError: a name is not a body part, or a weight no number."""
        from ..motion.body_parts import PartWeights

        weights = PartWeights.of(self.parts)
        return PartWeights() if weights.even else weights  # only ratios count

    @property
    def flips(self) -> tuple[Flip, ...]:
        """Which variants of the query are searched."""
        return _FLIPS[self.mirror]
