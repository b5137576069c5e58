"""What training and encoding cost: an update of MMD-NCA, windows a second, one window; and whether --resume holds.

    python benchmarks/training.py [--threads N] [--seconds S] [--skip-resume]

An update is all of it: drawing and augmenting 7 x 25 sequences of 90 frames, the network there and back, clipping, the
optimiser's step. Beside the layer-normalised LSTM stand torch's own LSTM of the same size (which normalises nothing)
and the equations written as a loop over time in Python, as a user would pick instead, each with the same update around
it. For encoding, the windows are cut out of generated bodies and seen by whole batches of 64.

The last part trains, kills that with SIGKILL on the way, resumes, and compares the files byte by byte.
"""

from __future__ import annotations

import argparse
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from mretrieve.demo import make_library
from mretrieve.encoders.layers.recurrent import VARIANCE_FLOOR, LayerNormLSTM
from mretrieve.encoders.learned import LearnedEncoder, Lengths, build_network
from mretrieve.formats import read
from mretrieve.motion import Clip, LabelledClip, canonicalise
from mretrieve.training import default_recipe
from mretrieve.training.batches import BatchSource

_FRAMES, _BATCH = 90, 64


class TorchLSTM(nn.Module):
    """torch's own bidirectional LSTM, in the place of LayerNormLSTM."""

    def __init__(self, like: LayerNormLSTM) -> None:
        super().__init__()
        self.lstm = nn.LSTM(like.input_weights.shape[1], like.hidden_size, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=x.shape[1])
        return states


class LoopLSTM(nn.Module):
    """Equations 9 to 15 as a loop over time that autograd follows; padding is computed and thrown away."""

    def __init__(self, like: LayerNormLSTM) -> None:
        super().__init__()
        self.cell = like

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        valid = (torch.arange(x.shape[1]) < lengths[:, None])[..., None]
        both = []
        for direction in range(2):
            frames = range(x.shape[1]) if direction == 0 else range(x.shape[1] - 1, -1, -1)
            both.append(self._states(x, valid, direction, frames))
        return torch.cat(both, dim=2)

    def _states(self, x: Tensor, valid: Tensor, direction: int, frames: range) -> Tensor:
        cell, size = self.cell, self.cell.hidden_size
        hidden = memory = x.new_zeros(len(x), size)
        states: list[Tensor] = []
        for t in frames:
            gates = x[:, t] @ cell.input_weights[direction] + hidden @ cell.recurrent_weights[direction]
            f, i, o, c = (gates + cell.bias[direction]).split(size, dim=1)
            memory = (f.sigmoid() * memory + i.sigmoid() * c.tanh()) * valid[:, t]
            norm = nn.functional.layer_norm(
                memory, (size,), cell.gamma[direction, 0], cell.beta[direction, 0], VARIANCE_FLOOR
            )
            hidden = o.sigmoid() * norm.tanh() * valid[:, t]
            states.append(hidden)
        return torch.stack(states if frames.step > 0 else states[::-1], dim=1)


def labelled_library(folder: Path) -> list[LabelledClip]:
    """The generated library; each kind of motion a class."""
    clips = []
    for path in sorted(make_library(folder / "library", clips_per_kind=4)):
        if path.suffix in (".bvh", ".amc"):
            clip = canonicalise(read(path)[0])
            clips.append(LabelledClip(clip, path.stem.split("_")[1], path.stem.split("_")[0], path.name))
    return clips


def seconds_each(work: Callable[[int], None], seconds: float) -> list[float]:
    """Wall times of calls in so many seconds, at least three, after two that warm up."""
    times: list[float] = []
    started = time.perf_counter()
    while len(times) < 5 or time.perf_counter() - started < seconds:
        before = time.perf_counter()
        work(len(times))
        times.append(time.perf_counter() - before)
    return times[2:]


