"""The options of a query exist once: the command line's follow those of the library."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

from mretrieve import QueryOptions
from mretrieve.cli.query import query
from mretrieve.search.options import Mirror, Scope

#: Options of the command that are not the query's.
OF_THE_COMMAND = {"queries", "index", "output", "device", "ray", "page", "force"}


def test_every_option_of_a_query_is_one_of_the_command_and_the_other_way_round():
    of_the_library = {field.name for field in fields(QueryOptions)} - {"scope"} | {"moments", "whole"}
    assert {parameter.name for parameter in query.params} - OF_THE_COMMAND == of_the_library


def test_defaults_are_the_same():
    defaults = QueryOptions()
    context = query.make_context("query", ["clip.bvh"])
    for field in fields(QueryOptions):
        if field.name != "scope":
            assert context.params[field.name] == getattr(defaults, field.name), field.name
    assert not context.params["moments"] and not context.params["whole"]


def test_choices_are_the_same():
    choices = {parameter.name: parameter.type for parameter in query.params}
    assert tuple(choices["mirror"].choices) == get_args(Mirror)
    assert set(get_args(Scope)) == {"auto", "moments", "whole"}
