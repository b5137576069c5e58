"""Label files: CSV, JSON and Parquet tables with a `path` column, and BABEL's JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import MRetrieveError
from ..labelled_spans import LabelledSpan
from ..storage.shard import ShardClip
from ..storage.tables import table_from

#: Columns that every clip has already; a label column of such a name would hide them.
RESERVED = {field.name for field in fields(ShardClip)} | {"frame_count", "duration_s", "end_s"}

#: Columns by which a row of a label file describes a span, together with `label`.
SPAN_COLUMNS = ("start_s", "end_s")

_DELIMITERS = ",;\t|"
_LONGEST_S = 1e9


class LabelRow(NamedTuple):
    """One row of a label file.

    Attributes:
        line: its number in the file, from 1.
        path: the path as it is written.
        labels: column -> label of the file; "" if the cell is empty.
        span: the labelled span that the row describes, whose label is not among `labels`; None for a row of the file.
    """

    line: int
    path: str
    labels: dict[str, str]
    span: LabelledSpan | None = None


@dataclass(frozen=True)
class LabelFile:
    """One label file.

    Attributes:
        columns: its columns without `path`, `start_s` and `end_s`.
        rows: its rows.
    """

    columns: tuple[str, ...]
    rows: tuple[LabelRow, ...]


def read_label_file(file: Path) -> LabelFile:
    """Read one label file: CSV, Parquet, a JSON list of objects, or the JSON of BABEL.

    Of CSV, delimiter (comma, semicolon, tab, bar) and text encoding (UTF-8 or UTF-16 with or without a mark, else
    Windows-1252) are recognised. Upper and lower case of column names do not matter; `path`, `label`, `start_s` and
    `end_s` are stored in lower case. Rows with a start and an end label a span.

    Raises:
        MRetrieveError: the file cannot be read, has no path column or no other, a column that every clip has already,
            or a span without a label or whose times are no numbers; the message begins with `path:line:`.
    """
    header: list[str] = []
    rows: list[LabelRow] = []
    for line, cells in _table_rows(file):
        where = f"{file}:{line}:"
        if not header:
            header = _header(cells, where)
            continue
        if len(cells) > len(header) and any(cells[len(header) :]):
            raise MRetrieveError(
                f"{where} {len(cells)} cells, but the header has {len(header)}; put a cell that holds the delimiter in "
                "double quotes"
            )
        labels = {name: cell for name, cell in zip_longest(header, cells[: len(header)], fillvalue="") if name}
        path = labels.pop("path")
        if not path:
            raise MRetrieveError(f"{where} no path in this row; fill it in or delete the row")
        start, end = (labels.pop(name, "") for name in SPAN_COLUMNS)
        is_span = bool(start or end)
        span = _span(start, end, labels.pop("label", ""), where) if is_span else None
        rows.append(LabelRow(line, path, labels, span))
    if not header:
        raise MRetrieveError(f"{file}: is empty; a label file begins with a header such as `path,label`")
    left_out = ("path", *SPAN_COLUMNS)
    return LabelFile(tuple(name for name in header if name and name not in left_out), tuple(rows))


def _span(start: str, end: str, label: str, where: str) -> LabelledSpan:
    try:
        span = LabelledSpan(float(start), float(end), label)
    except ValueError:
        raise MRetrieveError(f"{where} start_s {start!r} and end_s {end!r} are not both numbers of seconds") from None
    if not (label and 0 <= span.start_s <= span.end_s < _LONGEST_S):
        raise MRetrieveError(f"{where} a span has a label and ends after it starts; correct or delete the row")
    return span


def _table_rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table that have any text, the header first, with the numbers of their lines."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise MRetrieveError(f"{file}: cannot read the labels: {error.strerror or error}") from None
    if content.startswith(b"PAR1"):
        return _parquet_rows(file, content)
    text = _text(file, content)
    return _json_rows(file, text) if text.lstrip()[:1] in ("[", "{") else _csv_rows(file, text)


def _csv_rows(file: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    header_text = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header_text.count)  # the first of them if none occurs
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise MRetrieveError(f"{file}:{reader.line_num}: not readable as CSV ({error}); check its quotes") from None


def _parquet_rows(file: Path, content: bytes) -> Iterator[tuple[int, list[str]]]:
    import pyarrow as pa

    try:
        table = table_from(content)
        rows = table.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise MRetrieveError(f"{file}: not readable as Parquet: {error}; write it again") from None
    return _rows_of(table.column_names, rows)


def _json_rows(file: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    try:
        content = json.loads(text)
        rows = _babel_rows(content) if isinstance(content, dict) else content
        names = list(dict.fromkeys(name for row in rows for name in row))
        return _rows_of(names, rows)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise MRetrieveError(
            f'{file}: not labels as JSON; write a list of objects such as [{{"path": "walk.bvh", "label": "walk"}}]'
        ) from None


def _rows_of(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, list[str]]]:
    """Rows by name as rows of texts; their numbers count from 1, the header is row 0."""
    table = [[str(row[name]).strip() if row.get(name) is not None else "" for name in names] for row in rows]
    return iter([(0, list(names)), *((number, cells) for number, cells in enumerate(table, start=1) if any(cells))])


def _babel_rows(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The labels of BABEL (Punnakkal et al. 2021): a span for each action category of each segment.

    What is only labelled as a whole is a span of the whole take. `feat_p` begins with the name of the data set twice.
    """
    rows = []
    for take in content.values():
        segments = take["frame_ann"] or take["seq_ann"]
        for segment in segments["labels"]:
            names = segment.get("act_cat") or [segment.get("proc_label") or segment["raw_label"]]
            times = {"start_s": segment.get("start_t", 0.0), "end_s": segment.get("end_t", take["dur"])}
            path = take["feat_p"].partition("/")[2] or take["feat_p"]
            rows += [{"path": path, "label": name, **times} for name in names if name]
    return rows


def find_column(name: str, columns: Iterable[str]) -> str | None:
    """The column of a name, upper and lower case aside; None if there is none."""
    return next((column for column in columns if column.casefold() == name.casefold()), None)


def _header(cells: list[str], where: str) -> list[str]:
    """The names of the columns, "" for those without."""
    header = [cell.lower() if cell.lower() in ("path", "label", *SPAN_COLUMNS) else cell for cell in cells]
    named = [cell for cell in header if cell]
    if "path" not in header:
        raise MRetrieveError(f"{where} no column named `path`, only {', '.join(named)}; name the column of files so")
    is_of_spans = {*SPAN_COLUMNS, "label"}.issubset(header)
    for position, cell in enumerate(named):
        if find_column(cell, named[:position]) is not None:
            raise MRetrieveError(f"{where} two columns are named {cell!r}; rename one of them")
        if cell.casefold() in RESERVED.difference(("path", *(SPAN_COLUMNS if is_of_spans else ()))):
            raise MRetrieveError(f"{where} every clip has a column {cell!r} of its own; rename this one")
    if len(named) == 1:
        raise MRetrieveError(f"{where} no column besides `path`; add one, such as `label`")
    return header


def _text(file: Path, content: bytes) -> str:
    marked_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if marked_utf16 else ["utf-8-sig", "cp1252", "latin-1"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise MRetrieveError(f"{file}: not a text file; labels are CSV with a header such as `path,label`")
