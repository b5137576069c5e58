"""The kinds that faiss searches; what they find is compared exactly.

They see points whose Euclidean distances are nearly in the order of the exact ones (see `EuclideanMap`); the large
terms that depend on a vector's norm would fill up any quantiser.
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
from .euclidean import EuclideanMap
from .trained import Entries, Settings, TrainingSet, VectorKind, nothing_found, side_by_side

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
        scales = tensors.get("scales", np.zeros((0, 5)))  # earlier versions knew none
        self._map = EuclideanMap(tensors["numbers"].astype(np.intp), tensors["factors"], scales)
        self._rescored = int(settings["rescored"])
        self._content = tensors["faiss"]  # the index reads from it
        reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(self._content), self._content.nbytes)  # type: ignore[attr-defined]
        self._index: Any = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
        self._count: int = self._index.ntotal
        self._probed, self._visited = int(settings.get("probed", 0)), int(settings.get("visited", 0))
        self._usual = self._effort(1.0)

    def shortlist(self, queries: NDArray[np.float32], k: int, entries: Entries) -> NDArray[np.int64]:
        """See TrainedIndex."""
        if self._count != len(entries.clips) or not self._map.fits(queries.shape[1], self._index.d):
            return nothing_found(queries)
        points = self._map.of_queries(queries)
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
    to_points = EuclideanMap.fitted(sample, vectors.as_queries(sample))
    points = to_points.of_stored(sample)
    factory = factory_of(points.shape[1], vectors.count)
    try:
        index: Any = faiss.index_factory(points.shape[1], factory)
    except RuntimeError:
        raise IndexStateError(f"faiss {faiss.__version__} cannot make {factory}; install a newer one") from None
    add = index.add
    if hasattr(index, "nlist"):
        index.cp.max_points_per_centroid = _SAMPLE_OF_LIST
        index.by_residual = False  # codes of residuals need a fifth fewer rows compared, and half as much time again
        add = partial(_add_to_lists, index)
    with _one_thread():
        index.train(points)
        for chunk in vectors.chunks():
            add(to_points.of_stored(chunk))
    if isinstance(index, faiss.IndexIVFPQ):
        index = faiss.IndexIVFPQFastScan(index)
    tensors: dict[str, NDArray[Any]] = {
        "numbers": to_points.numbers.astype(np.int32),
        "factors": to_points.factors,
        "scales": to_points.scales,
        "faiss": faiss.serialize_index(index),
    }
    return {"factory": factory, "faiss": faiss.__version__}, pack_tensors(tensors)


def _add_to_lists(index: Any, points: NDArray[np.float32]) -> None:
    """Add points to the lists of their nearest centres, which NumPy finds in a fifth of the time that faiss takes."""
    import faiss

    centres: NDArray[np.float32] = index.quantizer.reconstruct_n(0, index.nlist)
    nearest = (points @ centres.T - 0.5 * (centres**2).sum(axis=1)).argmax(axis=1).astype(np.int64)
    points_at, nearest_at = map(faiss.swig_ptr, (points, nearest))
    index.add_core(len(points), points_at, None, nearest_at)


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
        for times in (2, 3, 4, 5, 6, 8, 12, 16)
        for lists in (4, 8, 16, 32, 64, 128, 256)
    ),
    key=lambda effort: 4 * effort["rescored"] + effort["probed"],
)

FAST_SCAN = _kind(
    "fast-scan",
    lambda dimension, _: f"PQ{dimension // 2}x4fs",
    [{"rescored": times} for times in (2, 3, 4, 5, 6, 8, 12, 16, 32)],
)
# Filled as plain codes, and then put in the order of a fast scan.
IVF_FAST_SCAN = _kind("ivf-fast-scan", lambda dimension, count: f"IVF{_lists(count)},PQ{dimension // 2}x4np", _PROBES)
IVF_FLAT = _kind("ivf-flat", lambda _, count: f"IVF{_lists(count)},Flat", _PROBES)
HNSW = _kind("hnsw", lambda *_: "HNSW32", [{"rescored": 2, "visited": size} for size in (200, 400, 800, 1600)])
RABITQ = _kind(
    "rabitq", lambda dimension, _: f"RR{dimension},RaBitQfs", [{"rescored": times} for times in (8, 16, 32, 64, 128)]
)
