"""Labels: CSV files with a `path` column and any others, joined to the clips by their files."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pyarrow as pa

from ..errors import MRetrieveError
from ..printable import printable
from ..storage.folders import join_path
from ..storage.shard import ShardClip

#: Columns that every clip has already; a label column of such a name would hide them.
RESERVED = {field.name for field in fields(ShardClip)} | {"frame_count", "duration_s", "end_s"}

_DELIMITERS = ",;\t|"


class UnmatchedLabelsError(MRetrieveError):
    """No row of the label files belongs to a file of the folder."""


class LabelRow(NamedTuple):
    """One row of a label file.

    Attributes:
        line: its number in the file, from 1.
        path: the path as it is written.
        labels: column -> label; "" if the cell is empty.
    """

    line: int
    path: str
    labels: dict[str, str]


@dataclass(frozen=True)
class LabelFile:
    """One label file.

    Attributes:
        columns: its columns without `path`.
        rows: its rows.
    """

    columns: tuple[str, ...]
    rows: tuple[LabelRow, ...]


@dataclass(frozen=True)
class Labels:
    """The labels of the files of a folder.

    Attributes:
        table: string columns: `path` relative to the folder, unique and sorted, and one per kind of label.
        warnings: what was ignored, one line each.
    """

    table: pa.Table
    warnings: tuple[str, ...]


def read_labels(files: Sequence[Path], folders: Mapping[str, Path], paths: Collection[str]) -> Labels:
    """Read label files and match their rows to the files of folders.

    A row's path is relative to the folder of its CSV file or to one of the folders, or the path in the index. An empty
    cell means no label. Rows of files that no folder has are ignored with a warning.

    Args:
        files: the label files. Columns that differ only in case are one, spelled as in the first file.
        folders: the folders, by the name that paths of their files begin with in the index.
        paths: the paths of their files in the index.

    Raises:
        UnmatchedLabelsError: no row belongs to a file of the folders.
        MRetrieveError: as `read_label_file`, or two rows contradict each other.
    """
    merged: dict[str, dict[str, tuple[str, str]]] = {}  # path -> column -> (label, file:line)
    columns: dict[str, str] = {}  # its name in lower case -> as the first file spells it
    warnings = []
    for file in files:
        unknown = []
        for line, path, labels in read_label_file(file).rows:
            for column in labels:
                columns.setdefault(column.casefold(), column)
            known = _match(path, file, folders, paths)
            if known is None:
                unknown.append(f"{path!r:.200} (line {line})")
                continue
            cells = merged.setdefault(known, {})
            for column, label in labels.items():
                if not label:
                    continue
                first, where = cells.setdefault(column.casefold(), (label, f"{file}:{line}"))
                if first != label:
                    raise MRetrieveError(
                        f"{file}:{line}: {printable(column):.60} of {path!r:.200} is {label!r:.60}, but {where} says "
                        f"{first!r:.60}; keep one"
                    )
        if unknown:
            named = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
            warnings.append(
                f"{file}: no such file in {', '.join(map(str, folders.values()))}: {named}; paths must be relative to "
                f"the CSV file or that folder. Give --labels again once they are there"
            )
    if not merged:  # it would take away the labels that the index has
        raise UnmatchedLabelsError(
            warnings[0] if warnings else f"{files[0]}: has no rows; leave --labels out to keep labels"
        )
    table = {"path": pa.array(sorted(merged), pa.string())}
    for key, column in columns.items():
        values = [merged[path].get(key, (None, ""))[0] for path in sorted(merged)]
        table[column] = pa.array(values, pa.string())
    return Labels(pa.table(table), tuple(warnings))


def _match(path: str, file: Path, folders: Mapping[str, Path], known: Collection[str]) -> str | None:
    """The path in the index of the file that a row means; None if there is none."""
    for spelling in (path, path.replace("\\", "/")):  # a CSV written on Windows
        if spelling in known:
            return spelling
        for full in (Path(base, spelling) for base in (file.parent, *folders.values())):
            for name, folder in folders.items():
                for inside in (folder, folder.resolve()):
                    try:
                        found = join_path(name, _normal(full if inside is folder else full.resolve(), inside))
                    except (ValueError, OSError):
                        continue
                    if found in known:
                        return found
    return None


def _normal(path: Path, inside: Path) -> str:
    """`path` relative to a folder, without `.` and `..`; ValueError if it lies outside."""
    parts: list[str] = []
    for part in path.absolute().parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
    return PurePosixPath(*parts).relative_to(inside.absolute()).as_posix()


def read_label_file(file: Path) -> LabelFile:
    """Read one label file.

    Delimiter (comma, semicolon, tab, bar) and text encoding (UTF-8 or UTF-16 with or without a mark, else Windows-1252)
    are recognised. Upper and lower case of column names do not matter; `path` and `label` are stored in lower case.

    Raises:
        MRetrieveError: the file cannot be read, has no path column or no other, or a column that every clip has
            already; the message begins with `path:line:`.
    """
    text = _text(file)
    header_text = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header_text.count)  # the first of them if none occurs
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    header: list[str] = []
    rows: list[LabelRow] = []
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not header:
                header = _header(cells, f"{file}:{reader.line_num}:")
                continue
            if len(cells) > len(header) and any(cells[len(header) :]):
                raise MRetrieveError(
                    f"{file}:{reader.line_num}: {len(cells)} cells, but the header has {len(header)}; put a cell that "
                    f"holds a {delimiter!r} in double quotes"
                )
            labels = {name: cell for name, cell in zip_longest(header, cells[: len(header)], fillvalue="") if name}
            path = labels.pop("path")
            if not path:
                raise MRetrieveError(f"{file}:{reader.line_num}: no path in this row; fill it in or delete the row")
            rows.append(LabelRow(reader.line_num, path, labels))
    except csv.Error as error:
        raise MRetrieveError(f"{file}:{reader.line_num}: not readable as CSV ({error}); check its quotes") from None
    if not header:
        raise MRetrieveError(f"{file}: is empty; a label file begins with a header such as `path,label`")
    return LabelFile(tuple(name for name in header if name and name != "path"), tuple(rows))


def find_column(name: str, columns: Iterable[str]) -> str | None:
    """The column of a name, upper and lower case aside; None if there is none."""
    return next((column for column in columns if column.casefold() == name.casefold()), None)


def _some(names: Sequence[str]) -> str:
    """Names in a message, at most eight, of which long ones are cut off."""
    return ", ".join(f"{printable(name):.60}" for name in names[:8]) + (
        "" if len(names) <= 8 else f" and {len(names) - 8} more"
    )


def _header(cells: list[str], where: str) -> list[str]:
    """The names of the columns, "" for those without."""
    header = [cell.lower() if cell.lower() in ("path", "label") else cell for cell in cells]
    named = [cell for cell in header if cell]
    if "path" not in header:
        raise MRetrieveError(f"{where} no column named `path`, only {_some(named)}; name the column of files so")
    for position, cell in enumerate(named):
        if find_column(cell, named[:position]) is not None:
            raise MRetrieveError(f"{where} two columns are named {cell!r:.60}; rename one of them")
        if cell != "path" and cell.casefold() in RESERVED:
            raise MRetrieveError(f"{where} every clip has a column {cell!r} of its own; rename this one")
    if len(named) == 1:
        raise MRetrieveError(f"{where} no column besides `path`; add one, such as `label`")
    return header


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise MRetrieveError(f"{file}: cannot read the labels: {error.strerror or error}") from None
    marked_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if marked_utf16 else ["utf-8-sig", "cp1252", "latin-1"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise MRetrieveError(f"{file}: not a text file; labels are CSV with a header such as `path,label`")
