"""Labels: tables with a `path` column and any others, joined to the clips by their files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pyarrow as pa

from ..errors import MRetrieveError
from ..labelled_spans import LabelledSpan
from ..motion import CANONICAL_FPS, LabelledClip
from ..storage.folders import join_path
from ..storage.spans import SpansOfFiles
from .label_files import read_label_file
from .label_pattern import labels_by_pattern

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

    A row's path is relative to the folder of its label file or to one of the folders, or the path in the index. An
    empty cell means no label. Rows of files that no folder has are ignored with a warning.

    Args:
        files: the label files. Columns that differ only in case are one, spelled as in the first file.
        folders: the folders, by the name that paths of their files begin with in the index.
        paths: the paths of their files in the index.
        pattern: labels in the names of files, see `labels_by_pattern`; None for no such labels.

    Raises:
        UnmatchedLabelsError: no row belongs to a file of the folders.
        MRetrieveError: as `read_label_file`, or two rows contradict each other.
    """
    merged: dict[str, dict[str, tuple[str, str]]] = {}  # path -> column -> (label, file:line)
    columns: dict[str, str] = {}  # its name in lower case -> as the first file spells it
    spans: dict[str, list[LabelledSpan]] = {}
    warnings = []
    for path, of_name in (labels_by_pattern(pattern, paths) if pattern else {}).items():
        columns.update({column.casefold(): column for column in of_name})
        merged[path] = {column.casefold(): (label, f"--label-pattern {pattern}") for column, label in of_name.items()}
    for file in files:
        unknown = []
        for line, path, labels, span in read_label_file(file).rows:
            for column in labels:
                columns.setdefault(column.casefold(), column)
            known = _match(path, file, folders, paths)
            if known is None:
                unknown.append(f"{path!r} (line {line})")
                continue
            cells = merged.setdefault(known, {})
            if span is not None:
                spans.setdefault(known, []).append(span)
            for column, label in labels.items():
                if not label:
                    continue
                first, where = cells.setdefault(column.casefold(), (label, f"{file}:{line}"))
                if first != label:
                    raise MRetrieveError(
                        f"{file}:{line}: {column} of {path!r} is {label!r}, but {where} says {first!r}; keep one"
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
    return Labels(pa.table(table), {path: sorted(set(own)) for path, own in spans.items()}, tuple(warnings))


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
