"""Files of arrays are in the safetensors layout, which that library and this module both read."""

from __future__ import annotations

import numpy as np
import pytest

from mretrieve.storage.tensors_file import pack_tensors, unpack_tensors

TENSORS = {
    "codes": np.arange(6, dtype=np.uint8).reshape(2, 3),
    "nothing": np.zeros((0, 4), np.float32),
    "numbers": np.linspace(0, 1, 5).reshape(5, 1),
    "columns": np.array([3, 1], np.int32),
}


def test_arrays_are_read_back_without_a_copy():
    content = np.frombuffer(b"".join(pack_tensors(TENSORS)), np.uint8)
    tensors, metadata = unpack_tensors(content)
    assert list(tensors) == list(TENSORS) and metadata == {}
    for name, expected in TENSORS.items():
        np.testing.assert_array_equal(tensors[name], expected)
        assert tensors[name].dtype == expected.dtype
        assert not expected.size or np.shares_memory(tensors[name], content)


def test_the_library_reads_the_same():
    load = pytest.importorskip("safetensors.numpy").load
    loaded = load(b"".join(pack_tensors(TENSORS)))
    assert loaded.keys() == TENSORS.keys()
    for name, values in loaded.items():
        np.testing.assert_array_equal(values, TENSORS[name])


@pytest.mark.parametrize("cut", [0, 4, 20, -1])
def test_a_cut_file_is_an_error(cut: int):
    with pytest.raises((ValueError, LookupError, TypeError)):
        unpack_tensors(b"".join(pack_tensors(TENSORS))[:cut])
