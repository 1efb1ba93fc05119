"""Data the course ships with: nothing is downloaded, and every draw has its seed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int32


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
    ModuleNotFoundError
        Where scikit-learn, which brings the file, is not installed.
    """
    pixels, labels = raw_digits()
    if not 0 < n_train < len(labels):
        raise ValueError(f"n_train must lie between 1 and {len(labels) - 1}, and is {n_train}.")
    order = np.random.default_rng(seed).permutation(len(labels))
    x, y = pixels[order], labels[order].astype(np.int32)
    mean, deviation = x[:n_train].mean(axis=0), x[:n_train].std(axis=0)
    x = ((x - mean) / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
    return Split(x[:n_train], y[:n_train], x[n_train:], y[n_train:])


def raw_digits() -> tuple[Float64[np.ndarray, "n 64"], Float64[np.ndarray, "n"]]:
    """scikit-learn's 1797 digits as its file has them: ink from 0 to 16 in 64 pixels, and which digit it is."""
    table = np.loadtxt(_folder_of("sklearn") / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    return table[:, :64], table[:, 64]


def _folder_of(package: str) -> Path:
    """Where an installed package lives, found without importing it: scikit-learn takes a second and 80 MB."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed; install what the course needs with `make install`.")
    return Path(spec.submodule_search_locations[0])
