"""The limits of the service, and the errors of requests that exceed them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ..errors import MRetrieveError


@dataclass(frozen=True)
class Limits:
    """How much a request, and all requests together, may take.

    Attributes:
        upload_bytes: most bytes in the body of a request with files.
        json_bytes: most bytes in other bodies, which take several times as much memory when they are parsed.
        held_bytes: most bytes in the bodies of all requests that are being answered.
        motion_s: longest motion that is searched for, compared or exported, in seconds.
        request_s: seconds after which a request is given up, while it waits or while it is answered.
        receive_s: seconds within which the headers of a request, and then its body, must arrive.
        threads: number of queries and the like that are answered at the same time, and of look-ups.
        waiting: number of either that may wait for a thread.
    """

    upload_bytes: int = 64 << 20
    json_bytes: int = 16 << 20
    held_bytes: int = 512 << 20
    motion_s: float = 600.0
    request_s: float = 60.0
    receive_s: float = 30.0
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    waiting: int = 64


class TooLargeError(MRetrieveError):
    """A request exceeds a limit of size or length."""


class BusyError(MRetrieveError):
    """The service has no room for a request now."""


class TooSlowError(MRetrieveError):
    """A request was given up because it took too long."""


class IncompleteError(MRetrieveError):
    """The body of a request did not arrive in time."""
