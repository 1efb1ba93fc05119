"""What an exercise asks of a function besides its values: whether it is met, what it costs if not, and why.

A part of the judge: nothing else calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograder.judging import compare, probes
from autograder.judging.answer_key import AnswerKey, fresh_inputs, read_own
from autograder.judging.exercise import Exercise, Function, Measurement, Mistake, Requirement
from autograder.judging.safe_call import CallResult, Raised, Returned

Take = Callable[[Measurement, float], CallResult]
"""Measures the answered function, wherever it lives, within so many seconds."""


class Unmet(NamedTuple):
    """A requirement that a function does not meet."""

    requirement: Requirement
    raised: Raised | None = None
    """What was raised where it was measured."""


def all_unmet(exercise: Exercise, asked: Sequence[AnswerKey], take: Take) -> list[Unmet]:
    """The requirements that a function does not meet on fresh inputs, after it was called on those `asked`."""
    assert isinstance(exercise.answer, Function)
    inputs, took = fresh_inputs(exercise, asked), dict[tuple[str, int], CallResult]()

    def once(measurement: Measurement, seconds: float) -> CallResult:
        """Several requirements may ask for the same."""
        if measurement.inputs is not inputs or measurement.weights is not None:
            return take(measurement, seconds)
        what = measurement.way, measurement.argument
        if what not in took:
            took[what] = take(measurement, seconds)
        return took[what]

    found = [not_met(exercise, one, inputs, once, 2 * exercise.answer.seconds) for one in exercise.answer.must]
    return [one for one in found if one is not None]


def not_met(
    exercise: Exercise, requirement: Requirement, inputs: tuple[Any, ...], take: Take, seconds: float
) -> Unmet | None:
    """Whether a function does not meet a requirement on these inputs, and why; None where all that is measured comes back,
    is right where it was traced, and will do."""
    found: list[Any] = []
    for measurement in requirement.measured(inputs):
        outcome = take(measurement, seconds)
        if not isinstance(outcome, Returned):
            return Unmet(requirement, outcome if isinstance(outcome, Raised) else None)
        if measurement.way != "traced":
            found.append(outcome.value)
            continue
        try:
            trace, calls, value = probes.trace_of(outcome.value)
        except (ValueError, TypeError):  # it is no trace
            return Unmet(requirement)
        right = read_own(exercise, exercise.reference, inputs=measurement.inputs)
        if calls or not compare.agrees(exercise.returns, right, value):
            return Unmet(requirement)
        found.append(trace)
    try:
        return None if requirement.holds(inputs, *found) else Unmet(requirement)
    except Exception:  # what was found is of no kind that could be looked at
        return Unmet(requirement)


def lost(unmet: Sequence[Unmet]) -> float:
    """The share of the points that unmet requirements cost. One error that stops several of them is held against a function
    once, with the largest share."""
    shares: dict[str, float] = {}
    for one in unmet:
        why = f"raised {one.raised.kind}" if one.raised else one.requirement.name
        shares[why] = max(one.requirement.share, shares.get(why, 0.0))
    return sum(shares.values())


_BECAUSE = {
    "TracerArrayConversionError": "NumPy took a value there that JAX was only tracing: write it with `jnp`.",
    "TracerBoolConversionError": "a Python `if`, `while`, `and` or `or` asked such a value whether it is true: JAX has `jnp.where` "
    "and `lax.cond` for that.",
    "TracerIntegerConversionError": "a traced value was used as a Python whole number, as an index or a length: keep it in `jnp`.",
    "ConcretizationTypeError": "a traced value was to become a Python number there, as `float(…)`, `int(…)` or `.item()` do.",
    "NonConcreteBooleanIndexError": "entries were picked by a condition on values, so their number is unknown: `jnp.where` keeps "
    "the shape.",
    "UnexpectedTracerError": "a value was kept from one call for another: let a function use nothing but its arguments.",
    "TypeError": "what it does with JAX's arrays does not fit them.",
}
"""What JAX's own errors mean, by their names, as the end of a sentence."""


def why_unmet(exercise: Exercise, asked: Sequence[AnswerKey], unmet: Unmet) -> tuple[str, Mistake | None]:
    """The sentence on a requirement that is not met, and the declared mistake, where it is one and no other.

    A mistake that breaks the requirement was made only where its own program breaks it in the same way: raises the same
    error, or none.
    """
    requirement, raised = unmet
    inputs, seconds = fresh_inputs(exercise, asked), 30.0
    alike = []
    for mistake in (one for one in exercise.mistakes if one.breaks == requirement.name):
        its = not_met(exercise, requirement, inputs, _here(mistake.answer), seconds)
        if its is not None and (its.raised and its.raised.kind) == (raised and raised.kind):
            alike.append(mistake)
    if len(alike) == 1:
        return alike[0].sentence, alike[0]
    if raised is None:
        return requirement.sentence, None
    where = f" in its line {raised.line}" if raised.line else ""
    because = _BECAUSE.get(raised.kind, f"it raised {raised.kind}" + (f": {raised.text}" if raised.text else "."))
    return f"The values are right, but JAX cannot follow the function{where}: {because}", None


def _here(f: Callable[..., Any]) -> Take:
    return lambda measurement, seconds: probes.run_probe(f, measurement, seconds)
