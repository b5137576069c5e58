"""The training loop: one for every encoder and every mapping."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ..encoders.catalogue import find_spec
from ..errors import MRetrieveError
from ..motion import LabelledClip
from ..motion.view import LabelledView
from .checkpoint import (
    Checkpoint,
    Milestone,
    RunName,
    load_checkpoint,
    optimiser_tensors,
    restore_optimiser,
    save_checkpoint,
)
from .optimisation import RunningAverage, copied, learning_rate, make_optimiser
from .system import make_task
from .task import Recipe, Task

Result = TypeVar("Result")


@dataclass(frozen=True)
class TrainingProgress:
    """The state of a run after an update.

    Attributes:
        update: number of the update, from 1.
        updates: number of updates of the run.
        loss: of the update; at a milestone the mean since the milestone before.
        score: `Task.score` at the last milestone; None without held-out clips.
        score_name: what the score measures.
        left_s: time left at the present pace.
        milestone: whether the network was validated after this update.
    """

    update: int
    updates: int
    loss: float
    score: float | None
    score_name: str
    left_s: float
    milestone: bool = False


class DivergedTrainingError(MRetrieveError):
    """A loss or a gradient is not a number, or infinite."""


class InterruptedTrainingError(MRetrieveError):
    """A run was stopped; if it keeps checkpoints, it can be resumed."""


@dataclass(frozen=True, eq=False)
class Trained(Generic[Result]):
    """A finished run.

    Attributes:
        encoder: the encoder, or the mapper.
        recipe: the recipe.
        seed: the seed.
        milestones: the results of validations.
        updates: number of updates that were made.
        wall_s: duration of all parts of the run.
        report: lines about it for the card.
    """

    encoder: Result
    recipe: Recipe
    seed: int
    milestones: tuple[Milestone, ...]
    updates: int
    wall_s: float
    report: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunOptions:
    """How a run is made. Only device and minutes change its result.

    Attributes:
        device: a torch device; CUDA trains in mixed precision.
        minutes: time after which training stops before all updates are made; None for no limit.
        checkpoint: file that keeps the state of the run; None to keep none.
        checkpoint_every_s: how often it is written.
        resume: continue from the checkpoint, if there is one.
        progress: called after each update.
        warn: called with a line about a damaged checkpoint, if the one before it is used.
        stopped: called after each update; training is interrupted if it returns True.
    """

    device: str = "cpu"
    minutes: float | None = None
    checkpoint: Path | None = None
    checkpoint_every_s: float = 20.0
    resume: bool = False
    progress: Callable[[TrainingProgress], None] = lambda _: None
    warn: Callable[[str], None] = lambda _: None
    stopped: Callable[[], bool] = lambda: False


def train(
    recipe: Recipe,
    clips: Sequence[LabelledClip | LabelledView],
    *,
    seed: int = 0,
    held_out: Sequence[LabelledClip] = (),
    **options: Any,
) -> Trained[Any]:
    """Train an encoder or a mapping.

    With the same recipe, clips, seed, number of threads and device the weights are the same bit for bit, interrupted
    and resumed or not; except with `minutes`, which ends the run by the clock.

    Args:
        recipe: what to train, see `default_recipe`.
        clips: what to train on; clips without a label are left out if the recipe needs labels. A system that encodes
            views takes views too.
        seed: of everything that is drawn.
        held_out: clips, preferably of other classes, on which the network is validated every `validate_every` updates
            (query and answer in different groups, or different clips if there is one group); the weights that did
            best are returned.
        **options: fields of RunOptions.

    Raises:
        InterruptedTrainingError: `stopped` returned True; the checkpoint is written.
        DivergedTrainingError: a loss or a gradient is not finite; the checkpoint has the state before that update.
        MRetrieveError: too few clips or classes, views for a system that encodes clips only, or the checkpoint is of
            another run.
    """
    examples: list[Any] = [item for item in clips if item.label or not recipe.needs_labels]
    spec = find_spec(recipe.architecture)
    if spec is not None and spec.inputs == "clip" and any(isinstance(item, LabelledView) for item in examples):
        raise MRetrieveError(f"{recipe.architecture} encodes clips and cannot be trained on 2D views")
    clips_hash = _hash([[item.path for item in part] for part in (examples, held_out)])
    labels_hash = _hash([(item.path, item.label, item.group) for item in (*examples, *held_out)])
    return run_task(lambda: make_task(recipe, examples, held_out), seed, RunOptions(**options), clips_hash, labels_hash)


def run_task(
    make: Callable[[], Task[Result]], seed: int, options: RunOptions, clips: str = "", labels: str = ""
) -> Trained[Result]:
    """Train the task that `make` returns, which initialises its network; raises what `train` does.

    `clips` and `labels` are the hashes of RunName.
    """
    torch.manual_seed(seed)
    task = make()
    recipe = json.loads(json.dumps(task.recipe.to_json()))  # as it is read back
    return _Run(task, RunName(recipe, seed, clips, labels, task.data_hash), options).run()


def _hash(values: Sequence[object]) -> str:
    return hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).hexdigest()


class _Run(Generic[Result]):
    def __init__(self, task: Task[Result], name: RunName, options: RunOptions) -> None:
        self.task, self.recipe, self.name, self.seed, self.options = task, task.recipe, name, name.seed, options
        self.device = torch.device(options.device)
        self.limit_s = None if options.minutes is None else 60.0 * options.minutes
        self.network = task.network.to(self.device)
        self.optimiser = make_optimiser(self.recipe.optimiser, self.network)
        self.average = RunningAverage(self.network, self.recipe.optimiser.averaging)
        self.milestones: list[Milestone] = []
        self.losses: list[float] = []
        self.best: dict[str, Tensor] = {}
        self.elapsed_s = 0.0

    def run(self) -> Trained[Result]:
        """Make all updates that are left."""
        update = first = self._restore() if self.options.resume else 0
        before_s, saved = self.elapsed_s, time.monotonic()
        started = saved
        with ThreadPoolExecutor(1) as background:
            coming = background.submit(self._batch, first)
            while update < self.recipe.updates and not self._out_of_time and not self._patience_exhausted:
                update += 1
                batch = coming.result()
                coming = background.submit(self._batch, update)
                buffers = [buffer.clone() for buffer in self.network.buffers()]  # statistics, which a loss changes
                try:
                    self.losses.append(self._update(batch, update - 1))
                except DivergedTrainingError as error:
                    for buffer, before in zip(self.network.buffers(), buffers, strict=True):
                        buffer.copy_(before)
                    self._save(update - 1)
                    raise DivergedTrainingError(f"{error}{self._kept(update - 1)}") from None
                now = time.monotonic()
                self.elapsed_s = before_s + now - started
                last = update == self.recipe.updates or self._out_of_time
                milestone = last or update % self.recipe.validate_every == 0
                if milestone:
                    self._measure(update)
                stop = self.options.stopped()
                if stop or now - saved >= self.options.checkpoint_every_s:
                    self._save(update)
                    saved = now
                self.options.progress(self._progress(update, update - first, self.elapsed_s - before_s, milestone))
                if stop:
                    raise InterruptedTrainingError(f"stopped after {update} of {self.recipe.updates} updates")
        self._save(update)
        self.average.take_over()
        if self.best:
            self.network.load_state_dict(self.best)
        result = self.task.result()
        report = self.task.report(result)
        return Trained(result, self.recipe, self.seed, tuple(self.milestones), update, self.elapsed_s, report)

    def _batch(self, update: int) -> Any:
        """The batch of an update, which depends on seed and update alone."""
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
        self._require_finite("loss", update, value)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.optimiser.largest_gradient)
        self._require_finite("gradient", update, float(norm))  # else the weights would not be numbers after the step
        self.optimiser.step()
        self.average.update()
        return value

    @staticmethod
    def _require_finite(what: str, update: int, value: float) -> None:
        if not math.isfinite(value):
            raise DivergedTrainingError(
                f"training diverged: the {what} of update {update + 1} is {value}; lower the learning rate, or look "
                "for motions with absurd positions among the clips"
            )

    def _kept(self, update: int) -> str:
        """Where the state before a failed update is."""
        path = self.options.checkpoint
        return "" if path is None else f". The state after {update} updates is kept in {path}"

    def _measure(self, update: int) -> None:
        """A milestone: the mean loss, and the score on held-out clips."""
        with self.average.in_place():
            score = self.task.score()
            if score is not None:
                best = max((known.score or 0.0 for known in self.milestones), default=-1.0)
                if score > best:
                    self.best = copied(self.network)
        mean = float(np.mean(self.losses)) if self.losses else float("nan")
        self.milestones.append(Milestone(update, mean, score, self.elapsed_s))
        self.losses = []

    @property
    def _out_of_time(self) -> bool:
        return self.limit_s is not None and self.elapsed_s >= self.limit_s

    @property
    def _patience_exhausted(self) -> bool:
        """Whether the last `patience` milestones brought no improvement (early stopping on held-out clips)."""
        scores = [known.score for known in self.milestones if known.score is not None]
        patience = self.recipe.patience
        return bool(0 < patience < len(scores) and max(scores[-patience:]) <= max(scores[:-patience]))

    def _progress(self, update: int, made: int, took_s: float, milestone: bool) -> TrainingProgress:
        left_s = (self.recipe.updates - update) * took_s / max(made, 1)
        if self.limit_s is not None:
            left_s = min(left_s, max(self.limit_s - self.elapsed_s, 0.0))
        loss = self.losses[-1] if self.losses else self.milestones[-1].loss
        score = self.milestones[-1].score if self.milestones else None
        return TrainingProgress(update, self.recipe.updates, loss, score, self.task.score_name, left_s, milestone)

    def _save(self, update: int) -> None:
        """Write the checkpoint, if one is kept."""
        if self.options.checkpoint is None:
            return
        checkpoint = Checkpoint(
            self.name,
            update,
            tuple(self.milestones),
            tuple(self.losses),
            self.elapsed_s,
            copied(self.network),
            optimiser_tensors(self.optimiser),
            self.best,
            self.average.tensors,
        )
        save_checkpoint(self.options.checkpoint, checkpoint)

    def _restore(self) -> int:
        """Restore the checkpoint, if there is one; returns the number of updates made."""
        path = self.options.checkpoint
        kept = None if path is None else load_checkpoint(path, self.name, self.options.warn)
        if kept is None:
            return 0
        self.network.load_state_dict(kept.network)
        restore_optimiser(self.optimiser, kept.optimiser)
        self.average.restore(kept.average)
        self.milestones, self.losses, self.best = list(kept.milestones), list(kept.losses), kept.best
        self.elapsed_s = kept.elapsed_s
        return kept.update
