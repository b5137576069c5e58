"""What the fixtures `mretrieve` and `process` are: a call that runs the command."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

Run = Callable[..., "subprocess.CompletedProcess[str]"]
