"""Columns of texts picked by row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mretrieve.storage.tables import picked

TEXTS = ["walk", None, "", "müde", "a" * 300, "walk"]


@pytest.mark.parametrize(
    "column",
    [
        pa.chunked_array([TEXTS]),
        pa.chunked_array([TEXTS[:2], TEXTS[2:2], TEXTS[2:]], pa.string()),
        pa.chunked_array([pa.array(["before", *TEXTS, "after"]).slice(1, len(TEXTS))]),
    ],
    ids=["whole", "chunks", "slice"],
)
def test_the_texts_at_some_rows_are_picked(column: pa.ChunkedArray) -> None:
    rows = np.array([5, 3, -1, 1, 4, 4, 0, 2, -1], np.int64)
    found = picked(column, rows)
    found.validate(full=True)
    assert found.to_pylist() == [None if row < 0 else TEXTS[row] for row in rows.tolist()]


@pytest.mark.parametrize("texts", [[], [None, None], ["", ""]])
def test_columns_without_a_letter(texts: list[str | None]) -> None:
    column = pa.chunked_array([texts], pa.string()) if texts else pa.chunked_array([], pa.string())
    rows = np.arange(-1, len(texts), dtype=np.int64)
    found = picked(column, rows)
    found.validate(full=True)
    assert found.to_pylist() == [None, *texts]
