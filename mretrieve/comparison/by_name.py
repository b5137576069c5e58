"""Motions that are given by name, next to each other: a moment explained, two takes compared, two clips aligned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..encoders import WindowEncoder, load_encoder
from ..errors import MRetrieveError, QueryError
from ..formats import ReadingOptions
from ..motion.body_parts import Flip, Parts, PartWeights
from ..motion.lifted_clip import LiftedClip
from ..search.answer import Hit
from ..search.spaces import Spaces
from ..sources.resolve import ClipResolver, ResolvedClip, Searchable
from .correspondence import Correspondence
from .differences import Comparison, compare
from .explanation import Explanation, explain, moment_like
from .named_clip import NamedClip
from .view_alignment import align_motions


def explain_moment(
    resolver: ClipResolver,
    query: Searchable | ResolvedClip,
    moment: Hit | Searchable,
    *,
    parts: Parts = None,
    mirror: Flip = "none",
    encoders: Sequence[str] | None = None,
    reading: ReadingOptions | None = None,
) -> Explanation:
    """See `Index.explain`; names are looked up by `resolver`, which needs an index only for indexed clips."""
    found = query if isinstance(query, ResolvedClip) else resolver.resolve(query, reading)
    if isinstance(moment, Hit):
        mirror = moment.mirror
        found = found.between(moment.query_start_s, moment.query_end_s)
        other = resolver.resolve_indexed(moment.clip).between(moment.start_s, moment.end_s)
        named = replace(NamedClip.of(other), is_moment=True)
    else:
        named = NamedClip.of(resolver.resolve(moment, reading and replace(reading, rig_map=None)))
    known = _encoders(resolver, encoders)
    explanation = explain(NamedClip.of(found).flipped(mirror), named, PartWeights.of(parts), encoders=known)
    if encoders is not None and len(explanation.attention) < len(encoders):
        raise QueryError(f"encoder {', '.join(encoders)}: only encoders of the mmd-nca architecture have attention")
    return explanation


def compare_takes(
    resolver: ClipResolver,
    first: Searchable,
    second: Searchable,
    *,
    parts: Parts = None,
    reading: ReadingOptions | None = None,
) -> Comparison:
    """See `Index.compare`."""
    a, b = (NamedClip.of(resolver.resolve(name, reading)) for name in (first, second))
    return compare(a, b, PartWeights.of(parts))


def align_clips(
    resolver: ClipResolver,
    first: Searchable,
    second: Searchable,
    *,
    parts: Parts = None,
    find: bool = False,
    reading: ReadingOptions | None = None,
) -> Correspondence:
    """See `Index.align`."""
    a, b = (_with_view(resolver.resolve(name, reading)) for name in (first, second))
    weights = PartWeights.of(parts)
    if find:
        b = moment_like(a, b, weights)
    return Correspondence(a, b, align_motions(a.clip, b.clip, weights))


def _with_view(found: ResolvedClip) -> NamedClip:
    """The part that a name means; together with what the camera saw, if it was lifted from that."""
    named, view = NamedClip.of(found), found.part_view
    return named if view is None else replace(named, clip=LiftedClip.of(named.clip, view))


def _encoders(resolver: ClipResolver, names: Sequence[str] | None) -> list[WindowEncoder]:
    """The named encoders, of the index or shipped; None for those of the index that can be loaded."""
    try:
        spaces = Spaces(resolver.snapshot)
    except MRetrieveError:
        return [load_encoder(name) for name in names or ()]
    known = [record.name for record in resolver.snapshot.encoders]
    if names is not None:
        return [spaces.asked(name, None).encoder if name in known else load_encoder(name) for name in names]
    encoders = []
    for name in known:
        try:
            encoders.append(spaces.asked(name, None).encoder)
        except MRetrieveError:  # its library is missing, say: it has nothing to add
            continue
    return encoders
