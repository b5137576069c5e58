"""The result of an adaptation, in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .candidates import space_titles
from .crossvalidation import CERTAIN_ERRORS, DOUBTFUL_ERRORS, WORTHWHILE_GAIN, Trial
from .folds import LabelledSet


def explain_trials(trials: Sequence[Trial], best: Trial | None, items: LabelledSet, tried: Sequence[str]) -> str:
    """Lines about the candidates, the gain of each, and the choice with its reason."""
    titles = space_titles()
    count = len(set(items.groups))
    classes = len(set(items.labels))
    lines = [
        f"{len(items.clips)} labelled clips of {classes} classes; query and answer are of different "
        f"{items.grouped_by}s ({count} of them). Mean average precision on clips that were not learned from:"
    ]
    if not trials:
        lines.append("nothing could be tried: too few clips of too few classes once half of the groups are held out")
    else:
        lines.append(f"  default, pose-statistics: {trials[0].default:.3f}")
        lines += [f"  {_name(result.spaces)}: {_gained(result)}" for result in trials]
    if missing := [title for name, title in titles.items() if name not in tried]:
        lines.append(f"not tried, for want of time: {', '.join(missing)}; give more minutes to try")
    if best is None:
        recognised = not trials or trials[0].is_recognised
        errors = CERTAIN_ERRORS if recognised else DOUBTFUL_ERRORS
        lines.append(
            f"The default stays: nothing gained more than chance would explain ({errors:g} standard errors and "
            f"{WORTHWHILE_GAIN:g}). More clips per class, of more performers, may change that."
        )
        if not recognised:
            lines.append("Even the default finds these classes no better than by chance: do labels and files match?")
    else:
        lines.append(
            f"Chosen: {_name(best.spaces)}. A query takes up to {100 * best.gate.ceiling:.0f} % of its distances from "
            f"what was learned, the more the nearer it is to a labelled clip, and the rest from the default."
        )
    return "\n".join(lines)


def _name(spaces: tuple[str, ...]) -> str:
    titles = space_titles()
    return " + ".join(titles[space] for space in spaces)


def _gained(result: Trial) -> str:
    verb = "gains" if result.gain >= 0 else "loses"
    text = f"{result.adapted:.3f}, {verb} {abs(result.gain):.3f} (standard error {result.error:.3f})"
    if not math.isnan(result.unlabelled_default):
        change = result.unlabelled_adapted - result.unlabelled_default
        text += f"; classes whose labels it did not see: {result.unlabelled_default:.3f} -> "
        text += f"{result.unlabelled_adapted:.3f} ({change:+.3f})"
    return text
