"""What a GPU gives, and whether its answers are the CPU's: encoding, search, clusters, warping, training, an index.

    python benchmarks/gpu_check.py [--device cuda] [--small] [--out FILE]

Runs from the repository's root without installation, without a network and without motion capture, in less than 6
minutes on an H100: each block has a budget of seconds and runs fewer queries or updates if it is short. The rows of the
CPU are those of mretrieve's own CPU code at the same size. Rates are medians of wall time with the transfers to and
from the device, vectors and frames excepted, which stay there.

Prints a Markdown table row by row, and exits with 1 if ids or costs differ between device and CPU or a block failed.
`--small` has sizes that torch on a CPU finishes in under a minute, without saying anything about speed. `--out FILE`
writes FILE.md and FILE.json.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
for _name in ("numpy", "torch", "numba", "pyarrow", "h5py", "filelock", "safetensors"):
    try:
        importlib.import_module(_name)
    except ImportError as error:
        sys.exit(f"gpu_check.py needs {_name}, which {sys.executable} cannot import: {error}")

import torch  # noqa: E402
from device_index import check_index  # noqa: E402
from device_networks import check_encoding, check_training  # noqa: E402
from device_report import Report, environment  # noqa: E402
from device_search import check_search  # noqa: E402
from device_sequences import check_dtw, check_subsequences  # noqa: E402
from device_sizes import SMALL, Sizes  # noqa: E402

from mretrieve.kernels import compiled  # noqa: E402

#: Longer than all budgets together; a run that hangs ends then, with the place where it hung.
LIMIT_S = 470

BLOCKS: tuple[Callable[[Sizes, torch.device, Report], None], ...] = (
    check_search,
    check_dtw,
    check_subsequences,
    check_encoding,
    check_training,
    check_index,
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--small", action="store_true", help="sizes for torch on a CPU")
    parser.add_argument("--out", type=Path, help="also write FILE.md and FILE.json")
    parser.add_argument("--only", help="run the blocks whose names have this text")
    options = parser.parse_args()
    device = torch.device(options.device)
    faulthandler.dump_traceback_later(LIMIT_S, exit=True)
    started = time.perf_counter()
    about = environment(device, compiled.dtw_distances.__module__)
    print(*(f"- {name}: {value}" for name, value in about.items()), "", sep="\n")
    report = Report(about["device"].partition(",")[0])
    report.begin()
    for block in BLOCKS:
        if options.only and options.only not in block.__name__:
            continue
        with report.failures_of(block.__name__):
            block(SMALL if options.small else Sizes(), device, report)
        about["seconds"] = f"{time.perf_counter() - started:.0f}"
        if options.out:
            report.write(options.out, about)
    faulthandler.cancel_dump_traceback_later()
    print(f"\n{about['seconds']} s; {len(report.failures)} failures")
    if report.failures:
        sys.exit("\n".join(["", *(f"FAILED {failure}" for failure in report.failures)]))


if __name__ == "__main__":
    main()
