"""Reports as text: cells of tables, Markdown and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .report import TRUE_POSITIVE_RATES, EvaluationReport, Figure
from .task import Protocol

SCHEMA = "mretrieve.evaluation/1"
MEASUREMENT_SCHEMA = "mretrieve.measurement/1"
_HEAD = ("method", "task", "k", "seeds", "query_count", "gallery_count", "group_count")
#: Below a table, where one of its cells holds it.
DEVIATION_NOTE = "± standard deviation over seeds"
INTERVAL_NOTE = (
    "[ ] 95 % interval over groups of queries (performers, styles, files), percentile bootstrap, 2000 resamples"
)


@dataclass(frozen=True)
class Column:
    """A figure as a table shows it.

    Attributes:
        key: a key of EvaluationReport.figures.
        title: heading of the column.
        factor: factor of the number.
        decimals: number of decimals.
    """

    key: str
    title: str
    factor: float = 1.0
    decimals: int = 3

    def cell(self, figure: Figure) -> str:
        """Mean, deviation over seeds and interval over groups, the last two if present."""
        parts = [self._number(figure.mean)]
        if not math.isnan(figure.deviation):
            parts.append(f"± {self._number(figure.deviation)}")
        if not math.isnan(figure.interval.low):
            parts.append(f"[{self._number(figure.interval.low)}, {self._number(figure.interval.high)}]")
        return " ".join(parts)

    def _number(self, value: float) -> str:
        return "-" if math.isnan(value) else f"{self.factor * value:.{self.decimals}f}"


@dataclass(frozen=True)
class Table:
    """Some figures of all reports: a row for each."""

    title: str
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(reports: Sequence[EvaluationReport]) -> tuple[Table, ...]:
    """The reports in three tables: rankings, false positives, clusters with pose errors."""
    k = reports[0].k if reports else 10
    parts = {
        "Rankings": (
            Column("top1", "top-1"),
            Column("precision_at_k", f"P@{k}"),
            Column("average_precision", "mAP"),
            Column("r_precision", "R-precision"),
            Column("average_precision_at_r", "MAP@R"),
            Column("ndcg", "nDCG"),
        ),
        "False positive rate, %, at a true positive rate of": tuple(
            Column(f"fpr{100 * rate:.0f}", f"{100 * rate:.0f} %", 100.0, 1) for rate in TRUE_POSITIVE_RATES
        ),
        "Clusters of k-means, and poses": (
            Column("nmi", "NMI"),
            Column("f1", "F1"),
            Column("dtw_error_mm", "DTW error of the first, mm", 1.0, 1),
        ),
    }
    return tuple(
        Table(
            title,
            ("method", "task", *(column.title for column in columns)),
            tuple(
                (report.method, report.task, *(column.cell(report.figures[column.key]) for column in columns))
                for report in reports
            ),
        )
        for title, columns in parts.items()
    )


def counts(reports: Sequence[EvaluationReport]) -> str:
    """How much was asked, in one line."""
    lines = {
        f"{report.task}: {report.query_count} queries with a right answer, of {report.group_count} "
        f"{'group' if report.group_count == 1 else 'groups'}, among {report.gallery_count} clips": None
        for report in reports
    }
    return "; ".join(lines)


def markdown(protocol: Protocol, reports: Sequence[EvaluationReport]) -> str:
    """The whole report as Markdown."""
    lines = [
        f"# {protocol.name}",
        "",
        f"{protocol.about[0].upper()}{protocol.about[1:]}.",
        "",
        f"{counts(reports)}.",
        "",
    ]
    for table in tables(reports):
        lines += [f"## {table.title}", "", _row(table.heading), "|" + "---|" * len(table.heading)]
        lines += [_row(row) for row in table.rows]
        lines.append("")
    return "\n".join([*lines, *(f"{note}." for note in notes(reports)), ""])


def tables_json(name: str, tables: Sequence[Table]) -> str:
    """The tables of a measurement as JSON: the cells as they are shown."""
    content = {"schema": MEASUREMENT_SCHEMA, "protocol": name, "tables": [asdict(table) for table in tables]}
    return json.dumps(content, indent=1, ensure_ascii=False)


def tables_markdown(name: str, tables: Sequence[Table]) -> str:
    """The tables of a measurement as Markdown."""
    lines = [f"# {name}", ""]
    for table in tables:
        lines += [f"## {table.title}", "", _row(table.heading), "|" + "---|" * len(table.heading)]
        lines += [*map(_row, table.rows), ""]
    return "\n".join(lines)


def notes(reports: Sequence[EvaluationReport]) -> list[str]:
    """Notes below the tables."""
    texts = []
    if any(report.seeds > 1 for report in reports):
        texts.append(DEVIATION_NOTE)
    if any(report.group_count > 1 for report in reports):
        texts.append(INTERVAL_NOTE)
    return texts


def as_json(protocol: Protocol, reports: Sequence[EvaluationReport]) -> str:
    """The whole report as JSON; NaN is null."""
    content = {
        "schema": SCHEMA,
        "protocol": protocol.name,
        "about": protocol.about,
        "reports": [
            {
                **{name: getattr(report, name) for name in _HEAD},
                "figures": {
                    key: {
                        "mean": _known(figure.mean),
                        "deviation": _known(figure.deviation),
                        "low": _known(figure.interval.low),
                        "high": _known(figure.interval.high),
                    }
                    for key, figure in report.figures.items()
                },
                "precision_recall": {
                    "recall": [round(value, 6) for value in report.curve.recall.tolist()],
                    "precision": [_known(value) for value in report.curve.precision.tolist()],
                },
            }
            for report in reports
        ],
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
