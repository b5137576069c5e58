"""Whether the fields of a record that came from JSON have the types that its class declares."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

R = TypeVar("R")

_LARGEST = sys.float_info.max
_Check = Callable[[Any], bool]
_CHECKS: dict[Any, tuple[tuple[str, _Check], ...]] = {}


def checked(record: R) -> R:
    """The record itself.

    Raises:
        TypeError: a field has another type than its class says, a whole number has more than 63 bits, or a number is
            not finite.
    """
    for name, fits in _checks(type(record)):
        if not fits(value := getattr(record, name)):
            raise TypeError(f"{type(record).__name__}.{name} is {value!r:.60}")
    return record


def _checks(kind: Any) -> tuple[tuple[str, _Check], ...]:
    if kind not in _CHECKS:
        _CHECKS[kind] = tuple((name, _check_of(hint)) for name, hint in get_type_hints(kind).items())
    return _CHECKS[kind]


def _check_of(hint: Any) -> _Check:
    arguments = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        several = [_check_of(each) for each in arguments]
        return lambda value: any(fits(value) for fits in several)
    if get_origin(hint) is Mapping:
        fits_value = _check_of(arguments[1])
        return lambda value: (
            isinstance(value, Mapping) and all(type(name) is str and fits_value(each) for name, each in value.items())
        )
    if get_origin(hint) is tuple:
        fits_each = _check_of(arguments[0])
        return lambda value: type(value) is tuple and all(map(fits_each, value))
    if hint is int:
        return lambda value: type(value) is int and -(2**63) <= value < 2**63
    if hint is float:
        return lambda value: type(value) in (int, float) and -_LARGEST <= value <= _LARGEST
    if hint in (str, bool, NoneType) or is_dataclass(hint):
        return lambda value: type(value) is hint
    raise NotImplementedError(f"a field of type {hint}")
