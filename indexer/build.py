"""Bring an index up to date with a folder: scan, ingest what is new or changed, commit shard by shard."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from mretrieve.errors import IndexStateError
from mretrieve.formats import ReadingOptions
from mretrieve.sources.labels import Labels, read_labels
from mretrieve.sources.scan import Scan, scan
from mretrieve.storage import Snapshot, WriterLock, check_content, collect_garbage, versions

from .changes import Changes, Task, changes, holds_motion, known_files, no_motion
from .committer import DEFAULT_SIZE, Committer, ShardSize, labels_of
from .describe import holdings
from .ingest import Recipe
from .progress import Listener, Progress
from .report import FileEntry, IngestReport, Outcome
from .report_files import last_report, save_report
from .settings import new_settings, settings_for
from .target_spaces import chosen_spaces, same_spaces
from .windows import DEFAULT_WINDOWS
from .worker import ingest_in_order

#: Files are handed to a process in pieces of at most so many, or so many bytes: a tenth of a second of work.
PIECE_FILES, PIECE_BYTES = 16, 4 << 20

#: Below this many bytes of motion a second process hardly pays for its start, which takes 0.6 s of CPU
#: (benchmarks/indexing.py).
ALONE_BELOW_BYTES = 256 << 20

#: Versions of the index that stay readable, and for how long whatever a reader may still have open.
KEPT_VERSIONS, GRACE_S = 3, 3600.0


def default_index() -> Path:
    """Where an index is made unless the user says otherwise: $MRETRIEVE_INDEX, else `.mretrieve` in this folder."""
    return Path(os.environ.get("MRETRIEVE_INDEX") or ".mretrieve")


def build_index(
    folder: Path | str,
    index: Path | str | None = None,
    *,
    labels: Sequence[Path | str] = (),
    encoder: str | Sequence[str] | None = None,
    weights: Sequence[float] | None = None,
    jobs: int | None = None,
    asf: Path | str | None = None,
    rig_map: Path | str | None = None,
    smooth: bool | None = None,
    rebuild: bool = False,
    shard_size: ShardSize = DEFAULT_SIZE,
    progress: Listener | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> IngestReport:
    """Index a folder of motion files, or bring its index up to date: only new and changed files are read.

    One bad file never stops the rest; the report says what became of each. Clips appear in the index a shard at a time,
    and each version is whole: after an interruption the next run goes on from the last.

    Args:
        folder: the repository; subfolders are searched, hidden ones are not.
        index: where the index is or shall be; None for `default_index()`.
        labels: CSV files with a `path` column; together they replace the labels that the index has. () keeps those.
        encoder: names of encoders and paths of weights files, "a,b" or a list; each fills a space of the index. None
            for the index's own, for a new index `pose-statistics`. Where the index has other spaces, the motions that
            it holds are encoded, and a version with the spaces asked for takes the place of the old; no file is read
            for it. Weights files are copied into the index.
        weights: of the encoders' distances in a search; None for those that the index has, at first equal ones.
        jobs: how many processes; None for one a core. Clips, motions and windows do not depend on it. Nor does any bit
            of the vectors where this process has one thread for sums (OPENBLAS_NUM_THREADS=1 and OMP_NUM_THREADS=1
            before numpy and torch are imported, as the command line sets them); with more, sums are taken in another
            order here than in the others (2e-6).
        asf: the skeleton of all AMC files; None looks beside each file.
        rig_map: a saved rig map, used for the files whose rig it fits.
        smooth: whether queries are smoothed over the gallery; None keeps the index's setting (off for a new one).
        rebuild: read every file anew; the new version appears when all is done, in place of the old.
        shard_size: how much is committed at once.
        progress: called after every few files.
        stopped: asked after every few files; once it says True, what is read is committed and the report says what is
            left.

    Raises:
        IndexStateError: another writer holds the index, or it was made with other settings.
        QueryError: there is no such encoder, or the weights do not fit.
        MRetrieveError: there is no motion file in the folder, or an argument names a file that is not as it must be.
    """
    clock, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    repository = Path(os.path.abspath(folder))  # noqa: PTH100  not resolved: links keep the names the user knows
    place = Path(os.path.abspath(default_index() if index is None else index))  # noqa: PTH100
    skeleton, mapping = (None if path is None else Path(path) for path in (asf, rig_map))
    found = scan(repository, place)
    label_set = _labels(labels, repository, found)
    if not place.exists() and not holds_motion(repository, found):
        raise no_motion(repository)  # before a folder is made for nothing
    with WriterLock(place):
        base, warnings = _newest(place, may_be_damaged=rebuild)
        last, remembered = last_report(place)
        spaces = chosen_spaces(place, base, encoder, weights, rebuild)
        records = tuple(space.record for space in spaces)
        names = ",".join(record.name for record in records)
        if base is None or rebuild:
            settings, windows = new_settings(names, skeleton, mapping), DEFAULT_WINDOWS
        else:
            settings = settings_for(base, repository, last, names, skeleton, mapping)
            windows = base.windows_settings
        encode_all = base is not None and not rebuild and not same_spaces(records, base.encoders)
        if settings != last:  # what was refused then may be readable now
            remembered = tuple(entry for entry in remembered if entry.outcome is not Outcome.REFUSED)
        known = {} if rebuild else known_files(base, remembered)
        if base is not None and encode_all:
            check_content(base)  # what is damaged must not get a new checksum
        todo = changes(repository, found, known, _path(settings.asf), encode_all)
        if not (todo.tasks or todo.unchanged or todo.entries):
            raise no_motion(repository)
        committer = Committer(
            index=place,
            base=base,
            repository=repository,
            encoders=records,
            windows=windows,
            labels=None if label_set is None else label_set.table,
            smooth=smooth,
            size=shard_size,
            replace=rebuild or encode_all,
        )
        recipe = Recipe(
            repository,
            place,
            spaces,
            windows,
            ReadingOptions(_path(settings.asf), _path(settings.rig_map)),
            base.version if base is not None and encode_all else None,
        )
        entries = _ingest(recipe, todo, committer, jobs or os.cpu_count() or 1, progress, stopped)
        unread = len(todo.tasks) - len(entries)
        given_up = committer.replace and unread > 0
        done = zip(todo.tasks, entries, strict=False)
        entries = [entry for task, entry in done if not task.stored or entry.outcome is Outcome.REFUSED]
        if not given_up:
            committer.finish()
        held = holdings(committer.base)
        if settings.rig_map is not None and held.clips and "user" not in held.rigs:
            warnings.append(f"{settings.rig_map}: fits the rig of no file in the index; see `mretrieve rig FILE`")
        report = IngestReport(
            repository=str(repository),
            index=str(place),
            version=0 if committer.base is None else committer.base.version,
            new_version=committer.base is not base,
            started=started,
            wall_s=round(time.perf_counter() - clock, 3),
            settings=settings,
            entries=tuple(sorted([*entries, *todo.entries, *todo.gone], key=lambda entry: entry.path)),
            unchanged_files=todo.unchanged,
            unread_files=unread,
            holdings=held,
            warnings=(*(() if label_set is None else label_set.warnings), *found.warnings, *warnings),
        )
        if not given_up and (report.new_version or entries):
            save_report(report)
        if report.new_version:
            collect_garbage(place, keep_versions=KEPT_VERSIONS, grace_s=GRACE_S)
    return report


def _ingest(
    recipe: Recipe,
    todo: Changes,
    committer: Committer,
    jobs: int,
    progress: Listener | None,
    stopped: Callable[[], bool],
) -> list[FileEntry]:
    """Read all files that must be read and commit the shards that become full; an entry for each file, in order."""
    committer.drop(clip for entry in todo.gone for clip in entry.clips)
    entries: list[FileEntry] = []
    clips, motion_s, refused = 0, 0.0, 0
    processes = processes_for(todo.tasks, jobs)
    with closing(ingest_in_order(recipe, plan_pieces(todo.tasks), processes, stopped)) as pieces:
        for piece in pieces:
            for result in piece:
                task = todo.tasks[len(entries)]
                entries.append(result.entry)
                committer.take(result.clips)
                if task.known is not None and result.entry.replaces_clips:
                    committer.drop(task.known.clips)
                clips += len(result.clips)
                motion_s += result.entry.duration_s
                refused += result.entry.outcome is Outcome.REFUSED
            committer.commit_full()
            if progress is not None:
                progress(Progress(len(entries), len(todo.tasks), clips, motion_s, refused, entries[-1].path))
    return entries


def processes_for(tasks: Sequence[Task], jobs: int) -> int:
    """How many processes do the work: one where there is little of it, else `jobs`."""
    return jobs if sum(task.found.size_bytes for task in tasks) >= ALONE_BELOW_BYTES else 1


def plan_pieces(tasks: Sequence[Task]) -> list[list[Task]]:
    """Neighbouring files, a tenth of a second of work each; what is together depends on the files alone."""
    pieces: list[list[Task]] = []
    room = 0
    for task in tasks:
        if not pieces or len(pieces[-1]) == PIECE_FILES or task.found.size_bytes > room:
            pieces.append([])
            room = PIECE_BYTES
        pieces[-1].append(task)
        room -= task.found.size_bytes
    return pieces


def _newest(index: Path, may_be_damaged: bool) -> tuple[Snapshot | None, list[str]]:
    """The version to follow, None where there is none or it is damaged and shall be replaced; what is lost with it."""
    if not versions(index):
        return None, []
    try:
        snapshot = Snapshot.open(index)
        _ = snapshot.clips, labels_of(snapshot)
    except IndexStateError:
        if may_be_damaged:
            return None, [f"{index}: was damaged; labels and settings that it had must be given again"]
        raise
    return snapshot, []


def _labels(files: Sequence[Path | str], repository: Path, found: Scan) -> Labels | None:
    return (
        read_labels([Path(file) for file in files], repository, {file.path for file in found.files}) if files else None
    )


def _path(name: str | None) -> Path | None:
    return None if name is None else Path(name)
