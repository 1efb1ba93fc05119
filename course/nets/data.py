"""Data the course ships with: nothing is downloaded, and every draw has its seed.

    data = digits()                            # 1500 digits to learn from; tested on two writers who are not among them
    again = rotations(5)                       # the same five times, each time with other writers held out
    leaky = random_split()                     # split at random: every writer is on both sides

Who wrote which digit is inferred: see `FORM_STARTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int, Int32

FORM_STARTS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)
"""The row of scikit-learn's file at which each filled-in form begins. *Inferred*: the file does not say who wrote what.

Its labels repeat one sequence of 130: 0 … 9 three times, then 100 digits in an order that is always the same, as they
stood on a preprinted form. It is there fourteen times, nine times at full length and five times with two to eight
digits missing, and each repetition is taken as one form, filled in by one writer. (The file's description counts
thirteen people: one of them may have filled in two, and the pixels do not show which.)
"""

WRITERS = len(FORM_STARTS)
"""How many writers the forms are taken to have; their names are 0 … 13, in the order of the file."""

ROTATION = tuple((first, first + 1) for first in range(0, WRITERS, 2))
"""Who is held out together, so that seven splits test every writer once."""

HELD_OUT = (10, 11)
"""The writers held out where no others are named: of the `ROTATION`, those on whom a linear model is right about as
often as it is on average (0.926 against 0.925; over the seven pairs from 0.877 to 0.969)."""

IN_ROTATION = 250
"""How many test digits each of the `rotations` has, so that all are of one size."""


class Split(NamedTuple):
    """Examples to learn from, and others to be tested on. One row an example; labels are 0 … classes − 1.

    Several splits of one size are one `Split` whose arrays have a leading axis (see `rotations`).
    """

    x: Float32[np.ndarray, "*splits train d"]
    y: Int32[np.ndarray, "*splits train"]
    x_test: Float32[np.ndarray, "*splits test d"]
    y_test: Int32[np.ndarray, "*splits test"]


def digits(n_train: int = 1500, seed: int = 0, *, held_out: Iterable[int] = HELD_OUT) -> Split:
    """The handwritten digits of scikit-learn, 8×8 pixels in a row of 64, split by writer.

    All digits of the writers in `held_out` (named 0 … 13, see `FORM_STARTS`) are the test part. Of all others,
    shuffled by `seed`, the first `n_train` are learned from. Each pixel is standardised by its mean and deviation
    over the *training* examples, so that nothing leaks from the others. A pixel that never changes there (a corner)
    has no deviation: it is only centred. NumPy arrays, so that loading data starts no JAX backend.

    Raises
    ------
    ValueError
        Where `held_out` names nobody, everybody or someone who is not there, and where `n_train` is less than 1 or
        more than the others wrote.
    ModuleNotFoundError
        Where scikit-learn, which brings the file, is not installed.
    """
    return _standardised(*by_writer(n_train, seed, held_out))


def rotations(count: int = 5, make: Callable[..., Any] = digits, n_train: int = 1500) -> Any:
    """The digits split `count` times, with other writers held out each time: what `make` returns (a `Split`, or
    `toys.Images`), its arrays with a leading axis of splits.

    Split k is `make` (`digits`, or `toys.shifted_digits`) with seed k and `ROTATION[k]` held out; seven splits test
    every writer once. All have `n_train` digits to learn from and 250 of those held out, so that one compiled program
    takes them all.

    Raises
    ------
    ValueError
        Where `count` is less than 1 or more than 7, or `n_train` is out of range.
    """
    if not 1 <= count <= len(ROTATION):
        raise ValueError(f"Ask for 1 to {len(ROTATION)} rotations of the writers, not {count}.")
    made = [make(n_train, seed=seed, held_out=pair) for seed, pair in enumerate(ROTATION[:count])]
    cut = [split._replace(x_test=split.x_test[:IN_ROTATION], y_test=split.y_test[:IN_ROTATION]) for split in made]
    return type(cut[0])(*(np.stack(parts) for parts in zip(*cut, strict=True)))


def random_split(n_train: int = 1500, seed: int = 0) -> Split:
    """The same digits split at random, so that every writer is learned from *and* tested on: a leak, by name.

    Who tests on writers already seen measures something easier than reading a stranger's hand: a linear model is
    right on 0.97 of such digits, and on 0.93 of those of unseen writers.

    Raises
    ------
    ValueError
        Where `n_train` leaves nothing to train on, or nothing to test on.
    """
    labels = raw_digits()[1]
    if not 0 < n_train < len(labels):
        raise ValueError(f"n_train must lie between 1 and {len(labels) - 1}, and is {n_train}.")
    order = np.random.default_rng(seed).permutation(len(labels))
    return _standardised(order[:n_train], order[n_train:])


def by_writer(
    n_train: int, seed: int, held_out: Iterable[int]
) -> tuple[Int[np.ndarray, "train"], Int[np.ndarray, "test"]]:
    """The rows of the file to learn from, and those to be tested on: all digits of the writers in `held_out`.

    Both shuffled by `seed`, so that a smaller `n_train` is the beginning of a larger one. Raises ValueError as
    `digits` does.
    """
    names = set(held_out)
    if not names or not names < set(range(WRITERS)):
        raise ValueError(
            f"held_out names some of the writers 0 … {WRITERS - 1}, but not all of them; it is {sorted(names)}."
        )
    tested = np.isin(writers(), list(names))
    rng = np.random.default_rng(seed)
    train, test = rng.permutation(np.flatnonzero(~tested)), rng.permutation(np.flatnonzero(tested))
    if not 0 < n_train <= len(train):
        raise ValueError(
            f"n_train must lie between 1 and {len(train)}, the digits of those not held out, and is {n_train}."
        )
    return train[:n_train], test


def writers() -> Int[np.ndarray, "n"]:
    """Who wrote each digit of the file, 0 … 13, in the order of `raw_digits`; inferred (see `FORM_STARTS`)."""
    return np.searchsorted(FORM_STARTS, np.arange(len(raw_digits()[1])), side="right") - 1


def _standardised(train: np.ndarray, test: np.ndarray) -> Split:
    pixels, labels = raw_digits()
    mean, deviation = pixels[train].mean(axis=0), pixels[train].std(axis=0)
    x = ((pixels - mean) / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
    y = labels.astype(np.int32)
    return Split(x[train], y[train], x[test], y[test])


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
