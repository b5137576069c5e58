"""How good retrieval is: metrics over rankings, named protocols, baselines, reports."""

from .clustering import ClusterScores, agreement, classical_scaling, cluster_scores
from .comparison import Method, evaluate, evaluate_protocol
from .confidence import Interval, mean_interval, rate_intervals
from .distances import BASELINES, Distances, baseline, encoder_distances, retrieved_errors_mm, warped_error_mm
from .metrics import (
    PrecisionRecall,
    QueryScores,
    RetrievalScores,
    average_precision,
    cross_group,
    false_positive_rates,
    precision_recall,
    query_scores,
    retrieval_scores,
)
from .protocols import PROTOCOLS, protocol
from .report import EvaluationReport, Figure
from .task import EvaluationTask, Fold, Protocol

__all__ = [
    "BASELINES",
    "PROTOCOLS",
    "ClusterScores",
    "Distances",
    "EvaluationReport",
    "EvaluationTask",
    "Figure",
    "Fold",
    "Interval",
    "Method",
    "PrecisionRecall",
    "Protocol",
    "QueryScores",
    "RetrievalScores",
    "agreement",
    "average_precision",
    "baseline",
    "classical_scaling",
    "cluster_scores",
    "cross_group",
    "encoder_distances",
    "evaluate",
    "evaluate_protocol",
    "false_positive_rates",
    "mean_interval",
    "precision_recall",
    "protocol",
    "query_scores",
    "rate_intervals",
    "retrieval_scores",
    "retrieved_errors_mm",
    "warped_error_mm",
]
