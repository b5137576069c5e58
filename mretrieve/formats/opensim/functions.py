"""The functions by which a coordinate of an OpenSim model moves a joint.

Source: the documentation of the classes below `Function` in OpenSim 4 (Seth et al., "OpenSim: Simulating
musculoskeletal dynamics and neuromuscular control", PLoS Computational Biology 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Values (T,) of arguments (T,).
Function = Callable[[Floats], Floats]
#: Points of a spline; a matrix of that size is solved.
_MOST_POINTS = 2000
_SPLINES = ("SimmSpline", "NaturalCubicSpline", "natCubicSpline")


def function_of(element: Element) -> Function:
    """The function that an element describes.

    Raises:
        ValueError: of another kind, or its numbers are none.
    """
    match element.tag:
        case "Constant":
            return partial(_polynomial, numbers_in(element, "value", [0.0]))
        case "LinearFunction":
            return partial(_polynomial, _count(numbers_in(element, "coefficients", [1.0, 0.0]), 2))
        case "PolynomialFunction":
            return partial(_polynomial, numbers_in(element, "coefficients", [0.0]))
        case "PiecewiseLinearFunction":
            x, y = _points(element)
            return partial(_piecewise, x, y)
        case tag if tag in _SPLINES:
            return partial(_spline, *_spline_of(*_points(element)))
        case "MultiplierFunction":
            (scale,) = _count(numbers_in(element, "scale", [1.0]), 1)
            inner = element.find("function")
            if inner is None or not len(inner):
                raise ValueError("a MultiplierFunction of nothing")
            return partial(_scaled, scale, function_of(inner[0]))
    raise ValueError(f"a function of the kind {element.tag}")


def is_linear(element: Element) -> bool:
    """Whether an element describes a function whose value is that of the coordinate, or its negative."""
    if element.tag != "LinearFunction":
        return False
    return [abs(value) for value in numbers_in(element, "coefficients", [1.0, 0.0])] == [1.0, 0.0]


def numbers_in(element: Element, name: str, default: Sequence[float]) -> list[float]:
    """The numbers in a child of an element. ValueError: they are not finite."""
    text = element.findtext(name)
    values = list(default) if text is None or not text.strip() else [float(word) for word in text.split()]
    if not np.isfinite(values).all():
        raise ValueError(f"numbers that are not finite in {name}")
    return values


def _count(values: list[float], count: int) -> list[float]:
    if len(values) != count:
        raise ValueError(f"{len(values)} numbers instead of {count}")
    return values


def _points(element: Element) -> tuple[Floats, Floats]:
    x, y = (np.array(numbers_in(element, name, [])) for name in ("x", "y"))
    if len(x) != len(y) or not 2 <= len(x) <= _MOST_POINTS or not (np.diff(x) > 0).all():
        raise ValueError(f"a {element.tag} whose points do not increase or are not two at least")
    return x, y


def _polynomial(coefficients: Sequence[float], values: Floats) -> Floats:
    return np.asarray(np.polyval(coefficients, values), np.float64)


def _scaled(scale: float, function: Function, values: Floats) -> Floats:
    return scale * function(values)


def _piecewise(x: Floats, y: Floats, values: Floats) -> Floats:
    return np.interp(values, x, y)


def _spline_of(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Points (K,), and there values, slopes, and sixths of the second derivative.

    SIMM's spline is that of Forsythe, Malcolm and Moler, "Computer Methods for Mathematical Computations" (1977): the
    third derivative at each end is that of the cubic through the four points there.
    """
    count, steps = len(x), np.diff(x)
    slopes = np.diff(y) / steps
    if count == 2:
        return x, y, np.repeat(slopes, 2), np.zeros(2)
    matrix, wanted = np.zeros((count, count)), np.zeros(count)
    inner = np.arange(1, count - 1)
    matrix[inner, inner - 1], matrix[inner, inner + 1] = steps[:-1], steps[1:]
    matrix[inner, inner] = 2 * (steps[:-1] + steps[1:])
    wanted[1:-1] = np.diff(slopes)
    matrix[0, 0], matrix[0, 1] = -steps[0], steps[0]
    matrix[-1, -1], matrix[-1, -2] = -steps[-1], steps[-1]
    if count > 3:
        second = np.diff(slopes) / (x[2:] - x[:-2])
        third = np.diff(second) / (x[3:] - x[:-3])
        wanted[0], wanted[-1] = steps[0] ** 2 * third[0], -(steps[-1] ** 2) * third[-1]
    try:
        sixths = np.asarray(np.linalg.solve(matrix, wanted), np.float64)
    except np.linalg.LinAlgError:
        raise ValueError("a spline through points that are too close") from None
    at_points: Floats = np.empty(count)
    at_points[:-1] = slopes - steps * (sixths[1:] + 2 * sixths[:-1])
    at_points[-1] = slopes[-1] + steps[-1] * (sixths[-2] + 2 * sixths[-1])
    return x, y, at_points, sixths


def _spline(x: Floats, y: Floats, slopes: Floats, sixths: Floats, values: Floats) -> Floats:
    """The spline between its points, straight lines beyond them."""
    before = np.clip(np.searchsorted(x, values, side="right") - 1, 0, len(x) - 2)
    after = np.clip(values, x[0], x[-1]) - x[before]
    step = x[before + 1] - x[before]
    cubic = (sixths[before + 1] - sixths[before]) / step
    inside = y[before] + after * (slopes[before] + after * (3 * sixths[before] + after * cubic))
    beyond = np.where(values < x[0], (values - x[0]) * slopes[0], 0.0)
    return np.asarray(inside + beyond + np.where(values > x[-1], (values - x[-1]) * slopes[-1], 0.0))
