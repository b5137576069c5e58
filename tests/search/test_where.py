"""The --where language: SQL's meaning, clear refusals, no evaluation of anything else."""

from __future__ import annotations

import sqlite3
import warnings

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mretrieve.errors import QueryError
from mretrieve.search.columns import Column
from mretrieve.search.where import matching_rows, where_help

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
        "size": [1.5, None, 3.0, 4.0],
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
        ("Label = 'walk' AND DURATION_S = 1", [0]),
        ("\"Two Words\" = 'x'", [0, 2]),
        ("clip like '%a%a%'", []),
        ("clip like 'a\\.b%'", [0]),
        ("clip like '[ab].bvh'", []),
        ("clip in ('a.bvh', 'B.BVH')", [0]),
        ("take in ('1', 2)", [0, 1]),
        ("checked <> true", [1]),
        ("label < 'run'", [3]),
        ("size > 2", [2, 3]),
        ("size is null", [1]),
        ("not size > 2", [0]),
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
        ("label = 'walk", 'column 9, found "\'walk"'),
        ("label = 'walk' duration_s > 2", "AND, OR or the end"),
        ("duration_s = 'two'", "without quotes"),
        ("label > 3", "in quotes"),
        ("label = 'a'; drop table clips", "found '; drop table clips'"),
        ("label = 'a' -- comment", "found '-- comment'"),
        ("1 = 1", "column name"),
        ("label = (select 'a')", "quoted text"),
        ("label in (select label from clips)", "quoted text"),
        ("attach 'x' as y", "no column 'attach'"),
        ("pragma user_version", "no column 'pragma'"),
        ("load_extension('x')", "no column 'load_extension'"),
        ("duration_s > randomblob(1000000000)", "quoted text"),
        ("label = 'a' union select 1", "AND, OR or the end"),
        ('label = "walk"', "quoted text"),
        ("label\0 = 'a'", r'found "\\x00'),
        ("label in ('a'", "closing parenthesis"),
        ("label like 3", "pattern"),
        ("label = true", "not TRUE or FALSE"),
        ("notes = 1", "only IS NULL"),
        ("notes in ('a')", "only IS NULL"),
        ("(" * 5000 + "label = 'a'", "flatter"),
        ("not " * 5000 + "label = 'a'", "flatter"),
        ("(" * 2_000_000, "characters"),
        ("label = '" + "a\n" * 100_000 + "'", "no clip has label"),
        ("__import__('os')", "no column"),
    ],
)
def test_a_condition_that_has_no_meaning_is_refused_in_one_line(condition: str, says: str):
    with pytest.raises(QueryError, match=says) as refusal:
        matching_rows(condition, TABLE)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 500


def test_an_empty_table_matches_nothing():
    assert matching_rows("label = 'walk'", TABLE.slice(0, 0)).shape == (0,)


ROWS = [
    (label, style, seconds) for label in ("walk", "Walk", None) for style in ("old_", None) for seconds in (1, 2.5, 9)
]
COMPARISONS = [
    *(
        f"{column} {test}"
        for column in ("label", "style")
        for test in ("> 'Walk'", "<> 'walk'", "IS NULL", "LIKE '%l_'")
    ),
    *(f"label {test}" for test in ("= 'walk'", "IN ('Walk', 'walk')", "NOT IN ('Walk', 'run')", "NOT LIKE 'w___'")),
    *(f"seconds {test}" for test in ("< 2", "BETWEEN 1 AND 2.5", "NOT BETWEEN 2 AND 3", "IN (1, 9)", "IS NOT NULL")),
]
CONDITIONS = st.recursive(
    st.sampled_from(COMPARISONS),
    lambda inner: st.one_of(
        inner.map("NOT {}".format),
        st.lists(inner, min_size=2, max_size=3).map(" AND ".join),
        st.lists(inner, min_size=2, max_size=3).map(" OR ".join),
        inner.map("({})".format),
    ),
    max_leaves=8,
)


