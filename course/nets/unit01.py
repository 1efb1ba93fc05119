"""What lesson 01 calls, in one namespace: nets that bend the plane, probes, tents. Each name is that of its own module."""

from course.nets.classify import first, logits, seeds, train_mlp
from course.nets.composition import (
    collapse,
    forward_pass,
    probe_layers,
    random_pieces,
    random_stack,
    same_shape,
    seed_example,
    tent_pieces,
)
from course.nets.layers import Layer
from course.nets.pieces import count_pieces_of_one_layer, tent_net
from course.nets.toys import moons, spirals

__all__ = [
    "collapse",
    "count_pieces_of_one_layer",
    "first",
    "forward_pass",
    "Layer",
    "logits",
    "moons",
    "probe_layers",
    "random_pieces",
    "random_stack",
    "same_shape",
    "seed_example",
    "seeds",
    "spirals",
    "tent_net",
    "tent_pieces",
    "train_mlp",
]
