"""A folder goes in, an index comes out, and again after the folder has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.opensim_files import model, movement, table
from support.performed_files import performed

from mretrieve.demo.rigs import CMU
from mretrieve.encoders import load_encoder
from mretrieve.errors import IndexStateError, MRetrieveError, QueryError
from mretrieve.formats import READERS, MotionFile, Reader, ReadingOptions, read
from mretrieve.formats.asf_writer import write_amc, write_asf
from mretrieve.indexer import IngestProgress, Outcome, Removal, build, build_index, remove_clips
from mretrieve.indexer.compaction import ShardSize
from mretrieve.motion import JOINTS, canonicalise, find_rig_map
from mretrieve.storage.layout import versions
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

WriteMotion = Callable[..., Path]
MotionText = Callable[..., str]


def _clips(index: Path) -> list[str]:
    return Snapshot.open(index).clips["clip"].to_pylist()


def _outcomes(report) -> dict[str, Outcome]:
    return {entry.path: entry.outcome for entry in report.entries}


def _touch_later(path: Path) -> None:
    """Another time, as a later write leaves it, whatever the clock's grain."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


def test_every_file_becomes_a_clip_of_the_index(repository: Path, index: Path, some_motions: list[str]):
    report = build_index(repository, index, jobs=1)
    assert _clips(index) == some_motions == [entry.path for entry in report.of(Outcome.READ)]
    assert (report.contents.clips, report.contents.files, report.version) == (3, 3, 1)
    assert report.contents.duration_s == pytest.approx(3.0, abs=0.2)
    assert not verify(index)


def test_a_file_that_another_run_indexes_after_the_scan_of_this_one_stays(
    repository: Path, index: Path, write_motion: WriteMotion, some_motions: list[str], monkeypatch
):
    scan = build.scan_folders

    def another_run_comes_between(*arguments):
        scans = scan(*arguments)
        monkeypatch.setattr(build, "scan_folders", scan)
        write_motion("new.bvh")
        build_index(repository, index, jobs=1)
        return scans

    monkeypatch.setattr(build, "scan_folders", another_run_comes_between)
    build_index(repository, index, jobs=1)
    assert _clips(index) == sorted([*some_motions, "new.bvh"])


def test_an_index_holds_what_reading_canonicalising_and_encoding_give(
    repository: Path, index: Path, write_motion: WriteMotion
):
    path = write_motion("long.bvh", seconds=5, fps=60)
    build_index(repository, index, jobs=1)
    snapshot, encoder = Snapshot.open(index), load_encoder("pose-statistics")
    clip = canonicalise(read(path)[0])
    positions, observed = snapshot.motion(0)
    np.testing.assert_array_equal(positions, clip.positions)
    np.testing.assert_array_equal(observed, clip.observed)
    spans = list(zip(snapshot.rows.window_start.tolist(), snapshot.rows.window_end.tolist(), strict=True))
    assert spans[0] == (0, clip.frame_count) and len(spans) > 5
    np.testing.assert_array_equal(snapshot.vectors(encoder.name), encoder.encode_windows(clip, np.array(spans)))
    assert snapshot.clips["fps"].to_pylist() == [pytest.approx(60)]


def test_a_bad_file_is_reported_and_the_rest_goes_on(
    repository: Path,
    index: Path,
    some_motions: list[str],
    bvh_text: MotionText,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("mretrieve.formats.reader.find_spec", lambda name: None)  # no library for FBX is installed
    (repository / "cut.bvh").write_text(bvh_text()[:-400])
    (repository / "empty.bvh").write_text("")
    (repository / "scene.fbx").write_bytes(b"Kaydara FBX Binary  \0")
    (repository / "notes.txt").write_text("no motion")
    report = build_index(repository, index, jobs=1)
    assert _clips(index) == some_motions
    assert _outcomes(report) == {
        **dict.fromkeys(some_motions, Outcome.READ),
        **dict.fromkeys(["cut.bvh", "empty.bvh"], Outcome.REFUSED),
        "scene.fbx": Outcome.UNREADABLE,
    }
    assert all("bvh:" in entry.reason for entry in report.of(Outcome.REFUSED))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("a bug"), RecursionError(), OSError(5, "I/O error")])
