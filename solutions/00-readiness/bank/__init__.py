"""Unit 00, readiness: two-minute questions on the nine prerequisites, each with fresh numbers.

In the order in which the course needs them. Nothing here gates, so nothing asks for code. Plain Python and NumPy:
the first question is there at once.
"""

MODULES = [
    "activations",
    "graphs",
    "sgd",
    "backprop",
    "autodiff",
    "conditioning",
    "convolution",
    "regularization",
    "dimensionality",
]
