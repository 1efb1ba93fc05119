"""The list of what is allowed: every system call of both architectures has one place in it, and the filter says the same.

The filter is a program that Linux runs. Here a few lines of Python run it, so both architectures' are tried on any machine.
"""

from __future__ import annotations

import errno
import fcntl
import platform
import re
import socket
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.kernels.sandbox import calls, rules, seccomp
from autograder.kernels.sandbox.rules import ALLOWED, UNHEARD, Rule, Verdict

TABLE = Path(__file__).with_name("system_calls.txt")
"""Every call that Linux 6.18 has on x86_64 and aarch64, as its headers number them: name, number, number."""
HEADERS = {
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "/usr/include/asm-generic/unistd.h",
}
"""Where Debian's and Ubuntu's packages for developing have them. The second holds 32-bit variants as well."""
OWN, OTHER, HIGH = 4321, 4322, 1 << 32


def unplaced(table: dict[str, int], placed: dict[str, int]) -> set[str]:
    """The calls that no group has, or has under another number."""
    return {name for name, number in table.items() if placed.get(name) != number}


def tables() -> dict[str, dict[str, int]]:
    lines = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return {
        machine: {line[0]: int(line[column]) for line in lines if line[column] != "-"}
        for column, machine in enumerate(calls.ARCHITECTURES, 1)
    }


def in_headers(machine: str) -> dict[str, int]:
    path = Path(HEADERS[machine])
    text = path.read_text() if path.exists() else ""
    found = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    if machine == "aarch64":
        names = {"fstatat": "newfstatat"}
        found = {names.get(n, n): k for n, k in found.items() if not 403 <= k <= 423}
        for none in ("arch_specific_syscall", "syscalls", "sync_file_range2"):
            found.pop(none, None)
    return found


@pytest.mark.parametrize("machine", calls.ARCHITECTURES)
def test_every_call_is_in_exactly_one_group(machine: str) -> None:
    names = Counter(name for group in calls.GROUPS for name in calls.names(group))
    assert [name for name, times in names.items() if times > 1] == []
    placed = calls.numbers(machine)
    assert unplaced(tables()[machine], placed) == set() and set(placed) == set(tables()[machine])
    assert unplaced(in_headers(machine), placed) == set(), "this machine's headers know a call that has no verdict yet"
    assert len(set(placed.values())) == len(placed)


def test_a_call_that_nobody_has_judged_is_found() -> None:
    """The hole planted: a call of a later Linux, and one that is renumbered."""
    table = tables()["x86_64"]
    assert unplaced(table | {"teleport": 500}, calls.numbers("x86_64")) == {"teleport"}
    assert unplaced(table | {"read": 1}, calls.numbers("x86_64")) == {"read"}


def test_every_group_has_a_verdict_and_every_exception_is_a_call() -> None:
    assert set(rules.OF_GROUPS) == set(calls.GROUPS)
    known = {name for group in calls.GROUPS for name in calls.names(group)}
    assert set(rules.of_calls(OWN, 7)) <= known


# --------------------------------------------------------------------------- the program


def run(program: list[seccomp.Instruction], architecture: int, number: int, arguments: tuple[int, ...]) -> int:
    """What the program returns."""
    words = {seccomp.NUMBER: number, seccomp.ARCHITECTURE: architecture}
    for i, argument in enumerate(arguments):
        words[seccomp.ARGUMENTS + 8 * i] = argument & 0xFFFFFFFF
        words[seccomp.ARGUMENTS + 8 * i + 4] = argument >> 32
    held, at = 0, 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        if code == seccomp.LOAD:
            held = words[value]
        elif code == seccomp.AND:
            held &= value
        elif code == seccomp.JUMP:
            at += value
        elif code == seccomp.EQUAL:
            at += yes if held == value else no
        elif code == seccomp.AT_LEAST:
            at += yes if held >= value else no
        else:
            assert code == seccomp.RETURN
            return value


def said(verdict: Verdict) -> int:
    return seccomp.ALLOW if verdict == ALLOWED else seccomp.ERROR | verdict


def meant(told: Rule | Verdict, arguments: tuple[int, ...]) -> Verdict:
    """The verdict by the rule itself: the oracle for the program."""
    if not isinstance(told, Rule):
        return told
    for tests, verdict in told.cases:
        if all(
            (arguments[t.argument] & 0xFFFFFFFF & t.mask) in t.values and not (t.wide and arguments[t.argument] >> 32)
            for t in tests
        ):
            return verdict
    return told.otherwise


PROGRAMS = {m: seccomp.program(m, rules.numbered(m, OWN, 7)) for m in calls.ARCHITECTURES}
words = st.one_of(
    st.sampled_from([0, 1, 2, 3, 4, 8, 10, 15, OWN, OTHER, 0x200, 0x541B, 0x8901, 0x3D0F00, 0x10F00, 0x4011, 17, 1024]),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
).flatmap(lambda word: st.sampled_from([word, word | HIGH]))


