"""The training loop: one for every encoder, and for what maps into one."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ..encoders.learned import LearnedEncoder
from ..errors import MRetrieveError
from ..motion import LabelledClip
from .averaging import RunningAverage, copied
from .checkpoint import Checkpoint, Milestone, load_checkpoint, optimiser_tensors, restore_optimiser, save_checkpoint
from .encoder_task import EncoderTask
from .optimisers import learning_rate, optimiser_of
from .recipe import Recipe
from .task import Plan, Task

Made = TypeVar("Made")


@dataclass(frozen=True)
class Progress:
    """What a listener is told after each update."""

    update: int
    updates: int
    loss: float
    held_out_map: float | None  # of the last milestone; of a mapping, the part of pieces that find their clips
    left_s: float  # at the present pace
    milestone: bool = False  # held-out clips were measured just now, and the loss is the mean since the last time


class InterruptedTrainingError(MRetrieveError):
    """A run that was asked to stop; where it keeps checkpoints, it can be taken up again."""


@dataclass(frozen=True, eq=False)
class Trained(Generic[Made]):
    """A finished run."""

    encoder: Made  # or, of `train_submotion`, the mapper
    recipe: Plan
    seed: int
    milestones: tuple[Milestone, ...]
    updates: int  # how many were made
    wall_s: float  # of all its parts, where it was interrupted


def train(
    recipe: Recipe,
    clips: Sequence[LabelledClip],
    *,
    seed: int = 0,
    held_out: Sequence[LabelledClip] = (),
    device: str = "cpu",
    minutes: float | None = None,
    checkpoint: Path | None = None,
    checkpoint_every_s: float = 20.0,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Trained[LearnedEncoder]:
    """Train an encoder.

    With the same recipe, clips, seed, number of threads and device the weights are the same bit for bit, interrupted
    and resumed or not; except with `minutes`, which ends the run by the clock.

    Args:
        recipe: what to train, see `default_recipe`.
        clips: what to train on; clips without a label are left out where the loss needs labels.
        seed: of everything that is drawn.
        held_out: clips, best of classes that are not trained on, whose retrieval (query and answer of other groups, or
            other clips where all are of one group) is measured every `validate_every` updates; the weights that were
            best there are returned.
        device: a torch device; on CUDA in mixed precision.
        minutes: end after so long, though the updates are not done.
        checkpoint: where the state is kept meanwhile; None: nowhere.
        checkpoint_every_s: how often it is written.
        resume: go on from the checkpoint, where there is one.
        progress: called after each update.
        stopped: asked after each update whether to stop there.

    Raises:
        InterruptedTrainingError: `stopped` said so; the checkpoint is written.
        MRetrieveError: too few clips or classes, or a checkpoint that does not fit.
    """
    clips = [item for item in clips if item.label or not recipe.needs_labels]
    torch.manual_seed(seed)
    task = EncoderTask(recipe, clips, held_out)
    options = RunOptions(device, minutes, checkpoint, checkpoint_every_s, resume, progress, stopped)
    return run_task(task, seed, options)


@dataclass(frozen=True)
class RunOptions:
    """How a run is made, which changes nothing of what comes out but for device and minutes: see `train`."""

    device: str = "cpu"
    minutes: float | None = None
    checkpoint: Path | None = None
    checkpoint_every_s: float = 20.0
    resume: bool = False
    progress: Callable[[Progress], None] | None = None
    stopped: Callable[[], bool] | None = None


def run_task(task: Task[Made], seed: int, options: RunOptions) -> Trained[Made]:
    """Train what a task says, whose network has its first weights. Raises what `train` does."""
    return _Run(task, seed, options).run()


class _Run(Generic[Made]):
    def __init__(self, task: Task[Made], seed: int, options: RunOptions) -> None:
        self.task, self.recipe, self.seed, self.options = task, task.recipe, seed, options
        self.device = torch.device(options.device)
        self.limit_s = None if options.minutes is None else 60.0 * options.minutes
        self.network = task.network.to(self.device)
        self.optimiser = optimiser_of(self.recipe.optimiser, self.network)
        self.average = RunningAverage(self.network, self.recipe.optimiser.averaging)
        self.milestones: list[Milestone] = []
        self.losses: list[float] = []
        self.best: dict[str, Tensor] = {}
        self.elapsed_s = 0.0

    def run(self) -> Trained[Made]:
        """Make all updates that are left."""
        checkpoint, stopped, progress = self.options.checkpoint, self.options.stopped, self.options.progress
        first = self._restore() if self.options.resume else 0
        before_s, started = self.elapsed_s, time.monotonic()
        saved = started
        update = first
        with ThreadPoolExecutor(1) as beside:
            coming = beside.submit(self._batch, first)
            while update < self.recipe.updates and not self._late and not self._stale:
                update += 1
                batch = coming.result()
                coming = beside.submit(self._batch, update)
                self.losses.append(self._update(batch, update - 1))
                now = time.monotonic()
                self.elapsed_s = before_s + now - started
                milestone = update % self.recipe.validate_every == 0 or update == self.recipe.updates or self._late
                if milestone:
                    self._measure(update)
                stop = stopped is not None and stopped()
                if checkpoint is not None and (now - saved >= self.options.checkpoint_every_s or stop):
                    self._save(checkpoint, update)
                    saved = now
                if progress is not None:
                    progress(self._told(update, update - first, self.elapsed_s - before_s, milestone))
                if stop:
                    raise InterruptedTrainingError(f"stopped after {update} of {self.recipe.updates} updates")
        if checkpoint is not None:
            self._save(checkpoint, update)
        self.average.take_over()
        if self.best:
            self.network.load_state_dict(self.best)
        made = self.task.made()
        return Trained(made, self.recipe, self.seed, tuple(self.milestones), update, self.elapsed_s)

    def _batch(self, update: int) -> Any:
        """The batch of an update: what is drawn depends on seed and update alone."""
        return self.task.draw(np.random.default_rng((self.seed, update)), update / self.recipe.updates)

    def _update(self, batch: Any, update: int) -> float:
        done = update / self.recipe.updates
        if self.limit_s is not None:
            done = min(max(done, self.elapsed_s / self.limit_s), 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.recipe.optimiser, update, done)
        self.network.train()
        torch.manual_seed(self.seed * 1_000_003 + update)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            loss = self.task.loss(batch, self.device)
        self.optimiser.zero_grad(set_to_none=True)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise MRetrieveError(
                f"training diverged: the loss of update {update + 1} is {value}; lower the learning rate, or look for "
                "motions with absurd positions among the clips"
            )
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.optimiser.largest_gradient)
        self.optimiser.step()
        self.average.update()
        return value

    def _measure(self, update: int) -> None:
        """A milestone: the mean loss, and the score on what is held out."""
        with self.average.in_place():
            score = self.task.score()
            if score is not None:
                best = max((known.held_out_map or 0.0 for known in self.milestones), default=-1.0)
                if score > best:
                    self.best = copied(self.network)
        mean = float(np.mean(self.losses)) if self.losses else float("nan")
        self.milestones.append(Milestone(update, mean, score, self.elapsed_s))
        self.losses = []

    @property
    def _late(self) -> bool:
        return self.limit_s is not None and self.elapsed_s >= self.limit_s

    @property
    def _stale(self) -> bool:
        """Whether the last `patience` milestones found nothing better (early stopping on held-out clips)."""
        scores = [known.held_out_map for known in self.milestones if known.held_out_map is not None]
        patience = self.recipe.patience
        return bool(0 < patience < len(scores) and max(scores[-patience:]) <= max(scores[:-patience]))

    def _told(self, update: int, made: int, took_s: float, milestone: bool) -> Progress:
        left_s = (self.recipe.updates - update) * took_s / max(made, 1)
        if self.limit_s is not None:
            left_s = min(left_s, max(self.limit_s - self.elapsed_s, 0.0))
        loss = self.losses[-1] if self.losses else self.milestones[-1].loss
        score = self.milestones[-1].held_out_map if self.milestones else None
        return Progress(update, self.recipe.updates, loss, score, left_s, milestone)

    def _save(self, checkpoint: Path, update: int) -> None:
        save_checkpoint(
            checkpoint,
            Checkpoint(
                self._name,
                update,
                tuple(self.milestones),
                tuple(self.losses),
                self.elapsed_s,
                copied(self.network),
                optimiser_tensors(self.optimiser),
                self.best,
                self.average.tensors,
            ),
        )

    def _restore(self) -> int:
        """Take up the checkpoint, if there is one; how many updates are done."""
        place = self.options.checkpoint
        kept = None if place is None else load_checkpoint(place, self._name)
        if kept is None:
            return 0
        self.network.load_state_dict(kept.network)
        restore_optimiser(self.optimiser, kept.optimiser)
        self.average.restore(kept.average)
        self.milestones, self.losses, self.best = list(kept.milestones), list(kept.losses), kept.best
        self.elapsed_s = kept.elapsed_s
        return kept.update

    @cached_property
    def _name(self) -> str:
        """Hash of all that decides what this run makes."""
        digest = hashlib.sha256(json.dumps([self.recipe.to_json(), self.seed], sort_keys=True).encode())
        digest.update(self.task.data_hash.encode())
        return digest.hexdigest()
