"""Exact search: the rows with the largest inner products, the same on every device.

As in `mretrieve.vectors.flat`, a pass in float32 finds every row that can be among the best, given the largest
rounding error that it can have made, and only those rows are computed again in float64. A float64 product of two
float32 numbers is exact, and the products of a row are added in a fixed order, so that the result does not depend on
the device, the chunks or the batch. It is rounded to float32; equal products are ranked by ascending row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from threading import RLock

import torch
from torch import Tensor

#: Queries that are searched together; more are searched in turn.
_QUERIES = 512
#: Rows beyond k that the first pass keeps, and how many more per k.
_SPARE_ROWS, _SPARE_SHARE = 28, 0.25
#: Products must stay below the largest float32, whatever the order in which they are added.
_LARGEST_PRODUCT = 1e38

_precision_lock = RLock()


def has_triton(device: torch.device) -> bool:
    """Whether the kernels in Triton are used: on CUDA, if it is installed."""
    return device.type == "cuda" and find_spec("triton") is not None


@contextmanager
def full_float32() -> Iterator[None]:
    """Within the context, float32 products are float32 products: no TF32 on CUDA (cuDNN too), no bfloat16 on the CPU.

    The settings belong to the process, so only one thread at a time is within the context.
    """
    with _precision_lock:
        before, cudnn_before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        try:
            yield
        finally:
            torch.backends.cudnn.allow_tf32 = cudnn_before
            torch.set_float32_matmul_precision(before)


def chunk_size(device: torch.device, numbers: int) -> int:
    """How many things of so many numbers each are in the memory of a device at a time: 32 MiB, on a GPU 1 GiB."""
    return max(1, (1 << 28 if device.type == "cuda" else 1 << 23) // max(1, numbers))


class UnboundedProductsError(ValueError):
    """Vectors or queries are not finite, or products may be too large for float32."""


class ExactSearch:
    """Rows of one space on a device, searched by inner product.

    Attributes:
        vectors: (N, D) float32.
        largest_norm: no less than the norm of any row.
    """

    def __init__(self, vectors: Tensor) -> None:
        """
        Args:
            vectors: (N, D) float32; they are kept, not copied.

        Raises:
            UnboundedProductsError: they are not finite.
            ValueError: they are of another shape or type.
        """
        if vectors.ndim != 2 or vectors.dtype != torch.float32:
            raise ValueError(f"the vectors are {tuple(vectors.shape)} {vectors.dtype}; needed: (N, D) float32")
        self.vectors = vectors
        self.largest_norm = _largest_norm(vectors)

    def best(self, queries: Tensor, k: int, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The k rows with the largest inner products, best first; equal products by ascending row.

        Args:
            queries: (Q, D) float32, finite.
            k: at least 1.
            rows: (M,) int64, ascending: the rows that may answer; None for all.

        Returns:
            Products (Q, k') float32 and rows (Q, k') int64; k' is less than k only if fewer rows may answer.

        Raises:
            UnboundedProductsError: a query is not finite, or a product may be too large for float32.
            ValueError: the arguments do not fit the vectors or each other.
        """
        self._check(queries, k)
        count = len(self.vectors) if rows is None else len(rows)
        k = min(k, count)
        if not k:
            return queries.new_empty(len(queries), 0), torch.empty_like(queries[:, :0], dtype=torch.int64)
        errors = self.rounding_errors(queries)
        with full_float32():
            return _joined(
                [self._best(queries[part], errors[part], k, rows) for part in _parts(len(queries), _QUERIES)]
            )

    def shortlists(self, queries: Tensor, k: int, rows: Tensor | None = None) -> list[Tensor]:
        """For each query every row, (M,) int64 ascending, that can be among its k best by exact products.

        Equal products may be ranked in any order. Arguments and errors are those of `best`.
        """
        self._check(queries, k)
        k = min(k, len(self.vectors) if rows is None else len(rows))
        if not k:
            return [torch.zeros(0, dtype=torch.int64, device=queries.device)] * len(queries)
        errors = self.rounding_errors(queries)
        found: list[Tensor] = []
        with full_float32():
            for first in range(0, len(queries), _QUERIES):
                part = slice(first, first + _QUERIES)
                found += self._shortlists(queries[part], errors[part], k, rows)
        return found

    def _shortlists(self, queries: Tensor, errors: Tensor, k: int, rows: Tensor | None) -> list[Tensor]:
        values, candidates = self._first_pass(queries, _kept(k), rows)
        limits = values[:, k - 1].double() - 2.0 * errors
        counts = (values.double() >= limits[:, None]).sum(dim=1).tolist()
        found = []
        for query, (limit, count) in enumerate(zip(limits.tolist(), counts, strict=True)):
            _check_limit(limit)
            there_may_be_more = count == _kept(k)
            every = self._above(queries[query], limit, rows) if there_may_be_more else candidates[query, :count]
            found.append(every.sort().values)
        return found

    def best_among(self, queries: Tensor, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """The k best of some rows of each query, as `best`: products (Q, k) and rows (Q, k).

        Args:
            queries: (Q, D) float32, finite.
            rows: (Q, M) int64, M >= k; -1 for none, which comes last, with a product of minus infinity.
            k: at least 1.

        Raises:
            UnboundedProductsError: a query is not finite, or a product may be too large for float32.
            ValueError: the arguments do not fit the vectors or each other.
        """
        self._check(queries, k)
        errors = self.rounding_errors(queries)
        at_once = chunk_size(queries.device, rows.shape[1] * queries.shape[1])
        with full_float32():
            return _joined(
                [self._best_among(queries[part], errors[part], rows[part], k) for part in _parts(len(queries), at_once)]
            )

    def _best_among(self, queries: Tensor, errors: Tensor, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
        rough = torch.bmm(self.vectors[rows.clamp(min=0)], queries[:, :, None])[:, :, 0]
        rough.masked_fill_(rows < 0, -torch.inf)
        top = rough.topk(min(_kept(k), rows.shape[1]), dim=1)

        def above(query: int, limit: float) -> Tensor:
            return rows[query][rough[query].double() >= limit]

        return self._ranked(queries, errors, top.values, rows.gather(1, top.indices), k, above)

    def _rescored(self, queries: Tensor, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """The k best of some rows (Q, M) of each query, all of which are computed in float64."""
        rows = rows.sort(dim=1).values
        exact = self._exact_products(queries, rows)
        order = exact.sort(dim=1, descending=True, stable=True).indices[:, :k]
        return exact.gather(1, order), rows.gather(1, order)

    def _exact_products(self, queries: Tensor, rows: Tensor) -> Tensor:
        """Products (Q, M) of each query with some rows (Q, M), rounded from float64; minus infinity for a row of -1."""
        if has_triton(queries.device):
            from .triton_products import products_of

            return products_of(self.vectors, queries, rows)
        exact = torch.empty(rows.shape, dtype=torch.float32, device=rows.device)
        width = chunk_size(rows.device, 8 * queries.numel())
        wide = queries.double()[:, None]
        for first in range(0, rows.shape[1], width):
            part = slice(first, first + width)
            exact[:, part] = _sums(self.vectors[rows[:, part].clamp(min=0)].double() * wide).float()
        return exact.masked_fill_(rows < 0, -torch.inf)

    def rounding_errors(self, queries: Tensor) -> Tensor:
        """(Q,) float64, no less than the error of any float32 product of a query, before and after the last rounding.

        |float32 sum - sum| <= D ulps of the sum of magnitudes (in any order of adding, fused or not), which is at most
        the product of the norms (Cauchy-Schwarz), and 4 for rounding to float32; D * 2^-126 if tiny products become 0.
        NaN if a product may be too large for float32.
        """
        largest: Tensor = torch.linalg.vector_norm(queries.double(), dim=1) * self.largest_norm
        width = self.vectors.shape[1]
        errors = largest * ((width + 4) * 2.0**-24) + width * 2.0**-126
        return torch.where(largest < _LARGEST_PRODUCT, errors, torch.nan)

    def _check(self, queries: Tensor, k: int) -> None:
        width = self.vectors.shape[1]
        if queries.ndim != 2 or queries.shape[1] != width or queries.dtype != torch.float32 or k < 1:
            raise ValueError(f"k is {k}, queries {tuple(queries.shape)} {queries.dtype}; needed: (Q, {width}) float32")

    def _best(self, queries: Tensor, errors: Tensor, k: int, rows: Tensor | None) -> tuple[Tensor, Tensor]:
        values, candidates = self._first_pass(queries, _kept(k), rows)
        return self._ranked(
            queries, errors, values, candidates, k, lambda query, limit: self._above(queries[query], limit, rows)
        )

    def _ranked(
        self,
        queries: Tensor,
        errors: Tensor,
        values: Tensor,
        candidates: Tensor,
        k: int,
        above: Callable[[int, float], Tensor],
    ) -> tuple[Tensor, Tensor]:
        """The k best of all rows, from those of the largest float32 products.

        Args:
            queries: (Q, D).
            errors: (Q,) of `rounding_errors`.
            values: (Q, M) the largest float32 products, descending.
            candidates: (Q, M) their rows.
            k: at most M.
            above: all rows of a query, by its number, whose float32 product is not below a limit.
        """
        # A row of the best k has a float32 product of no less than this.
        limits = values[:, k - 1].double() - 2.0 * errors
        products, best = self._rescored(queries, candidates, k)
        more = values.shape[1] == _kept(k)  # there may be more rows than these
        unsettled = ~(values[:, -1].double() < limits) if more else torch.isnan(limits)
        # The only time that the host waits for the device, after everything else has been sent to it.
        for query in torch.nonzero(unsettled).ravel().tolist():
            limit = float(limits[query])
            _check_limit(limit)
            every = above(query, limit)[None]
            products[query], best[query] = (each[0] for each in self._rescored(queries[query][None], every, k))
        return products, best

    def _first_pass(self, queries: Tensor, kept: int, rows: Tensor | None) -> tuple[Tensor, Tensor]:
        """The largest float32 products of each query, descending, and their rows: (Q, min(kept, rows)) each."""
        parts: list[tuple[Tensor, Tensor]] = []
        for products, first in self._products(queries, rows):
            top = products.topk(min(kept, products.shape[1]), dim=1)
            parts.append((top.values, top.indices + first if first else top.indices))
            if len(parts) == 2:
                values, best = (torch.cat(each, dim=1) for each in zip(*parts, strict=True))
                top = values.topk(min(kept, values.shape[1]), dim=1)
                parts = [(top.values, best.gather(1, top.indices))]
        values, best = parts[0]
        return values, best if rows is None else rows[best]

    def _above(self, query: Tensor, limit: float, rows: Tensor | None) -> Tensor:
        """Every row whose float32 product is not below a limit: (M,)."""
        positions = torch.cat(
            [
                torch.nonzero(products[0].double() >= limit).ravel() + first
                for products, first in self._products(query[None], rows)
            ]
        )
        return positions if rows is None else rows[positions]

    def _products(self, queries: Tensor, rows: Tensor | None) -> Iterator[tuple[Tensor, int]]:
        """Float32 products (Q, m) with chunks of rows, and the position of the first row of each chunk."""
        count = len(self.vectors) if rows is None else len(rows)
        size = chunk_size(queries.device, len(queries) if rows is None else max(queries.shape))
        for first in range(0, count, size):
            chunk = slice(first, first + size)
            vectors = self.vectors[chunk] if rows is None else self.vectors[rows[chunk]]
            yield (torch.mv(vectors, queries[0])[None] if len(queries) == 1 else queries @ vectors.T), first


def _check_limit(limit: float) -> None:
    if math.isnan(limit):
        raise UnboundedProductsError(
            "the queries are not finite, or their products with the rows are too large for float32"
        )


def _kept(k: int) -> int:
    """How many rows the first pass keeps, so that it is rare that more can be among the best k."""
    return k + _SPARE_ROWS + int(_SPARE_SHARE * k)


def _sums(numbers: Tensor) -> Tensor:
    """Sums (...) over the last axis of (..., n), added in an order that depends on n alone: halves onto halves.

    Zeros fill n up to a power of two. The kernel in `triton_products` adds in the same order.
    """
    power_of_two = 1 << max(0, numbers.shape[-1] - 1).bit_length()
    numbers = torch.nn.functional.pad(numbers, (0, power_of_two - numbers.shape[-1]))
    while (half := numbers.shape[-1] // 2) > 0:
        numbers = numbers[..., :half] + numbers[..., half:]
    return numbers[..., 0]


def _parts(count: int, size: int) -> list[slice]:
    """Slices of `size` queries; an empty one if there are none."""
    return [slice(first, first + size) for first in range(0, max(1, count), size)]


def _joined(parts: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Products and rows of all queries from those of some each."""
    return parts[0] if len(parts) == 1 else (torch.cat([p for p, _ in parts]), torch.cat([rows for _, rows in parts]))


def _largest_norm(vectors: Tensor) -> float:
    largest = 0.0
    for chunk in torch.split(vectors, chunk_size(vectors.device, vectors.shape[1])):
        norms = torch.linalg.vector_norm(chunk, dim=1, dtype=torch.float64)
        if not bool(torch.isfinite(norms).all()):
            raise UnboundedProductsError("the vectors are not finite numbers")
        largest = max(largest, float(norms.max())) if len(norms) else largest
    return largest * (1 + 1e-9)  # more than the norms' own rounding errors
