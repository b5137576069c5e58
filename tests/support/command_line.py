"""What the fixture `mretrieve` is: a call that runs the command in a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

Run = Callable[..., "subprocess.CompletedProcess[str]"]
