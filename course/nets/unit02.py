"""What lesson 02 calls, in one namespace: stacks of layers, their Jacobians, their training. Each name is that of its own module."""

from course.nets.classify import seeds
from course.nets.data import digits, rotations
from course.nets.jacobians import (
    jacobians,
    jvp_chain,
    layer_jacobian,
    net_jacobian,
    ordered_product,
    slope,
    stretch,
    vjp_chain,
)
from course.nets.layers import ACTIVATIONS, Layer, forward, stack
from course.nets.spectrum import spectrum
from course.nets.train import Net, gradient_norms, init, settings, train

__all__ = [
    "ACTIVATIONS",
    "digits",
    "forward",
    "gradient_norms",
    "init",
    "jacobians",
    "jvp_chain",
    "Layer",
    "layer_jacobian",
    "Net",
    "net_jacobian",
    "ordered_product",
    "rotations",
    "seeds",
    "settings",
    "slope",
    "spectrum",
    "stack",
    "stretch",
    "train",
    "vjp_chain",
]
