"""The connection of this process to a Ray cluster. Ray is imported only here and by what then runs on the cluster."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import MRetrieveError
from .kernels.one_thread import ONE_THREAD
from .version import __version__, install_hint

#: Environment of processes on a cluster.
ENVIRONMENT = {"env_vars": ONE_THREAD}


def connect(address: str, jobs: int | None = None) -> bool:
    """Connect this process to a Ray cluster, if it is not connected yet; an existing connection is used as it is.

    Args:
        address: "auto" for the cluster that this machine belongs to, "HOST:PORT", or "local" for one that is started on
            this machine and ends with the connection.
        jobs: number of processes of a local cluster; None for one per core.

    Returns:
        Whether there was no connection before.

    Raises:
        MRetrieveError: Ray is not installed, or there is no such cluster.
    """
    try:
        import ray
    except ImportError as error:
        raise MRetrieveError(f"Ray is not installed; {install_hint('ray')}") from error
    if ray.is_initialized():
        return False
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster started here sends nothing to Ray's makers
    options: dict[str, Any] = {"num_cpus": jobs, "include_dashboard": False} if address == "local" else {}
    with _signals_kept():
        try:
            if address not in ("auto", "local"):  # Ray itself tries for minutes
                host, _, port = address.rpartition(":")
                socket.create_connection((host, int(port)), timeout=5).close()
            ray.init(address, log_to_driver=False, logging_level="error", **options)
        except (OSError, RuntimeError, ValueError) as error:
            raise MRetrieveError(
                f"{address}: no Ray cluster can be reached ({str(error).splitlines()[0]}); start one with `ray start "
                "--head`, or use --ray local"
            ) from error
    return True


def check_version(version: str) -> None:
    """MRetrieveError if this node of a cluster has another mretrieve than the one that gives it work."""
    if version != __version__:
        node = socket.gethostname()
        raise MRetrieveError(f"{node}: has mretrieve {__version__}, not {version}; install the same on all nodes")


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray sets handlers of its own, which would end a run amid its work."""
    on_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)} if on_main else {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
