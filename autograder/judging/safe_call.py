"""Calling a function that someone else wrote: what came back, or how it failed, as data.

This runs in the learner's own kernel: the time limit is an alarm there, which stops Python but cannot stop a loop
inside XLA. It counts the time computed, so that an answer is judged the same on a busy machine.
"""

from __future__ import annotations

import dis
import inspect
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Returned:
    """The call came back with `value`."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """The call raised; `line` is the line of the learner's own function, where known."""

    kind: str
    text: str
    line: int | None = None


@dataclass(frozen=True)
class TimedOut:
    """The call was stopped after `seconds` of computing."""

    seconds: float


CallResult = Returned | Raised | TimedOut


class _OutOfTime(BaseException):
    """Raised by the alarm. Not an `Exception`, so that a learner's `except Exception` does not swallow it."""


WAITING = 5
"""A call may take this many times its seconds by the clock: on a busy machine it is not the call that takes long."""


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `_OutOfTime` in this block when it has computed for `seconds`, again and again until it ends, or when
    `WAITING` times as long has passed. Main thread only, and not on Windows, which has no such alarms."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(signum: int, frame: Any) -> None:
        raise _OutOfTime

    clocks = [(signal.SIGPROF, signal.ITIMER_PROF, seconds), (signal.SIGALRM, signal.ITIMER_REAL, WAITING * seconds)]
    before = [signal.signal(number, ring) for number, _, _ in clocks]
    # The repeat is for code that swallows the first one with a bare `except:`.
    for _, clock, limit in clocks:
        signal.setitimer(clock, limit, 0.5)
    try:
        yield
    finally:
        for _, clock, _ in clocks:
            signal.setitimer(clock, 0)
        for (number, _, _), handler in zip(clocks, before, strict=True):
            signal.signal(number, handler)


def call(
    f: Callable[..., Any], inputs: tuple[Any, ...], seconds: float, of: Callable[..., Any] | None = None
) -> CallResult:
    """`f(*inputs)` with a time limit; whatever happens comes back as an `CallResult`, waited for to the end.

    `of` is the function whose line is told where it raises; by default `f` itself.
    """
    try:
        with _alarm(seconds):
            return Returned(waited(f(*inputs)))
    except _OutOfTime:
        return TimedOut(seconds)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a learner's `exit()` must not end the judge
        return Raised(type(error).__name__, _first_line(error), _line_in(of or f, error))


def waited(value: Any) -> Any:
    """`value`, computed: JAX answers before it has, and errors and the time it takes belong to the call."""
    wait = getattr(value, "block_until_ready", None)
    if callable(wait):
        wait()
    return value


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else ""


def _line_in(f: Callable[..., Any], error: BaseException) -> int | None:
    """The line of `f`'s own source (1 is its `def`) that was running when `error` was raised."""
    code = getattr(inspect.unwrap(f), "__code__", None)
    if code is None:
        return None
    lines = [
        number
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code is code and number is not None
    ]
    return lines[-1] - code.co_firstlineno + 1 if lines else None


_NOTHING = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "POP_TOP", "COPY_FREE_VARS"}


def is_untouched(f: Any) -> bool:
    """Whether the body of `f` does nothing at all: a docstring, `...` or `pass`, as an exercise is released."""
    code = getattr(inspect.unwrap(f), "__code__", None)
    if code is None:
        return False
    steps = list(dis.get_instructions(code))
    if any(step.opname not in _NOTHING for step in steps):
        return False
    given = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return all(value is None or value is Ellipsis for value in given)
