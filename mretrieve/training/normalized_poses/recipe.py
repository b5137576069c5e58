"""The recipe of `normalized-pose`."""

from __future__ import annotations

from dataclasses import dataclass

from ..filmed_pieces import FilmingRecipe


@dataclass(frozen=True, kw_only=True)
class NormalizedPoseRecipe(FilmingRecipe):
    """The recipe of `normalized-pose`.

    Attributes:
        width: numbers per frame inside E_Q.
        dilations: frames between the three that a block of E_Q looks at, one a block.
        from_lifting: whether E_Q starts from the lifting network that comes with mretrieve, but for the quaternions of
            its last layer, if both are of one size.
        cycle: weight of the cycle reconstruction loss, the paper's phi; that of the reconstruction loss is 1.
        consistency: weight of the rotation consistency loss, the paper's beta.
        contact: weight of the foot contact loss, the paper's lambda.
        hidden: numbers inside E_P.
        triplets: triplets of frames that are drawn from each view.
        margin: of the triplet loss.
        adaptive: whether triplets are mined by the similarity of poses, or by time.
        direct: whether joint positions are regressed instead of quaternions, to compare with.
    """

    width: int = 160
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1)
    from_lifting: bool = True
    cycle: float = 0.5
    consistency: float = 0.1
    contact: float = 0.02
    hidden: int = 256
    triplets: int = 24
    margin: float = 0.2
    adaptive: bool = True
    direct: bool = False
