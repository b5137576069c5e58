"""Reports: what is averaged over what, and what they look like."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from support.mocap_folders import FoldsOf

from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.errors import QueryError
from mretrieve.evaluation import (
    Distances,
    EvaluationReport,
    EvaluationTask,
    Fold,
    Method,
    QueryScores,
    baseline,
    evaluate,
    evaluate_protocol,
    false_positive_rates,
    mean_interval,
    protocol,
    query_scores,
    retrieval_scores,
)
from mretrieve.evaluation.pictures import draw_map, draw_precision_recall, tsne
from mretrieve.evaluation.tables import as_json, markdown, tables
from mretrieve.motion import Clip, LabelledClip

CROSS = "hdm05-cross-performer"


@pytest.fixture(scope="module")
def cross_performer(folds_of: FoldsOf) -> tuple[Fold, ...]:
    return folds_of(CROSS)


@pytest.fixture(scope="module")
def report(cross_performer) -> EvaluationReport:
    (report,) = evaluate_protocol(cross_performer, Method("pose-statistics", baseline("pose-statistics")))
    return report


def noisy(seed: int) -> Distances:
    """Distances of pose-statistics with noise, as another training would give others."""
    exact = baseline("pose-statistics")

    def between(queries: Sequence[Clip], gallery: Sequence[Clip]) -> np.ndarray:
        table = exact.between(queries, gallery)
        return table + np.random.default_rng(seed).uniform(0, 1, table.shape)

    return Distances("noisy", between, squared=True)


def test_folds_that_share_the_queries_out_give_the_figures_of_all_queries_at_once(cross_performer, report):
    items = [item for fold in cross_performer for item in fold.tasks[0].queries]
    whole = EvaluationTask.of("whole", items)
    clips = [item.clip for item in items]
    table = baseline("pose-statistics").between(clips, clips)
    scores = retrieval_scores(table, whole.relevant, whole.allowed)
    assert report.figures["average_precision"].mean == pytest.approx(scores.mean_average_precision, abs=1e-6)
    assert report.figures["ndcg"].mean == pytest.approx(scores.ndcg, abs=1e-6)
    rates = false_positive_rates(table, whole.relevant, whole.allowed, [0.95, 0.9, 0.85, 0.8, 0.75, 0.7])
    found = [report.figures[f"fpr{rate}"].mean for rate in (95, 90, 85, 80, 75, 70)]
    assert found == pytest.approx(rates, abs=1e-3)
    assert (report.query_count, report.group_count, report.gallery_count) == (55, 5, 55)
    assert report.seeds == 1
    assert math.isnan(report.figures["top1"].deviation)


def test_seeds_give_a_mean_and_a_deviation_and_the_interval_is_of_the_mean_over_seeds(folds_of: FoldsOf, monkeypatch):
    (fold,) = folds_of("hdm05-unseen")
    (task,) = fold.tasks
    clips = [item.clip for item in task.queries]
    monkeypatch.setattr("mretrieve.evaluation.comparison.encoder_distances", noisy)  # the fit gives seeds for encoders
    (report,) = evaluate_protocol([fold], Method("noisy", fit=lambda train, seed: seed), seeds=3)
    values = np.stack(
        [
            query_scores(noisy(seed).between(clips, clips), task.relevant, task.allowed).average_precision
            for seed in range(3)
        ]
    )
    figure = report.figures["average_precision"]
    assert figure.mean == pytest.approx(values.mean())
    assert figure.deviation == pytest.approx(values.mean(axis=1).std(ddof=1))
    assert figure.interval == mean_interval(values.mean(axis=0), [item.group for item in task.queries])


def test_what_is_trained_is_trained_on_each_fold_with_each_seed(cross_performer):
    encoder = load_encoder("pose-statistics")
    trained: list[tuple[int, int]] = []

    def fit(train: Sequence[LabelledClip], seed: int) -> WindowEncoder:
        trained.append((len(train), seed))
        return encoder

    lines: list[str] = []
    (report,) = evaluate_protocol(cross_performer[:2], Method("learned", fit=fit), seeds=2, progress=lines.append)
    assert trained == [(44, 0), (44, 0), (44, 1), (44, 1)]
    assert report.figures["top1"].deviation == 0.0
    assert lines[0] == "learned, fold 1 of 2, seed 0: training on 44 clips"


def test_a_training_is_refused_where_a_protocol_has_nothing_to_train_on(folds_of: FoldsOf):
    folds = folds_of("bandai-cross-style")
    with pytest.raises(QueryError, match="mmd-nca: this protocol has nothing to train on"):
        evaluate_protocol(folds, Method("mmd-nca", fit=lambda train, seed: load_encoder("pose-statistics")))


def test_tasks_of_the_same_clips_are_compared_once(folds_of: FoldsOf):
    folds = folds_of("h36m-unseen")
    calls = []

    def between(queries: Sequence[Clip], gallery: Sequence[Clip]) -> np.ndarray:
        calls.append((len(queries), len(gallery)))
        return baseline("pose-statistics").between(queries, gallery)

    reports = evaluate_protocol(folds, Method("counted", Distances("counted", between, squared=True)))
    assert len(calls) == 1
    assert [report.task for report in reports] == ["cross-subject", "cross-file", "all pairs"]
    across, _, every = (report.figures["top1"].mean for report in reports)
    assert across < every  # pieces of one take find each other


def test_one_task_and_one_encoder_is_all_that_a_call_from_python_needs(folds_of: FoldsOf):
    (fold,) = folds_of("hdm05-unseen")
    report = evaluate(fold.tasks[0], load_encoder("pose-statistics"), k=3)
    assert report.method == "pose-statistics"
    keys = {field.name for field in fields(QueryScores)} | {"dtw_error_mm", "nmi", "f1"}
    assert set(report.figures) == keys | {f"fpr{rate}" for rate in (95, 90, 85, 80, 75, 70)}
    assert report.figures["top1"].mean > 0.8
    assert report.curve.precision[0] >= report.figures["top1"].mean - 1e-9
    again = evaluate(fold.tasks[0], load_encoder("pose-statistics"), k=3)
    assert repr(again.figures) == repr(report.figures)  # not ==: there are NaN among them


def test_a_task_without_a_right_answer_has_no_figures_and_no_traceback(folds_of: FoldsOf):
    (fold,) = folds_of("hdm05-unseen")
    alone = [item for item in fold.tasks[0].queries if item.group == "bd"]
    report = evaluate(EvaluationTask.of("alone", alone), baseline("dtw"))
    assert report.query_count == 0
    assert math.isnan(report.figures["average_precision"].mean)
    assert math.isnan(report.figures["fpr90"].mean)
    content = json.loads(as_json(protocol("hdm05-unseen"), [report]))
    assert content["reports"][0]["figures"]["average_precision"]["mean"] is None


def test_a_method_is_either_fixed_or_trained():
    with pytest.raises(ValueError, match="either"):
        Method("nothing")


def test_tables_show_mean_deviation_and_interval(report):
    figure = replace(report.figures["fpr90"], mean=0.1234, deviation=0.01)
    figure = replace(figure, interval=replace(figure.interval, low=0.1, high=0.2))
    shown = replace(report, seeds=3, figures={**report.figures, "fpr90": figure})
    rankings, rates, _ = tables([shown])
    assert rates.rows[0][rates.heading.index("90 %")] == "12.3 ± 1.0 [10.0, 20.0]"
    assert rankings.heading[:5] == ("method", "task", "top-1", "P@10", "mAP")
    text = markdown(protocol(CROSS), [shown])
    assert "12.3 ± 1.0 [10.0, 20.0]" in text
    assert "cross-performer: 55 queries with a right answer, of 5 groups, among 55 clips." in text
    assert "± standard deviation over seeds." in text


def test_pictures_are_written_the_same_each_time(report, tmp_path: Path):
    written = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        draw_precision_recall(folder / "curves.png", [report])
        draw_map(folder / "map.png", [report])
        written.append([(folder / name).read_bytes() for name in ("curves.png", "map.png")])
    assert written[0] == written[1]
    assert all(content.startswith(b"\x89PNG") and len(content) > 5000 for content in written[0])


def test_a_map_keeps_clusters_apart_and_tells_nothing_of_three_points():
    generator = np.random.default_rng(0)
    embedding = np.repeat(10 * np.eye(3), 15, axis=0) + generator.normal(size=(45, 3))
    points = tsne(embedding)
    nearest = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(45)
    assert (nearest.argmin(axis=1) // 15 == np.arange(45) // 15).mean() > 0.95
    assert tsne(embedding[:3]).shape == (3, 2)
    assert tsne(np.zeros((5, 0))).shape == (5, 2)
