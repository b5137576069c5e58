"""Text as terminals and spreadsheets take it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str) -> str:
    """Text for a terminal: control characters and bytes that are not UTF-8 are shown as escapes."""
    text = text.encode("utf-8", "backslashreplace").decode()
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def printable_lines(text: str) -> str:
    """Several lines for a terminal, each as `printable`."""
    return "\n".join(map(printable, text.split("\n")))


def safe_cell(value: object) -> object:
    """A CSV cell that no spreadsheet takes for a formula: such text gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def flush_columns(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Rows of cells as lines; the columns `right` are set flush right, the others flush left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = zip(row, widths, strict=True)
        set_cells = [cell.rjust(width) if at in right else cell.ljust(width) for at, (cell, width) in enumerate(cells)]
        lines.append("  ".join(set_cells).rstrip())
    return lines
