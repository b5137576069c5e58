"""The Triton kernel, in Triton's interpreter, gives the products of the plain torch code, bit for bit."""

from __future__ import annotations

import os

import pytest
import torch

from mretrieve.kernels.device.exact import ExactSearch

os.environ["TRITON_INTERPRET"] = "1"  # read when Triton is imported
pytest.importorskip("triton", reason="comes with torch for CUDA only")
from mretrieve.kernels.device import triton_products

torch.set_num_threads(1)


@pytest.mark.parametrize("width", [1, 2, 3, 128, 196])
def test_products_are_those_of_plain_torch(width: int):
    generator = torch.Generator().manual_seed(width)
    vectors, queries = (torch.randn(count, width, generator=generator) for count in (50, 3))
    rows = torch.randint(-1, 50, (3, 70), generator=generator)
    expected = ExactSearch(vectors)._exact_products(queries, rows)
    assert torch.equal(triton_products.products_of(vectors, queries, rows), expected)
