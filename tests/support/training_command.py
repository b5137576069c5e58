"""`mretrieve train` with networks so small that a training takes a second: in this process, or in one of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

#: `mretrieve` with networks and batches so small that an update takes milliseconds.
PROGRAM = """
import sys
sys.path.insert(0, {helpers!r})
from signal import Signals
from support.signal_at_call import signal_at_call
from support.small_recipes import make_recipes_small
make_recipes_small()
{strike}
from mretrieve.cli import main
main()
"""

#: Called once in each update, after the gradients and before the step.
IN_AN_UPDATE = "torch.nn.utils.clip_grad_norm_"
#: Called once for each checkpoint, which is written but not yet in its place.
IN_WRITING_A_CHECKPOINT = "os.fsync"

Train = Callable[..., Result]


def interrupted(
    *words: str | Path, folder: Path, number: signal.Signals, function: str = IN_AN_UPDATE, call: int
) -> subprocess.CompletedProcess[str]:
    """`mretrieve train WORDS...` in a process that gets a signal when it calls `function` for the `call`-th time."""
    strike = f"signal_at_call(Signals({int(number)}), {function!r}, {call})"
    program = PROGRAM.format(helpers=str(Path(__file__).parent.parent), strike=strike)
    command = [sys.executable, "-c", program, "train", *map(str, words), "--threads", "1"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)
