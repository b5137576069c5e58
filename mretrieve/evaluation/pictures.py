"""Reports as pictures: precision against recall, and maps of the queries. Needs matplotlib and scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .report import EvaluationReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 110
_MOST_NEIGHBOURS = 30


def draw_precision_recall(path: Path, reports: Sequence[EvaluationReport]) -> None:
    """Write a PNG of interpolated curves: a panel for each task, a line for each method."""
    panels = list(dict.fromkeys(report.task for report in reports))
    figure, axes = _panels(len(panels), 4.0)
    for title, axis in zip(panels, axes, strict=True):
        for report in reports:
            if report.task == title:
                axis.plot(report.curve.recall, report.curve.precision, label=report.method)
        axis.set(title=title, xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
        axis.grid(alpha=0.3)
    axes[0].legend(loc="lower left", fontsize=8)
    _save(figure, path)


def draw_map(path: Path, reports: Sequence[EvaluationReport]) -> None:
    """Write a PNG of t-SNE maps (van der Maaten and Hinton 2008) of the first task's queries: a panel for each method.

    A point is a query, its colour its label. The same reports always give the same map.
    """
    first = [report for report in reports if report.task == reports[0].task]
    labels = sorted({label for report in first for label in report.labels})
    figure, axes = _panels(len(first), 5.0)
    for report, axis in zip(first, axes, strict=True):
        points = tsne(report.embedding)
        of_label = np.array(report.labels)
        for number, label in enumerate(labels):
            mine = of_label == label
            colour, marker = f"C{number % 10}", "osv^Dx+*"[number // 10 % 8]
            axis.scatter(points[mine, 0], points[mine, 1], s=14, c=colour, marker=marker, label=label)
        axis.set(title=report.method, xticks=[], yticks=[])
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(5, len(labels)), fontsize=8)
    _save(figure, path)


def tsne(embedding: NDArray[np.floating], seed: int = 0) -> NDArray[np.float64]:
    """Points (N, 2) of an embedding (N, E), alike ones near each other; fewer than 4 stay as they are."""
    from sklearn.manifold import TSNE

    count = len(embedding)
    wide = np.pad(embedding, ((0, 0), (0, max(0, 2 - embedding.shape[1]))))
    if count < 4:
        return np.asarray(wide[:, :2], np.float64)
    perplexity = min(_MOST_NEIGHBOURS, (count - 1) / 3)
    start = wide[:, :2] / max(float(wide[:, 0].std()), 1e-12) * 1e-4  # as scikit-learn scales its PCA
    return np.asarray(TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(wide), np.float64)


def _panels(count: int, inches: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # no window, whatever the user's settings are
    from matplotlib.figure import Figure

    columns = min(count, 3)
    rows = -(-count // columns)
    figure = Figure((inches * columns, inches * rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)[:count]


def _save(figure: Figure, path: Path) -> None:
    for axis in figure.axes:
        if not axis.has_data():
            axis.set_axis_off()
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
