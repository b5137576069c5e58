"""How a user names a moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mretrieve.errors import QueryError
from mretrieve.sources.moments import parse_moment

CLIPS = {"walk.bvh", "takes@home/walk.bvh", "walk.bvh@1-2"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("walk.bvh", ("walk.bvh", None, None)),
        ("walk.bvh@3.20-5.43", ("walk.bvh", 3.2, 5.43)),
        ("walk.bvh@3-5.", ("walk.bvh", 3.0, 5.0)),
        ("walk.bvh@.5-1", ("walk.bvh", 0.5, 1.0)),
        ("walk.bvh@3.2-", ("walk.bvh", 3.2, None)),
        ("walk.bvh@-5.4", ("walk.bvh", None, 5.4)),
        ("takes@home/walk.bvh", ("takes@home/walk.bvh", None, None)),
        ("takes@home/walk.bvh@0-1", ("takes@home/walk.bvh", 0.0, 1.0)),
        ("walk.bvh@1-2", ("walk.bvh@1-2", None, None)),  # a clip of this very name is meant
        ("walk.bvh@1-2@0-1", ("walk.bvh@1-2", 0.0, 1.0)),
        ("gone.bvh@1-2", ("gone.bvh", 1.0, 2.0)),  # that it is gone is for the caller to say
        ("who@gone.bvh", ("who@gone.bvh", None, None)),
    ],
)
def test_names(text, named):
    assert parse_moment(text, CLIPS.__contains__) == named


@pytest.mark.parametrize(
    "span", ["", "-", "nan-3", "1-inf", "1e3-1e4", "5-3", "3-3", "-3-5", "1", "a-b", "٣-٥", "1,5-2"]
)
def test_a_span_that_is_none_is_refused_in_one_line(span):
    with pytest.raises(QueryError) as refused:
        parse_moment(f"walk.bvh@{span}", CLIPS.__contains__)
    assert str(refused.value).startswith(f"walk.bvh@{span}: ")
    assert "\n" not in str(refused.value)


@given(st.text(max_size=20), st.decimals(0, 9999, places=2), st.decimals("0.01", 99, places=2))
def test_what_answers_print_is_what_is_parsed(clip, start, length):
    moment = parse_moment(f"{clip}@{start:.2f}-{start + length:.2f}", lambda name: name == clip)
    assert moment == (clip, float(start), float(start + length))