@given(CONDITIONS)
def test_sqlite_selects_the_same_rows(condition: str):
    with sqlite3.connect(":memory:") as database:
        database.execute("PRAGMA case_sensitive_like = 1")
        database.execute("CREATE TABLE clips (label TEXT, style TEXT, seconds REAL)")
        database.executemany("INSERT INTO clips VALUES (?, ?, ?)", ROWS)
        expected = [row - 1 for (row,) in database.execute(f"SELECT rowid FROM clips WHERE {condition}")]
    table = pa.table(dict(zip(("label", "style", "seconds"), zip(*ROWS, strict=True), strict=True)))
    assert np.flatnonzero(matching_rows(condition, table)).tolist() == expected


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("label = 'Walk'", "no clip has label 'Walk'; did you mean 'walk'?"),
        ("LABEL in ('rum', 'dance')", "no clip has label 'rum'; did you mean 'run'?"),
        ("label = 'sit'", "no clip has label 'sit'; it has \"o'hara\", 'run', 'walk'"),
        ("duration_s > 2 and (take = '7' or size < 0)", "no clip has take '7'; it has '1', '10', '11', '2'"),
    ],
)
def test_a_text_that_no_clip_has_is_refused_with_those_that_exist(condition: str, says: str):
    with pytest.raises(QueryError) as refusal:
        matching_rows(condition, TABLE)
    assert str(refusal.value) == f"--where: {says}"


@pytest.mark.parametrize(
    "condition",
    ["duration_s < 0", "label = 'walk' and duration_s > 2", "label like 'Walk%'", "label != 'Walk' and duration_s < 0"],
)
def test_a_condition_that_is_understood_but_met_by_no_clip_selects_none(condition: str):
    assert not matching_rows(condition, TABLE).any()


def test_a_text_that_no_clip_has_does_not_matter_if_others_are_found():
    assert np.flatnonzero(matching_rows("label in ('walk', 'Walk')", TABLE)).tolist() == [0]


def test_of_many_values_a_refusal_names_some():
    table = pa.table({"clip": [f"take {number}" for number in range(1000)]})
    with pytest.raises(QueryError, match="it has 1000 values such as 'take 0', 'take 1', "):
        matching_rows("clip = 'xyz'", table)


def test_column_names_that_differ_only_in_case_are_used_as_written():
    table = pa.table({"Style": ["a"], "style": ["b"]})
    assert matching_rows("style = 'b' and Style = 'a'", table).all()
    with pytest.raises(QueryError, match="no column 'STYLE' in this index; did you mean Style, style"):
        matching_rows("STYLE = 'b'", table)


class PlainTable:
    """The columns of TABLE as lists, or NumPy arrays of numbers."""

    column_names = TABLE.column_names

    def column(self, name: str) -> object:
        values = TABLE[name].to_pylist()
        return np.array(values) if name == "duration_s" else values


@pytest.mark.parametrize(
    "condition", ["label <> 'walk'", "duration_s > 2", "take > 2", "checked = true", "notes is null"]
)
def test_columns_may_be_lists_and_arrays(condition: str):
    assert np.array_equal(matching_rows(condition, PlainTable()), matching_rows(condition, TABLE))


def test_help_lists_columns_with_type_and_values_and_its_examples_are_conditions():
    text = where_help(TABLE)
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert lines["label"].split(maxsplit=1)[1] == "text    \"o'hara\", 'run', 'walk'"
    assert lines["duration_s"].split() == ["duration_s", "number", "1", "to", "8"]
    assert set(TABLE.column_names) - {"two words"} <= lines.keys() and "  two words  " in text
    examples = [line.split('"')[1] for line in text.splitlines() if line.startswith("  --where")]
    assert len(examples) == 2
    for example in examples:
        matching_rows(example, TABLE)


def test_a_pattern_of_many_wildcards_is_matched_without_trying_all_ways():
    table = pa.table({"clip": ["a" * 200]})
    assert not matching_rows(f"clip like '{'%a' * 100}%b'", table).any()  # plain backtracking would take years


def test_columns_that_hold_no_numbers_are_read_without_a_warning():
    table = pa.table({"label": ["walk", None], "share": [0.5, None], "count": [1, 2]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kinds = {name: Column.of(table, name).kind for name in table.column_names}
    assert kinds == {"label": "text", "share": "number", "count": "number"}
