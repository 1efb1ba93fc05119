"""The arrays that an answered function is called on: NumPy's, on which whatever one does with arrays of JAX works, too.

A page that says `jnp` does not say which of the two a function is given, and there is a program for either: one writes into
its own copy, one picks a layer by the counter of a `fori_loop`, one sets entries with `.at`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


class _Array(np.ndarray):
    """An array of NumPy that is JAX's where only that will do."""

    def __getitem__(self, key: Any) -> Any:
        jax = sys.modules.get("jax")
        parts = key if isinstance(key, tuple) else (key,)
        if jax is not None and any(isinstance(part, jax.core.Tracer) for part in parts):
            return jax.numpy.asarray(np.asarray(self))[key]
        return super().__getitem__(key)

    @property
    def at(self) -> Any:
        import jax

        return jax.numpy.asarray(np.asarray(self)).at


_Array.__name__ = _Array.__qualname__ = "ndarray"  # as which it is spoken of


def given(value: Any) -> Any:
    """A copy of an input, whose arrays are such; what is no array stays what it is."""
    if isinstance(value, np.ndarray):
        return value.copy().view(_Array)
    if isinstance(value, tuple | list):
        return type(value)(given(item) for item in value)
    if isinstance(value, dict):
        return {key: given(item) for key, item in value.items()}
    return value
