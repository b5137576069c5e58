"""The card of a trained encoder, and its file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.labelled_bodies import labelled_clips, small

from mretrieve import MRetrieveError
from mretrieve.encoders.weights_file import read_encoder
from mretrieve.training import Trained, train
from mretrieve.training.card import Card, data_card, retrieval, save_encoder, training_card
from mretrieve.training.held_out import clips_hash

CLIPS = [*labelled_clips(), *(replace(item, label="") for item in labelled_clips(classes=1, first=20))]
HELD_OUT = labelled_clips(classes=2, first=10)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(small("gru"), CLIPS, held_out=HELD_OUT, seed=5)


@pytest.fixture(scope="module")
def card(trained: Trained) -> Card:
    data = data_card(["motions"], CLIPS, HELD_OUT, "CC BY 4.0")
    measured = retrieval("gru", trained.encoder, HELD_OUT)
    assert measured is not None
    return training_card(trained, data, "mretrieve train gru motions", held_out=(measured,))


def test_it_says_what_it_was_trained_on(card: Card):
    data = card.data
    assert (data.clips, data.unlabelled, data.groups) == (20, 4, 2)
    assert data.classes == {f"class{number}": 4 for number in range(4)}
    assert data.held_out == {"class10": 4, "class11": 4}
    assert data.seconds == pytest.approx(sum(item.clip.frame_count for item in CLIPS) / 30)
    assert data.licence == "CC BY 4.0" and data.sha256 == clips_hash([*CLIPS, *HELD_OUT])
    assert data_card(["a"], CLIPS, [], None).licence == "not stated"


def test_it_says_how(card: Card, trained: Trained):
    assert (card.seed, card.updates, card.device) == (5, 6, "cpu")
    assert card.fingerprint == trained.encoder.fingerprint and len(card.fingerprint) == 64
    assert card.recipe["objective"]["name"] == "supcon"
    assert set(card.versions) == {"mretrieve", "torch", "numpy", "Python"}
    assert [update for update, _, _ in card.milestones] == [2, 4, 6]
    assert card.final_loss == trained.milestones[-1].loss


def test_it_says_how_good(card: Card, trained: Trained):
    best = max(one.score or 0 for one in trained.milestones)
    assert card.held_out[0].mean_average_precision == pytest.approx(best, abs=1e-6)
    assert card.held_out[0].queries == 8
    assert retrieval("gru", trained.encoder, []) is None


def test_nothing_in_it_depends_on_when_it_was_made(card: Card):
    again = train(small("gru"), CLIPS, held_out=HELD_OUT, seed=5)
    made = training_card(again, card.data, card.command, held_out=card.held_out)
    assert made == card and made.to_markdown() == card.to_markdown()


def test_it_is_strict_json(card: Card):
    broken = replace(card, recipe={"gain": float("nan")}).to_json()
    assert json.loads(json.dumps(broken, allow_nan=False))["recipe"] == {"gain": None}
    assert card.to_json()["data"]["classes"]["class0"] == 4


def test_it_can_be_read(card: Card):
    text = card.to_markdown()
    for said in (
        "# gru",
        "20 clips",
        "CC BY 4.0",
        "class0 (4)",
        "class10 (4)",
        card.command,
        card.fingerprint,
        "| gru |",
    ):
        assert said in text


def test_the_file_holds_encoder_and_card_and_the_card_lies_beside(card: Card, trained: Trained, tmp_path: Path):
    save_encoder(tmp_path / "mine.v2.safetensors", trained.encoder, card)
    read = read_encoder(tmp_path / "mine.v2.safetensors")
    assert read.card == card.to_json() and read.encoder.fingerprint == card.fingerprint
    assert (tmp_path / "mine.v2.card.md").read_text(encoding="utf-8") == card.to_markdown()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_failing_write_keeps_the_old_file(
    card: Card, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place = tmp_path / "mine.safetensors"
    place.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mretrieve.atomic_file.os.fsync", fail)
    with pytest.raises(MRetrieveError, match=r"mine.safetensors: cannot be written: No space left"):
        save_encoder(place, trained.encoder, card)
    assert place.read_bytes() == b"old" and list(tmp_path.iterdir()) == [place]
