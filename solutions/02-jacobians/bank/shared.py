"""What several skills share."""

import numpy as np

SHRINKING = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def small_matrix(rng, size=2, largest=3):
    """A square matrix of whole numbers without zeros, for work by hand."""
    return (rng.integers(1, largest + 1, (size, size)) * rng.choice([-1, 1], (size, size))).tolist()


def small_row(rng, size=2, largest=3):
    """A row of whole numbers without zeros."""
    return (rng.integers(1, largest + 1, size) * rng.choice([-1, 1], size)).tolist()


def random_stack(rng, depth, width, sigma_w=1.0):
    """Weights (depth, width, width) with variance σ_w²/width, and small biases (depth, width), in float32."""
    W = sigma_w / np.sqrt(width) * rng.normal(size=(depth, width, width))
    return W.astype(np.float32), (0.3 * rng.normal(size=(depth, width))).astype(np.float32)
