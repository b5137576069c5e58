"""Labels: tables with a `path` column and any others, joined to the clips by their files."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import MRetrieveError
from ..labelled_spans import LabelledSpan
from ..motion import CANONICAL_FPS, LabelledClip
from ..printable import printable
from ..storage.folders import join_path
from ..storage.spans import SpansOfFiles
from .label_file import MOST_CELLS, LabelFile, Texts, read_label_file
from .label_pattern import labels_by_pattern

#: This many of the rows that belong to no file are named.
_NAMED_ROWS = 3
#: Shorter labelled spans are events and transitions, not motions to be compared.
SHORTEST_PIECE_S = 0.3


class UnmatchedLabelsError(MRetrieveError):
    """No row of the label files belongs to a file of the folder."""


@dataclass(frozen=True)
class Labels:
    """The labels of the files of a folder.

    Attributes:
        table: string columns: `path` relative to the folder, unique and sorted, and one per kind of label.
        spans: the labelled spans by path, sorted.
        warnings: what was ignored, one line each.
    """

    table: pa.Table
    spans: SpansOfFiles
    warnings: tuple[str, ...]


def read_labels(
    files: Sequence[Path], folders: Mapping[str, Path], paths: Collection[str], pattern: str | None = None
) -> Labels:
    """Read label files and match their rows to the files of folders.

    A row's path is relative to the folder of its file or to one of the folders, or the path in the index. An empty
    cell means no label. Rows of files that no folder has are ignored with a warning, and take no memory.

    Args:
        files: the label files. Columns that differ only in case are one, spelled as in the first file.
        folders: the folders, by the name that paths of their files begin with in the index.
        paths: the paths of their files in the index.
        pattern: gives labels by the names of files too, see `labels_by_pattern`.

    Raises:
        UnmatchedLabelsError: no row belongs to a file of the folders.
        MRetrieveError: as `read_label_file` and `labels_by_pattern`, or two rows contradict each other.
    """
    texts = Texts()
    matchers = [_Matcher(file, folders, paths) for file in files]
    read = [read_label_file(file, texts, matcher.match) for file, matcher in zip(files, matchers, strict=True)]
    if pattern:
        read.insert(0, _by_pattern(pattern, paths, texts))
    warnings = [matcher.warning for matcher in matchers if matcher.unknown]
    if not any(one.paths for one in read):  # it would take away the labels that the index has
        raise UnmatchedLabelsError(
            warnings[0] if warnings else f"{files[0]}: has no rows; leave --labels out to keep labels"
        )
    spans: dict[str, set[LabelledSpan]] = {}
    for path, span in chain.from_iterable(one.spans for one in read):
        spans.setdefault(path, set()).add(span)
    return Labels(_merged(read, texts), {path: sorted(own) for path, own in spans.items()}, tuple(warnings))


def labelled_pieces(item: LabelledClip, spans: Iterable[LabelledSpan]) -> list[LabelledClip]:
    """The labelled spans of a clip as clips, named `path@1.50-2.70`; without those shorter than SHORTEST_PIECE_S."""
    clip, pieces = item.clip, []
    for start_s, end_s, label in spans:
        first, last = (round((at_s - clip.start_s) * CANONICAL_FPS) for at_s in (start_s, end_s))
        first, last = max(first, 0), min(last, clip.frame_count)
        if last - first >= SHORTEST_PIECE_S * CANONICAL_FPS:
            path = f"{item.path}@{start_s:.2f}-{end_s:.2f}"
            pieces.append(replace(item, clip=clip.cut(first, last), label=label, path=path))
    return pieces


def _by_pattern(pattern: str, paths: Collection[str], texts: Texts) -> LabelFile:
    found = labels_by_pattern(pattern, paths)
    columns = tuple(next(iter(found.values())))
    codes = np.array([[texts[labels[column]] for column in columns] for labels in found.values()], np.int32)
    return LabelFile(f"--label-pattern {pattern}", columns, list(found), (), codes)


def _merged(read: Sequence[LabelFile], texts: Texts) -> pa.Table:
    """The rows of all files as one table, a row for each path. MRetrieveError: two rows contradict each other."""
    paths = sorted({path for one in read for path in one.paths})
    place_of = {path: place for place, path in enumerate(paths)}
    columns: dict[str, str] = {}  # its name in lower case -> as the first file spells it
    merged: dict[str, NDArray[np.int32]] = {}
    for one in read:
        places = np.array([place_of[path] for path in one.paths], np.int64)
        for number, column in enumerate(one.columns):
            key = columns.setdefault(column.casefold(), column).casefold()
            if key not in merged:
                merged[key] = np.zeros(len(paths), np.int32)
                if len(merged) * len(paths) > MOST_CELLS:
                    raise MRetrieveError(
                        f"{one.name}: together with the label files before it, more than {MOST_CELLS:,} cells; leave "
                        "out columns that you do not search or group by"
                    )
            codes = np.ascontiguousarray(one.codes[:, number])
            labelled = codes != 0
            # Backwards: of several rows of a file, the first counts.
            known = merged[key]
            fresh = labelled & (known[places] == 0)
            known[places[fresh][::-1]] = codes[fresh][::-1]
            wrong = np.flatnonzero(labelled & (known[places] != codes))
            if len(wrong):
                raise _contradiction(read, texts, one, int(wrong[0]), column)
    values = pa.array([None, *texts.values_by_number[1:]], pa.string())
    table = {"path": pa.array(paths, pa.string())}
    for key, column in columns.items():
        table[column] = values.take(pa.array(merged[key]))
    return pa.table(table)


def _contradiction(read: Sequence[LabelFile], texts: Texts, one: LabelFile, row: int, column: str) -> MRetrieveError:
    """The error for a row that says something else than one before it."""
    path, own = one.paths[row], texts.values_by_number[one.codes[row, one.columns.index(column)]]
    for other in read:
        names = [name.casefold() for name in other.columns]
        if column.casefold() in names:
            codes = other.codes[:, names.index(column.casefold())]
            for place in np.flatnonzero(codes).tolist():
                if other.paths[place] == path:
                    first = texts.values_by_number[codes[place]]
                    return MRetrieveError(
                        f"{one.where(row)}: {printable(column):.60} of {path!r:.200} is {own!r:.60}, but "
                        f"{other.where(place)} says {first!r:.60}; keep one"
                    )
    raise AssertionError("the row before is in one of the files")


class _Matcher:
    """Finds the files that the rows of a label file mean; what a folder's name can mean is worked out once.

    Attributes:
        unknown: number of rows without a file.
    """

    def __init__(self, file: Path, folders: Mapping[str, Path], known: Collection[str]) -> None:
        self.unknown = 0
        self._file, self._named = file, list[str]()
        self._known = known if isinstance(known, set | frozenset | dict) else frozenset(known)
        self._bases = (file.parent, *folders.values())
        self._folders = [(name, folder, folder.resolve()) for name, folder in folders.items()]
        self._beginnings = cache(self._find_beginnings)

    def match(self, path: str, line: int) -> str | None:
        """The path in the index of the file that a row means; None if there is none."""
        found = self._find(path)
        if found is None:
            self.unknown += 1
            if len(self._named) < _NAMED_ROWS:
                self._named.append(f"{path!r:.200} (line {line})")
        return found

    @property
    def warning(self) -> str:
        """What is said of the rows without a file."""
        more = f" and {self.unknown - len(self._named)} more" if self.unknown > len(self._named) else ""
        folders = ", ".join(str(folder) for _, folder, _ in self._folders)
        return (
            f"{self._file}: no such file in {folders}: {', '.join(self._named)}{more}; paths must be relative to the "
            "label file or that folder. Give --labels again once they are there"
        )

    def _find(self, path: str) -> str | None:
        for spelling in (path, path.replace("\\", "/")) if "\\" in path else (path,):  # a CSV written on Windows
            if spelling in self._known:
                return spelling
            folder, _, name = spelling.rpartition("/")
            beginnings, links = self._beginnings(f"{folder}/" if spelling.startswith("/") else folder)
            for beginning in beginnings:
                if beginning + name in self._known:
                    return beginning + name
            if name in links:
                for base in self._bases:
                    for found in self._inside(Path(base, spelling).resolve()):
                        if found in self._known:
                            return found
        return None

    def _find_beginnings(self, folder: str) -> tuple[tuple[str, ...], frozenset[str]]:
        """What paths of files in a folder may begin with in the index, and the names of links in it."""
        beginnings: list[str] = []
        links: set[str] = set()
        for base in self._bases:
            place = Path(base, folder)
            try:
                file = place / "x"
                beginnings += [found[:-1] for found in (*self._inside(file), *self._inside(file.resolve()))]
                with os.scandir(place) as entries:
                    links |= {entry.name for entry in entries if entry.is_symlink()}
            except (ValueError, OSError):
                continue
        return tuple(dict.fromkeys(beginnings)), frozenset(links)

    def _inside(self, path: Path) -> list[str]:
        """Paths in the index of a file at this place."""
        found = []
        for name, folder, resolved in self._folders:
            for inside in (folder, resolved):
                try:
                    found.append(join_path(name, _normal(path, inside)))
                except ValueError:
                    continue
        return found


def _normal(path: Path, inside: Path) -> str:
    """`path` relative to a folder, without `.` and `..`; ValueError if it lies outside."""
    parts: list[str] = []
    for part in path.absolute().parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
    return PurePosixPath(*parts).relative_to(inside.absolute()).as_posix()
