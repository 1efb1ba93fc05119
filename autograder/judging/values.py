"""Values as plain Python objects, and as the text a person reads."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_builtins(value: Any) -> Any:
    """`value` with NumPy scalars and arrays turned into Python numbers and lists, as JSON can hold them."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): to_builtins(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_builtins(item) for item in value]
    return value


def show(value: Any) -> str:
    """A value as a learner reads it in a sentence: numbers short, arrays as nested lists."""
    value = to_builtins(value)
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return "[" + ", ".join(show(item) for item in value) + "]"
    return str(value)


def as_floats(objects: NDArray[Any]) -> NDArray[Any]:
    """An array of Python's fractions, decimals and their like as floats; one that holds other things stays what it is."""
    if not all(isinstance(entry, numbers.Real | Decimal) and not isinstance(entry, bool) for entry in objects.flat):
        return objects
    try:
        return np.array([float(entry) for entry in objects.flat]).reshape(objects.shape)
    except (OverflowError, ValueError):  # a whole number of four hundred figures
        return objects
