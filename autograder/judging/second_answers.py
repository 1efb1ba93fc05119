"""Right answers beside a bank's references, each written another way: a unit's `second_answers.py` declares them.

    another = Another()

    @another("mlp")
    def by_a_loop(params, x): ...

The judge must accept every one of them; `course lint` and the tests see to it. None is ever released.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Answer = Callable[..., Any]


class Another:
    """Collects right answers by the exercise's name, in the order declared."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}

    def __call__(self, exercise: str) -> Callable[[Answer], Answer]:
        def keep(answer: Answer) -> Answer:
            self.answers.setdefault(exercise, []).append(answer)
            return answer

        return keep
