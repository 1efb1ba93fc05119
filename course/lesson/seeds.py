"""Mean and spread over several seeds, which are worked out side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Several(NamedTuple):
    """One number, or array of numbers, from each of several seeds.

    `format` gives mean ± spread of a single number: `f"{share:.0%}"` is "93% ± 2%".
    """

    values: np.ndarray
    """Axis 0 runs over the seeds; what follows are the axes of each seed's own result."""

    @property
    def mean(self) -> np.ndarray:
        return self.values.mean(axis=0)

    @property
    def spread(self) -> np.ndarray:
        """The standard deviation over seeds, divided by one less than their number: an estimate for seeds to come."""
        return self.values.std(axis=0, ddof=1)

    @property
    def low(self) -> np.ndarray:
        return self.values.min(axis=0)

    @property
    def high(self) -> np.ndarray:
        return self.values.max(axis=0)

    def __format__(self, spec: str) -> str:
        if self.values.ndim != 1:
            raise ValueError(
                f"Only single numbers have a format; each seed gave an array of shape {self.values.shape[1:]}."
            )
        return f"{float(self.mean):{spec}} ± {float(self.spread):{spec}}"


def several(values: Any) -> Several:
    """`Several` from results that are there already; axis 0 runs over the seeds.

    Raises
    ------
    ValueError
        Where there is but one seed, which has no spread.
    """
    values = np.asarray(values, float)
    if values.ndim == 0 or len(values) < 2:
        raise ValueError("A spread needs two seeds or more.")
    return Several(values)


def several_seeds(f: Callable[..., Any], count: int, *rotated: Any) -> Several:
    """What `f(key, …)` returns for the keys of the seeds 0 … count − 1, worked out side by side in one program.

    f: a function that JAX can compile, from a key (and one entry of each of `rotated`) to a number or an array.
    rotated: arrays, or trees of arrays such as `data.rotations(count)`, whose axis 0 runs over the seeds.

    Raises
    ------
    ValueError
        Where there are fewer than two seeds, or something in `rotated` has not one entry for each.
    """
    import jax

    from course.nets.classify import seeds
    from course.nets.layers import LEAN

    lengths = {len(leaf) for leaf in jax.tree.leaves(rotated)}
    if lengths - {count}:
        raise ValueError(f"There are {count} seeds, and what goes with them has {sorted(lengths)} entries.")
    return several(jax.jit(jax.vmap(f), compiler_options=LEAN)(seeds(count), *rotated))