def test_whatever_a_reader_raises_stays_with_its_file(
    repository: Path, index: Path, some_motions: list[str], monkeypatch: pytest.MonkeyPatch, error: Exception
):
    bvh = READERS["bvh"].read
    assert bvh is not None

    def failing(file: MotionFile, options: ReadingOptions):
        if file.path.name == "b.bvh":
            raise error
        return bvh(file, options)

    monkeypatch.setitem(READERS, "toy", Reader("toy", (), lambda head, _: head.startswith(b"HIERARCHY"), failing))
    report = build_index(repository, index, jobs=1)
    assert _outcomes(report)["sub/b.bvh"] is Outcome.REFUSED and len(_clips(index)) == 2
    monkeypatch.undo()
    build_index(repository, index, jobs=1)  # the fault was not the file's: it is tried again
    assert _clips(index) == some_motions


def test_a_second_run_has_nothing_to_do_and_makes_no_version(repository: Path, index: Path, some_motions: list[str]):
    build_index(repository, index, jobs=1)
    again = build_index(repository, index, jobs=1)
    assert not again.new_version and again.version == 1 and versions(index) == [1]
    assert again.unchanged_files == 3 and not again.entries


def test_only_new_and_changed_files_are_read_and_those_gone_are_dropped(
    repository: Path, index: Path, some_motions: list[str], write_motion: WriteMotion
):
    build_index(repository, index, jobs=1)
    write_motion("a.bvh", seconds=2, seed=7)
    write_motion("new.bvh", seed=8)
    (repository / "sub" / "b.bvh").unlink()
    report = build_index(repository, index, jobs=1)
    assert _outcomes(report) == {"a.bvh": Outcome.READ, "new.bvh": Outcome.READ, "sub/b.bvh": Outcome.GONE}
    assert report.unchanged_files == 1
    snapshot = Snapshot.open(index)
    assert snapshot.clips["clip"].to_pylist() == ["a.bvh", "new.bvh", "sub/a.bvh"]
    assert snapshot.clips["duration_s"].to_pylist() == [pytest.approx(seconds, abs=0.1) for seconds in (2, 1, 1)]
    assert not verify(index)


def test_a_file_that_is_only_touched_is_not_read_again(repository: Path, index: Path, some_motions: list[str]):
    build_index(repository, index, jobs=1)
    _touch_later(repository / "a.bvh")
    touched = build_index(repository, index, jobs=1)
    assert _outcomes(touched) == {"a.bvh": Outcome.UNCHANGED} and not touched.new_version
    again = build_index(repository, index, jobs=1, progress=lambda _: pytest.fail("its new time was not remembered"))
    assert again.unchanged_files == 3 and not again.new_version


