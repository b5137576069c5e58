"""Bring an index up to date with its folders: ingest new and changed files, commit shard by shard, report."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from mretrieve.devices import find_devices
from mretrieve.errors import MRetrieveError
from mretrieve.formats import ReadingOptions
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.folders import index_command
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import versions
from mretrieve.storage.snapshot import Snapshot

from .changes import FileTask
from .committer import Committer
from .compaction import DEFAULT_SIZE, GRACE_S, KEPT_VERSIONS, ShardSize
from .describe import count_contents
from .ingest import Ingested
from .library import absolute, scan_folders
from .plan import IndexOptions, RunPlan, VectorSearchOptions, plan_run
from .report import FileEntry, IngestProgress, IngestReport, Outcome, ProgressListener, save_report
from .rig_survey import RigSurvey
from .vector_indexes import update_vector_indexes
from .worker import Processes, Workers

#: Limits of a piece of work for one process: about a tenth of a second.
PIECE_FILES, PIECE_BYTES = 16, 4 << 20

#: Below this many bytes of motion a second process hardly pays for its start, which takes 0.6 s of CPU
#: (benchmarks/indexing.py).
ALONE_BELOW_BYTES = 256 << 20


def default_index() -> Path:
    """Where an index is made by default: $MRETRIEVE_INDEX, else `.mretrieve` in the current folder."""
    return Path(os.environ.get("MRETRIEVE_INDEX") or ".mretrieve")


def build_index(
    folder: Path | str | Sequence[Path | str],
    index: Path | str | None = None,
    *,
    labels: Path | str | Sequence[Path | str] = (),
    label_pattern: str | None = None,
    encoder: str | Sequence[str] | None = None,
    weights: Sequence[float] | None = None,
    jobs: int | None = None,
    device: str | None = None,
    ray: str | None = None,
    asf: Path | str | None = None,
    rig_map: Path | str | None = None,
    fps: float | None = None,
    smooth: bool | None = None,
    rebuild: bool = False,
    prune: bool = False,
    check: bool = False,
    recall: float | None = None,
    memory_bytes: int | None = None,
    vector_index: str | None = None,
    shard_size: ShardSize = DEFAULT_SIZE,
    rigs: RigSurvey | None = None,
    progress: ProgressListener | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> IngestReport:
    """Index a folder of motion files, or bring its index up to date. Only new and changed files are read.

    A bad file does not stop the run; the report lists the outcome for each file. Clips appear in the index shard by
    shard, and each version is complete: the run after an interruption continues from the last one.

    Args:
        folder: folder of motion files, or several; subfolders are searched, hidden ones are not. In an index of several
            folders, ids of clips begin with the name of the folder; a folder that was indexed alone keeps its ids when
            others are added later. New folders are added to an index if one of its own is given too. A folder that was
            moved is recognised by its files.
        index: folder of the index; None for `default_index()`.
        labels: CSV, JSON or Parquet files with a `path` column, see `read_label_file`; together they replace the labels
            of the index. () keeps them.
        label_pattern: labels in the names of files, such as "{label}_{style}_{take}", see `labels_by_pattern`; with
            `labels` they replace the labels of the index. None for no such labels.
        encoder: names of encoders and paths of weights files, "a,b" or a list; each fills a space of the index. None
            keeps those of the index; a new index has `pose-statistics`. If other spaces are given, the motions in the
            index are encoded again without reading a file, and one new version replaces the old. Weights files are
            copied into the index.
        weights: weights of the encoders' distances in a search; None keeps those of the index, at first equal ones.
        jobs: number of processes; None for one per core. Clips, motions and windows do not depend on it. Vectors are
            equal to the last bit if this process computes on one thread (OPENBLAS_NUM_THREADS=1 and OMP_NUM_THREADS=1
            set before numpy and torch are imported, as the command line does), else to about 2e-6.
        device: where trained networks encode: "cuda", "cuda:1", "all" GPUs (one for each process, in turn), or "cpu".
            The clips of several files are then encoded together, and vectors are equal to those of another device to
            about 2e-6. None encodes them on the CPU, clip by clip.
        ray: address of a Ray cluster that reads the files and writes the shards: "auto" for the one that this machine
            belongs to, "HOST:PORT", or "local" for one that is started on this machine and ended after the run. All its
            nodes must have folders and index at the same paths; they encode on CPUs. Needs the extra `ray`. None for
            processes of this machine.
        asf: the skeleton of all AMC files; None looks for one next to each file.
        rig_map: a saved rig map, used for the files whose rig it fits.
        fps: frames per second of the keypoint files that this run reads and later ones, for which it is remembered;
            None for what each file says.
        smooth: whether queries are smoothed over the gallery; None keeps the setting of the index, at first False.
        rebuild: read every file again; the new version replaces the old one when the run is complete.
        prune: remove the clips of folders that are not given, not there or empty. By default they are kept.
        check: compare all files that the index keeps with what was written, and all motion files with their hashes. By
            default a sample of the former is compared, and the size and time of the latter.
        recall: share of the 100 nearest windows that a search should find in a large library; 1 for an exact search.
            None keeps that of the index, at first 1.
        memory_bytes: limit for each vector index; 0 for no limit. None keeps that of the index, at first no limit.
        vector_index: kind of vector index, one of `kind_names`, or "auto", which chooses by number of windows,
            recall and memory. None keeps that of the index, at first "auto".
        shard_size: amount of motion committed at once.
        rigs: collects the rigs of the files that are read, for `report_page`.
        progress: called after every few files.
        stopped: called after every few files; if it returns True, the files read so far are committed and the run ends.

    Raises:
        IndexStateError: another writer holds the index, or it was made with other settings or of other folders.
        QueryError: an encoder is unknown, or the weights do not fit.
        MRetrieveError: no folder holds a motion file, a file named by an argument cannot be used, there is no such
            device, Ray is not installed, or the cluster cannot be reached or lacks a folder.
    """
    clock, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    place = absolute(index or default_index())
    reading = ReadingOptions(_path(asf), _path(rig_map), fps)
    search = VectorSearchOptions(vector_index, recall, memory_bytes)
    if device is not None and ray is not None:
        raise MRetrieveError("device: a Ray cluster encodes on its CPUs; leave out --device")
    if device is not None:
        find_devices(device)  # raises before anything is read
    options = IndexOptions(
        _paths(labels), label_pattern, encoder, weights, reading, smooth, rebuild, prune, search, device, check
    )
    folders, before = [absolute(path) for path in _paths(folder)], versions(place)
    scans = scan_folders(folders, place)  # raises if there is nothing to index, before the lock creates an index
    with WriterLock(place):
        if versions(place) != before:  # by another writer, who may have seen files that came after the scan
            scans = scan_folders(folders, place)
        plan = plan_run(scans, place, options)
        with _workers(plan.changes.tasks, jobs, ray) as workers:
            entries, newest = run(plan, workers, shard_size, rigs, progress, stopped)
        report = make_report(plan, entries, newest, started, time.perf_counter() - clock)
        if report.new_version or (entries and not (plan.replace and report.interrupted)):
            save_report(report)
        if report.new_version:
            collect_garbage(place, keep_versions=KEPT_VERSIONS, grace_s=GRACE_S)
    return report


def run(
    plan: RunPlan,
    workers: Workers,
    shard_size: ShardSize,
    rigs: RigSurvey | None,
    progress: ProgressListener | None,
    stopped: Callable[[], bool],
) -> tuple[list[FileEntry], Snapshot | None]:
    """Read the files and commit the shards that become full.

    Returns:
        The outcomes of the first tasks, in their order, all unless the run was stopped; and the newest version.
    """
    committer = Committer(plan, shard_size, workers)
    for entry in plan.changes.gone:
        committer.drop(entry.clips)
        committer.label(entry.path, ())
    entries = _ingest(plan, committer, workers, rigs, progress, stopped)
    if len(entries) == len(plan.changes.tasks) or not plan.replace:
        committer.finish()
    newest = committer.newest
    if newest is not None and len(entries) == len(plan.changes.tasks):
        command = index_command(plan.library.folders.values(), plan.spec.index)
        newest = update_vector_indexes(newest, plan.spec.spaces, plan.vector_search, command)
    return entries, newest


def _ingest(
    plan: RunPlan,
    committer: Committer,
    workers: Workers,
    rigs: RigSurvey | None,
    progress: ProgressListener | None,
    stopped: Callable[[], bool],
) -> list[FileEntry]:
    tasks = plan.changes.tasks
    pending = iter(tasks)
    entries: list[FileEntry] = []
    state = IngestProgress(0, len(tasks), 0, 0.0, 0, "")
    with closing(workers.ingest(plan.spec, plan_pieces(tasks), stopped)) as pieces:
        for piece in pieces:
            for result, task in zip(piece, pending, strict=False):
                committer.take(result.clips, result.frame_count)
                if result.spans is not None:
                    committer.label(task.found.path, result.spans)
                if rigs is not None:
                    rigs.add(result)
                if task.known is not None and result.entry.replaces_clips:
                    committer.drop(task.known.clips)
            committer.commit_full()
            entries += [result.entry for result in piece]
            state = _advanced(state, piece)
            if progress is not None:
                progress(state)
    return entries


def _advanced(state: IngestProgress, piece: Sequence[Ingested]) -> IngestProgress:
    entries = [result.entry for result in piece]
    return IngestProgress(
        state.files_done + len(piece),
        state.files_total,
        state.clips + sum(len(result.clips) for result in piece),
        state.motion_s + sum(entry.duration_s for entry in entries),
        state.refused + sum(entry.outcome is Outcome.REFUSED for entry in entries),
        entries[-1].path,
    )


def make_report(
    plan: RunPlan, outcomes: Sequence[FileEntry], newest: Snapshot | None, started: str, wall_s: float
) -> IngestReport:
    """Report the outcomes of a run."""
    done = zip(plan.changes.tasks, outcomes, strict=False)
    entries = [entry for task, entry in done if not task.stored or entry.outcome is Outcome.REFUSED]
    contents = count_contents(newest)
    warnings = plan.warnings
    if (rig_map := plan.settings.rig_map) is not None and contents.clips and "user" not in contents.rigs:
        warnings = (*warnings, f"{rig_map}: fits the rig of no file in the index; see `mretrieve rig FILE`")
    return IngestReport(
        folders={name: str(path) for name, path in plan.library.folders.items()},
        index=str(plan.spec.index),
        version=0 if newest is None else newest.version,
        new_version=newest is not plan.base,
        started=started,
        wall_s=round(wall_s, 3),
        settings=plan.settings,
        entries=tuple(sorted([*entries, *plan.changes.entries, *plan.changes.gone], key=lambda entry: entry.path)),
        unchanged_files=plan.changes.unchanged,
        unread_files=len(plan.changes.tasks) - len(outcomes),
        contents=contents,
        warnings=warnings,
    )


def _workers(tasks: Sequence[FileTask], jobs: int | None, ray: str | None) -> AbstractContextManager[Workers]:
    if ray is None or not tasks:
        return nullcontext(Processes(processes_for(tasks, jobs)))
    from .ray_workers import ray_workers

    return ray_workers(ray, jobs)


def processes_for(tasks: Sequence[FileTask], jobs: int | None) -> int:
    """Number of processes: one if there is little work, else `jobs` or one per core."""
    if sum(task.found.size_bytes for task in tasks) < ALONE_BELOW_BYTES:
        return 1
    return jobs or os.cpu_count() or 1


def plan_pieces(tasks: Sequence[FileTask]) -> list[list[FileTask]]:
    """Divide files into pieces of work of about a tenth of a second, whatever the number of processes."""
    pieces: list[list[FileTask]] = []
    room = 0
    for task in tasks:
        if not pieces or len(pieces[-1]) == PIECE_FILES or task.found.size_bytes > room:
            pieces.append([])
            room = PIECE_BYTES
        pieces[-1].append(task)
        room -= task.found.size_bytes
    return pieces


def _paths(paths: Path | str | Sequence[Path | str]) -> list[Path]:
    return [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]


def _path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)
