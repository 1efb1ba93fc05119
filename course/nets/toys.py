"""Data made on the spot: moons and spirals in the plane, digits shifted about a canvas. A seed is a data set.

NumPy arrays, so that making data starts no JAX backend.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from course.nets.data import HELD_OUT, Split, by_writer, raw_digits


class Images(NamedTuple):
    """Pictures to learn from, and others to be tested on. Labels are 0 … classes − 1.

    Several splits of one size are one `Images` whose arrays have a leading axis (see `data.rotations`).
    """

    x: Float32[np.ndarray, "*splits train channels height width"]
    y: Int32[np.ndarray, "*splits train"]
    x_test: Float32[np.ndarray, "*splits test channels height width"]
    y_test: Int32[np.ndarray, "*splits test"]


def moons(n: int = 400, noise: float = 0.1, seed: int = 0, n_test: int = 400) -> Split:
    """Two half-circles of radius 1 that interlock, one a class; no line parts them.

    Class 0 is the upper half of the circle around (0, 0), class 1 the lower half of that around (1, ½); every point
    is drawn uniformly along its arc and then moved by a normal step of deviation `noise` along each axis.
    Classes are equally frequent (to one), rows shuffled.

    Raises
    ------
    ValueError
        Where there would be fewer than two points, or `noise` is negative.
    """

    def arc(t: np.ndarray, label: np.ndarray) -> np.ndarray:
        angle = np.pi * t
        upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
        return np.where(label[:, None] == 0, upper, lower)

    return _plane(arc, 2, n, n_test, noise, seed)


def spirals(
    n: int = 400, turns: float = 1.5, noise: float = 0.05, arms: int = 2, seed: int = 0, n_test: int = 400
) -> Split:
    """`arms` spirals wound around each other, one a class: harder than moons, and the harder the more `turns`.

    Arm a follows radius 2t at angle 2π(turns · t + a/arms), t from 0.1 to 1 (drawn so that points are even along the
    radius), and every point is then moved by a normal step of deviation `noise` along each axis.

    Raises
    ------
    ValueError
        Where there would be fewer than two points, fewer than two arms, or `noise` is negative.
    """
    if arms < 2:
        raise ValueError(f"Spirals need two arms or more to be told apart, and these have {arms}.")

    def arc(t: np.ndarray, label: np.ndarray) -> np.ndarray:
        radius = 0.1 + 0.9 * t
        angle = 2 * np.pi * (turns * radius + label / arms)
        return 2 * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)

    return _plane(arc, arms, n, n_test, noise, seed)


def _plane(arc, classes: int, n: int, n_test: int, noise: float, seed: int) -> Split:  # type: ignore[no-untyped-def]
    if n < 2 or n_test < 1:
        raise ValueError(f"Make two points or more to learn from and one to be tested on, not {n} and {n_test}.")
    if noise < 0:
        raise ValueError(f"A noise is 0 or more, and this one is {noise}.")
    rng = np.random.default_rng(seed)

    def some(n: int) -> tuple[np.ndarray, np.ndarray]:
        label = rng.permutation(np.arange(n) % classes)
        points = arc(rng.random(n), label) + noise * rng.normal(size=(n, 2))
        return points.astype(np.float32), label.astype(np.int32)

    x, y = some(n)
    return Split(x, y, *some(n_test))


def shifted_digits(
    n_train: int = 1500, canvas: int = 12, seed: int = 0, *, held_out: Iterable[int] = HELD_OUT
) -> Images:
    """scikit-learn's 8×8 digits, each put at a random place on an empty canvas × canvas picture; ink is 0 … 1.

    Split by writer as `data.digits` is: those in `held_out` wrote the test digits and none of the others. Every place
    where a digit fits whole is equally likely (25 of them on 12×12), in training and in testing alike. The order and
    the places follow from `seed`; the first k training pictures are those of a smaller `n_train` too, so that training
    sets of growing size can be cut from one call.

    Raises
    ------
    ValueError
        Where `n_train` or `held_out` is out of range (see `data.digits`), or the canvas is smaller than a digit.
    """
    if canvas < 8:
        raise ValueError(f"A digit is 8 pixels wide, and a canvas of {canvas} cannot hold it.")
    train, test = by_writer(n_train, seed, held_out)
    pixels, labels = raw_digits()
    n = len(labels)
    corner = np.random.default_rng((seed, 1)).integers(0, canvas - 8 + 1, size=(n, 2))
    pictures = np.zeros((n, 1, canvas, canvas), np.float32)
    rows = corner[:, 0, None, None] + np.arange(8)[None, :, None]
    columns = corner[:, 1, None, None] + np.arange(8)[None, None, :]
    pictures[np.arange(n)[:, None, None], 0, rows, columns] = pixels.reshape(n, 8, 8) / 16
    y = labels.astype(np.int32)
    return Images(pictures[train], y[train], pictures[test], y[test])
