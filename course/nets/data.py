"""Data the course ships with: nothing is downloaded, and every draw has its seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32


class Split(NamedTuple):
    """Examples to learn from, and others to be tested on. One row an example; labels are 0 … classes − 1."""

    x: Float32[np.ndarray, "train d"]
    y: Int32[np.ndarray, "train"]
    x_test: Float32[np.ndarray, "test d"]
    y_test: Int32[np.ndarray, "test"]


def digits(n_train: int = 1500, seed: int = 0) -> Split:
    """The 1797 handwritten digits of scikit-learn, 8×8 pixels in a row of 64, shuffled by `seed`.

    Each pixel is standardised by its mean and deviation over the *training* examples, so that nothing leaks
    from the others. A pixel that never changes there (a corner) has no deviation: it is only centred.
    NumPy arrays, so that loading data starts no JAX backend.

    Raises
    ------
    ValueError
        Where `n_train` leaves nothing to train on, or nothing to test on.
    """
    from sklearn.datasets import load_digits  # here, because it takes a second and most lessons do without

    pixels, labels = load_digits(return_X_y=True)
    if not 0 < n_train < len(labels):
        raise ValueError(f"n_train must lie between 1 and {len(labels) - 1}, and is {n_train}.")
    order = np.random.default_rng(seed).permutation(len(labels))
    x, y = pixels[order], labels[order].astype(np.int32)
    mean, deviation = x[:n_train].mean(axis=0), x[:n_train].std(axis=0)
    x = ((x - mean) / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
    return Split(x[:n_train], y[:n_train], x[n_train:], y[n_train:])
