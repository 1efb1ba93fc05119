"""A notebook with every view of units 01, 04 and 06 in it, for tests that use them and benchmarks that time them."""

from __future__ import annotations

NAME = "views.ipynb"
READY = """import numpy as np

from course.nets.classify import first, seeds, train_mlp
from course.nets.composition import probe_layers
from course.nets.data import digits
from course.nets.normed import setups, watch
from course.nets.toys import moons
from course.views import *

data = moons(n=60, n_test=20)
fit = train_mlp(seeds(1), data, hidden=(2, 2, 2), phi="tanh", steps=200, eta=0.03)
share = np.asarray(probe_layers(fit.net, data, "tanh"))[0]
kinds = ("none", "batch", "layer", "rms")
seen = watch(setups([(kind, 2**-0.5) for kind in kinds]), digits(n_train=200), batch=32, depth=6, steps=80, every=20)
print("ready")"""
"""Small nets and little data: what is tested is how the views are used, and not what they show."""
PLAYERS = {
    "forward pass": "forward_steps()",
    "bending": "bending(first(fit.net), data, share)",
    "tent": "tent_composer(depth=5)",
    "norm axes": "norm_axes()",
    "norm training": "norm_training(seen, kinds)",
    "kernel slide": "kernel_slide()",
    "field grower": "field_grower(kernels=[3, 2, 3, 2, 3], strides=[1, 2, 1, 2, 1])",
}
EXPLORER = 'spectrum_explorer(phi="relu", sigma_w=0.7, norm="layer")'
STACK = 'layer_stack("LeNet-5")'
