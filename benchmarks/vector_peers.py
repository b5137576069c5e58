"""Searches of other libraries for vector_index.py, each at the least effort that finds 99 % of the 100 nearest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mretrieve.vectors.trained import number_columns

K, WANTED = 100, 0.99
Vectors = NDArray[np.float32]
Search = Callable[[Vectors], NDArray[np.integer]]
#: A search by how many more rows are compared than wanted, and how many lists are scanned.
WithEffort = Callable[[int, int], Search]
PEERS = ("faiss-flat", "faiss-scan", "faiss-lists", "faiss-graph", "hnswlib", "usearch", "lancedb")
_EFFORTS = sorted(
    ((times, lists) for times in (1, 2, 4, 8, 16) for lists in (4, 8, 16, 32, 64)), key=lambda e: 4 * e[0] + e[1]
)
_TIMES = [(times, 0) for times in (1, 2, 3, 4, 6, 8, 12, 16)]


@dataclass(frozen=True)
class Library:
    """Stored vectors (N, D), stored vectors of queries (Q, D), and how those become query vectors."""

    stored: Vectors
    queries: Vectors
    as_queries: Callable[[Vectors], Vectors]


@dataclass(frozen=True)
class Contender:
    """A way to search.

    Attributes:
        name: in the table.
        search: rows (Q, K) of queries (Q, D).
        queries: (Q, D), as it takes them.
        exact: (Q, K) the rows to be found.
        made_s: seconds to make it.
        row_bytes: its bytes for each row.
    """

    name: str
    search: Search
    queries: Vectors
    exact: NDArray[np.int64]
    made_s: float
    row_bytes: float


def peers(library: Library, exact: NDArray[np.int64], names: Sequence[str], home: Path) -> Iterator[Contender]:
    """The searches of these names, as far as their libraries can be imported."""
    import faiss
    from vector_index import Contender, K

    faiss.omp_set_num_threads(1)
    asked = library.as_queries(library.queries)
    columns = np.flatnonzero(number_columns(library.stored[:1000], library.as_queries(library.stored[:1000])))
    own = library.queries[:, columns]
    factors = np.sqrt((asked[:, columns] * own).sum(axis=0) / (own**2).sum(axis=0), dtype=np.float32)
    points, queries = (np.multiply(each[:, columns], factors, order="C") for each in (library.stored, library.queries))
    dimension, vector = points.shape[1], 4.0 * points.shape[1]
    lists = 1 << round(np.log2(np.sqrt(len(points)) / 1.5))
    if "faiss-flat" in names:
        flat: Any = faiss.IndexFlatIP(library.stored.shape[1])
        flat.add(library.stored)
        yield Contender("faiss Flat", lambda each: flat.search(each, K)[1], asked, exact, 0.0, 4.0 * asked.shape[1])
    exact = faiss.knn(queries, points, K)[1]
    vectors: Any = faiss.IndexFlatL2(dimension)
    vectors.add(points)

    def refined(factory: str) -> WithEffort:
        index: Any = faiss.index_factory(dimension, factory)
        index.train(points[:: max(1, len(points) // 50_000)])
        index.add(points)
        compared: Any = faiss.IndexRefine(index, vectors)

        def with_effort(times: int, probed: int) -> Search:
            compared.k_factor = times
            if probed:
                index.nprobe = probed
            return lambda each: compared.search(each, K)[1]

        return with_effort

    def graph() -> WithEffort:
        index: Any = faiss.index_factory(dimension, "HNSW32")
        index.add(points)

        def with_effort(times: int, _: int) -> Search:
            index.hnsw.efSearch = times * K
            return lambda each: index.search(each, K)[1]

        return with_effort

    scan, listed = f"PQ{dimension // 2}x4fs", f"IVF{lists},PQ{dimension // 2}x4fs"
    makers: dict[str, tuple[str, Callable[[], WithEffort], Sequence[tuple[int, int]], float]] = {
        "faiss-scan": (f"faiss {scan},RFlat", lambda: refined(scan), _TIMES, vector + dimension / 4),
        "faiss-lists": (f"faiss {listed},RFlat", lambda: refined(listed), _EFFORTS, vector + dimension / 4 + 8),
        "faiss-graph": ("faiss HNSW32", graph, _TIMES, vector + 8 * 32),
        "hnswlib": ("hnswlib M=16", lambda: _hnswlib(points, K), _TIMES, vector + 8 * 16),
        "usearch": ("usearch bf16, connectivity 16", lambda: _usearch(points, K), _TIMES, vector / 2 + 8 * 16),
        "lancedb": (
            f"LanceDB IVF_RQ, {lists} lists",
            lambda: _lancedb(points, K, lists, home),
            _EFFORTS,
            vector + dimension / 8,
        ),
    }
    for name, (title, make, efforts, row_bytes) in makers.items():
        if name not in names or not find_spec(name.split("-")[0]):
            continue
        began = time.process_time()
        with_effort = make()
        made_s = time.process_time() - began
        search, effort = best_setting(with_effort, efforts, queries, exact)
        yield Contender(f"{title} ({effort})", search, queries, exact, made_s, row_bytes)


def best_setting(
    with_effort: WithEffort, efforts: Sequence[tuple[int, int]], queries: Vectors, exact: NDArray[np.int64]
) -> tuple[Search, str]:
    """The search of the first effort that finds 99 % of the rows, or of the last; and its effort."""
    from vector_index import WANTED, K, recall

    for times, lists in efforts:
        search = with_effort(times, lists)
        if recall(search(queries), exact, K) >= WANTED:
            break
    return search, f"{times}, {lists} lists" if lists else f"{times}"


def _hnswlib(points: Vectors, k: int) -> WithEffort:
    import hnswlib

    index = hnswlib.Index("l2", points.shape[1])
    index.init_index(len(points), ef_construction=100, M=16)
    index.set_num_threads(1)
    index.add_items(points)

    def with_effort(times: int, _: int) -> Search:
        index.set_ef(times * k)
        return lambda each: index.knn_query(each, k)[0].astype(np.int64)

    return with_effort


def _usearch(points: Vectors, k: int) -> WithEffort:
    from usearch.index import Index

    index = Index(ndim=points.shape[1], metric="l2sq", dtype="bf16", connectivity=16, expansion_add=100)
    index.add(np.arange(len(points)), points, threads=1)

    def with_effort(times: int, _: int) -> Search:
        index.expansion_search = times * k
        return lambda each: np.atleast_2d(index.search(each, k, threads=1).keys.astype(np.int64))

    return with_effort


def _lancedb(points: Vectors, k: int, lists: int, home: Path) -> WithEffort:
    import lancedb
    import pyarrow as pa
    from lancedb.index import IvfRq

    def padded(each: Vectors) -> Vectors:  # it wants a multiple of eight numbers
        return np.pad(each, ((0, 0), (0, -each.shape[1] % 8)))

    wide = padded(points)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(wide.ravel()), wide.shape[1])
    table = lancedb.connect(home / "lancedb").create_table(
        "points", pa.table({"row": np.arange(len(points)), "vector": vectors})
    )
    table.create_index("vector", config=IvfRq(distance_type="l2", num_partitions=lists))

    def with_effort(times: int, probed: int) -> Search:
        def search(each: Vectors) -> NDArray[np.int64]:
            several = padded(each)
            query = table.search(several if len(each) > 1 else several[0]).limit(k).nprobes(probed).refine_factor(times)
            rows = query.select(["row", "_distance"]).to_arrow().column("row").to_numpy()
            return np.asarray(rows).reshape(len(each), k)

        return search

    return with_effort


def recall(found: NDArray[np.integer], exact: NDArray[np.int64], count: int) -> float:
    """Share of the nearest rows that were found."""
    pairs = zip(found[:, :count].tolist(), exact[:, :count].tolist(), strict=True)
    return float(np.mean([len(set(own) & set(best)) / count for own, best in pairs]))