@given(st.sampled_from(calls.ARCHITECTURES), st.data(), st.tuples(*[words] * 6))
def test_the_program_says_what_the_rules_say(machine: str, data: st.DataObject, arguments: tuple[int, ...]) -> None:
    told = dict(rules.numbered(machine, OWN, 7))
    number = data.draw(st.one_of(st.sampled_from(sorted(told)), st.integers(0, 600)))
    expected = said(meant(told.get(number, errno.ENOSYS), arguments))
    assert run(PROGRAMS[machine], seccomp.AUDIT[machine], number, arguments) == expected


@pytest.mark.parametrize("machine", calls.ARCHITECTURES)
def test_unknown_numbers_are_not_there_and_other_architectures_end(machine: str) -> None:
    program, audit = PROGRAMS[machine], seccomp.AUDIT[machine]
    known = set(calls.numbers(machine).values())
    for number in [n for n in (*range(1000), 2**30 - 1, 2**30, 2**30 + 41, 2**31, 2**32 - 1) if n not in known]:
        assert run(program, audit, number, (0,) * 6) == seccomp.ERROR | errno.ENOSYS
    assert run(program, 0x40000003, 1, (0,) * 6) == seccomp.KILL
    assert all(0 <= yes < 256 and 0 <= no < 256 for code, yes, no, _ in program if code != seccomp.JUMP)


SO = {
    "socketpair": {
        (socket.AF_UNIX, socket.SOCK_STREAM): ALLOWED,
        (socket.AF_UNIX, 1 | 0x80000 | 0x800): ALLOWED,
        (socket.AF_UNIX, socket.SOCK_DGRAM): errno.ESOCKTNOSUPPORT,
        (socket.AF_UNIX, 2 | 0x80000): errno.ESOCKTNOSUPPORT,
        (socket.AF_UNIX, socket.SOCK_SEQPACKET | HIGH): errno.ESOCKTNOSUPPORT,
        (socket.AF_INET, socket.SOCK_STREAM): errno.EAFNOSUPPORT,
    },
    "sendto": {
        (3, 0, 1, 0, 0, 0): ALLOWED,
        (3, 0, 1, 0x4040, 0, 0): ALLOWED,
        (3, 0, 1, 1, 0, 0): errno.EOPNOTSUPP,
        (3, 0, 1, 0, HIGH, 16): errno.EISCONN,
        (3, 0, 1, 0, 0x1000, 16): errno.EISCONN,
    },
    "fcntl": {
        (3, fcntl.F_SETFL, 0x800): ALLOWED,
        (3, fcntl.F_SETFL, 0x2800): errno.EINVAL,
        (3, fcntl.F_SETFL | HIGH, 0x2000): errno.EINVAL,
        (3, 8, OWN): errno.EINVAL,
        (3, 8 | HIGH, OTHER): errno.EINVAL,
        (3, fcntl.F_SETLK, 0): UNHEARD,
    },
    "clone": {
        (0x3D0F00,): ALLOWED,
        (0x7D0F00,): ALLOWED,
        (0x3D0F00 | HIGH,): errno.EPERM,
        (0x3D0F00 | 0x40000000,): errno.EPERM,
        (0x3D0F00 & ~0x400,): errno.EPERM,
        (0x01200011,): errno.EAGAIN,
        (0x4111,): errno.ENOENT,
        (0x10000011,): errno.EPERM,
    },
    "kill": {(OWN, 9): ALLOWED, (OWN | HIGH, 9): ALLOWED, (OTHER, 9): errno.EPERM, (0, 9): errno.EPERM},
    "openat": {(-100 % 2**64, 0, 0x241): ALLOWED, (0, 0, 3): errno.EINVAL, (0, 0, 0x200): errno.EACCES},
    "ioctl": {(0, 0x5401): ALLOWED, (0, 0x5412): errno.ENOTTY, (0, 0x8901): errno.ENOTTY},
    "prctl": {(15,): ALLOWED, (1, 0): errno.EINVAL, (0x59616D61,): errno.EINVAL},
}
"""Calls with arguments that matter, and what comes of them."""


@pytest.mark.parametrize("machine", calls.ARCHITECTURES)
@pytest.mark.parametrize("name", SO)
def test_arguments_decide(machine: str, name: str) -> None:
    for arguments, verdict in SO[name].items():
        whole = (*arguments, *(0,) * (6 - len(arguments)))
        got = run(PROGRAMS[machine], seccomp.AUDIT[machine], calls.numbers(machine)[name], whole)
        assert got == said(verdict), (arguments, got)


def test_before_landlock_3_a_file_is_not_cut_by_its_name() -> None:
    assert [rules.verdicts(OWN, version)["truncate"] for version in (1, 2, 3, 7)] == [errno.EPERM] * 2 + [ALLOWED] * 2


def test_a_program_that_is_too_long_is_not_made() -> None:
    told = [(number, Rule((((rules.Test(0, (number,)),), 0),), 1)) for number in range(1500)]
    with pytest.raises(ValueError, match="4096"):
        seccomp.program("x86_64", told)


def test_this_machine_is_known() -> None:
    assert platform.system() != "Linux" or seccomp.known(platform.machine())
