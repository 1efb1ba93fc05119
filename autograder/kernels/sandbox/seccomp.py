"""seccomp: the rules as a program that Linux runs at every system call, or before it where the answer is always yes.

The program finds the call's number by halving, since it has some 360 of them, and then looks at its arguments.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.kernels.sandbox import calls, rules
from autograder.kernels.sandbox.linux import call, gain_nothing
from autograder.kernels.sandbox.policy import Unconfined
from autograder.kernels.sandbox.rules import Rule, Test, Verdict

Instruction = tuple[int, int, int, int]
"""Code, how many to skip where it holds and where it does not, and a number: one step of a classic BPF program."""

LOAD, EQUAL, AT_LEAST, AND, JUMP, RETURN = 0x20, 0x15, 0x35, 0x54, 0x05, 0x06
ALLOW, ERROR, KILL = 0x7FFF0000, 0x00050000, 0x80000000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
"""Where Linux lays them out for the program; each argument takes eight bytes, the lower half first."""

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""How Linux calls the architecture a call is made in."""
_X32 = 0x40000000
_LONGEST = 4096
_FAILS = -1
"""In place of how many steps to skip: all that are left of the case."""


def number(name: str) -> int:
    """The number of a system call on this machine."""
    return calls.numbers(platform.machine())[name]


def known(machine: str) -> bool:
    """Whether there are rules for this kind of machine."""
    return machine in AUDIT


def program(machine: str, told: Sequence[tuple[int, Rule | Verdict]]) -> list[Instruction]:
    """The program that gives these verdicts by number, and to all other numbers that there is no such call."""
    start: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, AUDIT[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
    ]
    if machine == "x86_64":  # the other way to number calls there
        start += [(AT_LEAST, 0, 1, _X32), (RETURN, 0, 0, ERROR | errno.ENOSYS)]
    whole = start + _search(_ranges(told))
    if len(whole) > _LONGEST:
        raise ValueError(f"a filter may have {_LONGEST} steps, and this one has {len(whole)}")
    return whole


@dataclass(frozen=True)
class _Range:
    """Numbers, from `first` to the next range, that are told the same."""

    first: int
    told: Rule | Verdict


def _ranges(told: Sequence[tuple[int, Rule | Verdict]]) -> list[_Range]:
    found = [_Range(0, errno.ENOSYS)]

    def say(first: int, verdict: Rule | Verdict) -> None:
        if found[-1].first == first:
            found.pop()
        if not found or found[-1].told != verdict:
            found.append(_Range(first, verdict))

    expected = 0
    for called, verdict in told:
        if called != expected:
            say(expected, errno.ENOSYS)
        say(called, verdict)
        expected = called + 1
    say(expected, errno.ENOSYS)
    return found


def _search(ranges: Sequence[_Range]) -> list[Instruction]:
    if len(ranges) == 1:
        return _leaf(ranges[0].told)
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle]), _search(ranges[middle:])
    # A conditional step skips 255 at most.
    return [(AT_LEAST, 0, 1, ranges[middle].first), (JUMP, 0, 0, len(below)), *below, *above]


def _leaf(told: Rule | Verdict) -> list[Instruction]:
    if not isinstance(told, Rule):
        return [_answer(told)]
    return [step for tests, verdict in told.cases for step in _case(tests, verdict)] + [_answer(told.otherwise)]


def _case(tests: Sequence[Test], verdict: Verdict) -> list[Instruction]:
    """Steps that answer where all tests hold, and else go on at their end."""
    steps = [step for test in tests for step in _tested(test)] + [_answer(verdict)]
    left = range(len(steps) - 1, -1, -1)
    return [(code, yes, rest if no == _FAILS else no, k) for (code, yes, no, k), rest in zip(steps, left, strict=True)]


def _tested(test: Test) -> list[Instruction]:
    """Steps that go on at their end where the test holds."""
    where, last = ARGUMENTS + 8 * test.argument, len(test.values) - 1
    steps: list[Instruction] = [(LOAD, 0, 0, where)]
    if test.mask != 0xFFFFFFFF:
        steps.append((AND, 0, 0, test.mask))
    steps += [(EQUAL, last - i, 0 if i < last else _FAILS, value) for i, value in enumerate(test.values)]
    if test.wide:
        steps += [(LOAD, 0, 0, where + 4), (EQUAL, 0, _FAILS, 0)]
    return steps


def _answer(verdict: Verdict) -> Instruction:
    return (RETURN, 0, 0, ALLOW if verdict == rules.ALLOWED else ERROR | verdict)


def install(steps: Sequence[Instruction]) -> None:
    """Let Linux run the program at every call of this thread and those it starts. `Unconfined` where it does not."""
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(steps), ctypes.addressof(buffer))
    try:
        gain_nothing()
        call(number("seccomp"), ctypes.c_uint(1), ctypes.c_uint(0), header)
    except OSError as error:
        raise Unconfined(f"calls to the system cannot be refused ({error.strerror})") from None
