"""Two values, compared: shape first, then kind of dtype, then values to a stated tolerance.

The course computes in float32, so arrays agree when they agree to float32's `√ε`: each entry to 3.5e-4 of
itself, or to 1e-5 of the largest entry where it is a small difference of large ones. Numbers typed by hand agree
to the significant figures asked for, give or take one in the last. Whole numbers and choices agree exactly.
float64 passes where float32 was expected, NumPy where JAX was, `7.0` where `7` was.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.errors import InternalSignal
from autograder.judging.exercise import Array, Choice, Integer, Number, Value
from autograder.judging.values import as_floats

RTOL = float(np.sqrt(np.finfo(np.float32).eps))
ATOL_OF_LARGEST = 1e-5

Floats = NDArray[np.float64]


class Unreadable(InternalSignal):
    """The answer is not the kind of thing that was asked for. The text is a sentence for the learner."""


def read(kind: Value, answer: Any, what: str = "Your answer") -> Floats | str:
    """`answer` as float64 values (or a choice's text); raises `Unreadable` where it is another kind of thing."""
    if isinstance(kind, Choice):
        return _read_choice(kind, answer, what)
    if isinstance(answer, str | bytes):
        raise Unreadable(f"{what} is text; {kind.asked()} was asked for. Leave out the quotation marks.")
    if callable(answer) and not hasattr(answer, "shape"):
        raise Unreadable(f"{what} is the function itself; {kind.asked()} was asked for. Call it: `f(…)`.")
    if isinstance(answer, dict | set):
        raise Unreadable(f"{what} is a {type(answer).__name__}; {kind.asked()} was asked for.")
    values = _as_numpy(answer, kind, what)
    if isinstance(kind, Number | Integer):
        if values.size != 1:
            raise Unreadable(f"{what} has shape {values.shape}; one number was asked for.")
        values = values.reshape(())
    return values


def _read_choice(kind: Choice, answer: Any, what: str) -> str:
    if not isinstance(answer, str):
        answer = _spelt(answer, what)
    for fold in (_folded, _without_blanks):
        alike = [option for option in kind.options if fold(option) == fold(answer)]
        if len(alike) == 1:
            return alike[0]
    letter = re.fullmatch(r"\W*([a-z])\W*", answer.strip().casefold())
    if letter and not any(len(option.strip()) == 1 for option in kind.options):
        place = ord(letter[1]) - ord("a")
        if place < len(kind.options):
            return kind.options[place]
    raise Unreadable(f"{what} is none of the answers that are known here: write it as the question does.")


def _spelt(answer: Any, what: str) -> str:
    """Whole numbers, and tuples and lists of them, such as axes, as the text that means the same."""
    values = answer.tolist() if isinstance(answer, np.ndarray | np.generic) else answer
    parts = list(values) if isinstance(values, tuple | list | range) else [values]
    if parts and all((isinstance(part, int) and not isinstance(part, bool)) or part is None for part in parts):
        return ", ".join(map(str, parts))
    raise Unreadable(f"{what} is a {type(answer).__name__}; write the answer in quotation marks.")


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _without_blanks(text: str) -> str:
    """A text in which blanks, outer brackets and the way to write a composition make no difference: f∘g is f(g(x))."""
    text = re.sub(r"[\s*]+", "", text.casefold())
    while (inner := text[1:-1]) and text[0] + text[-1] in ("()", "[]") and not set("()[]") & set(inner):
        text = inner
    if "∘" in text:
        *outer, last = re.sub(r"\(x\)$", "", text).strip("()").split("∘")
        text = "(".join([*outer, last]) + "(x" + ")" * (len(outer) + 1)
    return text


def _as_numpy(answer: Any, kind: Value, what: str) -> Floats:
    try:
        raw = np.asarray(answer)
    except Exception as error:
        if "Tracer" in type(error).__name__:
            raise Unreadable(f"{what} is a value JAX was only tracing; return it from the function instead.") from None
        raise Unreadable(
            f"{what} is not {kind.asked()}: its rows have different lengths, or it holds other things than numbers."
        ) from None
    if raw.dtype.kind == "b":
        raise Unreadable(f"{what} is true or false; {kind.asked()} was asked for.")
    if raw.dtype.kind == "c":
        raise Unreadable(f"{what} is complex; {kind.asked()} was asked for.")
    if raw.dtype.kind == "O":
        raw = as_floats(raw)
    if raw.dtype.kind in "OUSMm":
        raise Unreadable(f"{what} is a {type(answer).__name__}; {kind.asked()} was asked for.")
    try:
        return raw.astype(np.float64)
    except (TypeError, ValueError):
        raise Unreadable(f"{what} has dtype {raw.dtype}; {kind.asked()} was asked for.") from None


def rounded_too_far(kind: Value, reference: Floats | str, answer: Floats | str) -> bool:
    """Whether a wrong answer is the right one, rounded to fewer figures than are asked for, and to two at least."""
    figures = kind.figures if isinstance(kind, Number | Array) else None
    if figures is None or isinstance(reference, str) or isinstance(answer, str) or reference.shape != answer.shape:
        return False
    if not (np.all(np.isfinite(reference)) and np.all(np.isfinite(answer))):
        return False
    for fewer in range(2, figures):
        exponent = np.floor(np.log10(np.where(reference != 0, np.abs(reference), 1.0) * (1 + 1e-12)))
        unit = 10.0 ** (exponent - fewer + 1)
        # To the nearest, ties either way: what is rounded is what the learner saw, which may be rounded itself.
        near = np.abs(answer - reference) <= 0.5 * unit * (1 + 1e-6)
        whole = np.abs(answer / unit - np.round(answer / unit)) < 1e-6
        if np.all((near & whole) | entrywise(kind, reference, answer)):
            return True
    return False


def allowed(kind: Value, reference: Floats) -> Floats:
    """How far from each entry of `reference` an answer may lie; the same shape as `reference`."""
    size = np.abs(reference)
    figures = kind.figures if isinstance(kind, Number | Array) else None
    if figures is not None:
        # One unit in the last figure asked for, and a hair for the rounding of binary fractions.
        exponent = np.floor(np.log10(np.where(size > 0, size, 1.0) * (1 + 1e-12)))
        return np.asarray(10.0 ** (exponent - figures + 1) * (1 + 1e-9))
    if isinstance(kind, Integer):
        return np.zeros_like(size)
    largest = float(np.max(size, initial=0.0))
    return np.asarray(RTOL * size + ATOL_OF_LARGEST * largest + np.finfo(np.float64).tiny)


def tolerance(kind: Value) -> str:
    """The tolerance in words, for the panel."""
    if isinstance(kind, Choice):
        return ""
    if isinstance(kind, Integer):
        return "Judged exactly."
    if kind.figures is not None:
        return f"Judged to {kind.figures} significant figures, give or take one in the last."
    return f"Each entry judged to {RTOL:.1e} of itself, the square root of float32's ε."


def agrees(kind: Value, reference: Floats | str, answer: Floats | str) -> bool:
    """Whether `answer` is `reference`, to the tolerance of `kind`. NaN and inf agree only with themselves."""
    return bool(np.all(entrywise(kind, reference, answer)))


def entrywise(kind: Value, reference: Floats | str, answer: Floats | str) -> NDArray[np.bool_]:
    """Which entries of `answer` agree; a single False where shapes or types differ."""
    if isinstance(reference, str) or isinstance(answer, str):
        return np.asarray(isinstance(reference, str) and isinstance(answer, str) and reference == answer)
    if reference.shape != answer.shape:
        return np.asarray(False)
    finite = np.isfinite(reference)
    bound = allowed(kind, np.where(finite, reference, 0.0))
    with np.errstate(invalid="ignore"):
        near = np.abs(answer - reference) <= bound
    same = (reference == answer) | (np.isnan(reference) & np.isnan(answer))
    return np.asarray(np.where(finite, near, same), dtype=bool)


def is_anothers(kind: Value, mistaken: Floats | str, answer: Floats | str, right: Floats | str) -> bool:
    """Whether a wrong answer is what a mistake gives, closely enough not to be so by chance.

    Closer than a right answer has to be: to half a unit in the last figure asked for, of the smaller of the two. What is
    zero but for rounding is zero.
    """
    if isinstance(mistaken, str) or isinstance(answer, str) or isinstance(right, str):
        return agrees(kind, mistaken, answer)
    if mistaken.shape != answer.shape:
        return False
    finite = right[np.isfinite(right)]
    tiny = 1e-12 * float(np.max(np.abs(finite), initial=0.0))
    mistaken = np.where((np.abs(mistaken) <= tiny) & (answer == 0), 0.0, mistaken)
    figures = kind.figures if isinstance(kind, Number | Array) else None
    if figures is None or not (np.all(np.isfinite(mistaken)) and np.all(np.isfinite(answer))):
        return agrees(kind, mistaken, answer)
    size = np.minimum(np.abs(mistaken), np.abs(answer))
    size = np.where(size > 0, size, np.maximum(np.abs(mistaken), np.abs(answer)))
    exponent = np.floor(np.log10(np.where(size > 0, size, 1.0) * (1 + 1e-12)))
    return bool(np.all(np.abs(answer - mistaken) <= 0.5 * 10.0 ** (exponent - figures + 1) * (1 + 1e-6)))


def apart(kind: Value, one: Floats | str, other: Floats | str) -> bool:
    """Whether no answer could agree with both: somewhere they differ by more than both tolerances together."""
    if isinstance(one, str) or isinstance(other, str) or one.shape != other.shape:
        return not agrees(kind, one, other)
    both = np.isfinite(one) & np.isfinite(other)
    if bool(np.any((one != other) & ~both & ~(np.isnan(one) & np.isnan(other)))):
        return True
    a, b = np.where(both, one, 0.0), np.where(both, other, 0.0)
    return bool(np.any(np.abs(a - b) > allowed(kind, a) + allowed(kind, b)))
