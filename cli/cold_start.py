"""What makes a command that answers in milliseconds start in half a second."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_start() -> Iterator[None]:
    """Inside it, modules load without what they would waste: a fifth of the time of a cold query.

    Loading leaves no garbage behind, so none is looked for meanwhile: put the first answer inside too, which loads the
    kernels. And numba, on its first kernel, imports
    scipy.linalg where there is one, for products of matrices that no kernel of ours has: here it finds none. This is
    for a process of our own; in a user's, numba must keep what it can do.
    """
    collecting = gc.isenabled()
    gc.disable()
    hidden = "scipy.linalg" not in sys.modules
    if hidden:
        sys.modules["scipy.linalg"] = None  # type: ignore[assignment]  # an import of it now raises ImportError
    try:
        import numba.np.arraymath  # noqa: F401  asks for it, once and for all

        if hidden:
            del sys.modules["scipy.linalg"]
            hidden = False
        yield
    finally:
        if hidden:
            del sys.modules["scipy.linalg"]
        if collecting:
            gc.enable()