def test_a_file_is_read_again_if_an_older_one_of_its_size_takes_its_place(
    repository: Path, index: Path, some_motions: list[str]
):
    build_index(repository, index, jobs=1)
    path, status = repository / "a.bvh", (repository / "a.bvh").stat()
    text = path.read_text()
    path.write_text(text[:-2] + ("1" if text[-2] != "1" else "2") + "\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 10**12))
    assert _outcomes(build_index(repository, index, jobs=1)) == {"a.bvh": Outcome.READ}


def test_amc_files_are_read_again_when_only_their_skeleton_changes(repository: Path, index: Path):
    rig, channels = performed("bow", CMU.fps, CMU)
    write_asf(repository / "bo.asf", rig, CMU.metres_per_unit)
    write_amc(repository / "bo_bow.amc", rig, channels, CMU.fps, CMU.decimals)
    build_index(repository, index, jobs=1)
    skeleton, status = repository / "bo.asf", (repository / "bo.asf").stat()
    skeleton.write_text(skeleton.read_text().replace(":version", "# taller\n:version", 1))
    os.utime(skeleton, ns=(status.st_atime_ns, status.st_mtime_ns))  # by its content, whatever its time
    assert _outcomes(build_index(repository, index, jobs=1)) == {"bo_bow.amc": Outcome.READ}


def test_tables_of_opensim_are_read_again_when_their_model_comes(repository: Path, index: Path):
    (repository / "a.mot").write_text(table(movement(60)))
    assert _outcomes(build_index(repository, index, jobs=1))["a.mot"] is Outcome.REFUSED
    (repository / "subject.osim").write_text(model(40000))
    assert _outcomes(build_index(repository, index, jobs=1))["a.mot"] is Outcome.READ


def test_the_clips_of_a_folder_that_cannot_be_listed_stay(
    repository: Path, index: Path, some_motions: list[str], monkeypatch: pytest.MonkeyPatch
):
    build_index(repository, index, jobs=1)
    real = os.scandir

    def scandir(folder: str):
        if Path(folder).name == "sub":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr("mretrieve.sources.scan.os.scandir", scandir)
    report = build_index(repository, index, jobs=1)
    assert _clips(index) == some_motions and not report.new_version
    assert "sub/: cannot be listed (Permission denied)" in report.warnings[0]


def test_a_file_that_becomes_bad_leaves_the_index_and_one_that_is_mended_comes(
    repository: Path, index: Path, some_motions: list[str], write_motion: WriteMotion
):
    (repository / "bad.bvh").write_text("HIERARCHY\nnothing")
    build_index(repository, index, jobs=1)
    (repository / "a.bvh").write_text("HIERARCHY\nnothing")
    write_motion("bad.bvh")
    build_index(repository, index, jobs=1)
    assert _clips(index) == ["bad.bvh", "sub/a.bvh", "sub/b.bvh"]


def test_a_refused_file_is_told_of_again_but_read_again_only_when_it_changes(
    repository: Path, index: Path, some_motions: list[str], monkeypatch: pytest.MonkeyPatch
):
    (repository / "bad.bvh").write_text("HIERARCHY\nnothing")
    first = build_index(repository, index, jobs=1)
    monkeypatch.setattr("mretrieve.indexer.ingest.read_bodies", lambda *_, **__: pytest.fail("read again"))
    again = build_index(repository, index, jobs=1)
    assert again.entries == first.of(Outcome.REFUSED) and not again.new_version
    _touch_later(repository / "bad.bvh")
    (touched,) = build_index(repository, index, jobs=1).entries
    assert touched.reason == first.of(Outcome.REFUSED)[0].reason
    monkeypatch.undo()


def test_what_an_older_mretrieve_refused_is_read_again(
    repository: Path, index: Path, some_motions: list[str], monkeypatch: pytest.MonkeyPatch
):
    (repository / "bad.bvh").write_text("HIERARCHY\nnothing")
    build_index(repository, index, jobs=1)
    tried: list[str] = []

    def read_bodies(file: MotionFile, *_: object, **__: object):
        tried.append(file.path.name)
        raise MRetrieveError("still no motion")

    monkeypatch.setattr("mretrieve.indexer.ingest.read_bodies", read_bodies)
    monkeypatch.setattr("mretrieve.indexer.settings.__version__", "99.0")
    build_index(repository, index, jobs=1)
    assert tried == ["bad.bvh"]


def test_a_file_that_cannot_be_opened_today_keeps_its_clips(
    repository: Path, index: Path, some_motions: list[str], monkeypatch: pytest.MonkeyPatch
):
    build_index(repository, index, jobs=1)
    _touch_later(repository / "a.bvh")

    def forbidden(path: Path, skeletons: str) -> str:  # root, which tests may run as, is never refused
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mretrieve.indexer.ingest.content_hash", forbidden)
    report = build_index(repository, index, jobs=1)
    assert "Permission denied" in report.of(Outcome.REFUSED)[0].reason
    assert _clips(index) == some_motions


def test_a_folder_without_motion_is_an_error_and_leaves_nothing_behind(repository: Path, index: Path):
    (repository / "notes.txt").write_text("no motion")
    with pytest.raises(MRetrieveError, match=r"no motion file found; see `mretrieve formats`"):
        build_index(repository, index)
    assert not index.exists()


def test_a_folder_that_has_become_empty_does_not_empty_its_index(
    repository: Path, index: Path, some_motions: list[str]
):
    build_index(repository, index, jobs=1)
    for name in some_motions:
        (repository / name).unlink()  # as where a drive is not mounted
    with pytest.raises(MRetrieveError, match="no motion file found"):
        build_index(repository, index, jobs=1)
    assert _clips(index) == some_motions


def test_the_number_of_processes_changes_no_byte_of_what_the_command_makes(
    repository: Path, tmp_path: Path, write_motion: WriteMotion
):
    for number in range(40):
        write_motion(f"{number:02d}.bvh", seconds=1 + number % 4, seed=number)
    # A threshold and a shard size for so little work are set when the command has prepared the process.
    program = (
        "import sys\n"
        "from mretrieve.cli import main\n"
        "import os; os.environ.update(OPENBLAS_NUM_THREADS='1', OMP_NUM_THREADS='1')\n"
        "import mretrieve.indexer.build as build, mretrieve.indexer.compaction as compaction\n"
        "build.ALONE_BELOW_BYTES = 0\n"
        "build.build_index.__kwdefaults__['shard_size'] = compaction.ShardSize(clips=10)\n"
        "main()\n"
    )
    contents = []
    for jobs in ("1", "2"):
        command = [sys.executable, "-c", program, "index", repository, "--index", tmp_path / jobs, "--jobs", jobs]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONSAFEPATH": "1"}
        subprocess.run(command, check=True, capture_output=True, env=environment)
        shards = tmp_path / jobs / "shards"
        contents.append({path.relative_to(shards): path.read_bytes() for path in shards.rglob("*") if path.is_file()})
    assert contents[0] == contents[1] and len({path.parts[0] for path in contents[0]}) == 3


def test_progress_is_told_up_to_the_last_file(repository: Path, index: Path, some_motions: list[str]):
    told: list[IngestProgress] = []
    build_index(repository, index, jobs=1, progress=told.append)
    assert (told[-1].files_done, told[-1].files_total, told[-1].clips) == (3, 3, 3)


def test_a_run_that_is_stopped_keeps_whole_files_and_the_next_goes_on(
    repository: Path, index: Path, write_motion: WriteMotion
):
    names = [write_motion(f"{number:02d}.bvh", seed=number).name for number in range(40)]
    told: list[IngestProgress] = []
    report = build_index(repository, index, jobs=1, progress=told.append, stopped=lambda: len(told) == 1)
    kept = _clips(index)
    assert report.interrupted and kept == names[: len(kept)] and report.unread_files == 40 - len(kept) > 0
    rest = build_index(repository, index, jobs=1)
    assert [entry.path for entry in rest.of(Outcome.READ)] == names[len(kept) :]
    assert _clips(index) == names


def test_labels_come_with_the_clips_and_stay_until_others_are_given(
    repository: Path, index: Path, some_motions: list[str]
):
    (repository / "labels.csv").write_text("path,label,style\na.bvh,walk,calm\nsub/a.bvh,run,\n")
    build_index(repository, index, labels=[repository / "labels.csv"], jobs=1)
    assert Snapshot.open(index).clips["label"].to_pylist() == ["walk", "run", None]
    (repository / "sub" / "b.bvh").unlink()
    build_index(repository, index, jobs=1)
    assert Snapshot.open(index).clips["label"].to_pylist() == ["walk", "run"]
    (repository / "labels.csv").write_text("path,label\na.bvh,sit\n")
    report = build_index(repository, index, labels=str(repository / "labels.csv"), jobs=1)
    assert report.new_version and not report.of(Outcome.READ)
    assert Snapshot.open(index).clips["label"].to_pylist() == ["sit", None]
    assert "style" not in Snapshot.open(index).clips.column_names


def test_new_labels_of_as_many_rows_replace_the_old_ones(repository: Path, index: Path, some_motions: list[str]):
    for label in ("walk", "run"):
        (repository / "labels.csv").write_text(f"path,label\na.bvh,{label}\n")
        assert build_index(repository, index, labels=[repository / "labels.csv"], jobs=1).new_version
        assert Snapshot.open(index).clips["label"].to_pylist() == [label, None, None]


def test_labels_and_settings_that_are_the_same_make_no_version(repository: Path, index: Path, some_motions: list[str]):
    (repository / "labels.csv").write_text("path,label\nsub/b.bvh,run\na.bvh,walk\n")
    for _ in range(2):
        report = build_index(repository, index, labels=[repository / "labels.csv"], smooth=True, jobs=1)
    assert not report.new_version and versions(index) == [1]


def test_a_rig_map_is_used_where_it_fits_and_cannot_be_mixed_with_others(
    repository: Path, index: Path, some_motions: list[str], write_motion: WriteMotion, tmp_path: Path
):
    strange = write_motion("strange.bvh", seed=5)
    strange.write_text(strange.read_text().replace("LeftUpLeg", "Kneecap").replace("Head", "Hut"))
    rig = read(strange)[0].rig
    named = dict(zip(JOINTS, find_rig_map(read(repository / "a.bvh")[0].rig, np.zeros((1, 22, 3))).joints, strict=True))
    joints = {joint: None if number is None else rig.joint_names[number] for joint, number in named.items()}
    rig_map = tmp_path / "rig.json"
    rig_map.write_text(json.dumps({"schema": "mretrieve.rig/1", "joints": joints}))
    build_index(repository, index, jobs=1)
    write_motion("new.bvh", seed=6)
    with pytest.raises(IndexStateError, match=f"no rig map.*--rebuild --rig-map {rig_map}"):
        build_index(repository, index, jobs=1, rig_map=rig_map)
    build_index(repository, index, jobs=1, rig_map=rig_map, rebuild=True)
    rigs = dict(zip(_clips(index), Snapshot.open(index).clips["rig"].to_pylist(), strict=True))
    assert rigs.pop("strange.bvh") == "user" and "user" not in rigs.values()
    write_motion("newer.bvh", seed=7)  # from now on the map need not be named again
    assert not build_index(repository, index, jobs=1).warnings


def test_a_rig_map_that_fits_nothing_is_a_warning(
    repository: Path, index: Path, some_motions: list[str], tmp_path: Path
):
    rig_map = tmp_path / "rig.json"
    rig_map.write_text(json.dumps({"schema": "mretrieve.rig/1", "joints": {"pelvis": "Becken"}}))
    (warning,) = build_index(repository, index, jobs=1, rig_map=rig_map).warnings
    assert warning.startswith(f"{rig_map}: fits the rig of no file")


def test_removed_clips_stay_out_until_their_file_changes(
    repository: Path, index: Path, some_motions: list[str], write_motion: WriteMotion
):
    build_index(repository, index, jobs=1)
    assert remove_clips(index, ["a.bvh"]) == Removal(("a.bvh",), 2)
    report = build_index(repository, index, jobs=1)
    assert _clips(index) == some_motions[1:] and _outcomes(report) == {"a.bvh": Outcome.REMOVED}
    write_motion("a.bvh", seed=9)
    build_index(repository, index, jobs=1)
    assert _clips(index) == some_motions
    with pytest.raises(QueryError):
        remove_clips(index, ["sub/b.bvh", "nowhere.bvh"])
    assert _clips(index) == some_motions


def test_a_file_of_which_one_body_was_removed_is_not_a_removed_file(
    repository: Path, index: Path, bvh_text: MotionText
):
    hierarchy, rows = bvh_text().split("MOTION\n")
    other = hierarchy.replace("HIERARCHY\n", "").replace("ROOT Hips", "ROOT Other")
    head, frames = rows.splitlines()[:2], rows.splitlines()[2:]
    both = "\n".join([*head, *(f"{row} {row}" for row in frames)])
    (repository / "two.bvh").write_text(f"{hierarchy}{other}MOTION\n{both}\n")
    build_index(repository, index, jobs=1)
    first, second = _clips(index)
    remove_clips(index, [first])
    assert _clips(index) == [second] and not Snapshot.open(index).manifest.removed_files
    remove_clips(index, [second])
    assert [file.path for file in Snapshot.open(index).manifest.removed_files] == ["two.bvh"]


def test_removed_clips_stay_out_run_after_run(repository: Path, index: Path, some_motions: list[str]):
    build_index(repository, index, jobs=1)
    remove_clips(index, ["a.bvh"])
    for _ in range(3):
        build_index(repository, index, jobs=1)
        assert _clips(index) == some_motions[1:]


def test_a_rebuild_reads_all_again_and_replaces_the_index_in_one_step(
    repository: Path, index: Path, some_motions: list[str]
):
    build_index(repository, index, jobs=1)
    remove_clips(index, ["a.bvh"])
    report = build_index(repository, index, jobs=1, rebuild=True, shard_size=ShardSize(clips=1))
    assert len(report.of(Outcome.READ)) == 3 and versions(index)[-1] == report.version == 3
    assert _clips(index) == some_motions


def test_an_interrupted_rebuild_leaves_the_index_as_it_was(repository: Path, index: Path, some_motions: list[str]):
    build_index(repository, index, jobs=1)
    report = build_index(repository, index, jobs=1, rebuild=True, stopped=lambda: True)
    assert report.interrupted and not report.new_version and _clips(index) == some_motions
    assert build_index(repository, index, jobs=1).unchanged_files == 3


def test_a_rebuild_that_is_stopped_halfway_leaves_the_index_as_it_was(
    repository: Path, index: Path, some_motions: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.indexer.build.PIECE_FILES", 1)
    build_index(repository, index, jobs=1)
    read: list[int] = []
    report = build_index(
        repository,
        index,
        jobs=1,
        rebuild=True,
        shard_size=ShardSize(clips=1),
        progress=lambda progress: read.append(progress.files_done),
        stopped=lambda: bool(read),
    )
    assert report.interrupted and read and not report.new_version
    assert _clips(index) == some_motions and versions(index) == [1]


def test_an_index_takes_nothing_from_another_folder(
    repository: Path, index: Path, some_motions: list[str], tmp_path: Path, bvh_text: MotionText
):
    build_index(repository, index, jobs=1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.bvh").write_text(bvh_text())
    with pytest.raises(IndexStateError, match=f"is the index of {repository}; add a folder with .* --prune"):
        build_index(tmp_path / "other", index, jobs=1)
    with pytest.raises(MRetrieveError):
        build_index(tmp_path / "other", index, jobs=1, rebuild=True)
    assert _clips(index) == some_motions
    build_index(tmp_path / "other", index, jobs=1, prune=True)
    assert _clips(index) == ["x.bvh"]


def test_an_index_of_other_weights_is_not_added_to(
    repository: Path, index: Path, some_motions: list[str], write_motion: WriteMotion, monkeypatch: pytest.MonkeyPatch
):
    build_index(repository, index, jobs=1)
    write_motion("new.bvh")
    monkeypatch.setattr(type(load_encoder("pose-statistics")), "fingerprint", "other", raising=False)
    if load_encoder("pose-statistics").fingerprint != "other":
        monkeypatch.setattr(load_encoder("pose-statistics"), "fingerprint", "other")
    with pytest.raises(IndexStateError, match=r"other weights.*--rebuild"):
        build_index(repository, index, jobs=1)
    build_index(repository, index, jobs=1, rebuild=True)
    assert Snapshot.open(index).encoders[0].fingerprint == "other"
    assert len(_clips(index)) == 4


def test_a_name_that_is_no_utf8_is_refused_and_a_long_one_is_not(
    repository: Path, index: Path, some_motions: list[str], write_motion: WriteMotion, bvh_text: MotionText
):
    try:
        Path(os.fsdecode(os.fsencode(repository) + b"/caf\xe9.bvh")).write_text(bvh_text())
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    write_motion("n" * 250 + ".bvh", seed=1)
    write_motion("Ünï #1 ~ 'x'.bvh", seed=2)
    report = build_index(repository, index, jobs=1)
    (refused,) = report.of(Outcome.REFUSED)
    assert "not valid UTF-8" in refused.reason
    assert set(_clips(index)) == {*some_motions, "n" * 250 + ".bvh", "Ünï #1 ~ 'x'.bvh"}
    assert build_index(repository, index, jobs=1).entries == (refused,)


def test_a_folder_may_hold_its_own_index(repository: Path, some_motions: list[str]):
    index = repository / "index"
    build_index(repository, index, jobs=1)
    assert not build_index(repository, index, jobs=1).new_version


def test_two_writers_do_not_meet(repository: Path, index: Path, some_motions: list[str]):
    build_index(repository, index, jobs=1)
    with pytest.raises(IndexStateError):
        build_index(
            repository, index, jobs=1, rebuild=True, progress=lambda _: build_index(repository, index, jobs=1) and None
        )


def test_the_tables_of_an_index_are_of_plain_types(repository: Path, index: Path, some_motions: list[str]):
    build_index(repository, index, jobs=1)
    kinds = {field.name: field.type for field in Snapshot.open(index).clips.schema}
    assert kinds["path"] == pa.string() and pa.types.is_floating(kinds["fps"])
