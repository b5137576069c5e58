"""Labels: CSV files with a `path` column and any others, joined to the clips by their files."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath

import pyarrow as pa

from mretrieve.errors import MRetrieveError
from mretrieve.storage import ShardClip

#: Columns that every clip has already; a label of such a name would hide them.
RESERVED = {field.name for field in fields(ShardClip)} | {"frame_count", "duration_s", "end_s"}

_DELIMITERS = ",;\t|"


class UnmatchedLabelsError(MRetrieveError):
    """No row of the label files is of a file of the folder."""


@dataclass(frozen=True)
class Labels:
    """What the label files say."""

    table: pa.Table  # string columns: `path` relative to the repository, unique and sorted, and one per kind of label
    warnings: tuple[str, ...]  # what was ignored, one line each


def read_labels(files: Sequence[Path], repository: Path, paths: Collection[str]) -> Labels:
    """Read label files and match their rows to files of the repository.

    A row's path is relative to the folder of its CSV file or to the repository. Delimiter (comma, semicolon, tab, bar)
    and text encoding (UTF-8 or UTF-16 with or without a mark, else Windows-1252) are recognised. An empty cell is no
    label. Rows of files that the repository does not have are ignored with a warning.

    Args:
        paths: the files of the repository, relative to it.

    Raises:
        UnmatchedLabelsError: no row is of a file of the repository.
        MRetrieveError: a file cannot be read, has no path column or no other, a column has the name of a clip's own,
            or two rows contradict each other; the message begins with `path:line:`.
    """
    merged: dict[str, dict[str, tuple[str, str]]] = {}  # path -> column -> (label, where it was said)
    columns: dict[str, None] = {}
    warnings = []
    for file in files:
        unknown = []
        for line, path, labels in _rows(file):
            columns.update(dict.fromkeys(labels))
            known = _match(path, file, repository, paths)
            if known is None:
                unknown.append(f"{path!r} (line {line})")
                continue
            said = merged.setdefault(known, {})
            for column, label in labels.items():
                if not label:
                    continue
                before, where = said.setdefault(column, (label, f"{file}:{line}"))
                if before != label:
                    raise MRetrieveError(
                        f"{file}:{line}: {column} of {path!r} is {label!r}, but {where} says {before!r}; keep one"
                    )
        if unknown:
            named = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
            warnings.append(
                f"{file}: no such file in {repository}: {named}; paths must be relative to the CSV file or "
                f"that folder. Give --labels again once they are there"
            )
    if not merged:  # it would take away the labels that the index has
        raise UnmatchedLabelsError(
            warnings[0] if warnings else f"{files[0]}: has no rows; leave --labels out to keep labels"
        )
    table = {"path": pa.array(sorted(merged), pa.string())}
    for column in columns:
        cells = [merged[path].get(column, (None, ""))[0] for path in sorted(merged)]
        table[column] = pa.array(cells, pa.string())
    return Labels(pa.table(table), tuple(warnings))


def _match(path: str, file: Path, repository: Path, known: Collection[str]) -> str | None:
    """The repository's name of the file that a row means; None where there is none."""
    for spelling in (path, path.replace("\\", "/")):  # a CSV written on Windows
        for base in (file.parent, repository):
            full = Path(base, spelling)
            for inside in (repository, repository.resolve()):
                try:
                    name = _normal(full if inside is repository else full.resolve(), inside)
                except (ValueError, OSError):
                    continue
                if name in known:
                    return name
    return None


def _normal(path: Path, inside: Path) -> str:
    """`path` relative to a folder, without `.` and `..`; ValueError where it lies outside."""
    parts: list[str] = []
    for part in path.absolute().parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
    return PurePosixPath(*parts).relative_to(inside.absolute()).as_posix()


def _rows(file: Path) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Each row of a CSV file: its line, its path, its other columns."""
    text = _text(file)
    header_text = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header_text.count)  # the first of them where none occurs
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        header: list[str] | None = None
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if header is None:
                header = _header(cells, file, reader.line_num)
                path_column = header.index("path")
                continue
            if len(cells) > len(header) and any(cells[len(header) :]):
                raise MRetrieveError(
                    f"{file}:{reader.line_num}: {len(cells)} cells, but the header has {len(header)}; put a cell that "
                    f"holds a {delimiter!r} in double quotes"
                )
            row = dict(zip(header, cells, strict=False))
            path = cells[path_column] if path_column < len(cells) else ""
            if not path:
                raise MRetrieveError(f"{file}:{reader.line_num}: no path in this row; fill it in or delete the row")
            yield reader.line_num, path, {name: row.get(name, "") for name in header if name and name != "path"}
    except csv.Error as error:
        raise MRetrieveError(f"{file}:{reader.line_num}: not readable as CSV ({error}); check its quotes") from None
    if header is None:
        raise MRetrieveError(f"{file}: is empty; a label file begins with a header such as `path,label`")


def _header(cells: list[str], file: Path, line: int) -> list[str]:
    header = ["path" if cell.lower() == "path" else cell for cell in cells]
    named = [cell for cell in header if cell]
    where = f"{file}:{line}:"
    if "path" not in header:
        raise MRetrieveError(
            f"{where} no column named `path`, only {', '.join(named)}; name the column of the files so"
        )
    if len(set(named)) < len(named):
        twice = next(cell for cell in named if named.count(cell) > 1)
        raise MRetrieveError(f"{where} two columns are named {twice!r}; rename one of them")
    if len(named) == 1:
        raise MRetrieveError(f"{where} no column besides `path`; add one, such as `label`")
    if taken := sorted(RESERVED & set(named) - {"path"}):
        raise MRetrieveError(f"{where} every clip has a column {taken[0]!r} of its own; rename this one")
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
    raise MRetrieveError(f"{file}: is no text file; labels are CSV with a header such as `path,label`")
