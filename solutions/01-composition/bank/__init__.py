"""Unit 01, composition: what is asked, what is right, and the mistakes learners really make.

A skill holds value exercises, which `practice` deals with fresh numbers, and at least one code exercise too.
In a code exercise the reference and every mistake stand alone (their parameters, `jax`, `jnp`, `lax` and `np`),
so that each can be handed in as a learner would. Mistakes are plain NumPy where they can be: nothing to compile.
"""

MODULES = ["forward", "count", "mlp", "collapse", "pieces"]
