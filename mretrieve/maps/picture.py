"""A map as a PNG. Needs Matplotlib."""

from __future__ import annotations

from pathlib import Path

from ..atomic_file import atomic_write
from ..errors import MRetrieveError
from ..printable import printable
from ..version import install_hint
from .library_map import LibraryMap

_DPI = 120


def draw_map(path: Path, drawn: LibraryMap, column: str | None = None) -> None:
    """Write a PNG: a point for each clip, in the colour of its group.

    Raises:
        MRetrieveError: Matplotlib is not installed, or the file cannot be written.
        QueryError: the index has no such column.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MRetrieveError(f"--png needs Matplotlib; {install_hint('plots')}") from None
    named, groups, of_clip = drawn.groups(column)
    figure = Figure(figsize=(10, 7.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    size = min(max(3000 / len(drawn.points), 2), 30)
    for number, group in reversed(list(enumerate(groups))):  # small groups are drawn last, over large ones
        mine = drawn.points[of_clip == number]
        label = f"{printable(group.name)} ({group.count})".replace("$", r"\$")
        axes.scatter(mine[:, 0], mine[:, 1], s=size, color=group.colour, alpha=0.85, linewidths=0, label=label)
    axes.set(xticks=[], yticks=[])
    axes.set_title(f"{len(drawn.points)} clips by {drawn.space} ({drawn.method}), coloured by {named}", fontsize=11)
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles[::-1], names[::-1], loc="outside right upper", fontsize=9, frameon=False, markerscale=1.5)
    try:
        with atomic_write(path) as temporary:
            figure.savefig(temporary, dpi=_DPI, format="png")
    except OSError as error:
        raise MRetrieveError(f"{path}: cannot be written: {error.strerror or error}; name another file") from None
