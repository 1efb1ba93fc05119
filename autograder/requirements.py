"""What a bank may ask of a function beside its values. This module is public: banks import from it, and names in it stay.

Each is defined, and explained, in `autograder/judging/requirements.py`.
"""

from __future__ import annotations

from autograder.judging.requirements import (
    never_computes,
    same_size,
    same_size_when_deeper,
    without_automatic_differentiation,
    works_under_grad,
    works_under_jit,
    works_under_vmap,
)

__all__ = [
    "never_computes",
    "same_size",
    "same_size_when_deeper",
    "without_automatic_differentiation",
    "works_under_grad",
    "works_under_jit",
    "works_under_vmap",
]
