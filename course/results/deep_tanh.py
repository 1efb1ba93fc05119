"""Lesson 02's ending: does training work where the cloud of singular values stays near 1?

Tanh nets of 20 and of 60 layers at σ_w = 1 read the digits, with Gaussian and with orthogonal weights, at three learning
rates. 300 steps of SGD, 64 digits a step; five seeds, each with other writers held out.
"""

from __future__ import annotations

import jax
import numpy as np

from course.nets.classify import seeds
from course.nets.data import rotations
from course.nets.layers import Init
from course.nets.train import settings, train

DEPTHS = (20, 60)
KINDS: tuple[Init, ...] = ("gaussian", "orthogonal")
RATES = (0.01, 0.03, 0.1)
SEEDS = 5
STEPS = 300


def run() -> dict[str, np.ndarray]:
    """`accuracy`, the share of test digits read, and `final`, the loss on the training digits, in nats.

    Axes: depth, kind of weights, learning rate, seed.
    """
    runs = [[read(depth, kind, RATES) for kind in KINDS] for depth in DEPTHS]
    accuracy, final = np.moveaxis(np.array(runs), 2, 0)
    return {"accuracy": accuracy, "final": final}


def read(depth: int, kind: Init, rates: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Accuracy and final loss of nets of one depth and one kind of weights, (rates, seeds)."""
    rows = [(depth, "tanh", 1.0, eta) for eta in rates]
    data = rotations(SEEDS)
    found = train(
        seeds(SEEDS), settings(rows, ("tanh",)), *data, activations=("tanh",), max_depth=depth, steps=STEPS, kind=kind
    )
    found = jax.device_get(found)
    return np.asarray(found.accuracy).T, np.asarray(found.final).T
