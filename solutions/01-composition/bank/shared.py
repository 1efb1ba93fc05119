"""What several skills share."""

import numpy as np


def whole(rng, *shape, largest=3):
    """Whole numbers without zeros, for work by hand, as nested lists."""
    return (rng.integers(1, largest + 1, shape) * rng.choice([-1, 1], shape)).tolist()


def a_batch(rng, depth, width, classes, n):
    """Weights of a small MLP with equal hidden layers, and n inputs, in float32."""
    arrays = {
        "W": rng.normal(size=(depth, width, width)) * (2 / width) ** 0.5,
        "b": 0.5 * rng.normal(size=(depth, width)),
        "V": rng.normal(size=(classes, width)),
        "c": rng.normal(size=classes),
        "X": rng.normal(size=(n, width)),
    }
    return {name: array.astype(np.float32) for name, array in arrays.items()}
