"""Checkpoint files: whole or old, refused when damaged, never executed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mretrieve import MRetrieveError
from mretrieve.training.checkpoint import (
    Checkpoint,
    Milestone,
    RunName,
    discard_checkpoints,
    load_checkpoint,
    optimiser_tensors,
    previous_checkpoint,
    restore_optimiser,
    save_checkpoint,
)

RUN = RunName({"updates": 20, "optimiser": {"rate": 0.01}}, 3, "clips", "labels", "data")


def checkpoint() -> Checkpoint:
    weights = {"a.weight": torch.arange(6.0).view(2, 3), "steps": torch.tensor(7)}
    best = {key: value + 1 for key, value in weights.items()}
    optimiser, average = {"0.step": torch.tensor(12.0)}, {"n_averaged": torch.tensor(12)}
    milestones = (Milestone(5, 0.1, None, 1.5), Milestone(10, 1 / 3, 0.75, 3.0))
    return Checkpoint(RUN, 12, milestones, (0.1, 1e-17), 3.25, weights, optimiser, best, average)


def test_what_is_read_is_what_was_written_bit_for_bit(tmp_path: Path):
    written = checkpoint()
    save_checkpoint(tmp_path / "c", written)
    read = load_checkpoint(tmp_path / "c", RUN)
    assert read is not None
    assert read != written  # identity: tensors are compared one by one
    for name in ("run", "update", "milestones", "losses", "elapsed_s"):
        assert getattr(read, name) == getattr(written, name)
    for part in ("network", "optimiser", "best", "average"):
        ours, theirs = getattr(written, part), getattr(read, part)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) and ours[key].dtype == theirs[key].dtype for key in ours)


def test_there_is_none_before_the_first(tmp_path: Path):
    assert load_checkpoint(tmp_path / "c", RUN) is None


def test_a_failing_write_keeps_the_old_one_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = tmp_path / "c"
    save_checkpoint(place, checkpoint())

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mretrieve.atomic_file.os.fsync", fail)
    with pytest.raises(MRetrieveError, match=r"cannot be written.*No space left.*free some space"):
        save_checkpoint(place, replace(checkpoint(), update=99))
    kept = load_checkpoint(place, RUN)
    assert kept is not None and kept.update == 12
    assert list(tmp_path.iterdir()) == [place]


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path):
    with pytest.raises(MRetrieveError, match="cannot be written"):
        save_checkpoint(tmp_path / "no" / "c", checkpoint())


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (replace(RUN, seed=4), "seed 4 instead of 3"),
        (replace(RUN, recipe={"updates": 9, "optimiser": {"rate": 0.01}}), "updates 9 instead of 20"),
        (replace(RUN, recipe={"updates": 20, "optimiser": {"rate": 0.1}}), r"optimiser\.rate 0\.1 instead of 0\.01"),
        (replace(RUN, clips="others", data="others"), "clips"),
        (replace(RUN, labels="others", data="others"), "labels"),
        (replace(RUN, clips="others", labels="others", data="others"), "clips, labels"),
        (replace(RUN, data="others"), "motions or starting weights"),
    ],
)
def test_another_runs_checkpoint_is_refused_and_what_differs_is_named(other: RunName, says: str, tmp_path: Path):
    save_checkpoint(tmp_path / "c", checkpoint())
    with pytest.raises(MRetrieveError, match=rf"another run: {says}; give the same .* without --resume"):
        load_checkpoint(tmp_path / "c", other)


def test_a_damaged_one_is_passed_over_for_the_one_before(tmp_path: Path):
    place, warnings = tmp_path / "c", list[str]()
    for update in (11, 12, 13):
        save_checkpoint(place, replace(checkpoint(), update=update))
    place.write_bytes(place.read_bytes()[:-1])
    kept = load_checkpoint(place, RUN, warnings.append)
    assert kept is not None and kept.update == 12
    assert len(warnings) == 1 and "damaged" in warnings[0] and "the one before it, of update 12" in warnings[0]
    save_checkpoint(place, replace(checkpoint(), update=14))
    place.unlink()  # the damaged one has not pushed out the one that was used
    again = load_checkpoint(place, RUN)
    assert again is not None and again.update == 12


def test_two_damaged_ones_are_refused(tmp_path: Path):
    place = tmp_path / "c"
    for _ in range(2):
        save_checkpoint(place, checkpoint())
    place.write_bytes(b"")
    previous_checkpoint(place).write_bytes(b"")
    with pytest.raises(MRetrieveError, match=r"c: is not a checkpoint, or damaged .*; start again without --resume"):
        load_checkpoint(place, RUN)


def test_both_are_discarded(tmp_path: Path):
    for _ in range(2):
        save_checkpoint(tmp_path / "c", checkpoint())
    discard_checkpoints(tmp_path / "c")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04\x95", b"\xff" * 64])
def test_what_is_no_checkpoint_is_refused(content: bytes, tmp_path: Path):
    (tmp_path / "c").write_bytes(content)
    with pytest.raises(MRetrieveError, match=r"not a checkpoint, or damaged.*--resume"):
        load_checkpoint(tmp_path / "c", RUN)


def test_every_damage_is_refused_in_one_line(tmp_path: Path):
    place = tmp_path / "c"
    save_checkpoint(place, checkpoint())
    whole = place.read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(200):
        damaged = bytearray(whole)
        for position in generator.integers(len(whole), size=generator.integers(1, 4)):
            damaged[position] ^= generator.integers(1, 256)
        place.write_bytes(damaged[: generator.integers(len(whole))] if generator.random() < 0.3 else damaged)
        with pytest.raises(MRetrieveError) as error:
            load_checkpoint(place, RUN)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", [torch.optim.AdamW, lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9)])
def test_an_optimiser_goes_on_as_if_it_had_never_stopped(kind):
    def network() -> nn.Linear:
        torch.manual_seed(0)
        return nn.Linear(3, 2)

    def step(layer: nn.Linear, optimiser: torch.optim.Optimizer) -> None:
        optimiser.zero_grad()
        (layer(torch.ones(4, 3)) ** 2).sum().backward()
        optimiser.step()

    straight, stopped = network(), network()
    one, two = kind(straight.parameters(), lr=0.01), kind(stopped.parameters(), lr=0.01)
    for _ in range(3):
        step(straight, one)
        step(stopped, two)
    fresh = kind(stopped.parameters(), lr=0.01)
    restore_optimiser(fresh, {key: value.clone() for key, value in optimiser_tensors(two).items()})
    for _ in range(3):
        step(straight, one)
        step(stopped, fresh)
    assert torch.equal(straight.weight, stopped.weight)
