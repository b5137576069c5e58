"""`mretrieve train`, typed as a user types it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import Run
from support.training_command import IN_AN_UPDATE, IN_WRITING_A_CHECKPOINT, Train, killed, stopped

from mretrieve.encoders.weights_file import read_encoder

# -- a training --------------------------------------------------------------------------------------------------------


def test_the_encoder_of_a_training_indexes_and_answers_at_once(train: Train, mretrieve: Run, here: Path):
    run = train(
        "gru", "motions", "--labels", "labels.csv", "--licence", "CC0", "--out", "dances.safetensors", folder=here
    )
    assert run.exit_code == 0, run.stderr
    told = run.stderr.splitlines()
    assert told[0].startswith("motions/damaged.bvh:")
    assert re.match(r"10 clips, 0\.\d minutes; 10 have a label of 5 classes \(label\); groups by performer", told[1])
    assert [line.split(":")[0] for line in told[2:]] == ["update 3 of 6", "update 6 of 6"]
    assert run.stdout.splitlines()[0].startswith("dances.safetensors: gru, 6 updates in ")
    assert run.stdout.splitlines()[-1] == "To use it: mretrieve index FOLDER --encoder ./dances.safetensors"
    card = read_encoder(here / "dances.safetensors").card
    assert card["encoder"] == "dances" and card["data"]["licence"] == "CC0" and card["data"]["clips"] == 10
    assert card["command"].startswith("mretrieve train gru motions --labels labels.csv --licence CC0")
    assert (here / "dances.card.md").read_text(encoding="utf-8").startswith("# dances\n")
    assert not list(here.glob("*.checkpoint"))
    made = mretrieve("index", "motions", "--encoder", "./dances.safetensors", folder=here)
    assert made.returncode == 0, made.stderr
    clip = next((here / "motions").glob("*kick*"))
    asked = mretrieve("query", clip, "--format", "csv", folder=here)
    assert asked.returncode == 0 and clip.name in asked.stdout.splitlines()[1]


@pytest.mark.parametrize(
    "words",
    [
        ("mmd-nca", "--kernel", "linear", "--no-attention", "--no-layer-norm", "--mirror"),
        ("mmd-nca", "--loss", "triplet-gor"),
        ("deephums",),
        ("deephums", "--loss", "n-pair"),
        ("gru", "--loss", "mmd-nca", "--group-column", "label"),
    ],
    ids=" ".join,
)
def test_every_encoder_and_option_makes_a_file(train: Train, here: Path, words: tuple[str, ...]):
    run = train(words[0], "motions", "--labels", "labels.csv", *words[1:], "--updates", "2", folder=here)
    assert run.exit_code == 0, run.stderr
    recipe = read_encoder(here / "encoder.safetensors").card["recipe"]
    assert recipe["architecture"] == words[0] and recipe["updates"] == 2
    if "--no-attention" in words:
        assert recipe["network"]["attention"] is recipe["network"]["layer_norm"] is False
        assert recipe["objective"]["kernel"] == "linear" and recipe["augment"]["mirror"] is True
    if "--loss" in words:
        assert recipe["objective"]["name"] == words[words.index("--loss") + 1]


def test_deephums_needs_no_labels(train: Train, here: Path):
    run = train("deephums", "motions", folder=here)
    assert run.exit_code == 0, run.stderr
    card = read_encoder(here / "encoder.safetensors").card
    assert card["data"]["unlabelled"] == 10 and card["recipe"]["objective"]["class_weight"] == 0


def test_held_out_classes_are_measured_beside_the_default_encoder(train: Train, here: Path):
    run = train("gru", "motions", "--labels", "labels.csv", "--holdout-classes", "kick, jump", folder=here)
    assert run.exit_code == 0, run.stderr
    assert "held-out mAP" in run.stderr
    assert re.search(r"Held out \(jump, kick; 4 queries\): encoder mAP .*pose-statistics mAP", run.stdout)
    card = read_encoder(here / "encoder.safetensors").card
    assert set(card["data"]["classes"]) == {"wave", "bow", "squat"} and card["data"]["held_out"] == {
        "jump": 2,
        "kick": 2,
    }
    assert [one["encoder"] for one in card["held_out"]] == ["encoder", "pose-statistics"]


def test_several_folders_are_one_set(train: Train, here: Path):
    (here / "more").mkdir()
    for path in sorted((here / "motions").glob("*_0[12].*"))[:2]:
        shutil.copy(path, here / "more" / f"new{path.suffix}")
    run = train("gru", "motions", "more", "--labels", "labels.csv", folder=here)
    assert run.exit_code == 0, run.stderr
    data = read_encoder(here / "encoder.safetensors").card["data"]
    assert data["folders"] == ["motions", "more"] and data["clips"] == 10


# -- interruptions -----------------------------------------------------------------------------------------------------

LONG = ("gru", "motions", "--labels", "labels.csv", "--holdout-classes", "wave,bow", "--updates", "24")


def test_a_killed_run_that_is_resumed_gives_the_file_of_one_that_was_not_killed(train: Train, here: Path):
    whole = train(*LONG, folder=here)
    assert whole.exit_code == 0, whole.stderr
    assert "update 3 of 24" in whole.stderr
    expected = {path: (here / path).read_bytes() for path in ("encoder.safetensors", "encoder.card.md")}
    for path in expected:
        (here / path).unlink()
    calls = [(IN_AN_UPDATE, 7), (IN_WRITING_A_CHECKPOINT, 1), (IN_WRITING_A_CHECKPOINT, 15)]
    ends = killed(*LONG, "--checkpoint-every", "0", "--resume", folder=here, calls=calls)
    assert ends == [-signal.SIGKILL] * 3
    assert (here / "encoder.safetensors.checkpoint").exists() and not (here / "encoder.safetensors").exists()
    resumed = train(*LONG, "--resume", folder=here)
    assert resumed.exit_code == 0, resumed.stderr
    assert "update 15 of 24" in resumed.stderr and "update 12 of 24" not in resumed.stderr  # 6 and 7 were done
    assert {path: (here / path).read_bytes() for path in expected} == expected


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_keeps_what_is_learned_and_says_how_to_go_on(train: Train, here: Path, number: signal.Signals):
    run = stopped(train, *LONG, folder=here, number=number, update=7)
    assert run.exit_code == 128 + number, run.stderr
    assert "Interrupted: stopped after 7 of 24 updates, which is not a usable encoder yet" in run.stdout
    assert f"mretrieve train {' '.join(LONG)}" in run.stdout and run.stdout.rstrip().endswith("--resume")
    assert "Traceback" not in run.stderr and "Stopping; progress is saved" in run.stderr
    assert not (here / "encoder.safetensors").exists()
    again = train(*LONG, "--resume", folder=here)
    assert again.exit_code == 0, again.stderr
    assert "update 9 of 24" in again.stderr and "update 6 of 24" not in again.stderr


def test_resuming_with_other_words_is_refused_and_a_fresh_start_says_what_it_leaves(train: Train, here: Path):
    run = stopped(train, *LONG, folder=here, number=signal.SIGINT, update=7)
    assert run.exit_code == 128 + signal.SIGINT
    refused = train(*LONG, "--resume", "--seed", "1", folder=here)
    assert refused.exit_code == 2 and "is the checkpoint of another run" in refused.stderr.splitlines()[-1]
    fresh = train(*LONG[:-1], "2", folder=here)
    assert fresh.exit_code == 0 and "--resume would continue this training" in fresh.stderr


def test_a_run_that_minutes_stop_far_from_done_says_so_and_can_be_resumed(train: Train, here: Path):
    words = (*LONG[:-1], "5000")
    run = train(*words, "--minutes", "0.01", folder=here)
    assert run.exit_code == 0, run.stderr
    assert "of 5000 updates: this is not a usable encoder yet. To continue, with more --minutes:" in run.stdout
    assert "To use it:" not in run.stdout and (here / "encoder.safetensors.checkpoint").exists()
    resumed = train(*words, "--minutes", "0.02", "--resume", folder=here)
    assert resumed.exit_code == 0, resumed.stderr


# -- mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gru", "motions"), "gru learns from labels: add --labels FILE.csv, or train deephums"),
        (("gru", "motions", "--labels", "none.csv"), "none.csv: cannot read the labels: No such file"),
        (("gru", "nowhere", "--labels", "labels.csv"), "nowhere: no such folder"),
        (("gru", "motions", "--labels", "labels.csv", "--label-column", "action"), "no column 'action'; it has label"),
        (("gru", "motions", "--labels", "labels.csv", "--group-column", "actor"), "no column 'actor'; it has label"),
        (("gru", "motions", "--labels", "labels.csv", "--holdout-classes", "kik"), "no clip has the label 'kik'"),
        (
            ("gru", "motions", "--labels", "labels.csv", "--holdout-classes", "kick,jump,wave,bow"),
            "two classes or more, and 2 clips have 1",
        ),
        (("gru", "motions", "--labels", "foreign.csv"), "no such file in motions: 'a.bvh'"),
        (("gru", "motions", "--labels", "labels.csv", "--out", "encoder"), "must end in .safetensors"),
        (
            ("gru", "motions", "--labels", "labels.csv", "--out", "no/e.safetensors"),
            "no: not a writable folder",
        ),
        (("gru", "motions", "--labels", "labels.csv", "--no-attention"), "No such option"),
        (
            ("mmd-nca", "motions", "--labels", "labels.csv", "--kernel", "rbf", "--loss", "supcon"),
            "kernel is a setting of the loss mmd-nca",
        ),
        (("gru", "motions", "--labels", "labels.csv", "--patience", "3"), "name some with --holdout-classes"),
        (("deephums", "motions", "--loss", "triplet"), "the loss triplet learns from labels: add --labels FILE.csv"),
        (("deephums", "motions", "--holdout-classes", "kick"), "--holdout-classes is about labels"),
        (("deephums", "motions", "--group-column", "performer"), "--group-column is about labels"),
        (("auto", "motions", "--labels", "labels.csv", "--updates", "5"), "No such option"),
        (("auto", "motions"), "auto learns from labels"),
        (("deephums", "empty"), "empty: no motion file that can be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_answered_in_one_line(train: Train, motions: Path, words: tuple[str, ...], said: str):
    (motions / "foreign.csv").write_text("path,label\na.bvh,x\n")
    (motions / "empty").mkdir(exist_ok=True)
    run = train(*words, folder=motions)
    assert run.exit_code == 2 and "Traceback" not in run.stderr
    assert run.stderr.splitlines()[-1].startswith("Error: ") and said in run.stderr.splitlines()[-1]
    assert not list(motions.glob("*.safetensors*"))


def test_an_unknown_encoder_is_answered_with_the_known_ones(train: Train, motions: Path):
    run = train("lstm", "motions", folder=motions)
    assert run.exit_code == 2 and "choose one of auto, mmd-nca, deephums, gru, skip-pose" in run.stderr


def test_without_tensorboard_its_option_says_what_to_install(train: Train, here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    run = train("gru", "motions", "--labels", "labels.csv", "--tensorboard", "curves", folder=here)
    assert run.exit_code == 2 and run.stderr.splitlines()[-1].endswith("install it with: pip install tensorboard")


def test_without_torch_it_says_what_to_install(here: Path):
    program = "import sys; sys.modules['torch'] = None; from mretrieve.cli import main; main()"
    words = ["train", "gru", "motions", "--labels", "labels.csv"]
    run = subprocess.run([sys.executable, "-c", program, *words], cwd=here, capture_output=True, text=True)
    assert (
        run.returncode == 2 and "pip install 'mretrieve-mocap[learned]'" in run.stderr and "Traceback" not in run.stderr
    )


# -- help --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoder", "own", "foreign"),
    [
        ("mmd-nca", ["--kernel", "--no-attention", "--loss", "--updates"], ["--over"]),
        ("gru", ["--loss", "--mirror", "--resume"], ["--kernel", "--no-attention", "--over"]),
        ("submotion", ["--over", "--updates"], ["--loss", "--mirror", "--kernel"]),
        ("auto", ["--minutes", "--labels"], ["--updates", "--resume", "--loss", "--device"]),
    ],
)
def test_the_help_of_an_encoder_shows_its_own_options(
    train: Train, here: Path, encoder: str, own: list[str], foreign: list[str]
):
    words = train(encoder, "--help", folder=here).stdout.split()
    assert set(own) <= set(words) and not set(foreign) & set(words)


def test_help_lists_the_encoders_without_loading_torch(here: Path):
    program = (
        "import sys; from mretrieve.cli import main\n"
        "for words in (['train', '--help'], ['train', 'mmd-nca', '--help']): main(words, standalone_mode=False)\n"
        "assert 'torch' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert all(f"  {name} " in run.stdout for name in ("auto", "mmd-nca", "deephums", "gru", "submotion"))


# -- auto --------------------------------------------------------------------------------------------------------------


def test_auto_says_what_it_found_and_writes_a_file_only_where_something_was_gained(train: Train, here: Path):
    run = train("auto", "motions", "--labels", "labels.csv", "--minutes", "0.05", folder=here)
    assert run.exit_code == 0, run.stderr
    assert "pose-statistics" in run.stdout
    written = (here / "encoder.safetensors").exists()
    assert written != ("encoder.safetensors is not written: index without --encoder" in run.stdout)
    if written:
        assert read_encoder(here / "encoder.safetensors").card["report"]
