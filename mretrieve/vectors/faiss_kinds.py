"""The kinds that faiss searches; what they find is compared exactly.

They see only the numbers of a vector, at Euclidean distance, which is nearly in the order of the exact one; the large
terms that depend on a vector's norm would fill up any quantiser (see `number_columns`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexStateError
from ..storage.files import Bytes
from ..storage.tensors_file import pack_tensors, unpack_tensors
from ..version import install_hint
from .trained import Entries, Settings, TrainingSet, VectorKind, number_columns, side_by_side

#: Vectors that an index is trained on, at least, and for each of its lists.
_SAMPLE, _SAMPLE_OF_LIST = 50_000, 50
#: Rows beyond those that pass a filter of a share s on average, when 1 / s as many are looked for.
_SPARE = 1.2
#: The recall is measured for this k; fewer are looked for with the same effort.
_LEAST = 100


class FaissIndex:
    """See TrainedIndex.

    Settings: `rescored` times k of the rows nearest by codes are shortlisted, from `probed` lists if there are lists,
    or by visiting at least `visited` rows of a graph.
    """

    def __init__(self, content: NDArray[np.uint8], settings: Settings) -> None:
        import faiss

        tensors, _ = unpack_tensors(content)
        self._numbers, self._factors = _in_pairs(tensors["numbers"].astype(np.intp), np.reciprocal(tensors["factors"]))
        self._rescored = int(settings["rescored"])
        self._content = tensors["faiss"]  # the index reads from it
        reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(self._content), self._content.nbytes)  # type: ignore[attr-defined]
        self._index: Any = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
        self._count: int = self._index.ntotal
        self._probed, self._visited = int(settings.get("probed", 0)), int(settings.get("visited", 0))
        self._usual = self._effort(1.0)

    def shortlist(self, queries: NDArray[np.float32], k: int, entries: Entries) -> NDArray[np.int64]:
        """See TrainedIndex."""
        points = _points(queries, self._numbers, self._factors)
        wanted = min(self._rescored * max(k, _LEAST), entries.count)
        if entries.all:
            looked_for, effort = wanted, self._usual
        else:
            spread = _SPARE * self._count / entries.count
            looked_for, effort = min(self._count, round(wanted * spread)), self._effort(spread)
        with _one_thread():
            nearest: NDArray[np.int64] = self._index.search(points, looked_for, params=effort)[1]
        if entries.all:
            return nearest
        return side_by_side([near[entries.may_answer(near) & (near >= 0)][:wanted] for near in nearest])

    def _effort(self, spread: float) -> Any:
        """The parameters of a search; if fewer may answer, they are in more lists."""
        faiss: Any = import_module("faiss")
        if self._probed:
            return faiss.SearchParametersIVF(nprobe=min(self._index.nlist, round(self._probed * spread)))
        return faiss.SearchParametersHNSW(efSearch=self._visited) if self._visited else None


@contextmanager
def _one_thread() -> Iterator[None]:
    """faiss on one thread: two are slower where memory is the limit, and fight with those of other libraries."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _make(vectors: TrainingSet, factory_of: Callable[[int, int], str]) -> tuple[Settings, list[Bytes]]:
    """`factory_of` gives the factory string for a dimension and a number of vectors."""
    try:
        import faiss
    except ImportError:
        raise IndexStateError(f"a vector index of this kind needs faiss; {install_hint('cpu')}") from None
    sample = vectors.sample(max(_SAMPLE, _SAMPLE_OF_LIST * _lists(vectors.count)))
    queries = vectors.as_queries(sample)
    numbers = np.flatnonzero(number_columns(sample, queries))
    # Of stored and query vectors, x and c x, both are multiplied to sqrt(c) x.
    squares, products = (sample[:, numbers] ** 2).sum(axis=0), (sample[:, numbers] * queries[:, numbers]).sum(axis=0)
    ratios = products / np.maximum(squares, 1e-30)
    if not len(numbers) or not (ratios > 0).all():
        raise ValueError("queries have other numbers than the vectors")
    factors = np.sqrt(ratios).astype(np.float32)
    in_pairs = _in_pairs(numbers, factors)
    points = _points(sample, *in_pairs)
    factory = factory_of(points.shape[1], vectors.count)
    try:
        index: Any = faiss.index_factory(points.shape[1], factory)
    except RuntimeError:
        raise IndexStateError(f"faiss {faiss.__version__} cannot make {factory}; install a newer one") from None
    if hasattr(index, "nlist"):
        index.cp.max_points_per_centroid = _SAMPLE_OF_LIST
    with _one_thread():
        index.train(points)
        for chunk in vectors.chunks():
            index.add(_points(chunk, *in_pairs))
    tensors = {"numbers": numbers.astype(np.int32), "factors": factors, "faiss": faiss.serialize_index(index)}
    return {"factory": factory, "faiss": faiss.__version__}, pack_tensors(tensors)


def _in_pairs(
    numbers: NDArray[np.integer], factors: NDArray[np.float32]
) -> tuple[NDArray[np.integer], NDArray[np.float32]]:
    """Columns and their factors; with a factor of zero more if they are odd: quantisers take numbers in pairs."""
    return (numbers, factors) if len(numbers) % 2 == 0 else (np.append(numbers, 0), np.append(factors, np.float32(0)))


def _points(
    vectors: NDArray[np.float32], numbers: NDArray[np.integer], factors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Some numbers of vectors, multiplied."""
    return np.multiply(vectors.take(numbers, axis=1), factors)


def _lists(count: int) -> int:
    """Number of lists that so many vectors are divided into.

    Few, because most of the time of making an index is spent on comparing each vector with the centres of all lists;
    of more lists, more have to be scanned for the same recall.
    """
    return max(1, min(1 << round(math.log2(math.sqrt(count) / 1.5)), count // _SAMPLE_OF_LIST))


def _kind(name: str, factory_of: Callable[[int, int], str], efforts: Sequence[Settings]) -> VectorKind:
    return VectorKind(name, partial(_make, factory_of=factory_of), FaissIndex, efforts)


# Comparing another hundred rows takes about the time of scanning another four lists.
_PROBES = sorted(
    (
        {"rescored": times, "probed": lists}
        for times in (2, 3, 4, 6, 8, 12, 16)
        for lists in (4, 8, 16, 32, 64, 128, 256)
    ),
    key=lambda effort: 4 * effort["rescored"] + effort["probed"],
)

FAST_SCAN = _kind(
    "fast-scan",
    lambda dimension, _: f"PQ{dimension // 2}x4fs",
    [{"rescored": times} for times in (2, 3, 4, 6, 8, 12, 16, 32)],
)
IVF_FAST_SCAN = _kind("ivf-fast-scan", lambda dimension, count: f"IVF{_lists(count)},PQ{dimension // 2}x4fs", _PROBES)
IVF_FLAT = _kind("ivf-flat", lambda _, count: f"IVF{_lists(count)},Flat", _PROBES)
HNSW = _kind("hnsw", lambda *_: "HNSW32", [{"rescored": 2, "visited": size} for size in (200, 400, 800, 1600)])
RABITQ = _kind(
    "rabitq", lambda dimension, _: f"RR{dimension},RaBitQfs", [{"rescored": times} for times in (8, 16, 32, 64, 128)]
)
