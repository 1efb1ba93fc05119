"""Values as plain Python objects, and as the text a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


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
