"""Unit 04, normalization: what is asked, what is right, and the mistakes learners really make.

In questions to be answered by hand ε is large on purpose: with 10⁻⁵ nobody could see where it went. In a code exercise
the reference and every mistake stand alone (their parameters, `jax`, `jnp`, `lax` and `np`), and mistakes are plain NumPy
where they can be: nothing to compile.
"""

MODULES = ["batch", "layer", "rms", "axis", "running", "count"]
