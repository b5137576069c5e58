"""The HTTP service behind `mretrieve serve`: one open index, queried by many clients.

It needs the extra `serve`; nothing outside this room imports it before the command is called.
"""

from __future__ import annotations
