"""Columns of the clips table, as conditions read them: by name in upper or lower case, as NumPy arrays."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..storage.tables import numbers

_KINDS: dict[type, str] = {str: "text", bool: "truth", list: "list"}  # anything else is a number
_HOLDS = {
    "number": "numbers; write its value without quotes",
    "text": "texts; write its value in quotes",
    "truth": "TRUE and FALSE",
    "list": "lists; only IS NULL applies",
}
_MOST_COMPARED = 20_000  # distinct texts among which similar ones are looked up, in about 0.2 s


class Table(Protocol):
    """A table of clips: an Arrow table, or another object with named columns of numbers, texts, truths or lists."""

    @property
    def column_names(self) -> Sequence[str]: ...

    def column(self, name: str) -> Any:
        """Values (R,): a NumPy array, a list with None for missing values, or an Arrow column."""
        ...


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table with R rows."""

    name: str
    kind: str  # number, text, truth or list
    values: NDArray[Any]  # (R,) numbers, or Python objects with None for missing values
    missing: NDArray[np.bool_]  # (R,)

    @classmethod
    def of(cls, table: Table, name: str) -> Column:
        """Read a column by its exact name."""
        values = table.column(name)
        if hasattr(values, "to_pylist"):  # Arrow
            try:
                values = numbers(values)
            except TypeError:
                values = values.to_pylist()
        if isinstance(values, np.ndarray) and values.dtype.kind in "iuf":
            return cls(name, "number", values, np.zeros(len(values), bool))
        missing = np.fromiter((value is None for value in values), bool, len(values))
        kind = "text" if missing.all() else _KINDS.get(type(values[missing.argmin()]), "number")
        return cls(name, kind, np.fromiter(values, object, len(values)), missing)

    @classmethod
    def named(cls, table: Table, name: str, option: str = "--where") -> Column:
        """Read a column by its name in upper or lower case, which `option` gave.

        QueryError: there is none, or several differ in case.
        """
        names = list(table.column_names)
        alike = [name] if name in names else [known for known in names if known.casefold() == name.casefold()]
        if len(alike) == 1:
            return cls.of(table, alike[0])
        close = alike or difflib.get_close_matches(name.casefold(), names) or sorted(names)
        raise QueryError(f"{option}: no column {name!r:.60} in this index; did you mean {', '.join(close)}?")

    def comparable(self, value: str | float | bool) -> NDArray[Any]:
        """The values (R,) in the type of `value`, arbitrary if missing. QueryError: they cannot be compared with it."""
        kind = _KINDS.get(type(value), "number")
        if kind == "number" and self.kind != "list":
            with suppress(ValueError):  # numbers among the labels, such as takes, are texts
                return self.values.astype(float)
        elif kind == self.kind:
            return np.where(self.missing, value, self.values) if self.missing.any() else self.values
        wrong = "TRUE or FALSE" if kind == "truth" else f"{value!r:.60}"
        raise QueryError(f"--where: column {self.name!r} holds {_HOLDS[self.kind]}, not {wrong}")

    def nearest(self, text: str) -> str:
        """Advice for a text that is not in the column: similar texts; if there are none, what the column holds."""
        known = self._distinct
        close = [each for each in known if each.casefold() == text.casefold()]
        if not close and len(known) <= _MOST_COMPARED:
            close = difflib.get_close_matches(text, known)
        return f"did you mean {' or '.join(map(repr, close))}?" if close else f"it has {self.summary()}"

    def summary(self) -> str:
        """The range of its numbers; its distinct values up to 8, otherwise how many there are and the first ones."""
        if self.missing.all():
            return "no values"
        if self.kind == "list":
            return "lists"
        if self.kind == "number":
            present = self.values[~self.missing]
            return f"{present.min():.7g} to {present.max():.7g}"
        known = self._distinct
        if len(known) <= 8:
            return ", ".join(sorted(f"{value!r:.60}" for value in known))
        return f"{len(known)} values such as {textwrap.shorten(str(known[:8])[1:-1], 80, placeholder=' ...')}"

    @property
    def _distinct(self) -> list[Any]:
        return list(dict.fromkeys(self.values[~self.missing]))