def update_times(clips: list[LabelledClip], lstm: str, seconds: float) -> tuple[list[float], list[float]]:
    """Seconds of updates, and those of drawing their batches, which the training loop does beside the update before."""
    recipe = default_recipe("mmd-nca")
    torch.manual_seed(0)
    network = build_network("mmd-nca", recipe.network)
    if lstm != "mretrieve":
        network.lstm = {"torch": TorchLSTM, "loop": LoopLSTM}[lstm](network.lstm)  # type: ignore[arg-type]
    source = BatchSource(clips, recipe.objective, recipe.sampling, recipe.augment)
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9)
    drawing: list[float] = []
    network.train()

    def update(number: int) -> None:
        started = time.perf_counter()
        batch = source.draw(np.random.default_rng(number), 0.5)
        inputs, lengths = torch.from_numpy(network.inputs(batch.sequence)), torch.from_numpy(batch.lengths)
        drawing.append(time.perf_counter() - started)
        loss = recipe.objective.loss(network, network(inputs, lengths, batch.branches), batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 25.0)
        optimiser.step()

    return seconds_each(update, seconds), drawing[2:]


def encoder_of(name: str) -> LearnedEncoder:
    """The default network with fresh weights."""
    torch.manual_seed(0)
    return LearnedEncoder(name, build_network(name, default_recipe(name).network), 1.0, Lengths())


def windows_of(clips: list[LabelledClip], count: int) -> list[Clip]:
    """Clips of exactly 90 frames, cut out of the library's."""
    cut = [
        item.clip.cut(start, start + _FRAMES)
        for item in clips
        for start in range(0, item.clip.frame_count - _FRAMES, 15)
    ]
    return [cut[number % len(cut)] for number in range(count)]


def resumed_equals_whole(folder: Path, name: str) -> bool:
    """Whether a killed and resumed training gives the file of one that was not killed."""
    words = ["train", name, "library", "--labels", "library/labels.csv", "--updates", "40", "--checkpoint-every", "0"]
    command = [sys.executable, "-c", "from mretrieve.cli import main; main()", *words]
    made = folder / "encoder.safetensors"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, cwd=folder, check=True, **quiet)  # type: ignore[call-overload]
    whole = made.read_bytes()
    made.unlink()
    checkpoint = folder / "encoder.safetensors.checkpoint"
    with subprocess.Popen(command, cwd=folder, **quiet) as process:  # type: ignore[call-overload]
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    if made.exists():
        raise SystemExit("the training ended before it was killed; nothing is tested")
    subprocess.run([*command, "--resume"], cwd=folder, check=True, **quiet)  # type: ignore[call-overload]
    return made.read_bytes() == whole


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each figure")
    parser.add_argument("--skip-resume", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    console = Console()
    where = f"{options.threads} threads, torch {torch.__version__}, Python {platform.python_version()}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = labelled_library(folder)
        table = Table(
            "recurrent layer", "median s", "lowest", "highest", "of it drawing", title=f"MMD-NCA update, {where}"
        )
        for label, lstm in (("mretrieve", "mretrieve"), ("torch.nn.LSTM, no layer norm", "torch"), ("loop", "loop")):
            times, drawing = update_times(clips, lstm, options.seconds)
            figures = np.median(times), min(times), max(times), np.median(drawing)
            table.add_row(label, *(f"{figure:.3f}" for figure in figures))
        console.print(table)
        table = Table(
            "encoder", "windows/s", "best", "one window, ms", "best", title=f"Encoding 90-frame windows, {where}"
        )
        for encoder in map(encoder_of, ("mmd-nca", "deephums", "gru")):
            windows = windows_of(clips, 4 * _BATCH)
            many = seconds_each(lambda _, e=encoder, w=windows: e.encode(w), options.seconds / 2)  # type: ignore[misc]
            one = seconds_each(lambda n, e=encoder, w=windows: e.encode(w[n % 9 : n % 9 + 1]), options.seconds / 4)  # type: ignore[misc]
            rates = len(windows) / np.median(many), len(windows) / min(many)
            table.add_row(
                encoder.name, *(f"{rate:.0f}" for rate in rates), f"{1e3 * np.median(one):.1f}", f"{1e3 * min(one):.1f}"
            )
        console.print(table)
        for trained in () if options.skip_resume else ("gru", "mmd-nca"):
            same = resumed_equals_whole(folder, trained)
            console.print(
                f"{trained}: killed and resumed, the file is {'the same' if same else 'ANOTHER ONE'}, byte by byte"
            )


if __name__ == "__main__":
    main()
