"""Time and memory of joining tables of labels: `python benchmarks/labels.py` makes them and prints a line for each.

Each table is joined in a process of its own. All rows are of files of the library, except in the last tables, where
one row in a hundred is. Columns hold one of 20 texts, as dictionaries in Parquet.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

#: Rows, columns, and one in how many rows is of a file of the library.
TABLES = {
    "csv": [(10**6, 10, 1), (10**4, 4000, 1), (10**5, 1000, 100)],
    "parquet": [(10**6, 10, 1), (10**4, 4000, 1), (10**6, 400, 100), (10**6, 4000, 100)],
}
_ROWS_AT_ONCE = 50_000


def paths_of(rows: int) -> list[str]:
    """Paths as in a corpus of folders with a thousand files."""
    return [f"session_{row // 1000:04}/take_{row % 1000:03}.bvh" for row in range(rows)]


def write_table(file: Path, rows: int, columns: int) -> None:
    """A table of this many rows and columns besides `path`, written piece by piece."""
    words = pa.array([f"class {number}" for number in range(20)])
    paths = paths_of(rows)
    random = np.random.default_rng(0)
    writer: pq.ParquetWriter | pyarrow.csv.CSVWriter | None = None
    step = min(rows, _ROWS_AT_ONCE)
    for start in range(0, rows, step):
        # A few columns are drawn and repeated in turn: making the table shall not take longer than joining it.
        drawn = [
            pa.DictionaryArray.from_arrays(pa.array(random.integers(20, size=step), pa.int8()), words)
            for _ in range(min(columns, 50))
        ]
        kept = [drawn[number % len(drawn)] for number in range(columns)]
        arrays = [pa.array(paths[start : start + step])] + [
            each if file.suffix == ".parquet" else each.cast(pa.string()) for each in kept
        ]
        piece = pa.table(arrays, names=["path", *(f"column_{number}" for number in range(columns))])
        if writer is None:
            make = pq.ParquetWriter if file.suffix == ".parquet" else pyarrow.csv.CSVWriter
            writer = make(file, piece.schema)
        writer.write_table(piece)
    assert writer is not None
    writer.close()


def memory_mib(name: str) -> float:
    """A line of the status of this process."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[name].split()[0]) / 1024


def join(file: Path, rows: int, share: int) -> dict[str, float]:
    """Join the table to a library; seconds, and the most memory that it took more than before, MiB. Linux only."""
    from mretrieve.sources.labels import read_labels

    known = set(paths_of(rows)[::share])
    Path("/proc/self/clear_refs").write_text("5")  # the peak is that of the parent otherwise
    held_mib, before = memory_mib("VmRSS"), resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    labels = read_labels([file], {"": file.parent}, known)
    wall_s = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    most_mib = memory_mib("VmHWM")
    assert labels.table.num_rows == len(known)
    return {
        "wall_s": wall_s,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "memory_mib": most_mib - held_mib,
    }


def main() -> None:
    """Make the tables and print the measurements."""
    print("| file | rows | columns | of the library | size, MiB | s | processor s | memory, MiB |")
    print("|---|---|---|---|---|---|---|---|")
    for suffix, tables in TABLES.items():
        for rows, columns, share in tables:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / f"labels.{suffix}"
                write_table(file, rows, columns)
                command = [sys.executable, __file__, str(file), str(rows), str(share)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found = json.loads(done.stdout)
                print(
                    f"| {suffix} | {rows:,} | {columns:,} | {rows // share:,} | {file.stat().st_size >> 20} "
                    f"| {found['wall_s']:.1f} | {found['cpu_s']:.1f} | {found['memory_mib']:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(json.dumps(join(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
    else:
        main()
