"""Name and version of the distribution, as messages print them."""

from __future__ import annotations

__version__ = "0.1.0"

#: What pip installs. The import and the command are `mretrieve`, but that name is taken on the package index.
DISTRIBUTION = "mretrieve-mocap"


def install_hint(extra: str) -> str:
    """How to install what an optional feature needs; the end of an error message."""
    return f"install it with: pip install '{DISTRIBUTION}[{extra}]'"
