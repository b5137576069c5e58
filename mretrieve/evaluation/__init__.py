"""How good retrieval is: metrics over rankings."""

from .metrics import RetrievalScores, average_precision, cross_group, false_positive_rates, retrieval_scores

__all__ = ["RetrievalScores", "average_precision", "cross_group", "false_positive_rates", "retrieval_scores"]
