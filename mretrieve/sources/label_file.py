"""One file of labels: a table with a `path` column and any others; cells become numbers of distinct texts."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import MRetrieveError
from ..labelled_spans import LabelledSpan
from ..printable import printable
from ..storage.shard import ShardClip
from .label_json import json_rows

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns that every clip has already; a label column of such a name would hide them.
RESERVED = {field.name for field in fields(ShardClip)} | {"frame_count", "duration_s", "end_s"}
#: Columns by which a row describes a span, together with `label`.
SPAN_COLUMNS = ("start_s", "end_s")
#: Largest CSV or JSON file, bytes; it is read whole.
LARGEST_TEXT = 1 << 30
#: Most cells, rows of files of the library times columns, that are kept; each takes 12 bytes while they are joined.
MOST_CELLS = 100_000_000

_DELIMITERS = ",;\t|"
_PARQUET = b"PAR1"
_LONGEST_S = 1e9

#: What a row's path means: the path that it is kept under, or None if the row is left out. It is given path and line.
Keep = Callable[[str, int], str | None]


class Texts(dict[str, int]):
    """Numbers of distinct texts without spaces around them; 0 is the empty text, which is no label."""

    def __init__(self) -> None:
        super().__init__({"": 0})
        self.values_by_number = [""]

    def __missing__(self, text: str) -> int:
        bare = text.strip()
        if bare == text:
            self[text] = len(self.values_by_number)
            self.values_by_number.append(text)
        else:
            self[text] = self[bare]
        return self[text]


@dataclass(frozen=True, eq=False)
class LabelFile:
    """The rows of a label file that are kept.

    Attributes:
        name: the file, or what else the labels are from.
        columns: its columns without `path`, `start_s` and `end_s`.
        paths: of each row.
        lines: number of each row's line in a CSV file from 1, of the row in another file; () if there are no lines.
        codes: (rows, columns) numbers of `Texts`; the label of a span is not among them.
        spans: the labelled spans that rows describe, each with its path.
    """

    name: str
    columns: tuple[str, ...]
    paths: Sequence[str]
    lines: Sequence[int]
    codes: NDArray[np.int32]
    spans: Sequence[tuple[str, LabelledSpan]] = ()

    def where(self, row: int) -> str:
        """Where a row is, for messages."""
        return f"{self.name}:{self.lines[row]}" if self.lines else self.name


def read_label_file(file: Path, texts: Texts, keep: Keep = lambda path, _: path) -> LabelFile:
    """Read the rows of one label file that are to be kept: CSV, Parquet, a JSON list of objects, or the JSON of BABEL.

    Of CSV, delimiter (comma, semicolon, tab, bar) and text encoding (UTF-8 or UTF-16 with or without a mark, else
    Windows-1252) are recognised. Upper and lower case of column names do not matter; `path`, `label`, `start_s` and
    `end_s` are stored in lower case. Rows with a start and an end label a span.

    Raises:
        MRetrieveError: the file cannot be read, is too large, has no path column or no other, a column that every clip
            has already, or a span without a label or whose times are no numbers; the message begins with `path:line:`.
    """
    try:
        with file.open("rb") as opened:
            is_parquet = opened.read(4) == _PARQUET
        if is_parquet:
            return _parquet(file, texts, keep)
        text = _text(file)
    except OSError as error:
        raise MRetrieveError(f"{file}: cannot read the labels: {error.strerror or error}") from None
    is_json = text.lstrip()[:1] in ("[", "{")
    return _gathered(file, json_rows(file, text) if is_json else _csv_rows(file, text), texts, keep)


def find_column(name: str, columns: Iterable[str]) -> str | None:
    """The column of a name, upper and lower case aside; None if there is none."""
    return next((column for column in columns if column.casefold() == name.casefold()), None)


def _csv_rows(file: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table, the header first, with the numbers of their lines."""
    header_text = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header_text.count)  # the first of them if none occurs
    reader = csv.reader(_lines(text), delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise MRetrieveError(f"{file}:{reader.line_num}: not readable as CSV ({error}); check its quotes") from None


def _gathered(file: Path, rows: Iterator[tuple[int, list[str]]], texts: Texts, keep: Keep) -> LabelFile:
    header: list[str] = []
    paths: list[str] = []
    lines: list[int] = []
    spans: list[tuple[str, LabelledSpan]] = []
    codes = array("i")
    for line, cells in rows:
        if not header:
            if any(map(str.strip, cells)):
                header = _header([cell.strip() for cell in cells], f"{file}:{line}:")
                place, width, span_places = header.index("path"), len(header), _span_places(header)
            continue
        if len(cells) > width and any(map(str.strip, cells[width:])):
            raise MRetrieveError(
                f"{file}:{line}: {len(cells)} cells, but the header has {width}; put a cell that holds the delimiter "
                "in double quotes"
            )
        cells += [""] * (width - len(cells))
        path = cells[place].strip()
        if not path:
            if any(map(str.strip, cells)):
                raise MRetrieveError(f"{file}:{line}: no path in this row; fill it in or delete the row")
            continue
        span = _span([cells[number].strip() for number in span_places], f"{file}:{line}:")
        kept = keep(path, line)
        if kept is None:
            continue
        if span is not None:
            spans.append((kept, span))
            for number in span_places:
                cells[number] = ""
        paths.append(kept)
        lines.append(line)
        cells[place] = ""
        codes.extend(map(texts.__getitem__, cells[:width]))
        _check_count(file, len(codes))
    if not header:
        raise MRetrieveError(f"{file}: is empty; a label file begins with a header such as `path,label`")
    named = _label_columns(header)
    table = np.frombuffer(codes, np.int32).reshape(len(paths), width)
    return LabelFile(str(file), tuple(header[number] for number in named), paths, lines, table[:, named], spans)


def _span_places(header: Sequence[str]) -> list[int]:
    """Where start, end and label of spans are; [] if a table has no spans."""
    return [header.index(name) for name in (*SPAN_COLUMNS, "label")] if "start_s" in header else []


def _label_columns(header: Sequence[str]) -> list[int]:
    return [number for number, name in enumerate(header) if name and name not in ("path", *SPAN_COLUMNS)]


def _span(cells: Sequence[str], where: str) -> LabelledSpan | None:
    """The span of start, end and label; None for a row of the whole file."""
    if not cells or not (cells[0] or cells[1]):
        return None
    start, end, label = cells
    try:
        span = LabelledSpan(float(start), float(end), label)
    except ValueError:
        raise MRetrieveError(
            f"{where} start_s {start!r:.60} and end_s {end!r:.60} are not both numbers of seconds"
        ) from None
    if not (label and 0 <= span.start_s <= span.end_s < _LONGEST_S):
        raise MRetrieveError(f"{where} a span has a label and ends after it starts; correct or delete the row")
    return span


def _parquet(file: Path, texts: Texts, keep: Keep) -> LabelFile:
    """A Parquet file: the paths first, then each column for the rows that are kept."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(file)
        header = _header(schema.names, f"{file}:")
        for field in schema:
            if pa.types.is_nested(field.type):
                raise MRetrieveError(f"{file}: the column {field.name!r} holds lists or structures; leave it out")
        texts_in = [field.name for field in schema if pa.types.is_string(field.type)]
        with pq.ParquetFile(file, read_dictionary=texts_in) as opened:
            column = opened.read([schema.names[header.index("path")]]).column(0).cast(pa.string())
            rows: list[int] = []
            paths: list[str] = []
            for number, path in enumerate(column.to_pylist()):
                kept = keep(path.strip(), number + 1) if path and path.strip() else None
                if kept is not None:
                    rows.append(number)
                    paths.append(kept)
            named = _label_columns(header)
            _check_count(file, len(rows) * len(named))
            chosen, codes = np.array(rows, np.int64), np.empty((len(named), len(rows)), np.int32)
            for own, number in zip(codes, named, strict=True):
                own[:] = _numbered(opened.read([schema.names[number]]).column(0), texts)[chosen]
            times = [
                opened.read([schema.names[number]]).column(0).cast(pa.string()).take(pa.array(chosen)).to_pylist()
                for number in _span_places(header)[:2]
            ]
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise MRetrieveError(f"{file}: not readable as Parquet ({reason}); write it again") from None
    columns = tuple(header[number] for number in named)
    spans = []
    if times:
        labels = codes[columns.index("label")]
        for row, (start, end) in enumerate(zip(*times, strict=True)):
            label = texts.values_by_number[labels[row]]
            span = _span([(start or "").strip(), (end or "").strip(), label], f"{file}:{rows[row] + 1}:")
            if span is not None:
                spans.append((paths[row], span))
                labels[row] = 0
    return LabelFile(str(file), columns, paths, [row + 1 for row in rows], codes.T, spans)


def _numbered(column: pa.ChunkedArray, texts: Texts) -> NDArray[np.int32]:
    """The numbers of the texts of a column."""
    import pyarrow as pa

    found = [np.zeros(0, np.int32)]
    for chunk in column.chunks:
        encoded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        values = encoded.dictionary.cast(pa.string()).to_pylist()
        known = np.array([*(texts[value or ""] for value in values), 0], np.int32)
        found.append(known[encoded.indices.cast(pa.int64()).fill_null(len(values)).to_numpy()])
    return np.concatenate(found)


def _check_count(file: Path, cells: int) -> None:
    if cells > MOST_CELLS:
        raise MRetrieveError(
            f"{file}: more than {MOST_CELLS:,} cells belong to files of the library; leave out columns that you do not "
            "search or group by"
        )


def _header(cells: list[str], where: str) -> list[str]:
    """The names of the columns, "" for those without."""
    header = [cell.lower() if cell.lower() in ("path", "label", *SPAN_COLUMNS) else cell for cell in cells]
    named = [cell for cell in header if cell]
    if "path" not in header:
        raise MRetrieveError(f"{where} no column named `path`, only {_some(named)}; name the column of files so")
    allowed = ("path", *(SPAN_COLUMNS if {*SPAN_COLUMNS, "label"}.issubset(header) else ()))
    seen: set[str] = set()
    for cell in named:
        if cell.casefold() in seen:
            raise MRetrieveError(f"{where} two columns are named {cell!r:.60}; rename one of them")
        if cell not in allowed and cell.casefold() in RESERVED:
            raise MRetrieveError(f"{where} every clip has a column {cell!r} of its own; rename this one")
        seen.add(cell.casefold())
    if len(named) == 1:
        raise MRetrieveError(f"{where} no column besides `path`; add one, such as `label`")
    return header


def _some(names: Sequence[str]) -> str:
    """Names in a message, at most eight, of which long ones are cut off."""
    return ", ".join(f"{printable(name):.60}" for name in names[:8]) + (
        "" if len(names) <= 8 else f" and {len(names) - 8} more"
    )


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends; io.StringIO would take four bytes for each character."""
    start = 0
    while end := text.find("\n", start) + 1:
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _text(file: Path) -> str:
    size = file.stat().st_size
    if size > LARGEST_TEXT:
        raise MRetrieveError(
            f"{file}: {size >> 20} MiB of text, more than {LARGEST_TEXT >> 20}; leave out columns, or write it as "
            "Parquet"
        )
    content = file.read_bytes()
    marked_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if marked_utf16 else ["utf-8-sig", "cp1252", "latin-1"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise MRetrieveError(f"{file}: not a text file; labels are CSV with a header such as `path,label`, JSON or Parquet")
