"""What lesson 04 calls, in one namespace: norms, and nets that are watched in training. Each name is that of its own module."""

from course.nets.classify import first
from course.nets.counts import Activation, Dense, Norm, count
from course.nets.data import rotations
from course.nets.normed import forward, setups, watch
from course.nets.norms import EPS, KINDS, Running, batch_norm, normalize, scale_deviation, update_running

__all__ = [
    "Activation",
    "batch_norm",
    "count",
    "Dense",
    "EPS",
    "first",
    "forward",
    "KINDS",
    "Norm",
    "normalize",
    "rotations",
    "Running",
    "scale_deviation",
    "setups",
    "update_running",
    "watch",
]
