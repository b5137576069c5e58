"""Checkpoints: everything that a run needs to continue as if it had never stopped, in one safetensors file.

The one before is kept beside it, for when the newest is damaged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ..atomic_file import atomic_write
from ..errors import MRetrieveError

_FORMAT = "mretrieve-checkpoint/3"


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


@dataclass(frozen=True)
class RunName:
    """What decides the result of a run.

    Attributes:
        recipe: as JSON has it.
        seed: the seed.
        clips: hash of the paths of the clips, in their order, and of which are held out.
        labels: hash of the labels and groups of each clip.
        data: hash of everything else, see `Task.data_hash`, which also depends on clips and labels.
    """

    recipe: Mapping[str, Any]
    seed: int
    clips: str
    labels: str
    data: str

    def differences(self, other: RunName) -> list[str]:
        """What is not the same in another run, in words; motions only if clips and labels are the same."""
        own, others = _flat(self.recipe), _flat(other.recipe)
        words = [
            f"{name} {others.get(name)} instead of {own.get(name)}"
            for name in sorted({*own, *others})
            if own.get(name) != others.get(name)
        ]
        words += [f"seed {other.seed} instead of {self.seed}"] if self.seed != other.seed else []
        data = [name for name in ("clips", "labels") if getattr(self, name) != getattr(other, name)]
        return words + (data or (["motions or starting weights"] if self.data != other.data else []))


def _flat(recipe: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The values of a recipe as JSON, those of its parts by "part.name"."""
    flat: dict[str, str] = {}
    for name, value in recipe.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: json.dumps(value)}
    return flat


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a run after `update` updates.

    Attributes:
        run: what decides its result; a checkpoint of another run is refused.
        update: number of updates made.
        milestones: the validations until then.
        losses: those of the updates since the last milestone.
        elapsed_s: duration of the run so far.
        network: the network's weights.
        optimiser: the optimiser's state, by "parameter number.name".
        best: weights of the best milestone; empty if none has a score.
        average: running average of the weights; empty if none is kept.
    """

    run: RunName
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
    """Write a checkpoint and keep the one before; a complete one is there at any time, even after a power failure.

    Raises:
        MRetrieveError: the disk is full, or the folder does not exist.
    """
    tensors = {
        f"{part}/{key}": value.contiguous() for part in _PARTS for key, value in getattr(checkpoint, part).items()
    }
    state = json.dumps(
        {
            "run": asdict(checkpoint.run),
            "update": checkpoint.update,
            "milestones": [asdict(milestone) for milestone in checkpoint.milestones],
            "losses": checkpoint.losses,
            "elapsed_s": checkpoint.elapsed_s,
        }
    )
    try:
        with atomic_write(_new_checkpoint(path)) as beside:
            save_file(tensors, beside, {"format": _FORMAT, "state": state, "sha256": _checksum(state, tensors)})
        if path.exists():
            path.replace(previous_checkpoint(path))
        _new_checkpoint(path).replace(path)
    except (OSError, SafetensorError) as error:
        raise MRetrieveError(f"{path}: the checkpoint cannot be written: {error}; free some space there") from None


def previous_checkpoint(path: Path) -> Path:
    """The file of the checkpoint before the one at `path`."""
    return path.with_name(f"{path.name}.previous")


def _new_checkpoint(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def discard_checkpoints(path: Path) -> None:
    """Delete the checkpoint at `path` and the one before."""
    for place in (path, previous_checkpoint(path), _new_checkpoint(path)):
        place.unlink(missing_ok=True)


def load_checkpoint(path: Path, run: RunName, warn: Callable[[str], None] = lambda _: None) -> Checkpoint | None:
    """The checkpoint of a run, or the one before if that is damaged, which `warn` is told; None if there is none yet.

    Raises:
        MRetrieveError: both are damaged, or it is of another run.
    """
    damage = None
    for place in (path, previous_checkpoint(path)):
        if place.exists():
            try:
                checkpoint = _read(place)
            except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                damage = damage or f"{place}: is not a checkpoint, or damaged ({error})"
                continue
            if differences := checkpoint.run.differences(run):
                raise MRetrieveError(
                    f"{place}: is the checkpoint of another run: {', '.join(differences)}; give the same data and "
                    "options again, or start again without --resume"
                )
            if damage:
                place.replace(path)  # else the next one would push it out, and keep the damaged one
                warn(f"{damage}; going on from the one before it, of update {checkpoint.update}")
            return checkpoint
    if damage:
        raise MRetrieveError(f"{damage}; start again without --resume")
    return None


def _read(path: Path) -> Checkpoint:
    """A checkpoint that is complete. ValueError and others: it is not."""
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        if metadata.get("format") != _FORMAT:
            raise ValueError("its format is another one")
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  no mapping
    if metadata.get("sha256") != _checksum(metadata["state"], tensors):
        raise ValueError("its checksum is wrong")
    for key, tensor in tensors.items():
        part, name = key.split("/", 1)
        parts[part][name] = tensor
    state: dict[str, Any] = json.loads(metadata["state"])
    return Checkpoint(
        RunName(**state["run"]),
        int(state["update"]),
        tuple(Milestone(**milestone) for milestone in state["milestones"]),
        tuple(state["losses"]),
        float(state["elapsed_s"]),
        **parts,
    )


def _checksum(state: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of everything that a checkpoint holds."""
    digest = hashlib.sha256(state.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


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
