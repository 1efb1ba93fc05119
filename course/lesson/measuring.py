"""Times and errors, measured in one way everywhere."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from typing import Any

import numpy as np


def milliseconds(f: Callable[..., Any], *inputs: Any, runs: int = 9) -> float:
    """The time of the fastest of several runs of `f(*inputs)`, in milliseconds, after one that may compile.

    The fastest, because whatever else the machine does only adds. What JAX returns is waited for.
    """
    import jax

    def run() -> None:
        jax.block_until_ready(f(*inputs))

    run()
    return 1e3 * min(timeit.repeat(run, number=1, repeat=runs))


def relative_error(a: Any, b: Any) -> float:
    """‖a − b‖ / ‖b‖: how far a is from b, as a share of b's length (Frobenius norms)."""
    return float(np.linalg.norm(np.subtract(a, b)) / np.linalg.norm(b))
