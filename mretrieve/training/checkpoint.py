"""Checkpoints: everything that a run needs to continue as if it had never stopped, in one safetensors file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..atomic_file import atomic_write
from ..errors import MRetrieveError

_FORMAT = "mretrieve-checkpoint/2"


@dataclass(frozen=True)
class Milestone:
    """The result of one validation.

    Attributes:
        update: number of the update.
        loss: mean since the milestone before.
        score: `Task.score`; None without held-out clips.
        elapsed_s: duration of the run so far.
    """

    update: int
    loss: float
    score: float | None
    elapsed_s: float


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a run after `update` updates.

    Attributes:
        run: hash of recipe, data and seed; a checkpoint of another run is refused.
        update: number of updates made.
        milestones: the validations until then.
        losses: those of the updates since the last milestone.
        elapsed_s: duration of the run so far.
        network: the network's weights.
        optimiser: the optimiser's state, by "parameter number.name".
        best: weights of the best milestone; empty if none has a score.
        average: running average of the weights; empty if none is kept.
    """

    run: str
    update: int
    milestones: tuple[Milestone, ...]
    losses: tuple[float, ...]
    elapsed_s: float
    network: dict[str, Tensor]
    optimiser: dict[str, Tensor]
    best: dict[str, Tensor]
    average: dict[str, Tensor]


#: The fields of a checkpoint that are tensors by name.
_PARTS = ("network", "optimiser", "best", "average")


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; a reader sees the old one or the complete new one, even after a power failure.

    Raises:
        MRetrieveError: the disk is full, or the folder does not exist.
    """
    tensors = {
        f"{part}/{key}": value.contiguous() for part in _PARTS for key, value in getattr(checkpoint, part).items()
    }
    state = {
        "update": checkpoint.update,
        "milestones": [asdict(milestone) for milestone in checkpoint.milestones],
        "losses": checkpoint.losses,
        "elapsed_s": checkpoint.elapsed_s,
    }
    try:
        with atomic_write(path) as beside:
            save_file(tensors, beside, {"format": _FORMAT, "run": checkpoint.run, "state": json.dumps(state)})
    except (OSError, SafetensorError) as error:
        raise MRetrieveError(f"{path}: the checkpoint cannot be written: {error}; free some space there") from None


def load_checkpoint(path: Path, run: str) -> Checkpoint | None:
    """The checkpoint of a run; None if there is none yet.

    Raises:
        MRetrieveError: the file is damaged, or of another run.
    """
    if not path.exists():
        return None
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise ValueError("its format is another one")
            if metadata.get("run") != run:
                raise MRetrieveError(
                    f"{path}: is the checkpoint of another run (other data, options or seed); give the same ones "
                    "again, or start again without --resume"
                )
            for key in file.keys():  # noqa: SIM118  no mapping
                part, name = key.split("/", 1)
                parts[part][name] = file.get_tensor(key)
        state: dict[str, Any] = json.loads(metadata["state"])
        return Checkpoint(
            run,
            int(state["update"]),
            tuple(Milestone(**milestone) for milestone in state["milestones"]),
            tuple(state["losses"]),
            float(state["elapsed_s"]),
            **parts,
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise MRetrieveError(
            f"{path}: is not a checkpoint, or damaged ({error}); start again without --resume"
        ) from None


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """All tensors of an optimiser's state by parameter number and name."""
    state = optimiser.state_dict()["state"]
    return {
        f"{number}.{name}": torch.as_tensor(value)
        for number, values in state.items()
        for name, value in values.items()
        if value is not None
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Restore what `optimiser_tensors` returned."""
    content = optimiser.state_dict()
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({**content, "state": state})
