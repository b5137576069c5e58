"""The demo library: the same bytes each time, a label for every file, moments of takes where they are said to be."""

import csv
import hashlib

import numpy as np
import pytest
from click.testing import CliRunner

from mretrieve.cli.demo import demo as demo_command
from mretrieve.demo import KINDS, STYLES, make_library
from mretrieve.demo.library import PERFORMERS, QUERY_PERFORMER, QUERY_RECIPE
from mretrieve.formats import read
from mretrieve.motion import canonicalise
from mretrieve.motion.skeleton import joint


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def library(demo):
    return demo.folder / "library", demo.motions


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """The folder that the command made a library and a query in, and what it printed."""
    folder = tmp_path_factory.mktemp("command")
    run = CliRunner().invoke(demo_command, [str(folder)])
    assert run.exit_code == 0, run.output
    return folder, run.output


def test_the_library_and_the_query_are_the_same_to_the_byte(demo, command):
    assert digests(command[0]) == digests(demo.folder)


def test_another_seed_makes_another_library(library, tmp_path):
    motions = make_library(tmp_path, clips_per_kind=1, seed=1)
    names = {path.relative_to(tmp_path).as_posix() for path in motions}
    first, second = digests(library[0]), digests(tmp_path)
    assert names & set(first)
    assert {second[name] for name in names}.isdisjoint(first.values())


def test_the_library_is_small_and_broad(library):
    folder, paths = library
    assert 100 <= len(paths) <= 150
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 40e6
    labels = rows(folder / "labels.csv")
    assert {row["label"] for row in labels} == {*KINDS, "take"}
    assert {row["style"] for row in labels} == set(STYLES)
    assert {row["side"] for row in labels if row["label"] == "kick"} == {"left", "right"}
    assert {path.suffix for path in paths} == {".bvh", ".amc"}


def test_every_file_is_labelled_and_every_label_has_its_file(library):
    folder, paths = library
    labels = rows(folder / "labels.csv")
    motions = {path for path in folder.rglob("*") if path.suffix in (".bvh", ".amc")}
    assert [folder / row["path"] for row in labels] == paths
    assert set(paths) == motions
    assert all(row["label"] and row["style"] and row["performer"] for row in labels)


def test_every_file_can_be_read_and_made_canonical(library):
    for path in library[1][:: len(PERFORMERS) - 1]:
        (motion,) = read(path)
        clip = canonicalise(motion)
        assert clip.observed.all()
        assert clip.start_s == 0.0
        assert np.isfinite(clip.positions).all()


def test_long_takes_last_one_or_two_minutes(library):
    for path in library[1]:
        if "_take_" in path.name:
            assert 60 <= read(path)[0].duration_s <= 120


def test_moments_of_the_takes_are_where_the_csv_says(library):
    folder, _ = library
    for row in rows(folder / "moments.csv"):
        (motion,) = read(folder / row["path"])
        start_s, end_s = float(row["start_s"]), float(row["end_s"])
        assert 0 <= start_s < end_s <= motion.duration_s
        positions = canonicalise(motion).positions
        inside = positions[round(start_s * 30) : round(end_s * 30)]
        pelvis = inside[:, joint("pelvis")]
        if row["label"] in ("walk", "run"):
            assert np.linalg.norm(pelvis[-1] - pelvis[0]) > 2.0
        if row["label"] in ("squat", "sit"):
            assert np.ptp(pelvis[:, 1]) > 0.2
        if row["label"] == "kick":
            assert inside[:, joint(f"{row['side']}_ankle"), 1].max() > 0.4


def test_the_query_is_of_a_body_a_rig_and_a_performance_that_the_library_lacks(library, demo):
    path = demo.query
    clip = canonicalise(read(path)[0])
    assert clip.observed.all()
    assert 1 < clip.duration_s < 1.5
    assert QUERY_PERFORMER.template not in {performer.template for performer in PERFORMERS}
    assert QUERY_PERFORMER.body not in {performer.body for performer in PERFORMERS}
    assert hashlib.sha256(path.read_bytes()).hexdigest() not in digests(library[0]).values()
    assert QUERY_RECIPE.kind in {row["label"] for row in rows(library[0] / "labels.csv")}


def test_the_command_says_what_it_made_and_what_to_type_next(command):
    folder, output = command
    assert f"mretrieve index {folder / 'library'}" in output
    query = folder / "zoe_kick.bvh"
    assert f"mretrieve query {query}" in output
    assert query.is_file()
    assert (folder / "library" / "labels.csv").is_file()
