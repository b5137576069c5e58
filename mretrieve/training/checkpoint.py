"""Checkpoints: everything that a run needs to go on as if it had never stopped, in one safetensors file."""

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

_FORMAT = "mretrieve-checkpoint/1"


@dataclass(frozen=True)
class Milestone:
    """What was measured at one update."""

    update: int
    loss: float  # mean since the milestone before
    held_out_map: float | None  # mean average precision of the held-out clips; None where there are none
    elapsed_s: float


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a run after `update` updates."""

    run: str  # hash of recipe, data and seed: a checkpoint of another run is refused
    update: int
    milestones: tuple[Milestone, ...]
    losses: tuple[float, ...]  # of the updates since the last milestone
    elapsed_s: float
    network: dict[str, Tensor]
    optimiser: dict[str, Tensor]  # "parameter number.name"
    best: dict[str, Tensor]  # weights of the best milestone; empty where none was measured
    average: dict[str, Tensor]  # running average of the weights; empty where none is kept


#: The fields of a checkpoint that are tensors by name.
_PARTS = ("network", "optimiser", "best", "average")


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint: the file is the old one or the new one, whenever the power goes.

    Raises:
        MRetrieveError: the disk is full, or the folder is not there.
    """
    tensors = {
        f"{part}/{key}": value.contiguous() for part in _PARTS for key, value in getattr(checkpoint, part).items()
    }
    said = {
        "update": checkpoint.update,
        "milestones": [asdict(milestone) for milestone in checkpoint.milestones],
        "losses": checkpoint.losses,
        "elapsed_s": checkpoint.elapsed_s,
    }
    try:
        with atomic_write(path) as beside:
            save_file(tensors, beside, {"format": _FORMAT, "run": checkpoint.run, "said": json.dumps(said)})
    except (OSError, SafetensorError) as error:
        raise MRetrieveError(f"{path}: the checkpoint cannot be written: {error}; free some space there") from None


def load_checkpoint(path: Path, run: str) -> Checkpoint | None:
    """The checkpoint of a run; None where there is none yet.

    Raises:
        MRetrieveError: the file is damaged, or another run's.
    """
    if not path.exists():
        return None
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise ValueError("no checkpoint")
            if metadata.get("run") != run:
                raise MRetrieveError(
                    f"{path}: is the checkpoint of another run (other data, options or seed); give the same ones "
                    "again, or start afresh without --resume"
                )
            for key in file.keys():  # noqa: SIM118  no mapping
                part, name = key.split("/", 1)
                parts[part][name] = file.get_tensor(key)
        said: dict[str, Any] = json.loads(metadata["said"])
        return Checkpoint(
            run,
            int(said["update"]),
            tuple(Milestone(**milestone) for milestone in said["milestones"]),
            tuple(said["losses"]),
            float(said["elapsed_s"]),
            **parts,
        )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise MRetrieveError(f"{path}: is no checkpoint or damaged ({error}); start afresh without --resume") from None


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
    """Put back what `optimiser_tensors` took."""
    content = optimiser.state_dict()
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({**content, "state": state})
