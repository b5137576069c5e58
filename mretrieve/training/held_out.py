"""Retrieval of clips that were held out from training, and the hash of a set of clips."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ..encoders import WindowEncoder
from ..evaluation.metrics import RetrievalScores, cross_group, retrieval_scores
from ..motion import LabelledClip


def held_out_scores(encoder: WindowEncoder, items: Sequence[LabelledClip]) -> RetrievalScores:
    """Retrieval of clips among each other, in other groups only; if there is one group, among other clips."""
    vectors = encoder.encode([item.clip for item in items])
    groups = [item.group for item in items]
    if len(set(groups)) < 2:
        groups = [item.path for item in items]
    relevant, allowed = cross_group([item.label for item in items], groups)
    return retrieval_scores(-(encoder.as_queries(vectors) @ vectors.T), relevant, allowed)


def held_out_map(encoder: WindowEncoder, items: Sequence[LabelledClip]) -> float:
    """Mean average precision of `held_out_scores`; 0 if no clip has an answer."""
    scores = held_out_scores(encoder, items)
    return scores.mean_average_precision if scores.query_count else 0.0


def clips_hash(clips: Sequence[LabelledClip]) -> str:
    """SHA-256 of the motion, labels and groups of clips, in their order."""
    digest = hashlib.sha256()
    for item in clips:
        digest.update(repr((item.label, item.group, item.path, item.clip.frame_count)).encode())
        digest.update(np.ascontiguousarray(item.clip.positions).tobytes())
        digest.update(np.ascontiguousarray(item.clip.observed).tobytes())
    return digest.hexdigest()
