"""Answer + exercise → verdict: the only place where right and wrong are decided.

Whatever is right is accepted, in any form; only what is not right is diagnosed, and then as one mistake at most.
No verdict holds the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.judging import compare, probes, safe_call, slips
from autograder.judging.answer_key import (
    AnswerKey,
    confusable,
    deal,
    deal_inputs,
    expected,
    keys_of,
    mistaken,
    try_read,
)
from autograder.judging.compare import Floats, Unreadable
from autograder.judging.exercise import (
    Arguments,
    Array,
    Exercise,
    Function,
    Measurement,
    Mistake,
    Number,
)
from autograder.judging.safe_call import CallResult, Raised, Returned, TimedOut
from autograder.judging.unmet import Take, Unmet, all_unmet, lost, why_unmet
from autograder.judging.values import show
from autograder.judging.verdict import Verdict, VerdictState


def judge(exercise: Exercise, answer: Any, arguments: Arguments | None = None, *, seed: int = 0) -> Verdict:
    """Decide whether `answer` answers `exercise`, here and now.

    A value is judged for `arguments`, the numbers printed beside the question; a function on inputs drawn from
    `seed`. Raises `BankError` where the question itself is at fault, never for anything an answer does.
    """
    if not exercise.is_code:
        (asked,) = keys_of(exercise, arguments or {}, seed)
        return judge_value(exercise, answer, asked)
    untouched = callable(answer) and safe_call.is_untouched(answer)
    if verdict := no_function(exercise, answer, untouched=untouched):
        return verdict
    drawn = keys_of(exercise, {}, seed)
    outcomes, unmet = try_out(exercise, drawn, lambda m, seconds: probes.run_probe(answer, m, seconds))
    return judge_outcomes(exercise, drawn, outcomes, unmet)


def judge_value(exercise: Exercise, answer: Any, asked: AnswerKey) -> Verdict:
    """The verdict on a number, array or choice."""
    question = exercise.prompt(asked.arguments)
    if answer is None or answer is Ellipsis:
        return _verdict(exercise, VerdictState.NOT_ATTEMPTED, 0.0, asked=question, sentence="Not answered yet.")
    came_back = brief(answer)
    try:
        value = compare.read(exercise.returns, answer)
    except Unreadable as unreadable:
        return _verdict(
            exercise, VerdictState.UNREADABLE, 0.0, asked=question, came_back=came_back, sentence=str(unreadable)
        )
    value = _as_one_row(exercise, asked, value)
    if compare.agrees(exercise.returns, asked.right, value):
        return _verdict(exercise, VerdictState.RIGHT, 1.0, asked=question, came_back=came_back)
    mistake = _diagnose(exercise, [asked], [value])
    if mistake is None and compare.rounded_too_far(exercise.returns, asked.right, value):
        assert isinstance(exercise.returns, Number | Array)
        sentence = f"Right as far as it goes: {exercise.returns.figures} figures, please."
        return _verdict(exercise, VerdictState.ROUNDED, 0.0, asked=question, came_back=came_back, sentence=sentence)
    state, sentence = _describe(exercise, asked.right, value)
    if mistake:
        state, sentence = VerdictState.WRONG, mistake.sentence
    elif state is VerdictState.WRONG:
        sentence = slips.told(exercise, [asked], [value]) or sentence
    return _verdict(
        exercise, state, 0.0, asked=question, came_back=came_back, sentence=sentence, mistake=mistake and mistake.name
    )


def _as_one_row(exercise: Exercise, asked: AnswerKey, value: Floats | str) -> Floats | str:
    """Several numbers as a row, where they came as a row or column of a matrix and the question speaks of no shape."""
    right = asked.right
    if isinstance(value, str) or isinstance(right, str) or right.ndim != 1 or value.size != right.size:
        return value
    told = "shape" in (exercise.reference.__doc__ or "")
    return value if told or value.ndim != 2 or 1 not in value.shape else value.ravel()


def no_function(exercise: Exercise, answer: Any, *, untouched: bool) -> Verdict | None:
    """The verdict on what was handed in where a function was asked for and none is there; None where one is."""
    asked = exercise.prompt()
    if answer is None or answer is Ellipsis or untouched:
        return _verdict(exercise, VerdictState.NOT_ATTEMPTED, 0.0, asked=asked, sentence="Not written yet.")
    if callable(answer):
        return None
    sentence = (
        f"A function was asked for; what came is of type {type(answer).__name__}. Hand in its name, without calling it."
    )
    return _verdict(exercise, VerdictState.UNREADABLE, 0.0, asked=asked, came_back=brief(answer), sentence=sentence)


def try_out(exercise: Exercise, asked: Sequence[AnswerKey], take: Take) -> tuple[list[CallResult], list[Unmet]]:
    """What a function does on the inputs asked, and which requirements it does not meet on others, which are fresh.

    What is asked for depends on whether calls come back, never on whether what comes back is right.
    """
    assert isinstance(exercise.answer, Function)
    outcomes: list[CallResult] = []
    for one in asked:
        outcome = take(Measurement("value", exercise.inputs(one.arguments)), exercise.answer.seconds)
        outcomes.append(outcome)
        if isinstance(outcome, TimedOut):
            break  # each further call would cost the same time
    unmet: list[Unmet] = []
    if exercise.answer.must and len(outcomes) == len(asked) and all(isinstance(o, Returned) for o in outcomes):
        unmet = all_unmet(exercise, asked, take)
    return outcomes, unmet


def judge_outcomes(
    exercise: Exercise, asked: Sequence[AnswerKey], outcomes: Sequence[CallResult], unmet: Sequence[Unmet] = ()
) -> Verdict:
    """The verdict on what a function returned where it was `asked`, wherever it was called.

    `outcomes` may be shorter than `asked` where calling stopped; what is missing counts as wrong. The score is
    the share of what was asked that is right, less the share that hangs on each unmet requirement.
    """
    question = exercise.prompt()
    values = [try_read(exercise, outcome) for outcome in outcomes]
    right = [
        not isinstance(value, Unreadable) and compare.agrees(exercise.returns, one.right, value)
        for one, value in zip(asked, values, strict=False)
    ]
    passed = sum(right)
    # At the edges a wrong function may be right by chance: being right there earns nothing by itself.
    variants = len(asked) - len(exercise.edges)
    share = sum(right[:variants]) / len(asked)
    counted = f"{passed} of {len(asked)} inputs right"

    if passed == len(asked):
        if not unmet:
            return _verdict(exercise, VerdictState.RIGHT, 1.0, asked=question, came_back=counted)
        sentence, mistake = why_unmet(exercise, asked, unmet[0])
        return _verdict(
            exercise,
            VerdictState.PARTLY,
            max(0.0, 1.0 - lost(unmet)),
            asked=question,
            came_back=f"{counted}; asked besides: it {unmet[0].requirement.name}",
            sentence=sentence,
            mistake=mistake.name if mistake else None,
        )

    readable = [v for v in values[:variants] if not isinstance(v, Unreadable)]
    if len(readable) == variants:
        mistake = _diagnose(exercise, asked[:variants], readable)
        if mistake:
            return _verdict(
                exercise,
                VerdictState.PARTLY if share else VerdictState.WRONG,
                share,
                asked=question,
                came_back=counted,
                sentence=mistake.sentence,
                mistake=mistake.name,
            )

    slip = slips.told(exercise, asked[:variants], readable) if len(readable) == variants and not share else ""
    if slip:
        return _verdict(exercise, VerdictState.WRONG, 0.0, asked=question, came_back=counted, sentence=slip)

    worst = next(i for i in range(len(outcomes)) if not right[i])
    state, sentence = _describe_outcome(exercise, asked[worst], outcomes[worst], values[worst])
    if state is VerdictState.RAISED and all(
        isinstance(o, Raised) and o.kind == "NotImplementedError" for o in outcomes
    ):
        return _verdict(exercise, VerdictState.NOT_ATTEMPTED, 0.0, asked=question, sentence="Not written yet.")
    if share:
        sentence = f"{counted}. On inputs {_shapes(exercise, asked[worst])}: {sentence}"
        state = state if state is VerdictState.ENDLESS else VerdictState.PARTLY
    return _verdict(exercise, state, share, asked=question, came_back=counted, sentence=sentence)


def _verdict(exercise: Exercise, state: VerdictState, score: float, **said: Any) -> Verdict:
    advice = {
        VerdictState.RIGHT: "",
        VerdictState.NOT_ATTEMPTED: f"Replace the dots or the comment with your own, then run this cell again. "
        f'Stuck? hint("{exercise.id}")',
    }.get(state, f'Change it and run this cell again, or ask for hint("{exercise.id}").')
    return Verdict(exercise.id, state, score, exercise.points, advice=advice, **said)


def _diagnose(exercise: Exercise, asked: Sequence[AnswerKey], answers: Sequence[Floats | str]) -> Mistake | None:
    """The one mistake whose answers these are; None where none is, or more than one could be."""
    held = [
        mistake
        for mistake in exercise.mistakes
        if mistake.breaks is None
        and all(
            compare.is_anothers(exercise.returns, one.mistaken[mistake.name], answer, one.right)
            for one, answer in zip(asked, answers, strict=True)
        )
    ]
    return held[0] if len(held) == 1 else None


def _describe(exercise: Exercise, right: Floats | str, answer: Floats | str) -> tuple[VerdictState, str]:
    """What is visibly off about a wrong value, without saying what would be right."""
    if isinstance(right, str) or isinstance(answer, str):
        return VerdictState.WRONG, "That is not it."
    if answer.shape != right.shape:
        return VerdictState.UNREADABLE, f"The shape is {answer.shape}; {right.shape} was asked for."
    if np.any(~np.isfinite(answer)) and np.all(np.isfinite(right)):
        bad = int(np.sum(~np.isfinite(answer)))
        what = "NaN or infinity" if answer.ndim == 0 else f"NaN or infinity in {bad} of {answer.size} entries"
        return VerdictState.UNREADABLE, f"There is {what}: look for a division by zero, a log of zero, or an overflow."
    if answer.ndim == 0:
        return VerdictState.WRONG, "That is not it, and it is none of the slips this exercise knows."
    off = ~compare.entrywise(exercise.returns, right, answer)
    first = [int(i) for i in np.argwhere(off)[0]]
    return VerdictState.WRONG, f"{int(off.sum())} of {answer.size} entries differ, the first at index {first}."


def _describe_outcome(
    exercise: Exercise, asked: AnswerKey, outcome: CallResult, value: Floats | str | Unreadable
) -> tuple[VerdictState, str]:
    match outcome:
        case TimedOut(seconds=seconds):
            return (
                VerdictState.ENDLESS,
                f"Your function was stopped after {seconds:g} s. Look for a loop that cannot end.",
            )
        case Raised(kind=kind, text=text, line=line):
            where = f" in its line {line}" if line else ""
            return VerdictState.RAISED, f"Your function raised {kind}{where}" + (f": {text}" if text else ".")
    if isinstance(value, Unreadable):
        return VerdictState.UNREADABLE, str(value)
    return _describe(exercise, asked.right, value)


def _shapes(exercise: Exercise, asked: AnswerKey) -> str:
    def one(value: Any) -> str:
        if hasattr(value, "shape"):
            return f"of shape {tuple(value.shape)}" if value.shape else show(np.asarray(value).item())
        if isinstance(value, tuple | list):
            return f"of {len(value)} parts"
        return show(value)

    return ", ".join(f"{name} {one(asked.arguments[name])}" for name in exercise.parameters)


def brief(value: Any, limit: int = 60) -> str:
    """A value on one short line, as an echo of what came back."""
    try:
        if isinstance(value, str):
            text = f"“{value}”"
        elif callable(value) and not hasattr(value, "shape"):
            text = f"the function {getattr(value, '__name__', 'itself')}"
        elif hasattr(value, "shape") and getattr(value, "size", 0) > 6:
            text = f"an array of shape {tuple(value.shape)} and dtype {value.dtype}"
        else:
            text = show(np.asarray(value)) if hasattr(value, "shape") else show(value)
    except Exception:
        text = f"a {type(value).__name__}"
    # Half a surrogate pair is no text that a terminal or a file can take; controls would write over what stands around.
    text = " ".join("".join(c if c.isprintable() else " " for c in text.encode(errors="replace").decode()).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


__all__ = [
    "confusable",
    "deal",
    "deal_inputs",
    "expected",
    "judge",
    "judge_outcomes",
    "judge_value",
    "mistaken",
    "no_function",
    "try_out",
]
