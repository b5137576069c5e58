"""`mretrieve index`, `info`, `list`, `verify`, `remove`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.encoder_files import write_encoder
from support.performed_files import performed

from mretrieve.cli import main
from mretrieve.demo.rigs import CMU
from mretrieve.formats.asf_writer import write_amc, write_asf
from mretrieve.indexer.report import KEPT_REPORTS
from mretrieve.storage.snapshot import Snapshot

WriteMotion = Callable[..., Path]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command line in an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("MRETRIEVE_INDEX", raising=False)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


Run = Callable[..., Result]


def test_index_makes_an_index_here_and_says_what_to_do_next(run: Run, repository: Path, some_motions: list[str]):
    result = run("index", repository)
    assert result.exit_code == 0, result.output
    assert Path(".mretrieve/manifests/00000001.json").is_file()
    assert "3 files read, 0 unchanged in" in result.stdout
    assert "The index has 3 clips from 3 files, 0.1 minutes." in result.stdout.splitlines()
    assert f"Wrote version 1 of {Path('.mretrieve').absolute()}; its folder reports lists every file." in result.stdout
    assert result.stdout.splitlines()[-1] == "Next: mretrieve query FILE -k 10"
    again = run("index", repository).stdout
    assert again.startswith("Index is up to date.") and "Wrote" not in again


def test_the_environment_may_say_where_the_index_is(
    run: Run, repository: Path, some_motions: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MRETRIEVE_INDEX", str(tmp_path / "there"))
    assert run("index", repository).exit_code == 0
    assert "3 from 3 files" in run("info").stdout and not Path(".mretrieve").exists()


def test_what_was_skipped_is_told_in_groups(run: Run, repository: Path, some_motions: list[str]):
    for number in range(5):
        (repository / f"empty{number}.bvh").write_text("")
    (repository / "broken.bvh").write_text("HIERARCHY\nROOT Hips\n{\n  OFFSET 1 2\n")
    lines = run("index", repository).stdout.splitlines()
    refused = lines.index("Refused: 6 files")
    assert lines[refused + 1].startswith("  empty0.bvh, empty1.bvh, empty2.bvh and 2 more: the file is empty")
    assert lines[refused + 2].startswith("  broken.bvh: line 2: ")


def test_the_skeleton_of_another_subject_is_named_by_index_and_rig(run: Run, tmp_path: Path):
    folder = tmp_path / "motions"
    folder.mkdir()
    rig, channels = performed("bow", CMU.fps, CMU)
    write_asf(folder / "bo.asf", rig, CMU.metres_per_unit)
    for name in ("bo_bow.amc", "somebody_else.amc"):
        write_amc(folder / name, rig, channels, CMU.fps, CMU.decimals)
    lines = run("index", folder).stdout.splitlines()
    assert lines[lines.index("Repaired: 1 file") + 1].startswith("  somebody_else.amc: ")
    assert "bo.asf" in lines[lines.index("Repaired: 1 file") + 1]
    report = json.loads(max(Path(".mretrieve/reports").iterdir()).read_text(encoding="utf-8"))
    remarks = {entry["path"]: entry["repairs"] for entry in report["entries"]}
    assert "bo.asf" in remarks["somebody_else.amc"][0] and remarks["bo_bow.amc"] == []
    assert any("bo.asf" in line for line in run("rig", folder / "somebody_else.amc").stdout.splitlines())
    assert "bo.asf" not in run("rig", folder / "bo_bow.amc").stdout
    assert "bo.asf" not in run("rig", folder / "somebody_else.amc", "--asf", folder / "bo.asf").stdout


def test_info_tells_in_words_and_in_json(run: Run, repository: Path, write_motion: WriteMotion):
    write_motion("a.bvh")
    write_motion("b.bvh", fps=120, seconds=4)
    (repository / "labels.csv").write_text("path,label\na.bvh,walk\n")
    run("index", repository, "--labels", repository / "labels.csv")
    told = run("info").stdout
    assert all(words in told for words in ("2 from 2 files", "120 fps (1), 30 fps (1)", "walk (1)", "pose-statistics"))
    described = json.loads(run("info", "--format", "json").stdout)
    assert described["contents"]["labels"] == {"label": {"walk": 1}}
    assert described["version"] == 1 and described["folders"] == {"": str(repository)}


def test_verify_names_the_file_that_is_wrong(run: Run, repository: Path, some_motions: list[str]):
    run("index", repository)
    assert run("verify").stdout == "OK: all files intact.\n"
    motions = next(Path(".mretrieve").rglob("motions.h5"))
    content = bytearray(motions.read_bytes())
    content[len(content) // 2] ^= 1
    motions.write_bytes(content)
    result = run("verify")
    assert result.exit_code == 1 and "motions.h5" in result.stdout
    index = Path(".mretrieve").absolute()
    assert f"1 problem found; repair the index with `mretrieve repair --index {index}`" in result.stdout
    assert run("index", repository, "--rebuild").exit_code == 0
    assert Snapshot.open(Path(".mretrieve")).clips.num_rows == 3


def test_a_rebuild_mends_an_index_whose_rows_are_lost(run: Run, repository: Path, some_motions: list[str]):
    run("index", repository)
    next(Path(".mretrieve").rglob("clips.parquet")).unlink()
    assert run("index", repository).exit_code == 2
    assert run("index", repository, "--rebuild").exit_code == 0
    assert Snapshot.open(Path(".mretrieve")).clips.num_rows == 3


def test_remove_takes_clips_out(run: Run, repository: Path, some_motions: list[str]):
    run("index", repository)
    removed = run("remove", "sub/b.bvh", "a.bvh").stdout.splitlines()
    assert removed == ["Removed a.bvh", "Removed sub/b.bvh", f"Wrote version 2 of {Path('.mretrieve').absolute()}."]
    assert Snapshot.open(Path(".mretrieve")).clips["clip"].to_pylist() == ["sub/a.bvh"]
    unknown = run("remove", "sub/c.bvh")
    assert unknown.exit_code == 2 and "sub/a.bvh" in unknown.stderr
    assert "--rebuild" in run("index", repository).stdout


def test_encoders_are_spaces_and_weights_that_info_shows(run: Run, repository: Path, some_motions: list[str]):
    pytest.importorskip("torch", reason="NO TORCH: learned encoders are not tested")
    write_encoder(Path("mine.safetensors"))
    assert run("index", repository).exit_code == 0
    made = run("index", repository, "--encoder", "pose-statistics,mine.safetensors", "--weights", "0.7,0.3")
    assert made.exit_code == 0, made.output
    assert "0 files read, 3 unchanged" in made.stdout
    combined = "Queries combine pose-statistics, mine; `mretrieve query FILE --encoder NAME` uses only one."
    assert combined in made.stdout.splitlines()
    information = run("info").stdout
    assert ", weight 0.7)" in information and "mine (8 dimensions, " in information
    encoders = json.loads(run("info", "--format", "json").stdout)["encoders"]
    assert [(one["name"], one["weight"], one["file"] is None) for one in encoders] == [
        ("pose-statistics", 0.7, True),
        ("mine", 0.3, False),
    ]
    assert run("verify").exit_code == 0
    again = run("index", repository, "--encoder", "pose-statistics", "--encoder", "mine")
    assert "Index is up to date." in again.stdout


def test_smoothing_is_a_setting_that_stays(run: Run, repository: Path, some_motions: list[str]):
    run("index", repository, "--smooth")
    assert Snapshot.open(Path(".mretrieve")).smooth
    (repository / "a.bvh").unlink()
    run("index", repository)
    assert Snapshot.open(Path(".mretrieve")).smooth
    run("index", repository, "--no-smooth")
    assert not Snapshot.open(Path(".mretrieve")).smooth


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["file"], "is a file; give the folder"),
        (["empty"], "no motion file found"),
        (["motions", "--encoder", "pose-statistic"], "did you mean pose-statistics or"),
        (["motions", "--encoder", "none.safetensors"], "none.safetensors: cannot be read"),
        (["motions", "--encoder", "file.safetensors"], "file.safetensors: is not an encoder file"),
        (["motions", "--weights", "0.7;0.3"], "--weights '0.7;0.3': give a number for each encoder"),
        (["motions", "--weights", "7,2,1"], "2 are needed, one for each of pose-statistics, part-statistics"),
        (["motions", "--labels", "none.csv"], "none.csv: cannot read the labels"),
        (["motions", "--asf", "none.asf"], "none.asf: no such file; check --asf"),
        (["motions", "--rig-map", "none.json"], "none.json: no such file; check --rig-map"),
        (["motions", "--rig-map", "file"], "file: not a rig map"),
        (["motions", "--index", "file"], "file"),
        (["motions", "--index", "/proc/index"], "/proc/index"),
        (["motions", "--index", "other"], "holds other files"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(
    run: Run, some_motions: list[str], repository: Path, arguments: list[str], complaint: str
):
    Path("motions").symlink_to(repository)
    Path("empty").mkdir()
    Path("other").mkdir()
    Path("other", "notes.txt").touch()
    Path("file").touch()
    Path("file.safetensors").touch()
    result = run("index", *arguments)
    assert result.exit_code == 2, result.output
    assert complaint in result.stderr and len(result.stderr.splitlines()) == 1
    assert not Path(".mretrieve", "manifests").exists()


@pytest.mark.parametrize("entry", ["manifests/train.json", "lock"])
def test_a_project_with_folders_of_its_own_is_refused_and_loses_nothing(
    run: Run, write_motion: WriteMotion, entry: str
):
    write_motion("a.bvh").parent.rename("mocap")
    for name in (entry, "labels/walk.csv", "encoders/resnet.pt", "shards/part-1"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name)
        os.utime(name, (0, 0))
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    for command in (["index", "mocap"], ["index", "mocap", "--rebuild"], ["info"], ["verify"], ["remove", "a.bvh"]):
        result = run(*command, "--index", ".")
        assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1, result.output
        assert "is not an index; " in result.stderr
    query = run("query", "mocap/a.bvh", "--index", ".")
    assert query.exit_code == 2 and query.stderr.endswith(
        "is not an index; name one, or make one with `mretrieve index DIR`\n"
    )
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_an_empty_folder_becomes_an_index(run: Run, repository: Path, some_motions: list[str]):
    Path("empty").mkdir()
    assert run("index", repository, "--index", "empty").exit_code == 0
    assert "3 from 3 files" in run("info", "--index", "empty").stdout


def test_old_reports_make_room_and_files_beside_them_stay(run: Run, repository: Path, write_motion: WriteMotion):
    reports = Path(".mretrieve", "reports")
    for number in range(KEPT_REPORTS + 2):
        write_motion("a.bvh", seconds=0.5, seed=number)
        assert run("index", repository).exit_code == 0
        (reports / "2024.json").write_text("of somebody else")
    kept = [f"{number:08d}.json" for number in range(3, KEPT_REPORTS + 3)]
    assert sorted(path.name for path in reports.iterdir()) == [*kept, "2024.json"]


def test_a_folder_of_nothing_but_bad_files_fails_and_says_so(run: Run, repository: Path):
    (repository / "bad.bvh").write_text("HIERARCHY\nnothing")
    result = run("index", repository)
    assert result.exit_code == 1 and "Refused: 1 file" in result.stdout
    assert "No motion file could be read, so the index has no clips." in result.stdout.splitlines()


def test_a_refused_file_is_an_error_only_if_asked_for(run: Run, repository: Path, some_motions: list[str]):
    (repository / "bad.bvh").write_text("HIERARCHY\nnothing")
    assert run("index", repository).exit_code == 0
    assert run("index", repository, "--strict").exit_code == 1
    (repository / "bad.bvh").unlink()
    assert run("index", repository, "--strict").exit_code == 0


def test_clips_are_listed_with_their_durations_and_labels(run: Run, repository: Path, some_motions: list[str]):
    (repository / "labels.csv").write_text("path,label,style\na.bvh,walk,calm\nsub/a.bvh,=SUM(A1),\n")
    run("index", repository, "--labels", repository / "labels.csv")
    assert run("list").stdout.splitlines() == [
        "duration_s  label     style  clip",
        "      1.00  walk      calm   a.bvh",
        "      1.00  =SUM(A1)         sub/a.bvh",
        "      1.00                   sub/b.bvh",
    ]
    assert run("list", "--where", "label = 'walk'", "--format", "csv").stdout == (
        "duration_s,label,style,clip\n1.00,walk,calm,a.bvh\n"
    )
    assert "'=SUM(A1)" in run("list", "--format", "csv").stdout
    listed = json.loads(run("list", "--format", "json").stdout)
    assert listed["schema"] == "mretrieve.list/1" and listed["index"] == str(Path(".mretrieve").absolute())
    assert listed["clips"][2] == {
        "clip": "sub/b.bvh",
        "file": str(repository / "sub" / "b.bvh"),
        "duration_s": 1.0,
        "fps": pytest.approx(30),
        "labels": {"label": None, "style": None},
        "lifted": False,
    }
    assert "Columns of this index" in run("list", "--where", "help").stdout
    assert run("list", "--where", "label = 'wlak'").exit_code == 2


def test_a_clip_is_removed_by_its_file_or_as_a_hit_but_only_as_a_whole(
    run: Run, repository: Path, some_motions: list[str], write_motion: WriteMotion
):
    write_motion("long.bvh", seconds=6, seed=4)
    run("index", repository)
    part = run("remove", "a.bvh@0.2-0.6")
    assert part.exit_code == 2
    assert part.stderr == "Error: a.bvh@0.2-0.6: only a part of a clip; to remove the whole clip, name a.bvh\n"
    Path("answer.json").write_text(run("query", repository / "sub" / "a.bvh", "-k", "1", "--format", "json").stdout)
    assert "Removed sub/a.bvh" in run("remove", "answer.json#1").stdout
    assert "Removed a.bvh" in run("remove", repository / "a.bvh").stdout
    other = write_motion("later.bvh", seed=5)
    assert "later.bvh: not in the index" in run("remove", other).stderr


def test_a_name_that_no_terminal_can_print_is_escaped(run: Run, repository: Path, some_motions: list[str]):
    try:
        Path(os.fsdecode(os.fsencode(repository) + b"/caf\xe9.bvh")).write_text("HIERARCHY\n")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert "caf\\udce9.bvh" in run("index", repository).stdout


def test_control_characters_in_names_are_shown_as_escapes(run: Run, repository: Path, write_motion: WriteMotion):
    write_motion("red\x1b[31m.bvh")
    run("index", repository)
    assert run("list").stdout.splitlines()[-1].endswith("  red\\x1b[31m.bvh")


def test_python_runs_the_package_as_the_command():
    run = subprocess.run([sys.executable, "-m", "mretrieve", "--version"], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("mretrieve ")
