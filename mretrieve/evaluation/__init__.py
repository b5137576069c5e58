"""How good retrieval is: metrics over rankings."""

from .metrics import RetrievalScores, cross_group, false_positive_rates, retrieval_scores

__all__ = ["RetrievalScores", "cross_group", "false_positive_rates", "retrieval_scores"]
