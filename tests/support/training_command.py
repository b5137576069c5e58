"""`mretrieve train` with networks so small that a training takes a second: in this process, or killed in another."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from support.signal_at_call import signal_at_call

#: The command, killed at each of some calls in turn. What it needs is loaded once, before it is run.
PROGRAM = """
import json, os, signal, sys
sys.path.insert(0, {helpers!r})
import pytorch_metric_learning.losses, torch._dynamo
from support.signal_at_call import signal_at_call
from support.small_recipes import make_recipes_small
from mretrieve.cli import main
make_recipes_small()
ends = []
for function, call in {calls!r}:
    child = os.fork()
    if not child:
        signal_at_call(signal.SIGKILL, function, call)
        main()
    ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(ends))
"""

#: Called once in each update, after the gradients and before the step.
IN_AN_UPDATE = "torch.nn.utils.clip_grad_norm_"
#: Called twice for each checkpoint: when it is written but not yet in its place, then for its folder.
IN_WRITING_A_CHECKPOINT = "os.fsync"

Train = Callable[..., Result]


def killed(*words: str | Path, folder: Path, calls: list[tuple[str, int]]) -> list[int]:
    """The exit codes of `mretrieve train WORDS...`, run once for each call of a function that kills it."""
    program = PROGRAM.format(helpers=str(Path(__file__).parent.parent), calls=calls)
    command = [sys.executable, "-c", program, "train", *map(str, words), "--threads", "1"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return list(map(int, json.loads(run.stdout.splitlines()[-1])))


def stopped(train: Train, *words: str | Path, folder: Path, number: signal.Signals, update: int) -> Result:
    """`mretrieve train WORDS...` in this process, which gets a signal in an update."""
    import torch

    def not_caught(number: int, _frame: object) -> None:
        pytest.fail(f"the command does not catch signal {number}")

    before = {each: signal.signal(each, not_caught) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(IN_AN_UPDATE, torch.nn.utils.clip_grad_norm_)  # as it is afterwards
            signal_at_call(number, IN_AN_UPDATE, update)
            result = train(*words, folder=folder)
        assert all(signal.getsignal(each) is not_caught for each in before), "the command leaves a handler behind"
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return result
