"""The kernels that this installation has: compiled from C when it was built, or by numba at their first call.

numba takes a tenth of a second to import and to load its kernels another, so that a query would take twice the time.
"""

try:
    from .native import *  # noqa: F403
except ImportError:
    from .jit import *  # noqa: F403
