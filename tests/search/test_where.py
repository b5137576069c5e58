"""The --where language: SQL's meaning, clear refusals, no evaluation of anything else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mretrieve.errors import QueryError
from mretrieve.search.where import matching_rows

TABLE = pa.table(
    {
        "clip": ["a.bvh", "b.bvh", "sub/c.bvh", "d.amc"],
        "label": ["walk", "run", None, "o'hara"],
        "duration_s": [1.0, 2.5, 4.0, 8.0],
        "take": ["1", "2", "10", "11"],
        "two words": ["x", "y", "x", "y"],
        "checked": [True, False, True, None],
        "mtime_ns": [2**62, 5, 6, 7],
        "notes": [["a"], [], None, ["b"]],
    }
)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("label = 'walk'", [0]),
        ("label != 'walk'", [1, 3]),
        ("label <> 'walk' and duration_s < 5", [1]),
        ("LABEL_IS = 1 or label = 'walk'", None),
        ("duration_s >= 2.5 AND duration_s <= 4", [1, 2]),
        ("duration_s between 2 and 5", [1, 2]),
        ("duration_s not between 2 and 5", [0, 3]),
        ("label in ('walk', 'run')", [0, 1]),
        ("label not in ('walk', 'run')", [3]),
        ("label is null", [2]),
        ("label is not null", [0, 1, 3]),
        ("clip like '%.bvh'", [0, 1, 2]),
        ("clip like '_.bvh'", [0, 1]),
        ("clip not like 'sub/%'", [0, 1, 3]),
        ("label = 'o''hara'", [3]),
        ("take > 2", [2, 3]),
        ("\"two words\" = 'x'", [0, 2]),
        ("checked = true", [0, 2]),
        ("not (label = 'walk' or label = 'run')", [3]),
        ("label = 'walk' or label = 'run' and duration_s > 100", [0]),
        ("(label = 'walk' or label = 'run') and duration_s > 2", [1]),
        ("duration_s > -1e0", [0, 1, 2, 3]),
        ("mtime_ns > 1e18", [0]),
        ("notes is null", [2]),
    ],
)
def test_a_condition_selects_what_sql_would_select(condition: str, rows: list[int] | None):
    if rows is None:
        with pytest.raises(QueryError, match="no column"):
            matching_rows(condition, TABLE)
    else:
        assert np.flatnonzero(matching_rows(condition, TABLE)).tolist() == rows


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("", "column name"),
        ("label", "comparison"),
        ("label =", "quoted text"),
        ("label = walk", "quoted text"),
        ("labl = 'walk'", "did you mean label"),
        ("label = 'walk", "cannot read"),
        ("label = 'walk' duration_s > 2", "AND, OR or the end"),
        ("duration_s = 'two'", "without quotes"),
        ("label > 3", "in quotes"),
        ("label = 'a'; drop table clips", "cannot read"),
        ("label in ('a'", "closing parenthesis"),
        ("label like 3", "pattern"),
        ("label = true", "not TRUE or FALSE"),
        ("notes = 1", "only IS NULL"),
        ("notes in ('a')", "only IS NULL"),
        ("(" * 5000 + "label = 'a'", "flatter"),
        ("not " * 5000 + "label = 'a'", "flatter"),
        ("__import__('os')", "no column"),
    ],
)
def test_a_condition_that_has_no_meaning_is_refused_in_one_line(condition: str, says: str):
    with pytest.raises(QueryError, match=says) as refusal:
        matching_rows(condition, TABLE)
    assert "\n" not in str(refusal.value)


def test_an_empty_table_matches_nothing():
    assert matching_rows("label = 'walk'", TABLE.slice(0, 0)).shape == (0,)
