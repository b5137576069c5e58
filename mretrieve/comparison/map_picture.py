"""The map of a library as a picture. Needs matplotlib."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..printable import printable
from ..search.library_map import LibraryMap
from .motion_pictures import check_matplotlib, new_figure, readable_names, save_picture

#: Colours that can be told apart without seeing hues well (Okabe and Ito 2008); web/src/search/map.ts has the same.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7f6bd1", "#a89a2a")
_OTHERS = "#8b939d"
_DPI = 130


def draw_map(path: Path, library_map: LibraryMap, labels: Sequence[str | None]) -> None:
    """Write a map as a PNG, whole or not at all.

    Args:
        path: the picture.
        library_map: the places of the clips.
        labels: the label of each clip; the most frequent ones have a colour of their own.

    Raises:
        MRetrieveError: matplotlib is not installed, or the file cannot be written.
    """
    check_matplotlib()
    counts = Counter(label for label in labels if label is not None)
    shown = sorted(counts, key=lambda label: (-counts[label], label))[: len(_COLOURS)]
    groups = [(label, colour, counts[label]) for label, colour in zip(shown, _COLOURS, strict=False)]
    rest = len(labels) - sum(count for _, _, count in groups)
    with readable_names():
        figure = new_figure((10.0, 7.5))
        axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
        names = np.array([label if label in shown else "" for label in labels])
        if rest:
            groups.insert(0, ("", _OTHERS, rest))
        for label, colour, count in groups:
            places = library_map.places[names == label]
            about = label or ("others" if shown else "clips")
            axes.scatter(places[:, 0], places[:, 1], s=26, color=colour, lw=0, label=f"{printable(about)} ({count})")
        for text in axes.legend(loc="upper right", fontsize=9, frameon=False).get_texts():
            text.set_parse_math(False)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        save_picture(path, figure, _DPI)
