"""Unit 06, convolution: what is asked, what is right, and the mistakes learners really make.

A skill holds value exercises, which `practice` deals with fresh numbers, and a code exercise.
In a code exercise the reference and every mistake stand alone (their parameters and `np`), so that each can be
handed in as a learner would. They are plain NumPy: nothing to compile.
"""

MODULES = ["shape", "count", "dense", "field", "flops", "equivariance"]
