"""A kernel killed while it writes: nothing that was acknowledged is lost, and the record can always be read.

Moments are random: twenty of them, and two hundred with `make prove`. Their seed is printed; `ISOMETRY_SEED` gives the
same ones again.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import perf_counter

import msgspec
import pytest
from practice_course import UNIT
from proving import count

from course.mastery import record, why
from course.mastery.record import Event
from course.tutoring.follower import standing

pytestmark = pytest.mark.prove

MOMENTS = count(200, 20)
IMPORTS_CUT = count(40, 4)
MANY = 20_000
"""Events of a record that is taken in: enough that writing them takes a while."""

KERNELS = """
import os, signal, sys
from pathlib import Path

from course import kernel_info
from course.mastery import record
from course.tutoring.questions import start

kernel_info.person_present = lambda: True


def tell(what):
    os.write(1, f"{what}\\n".encode())


def answers():
    # One question answered over and over is the most writing there is in a second.
    practice = start("rounds.scale")
    value = practice.exercise.reference(*practice.exercise.inputs(practice.variant.arguments))
    write, last = practice.write, []
    practice.write = lambda event: (write(event), last.append(event.id))
    while True:
        practice.answer(value)
        tell(last.pop())  # acknowledged: what follows can be seen by the learner


def adds():
    lines = Path(sys.argv[1]).read_bytes().splitlines()
    real = record.write_lines

    def write(descriptor, new):
        tell("writing")
        real(descriptor, new)

    record.write_lines = write
    tell(f"added {record.add(lines)}")
    signal.pause()


# Each line of stdin asks for one kernel; it is forked, since importing takes longer than it lives.
live = {"answers": answers, "adds": adds}
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            live[line.strip()]()
        finally:
            os._exit(1)
    tell(f"kernel {child}")
    os.waitpid(child, 0)
    tell("dead")
"""


class Kernels:
    """Processes that write into the record, one after another, each until it is killed."""

    def __init__(self, source: Path, root: Path) -> None:
        self._launcher = subprocess.Popen(
            [sys.executable, "-u", "-c", KERNELS, str(source)],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._alive = 0

    def begin(self, what: str) -> int:
        """Start one; its process."""
        assert self._launcher.stdin is not None
        self._launcher.stdin.write(f"{what}\n")
        self._launcher.stdin.flush()
        said = self.line()
        assert said.startswith("kernel "), said
        self._alive = int(said.split()[1])
        return self._alive

    def line(self) -> str:
        """What is said next."""
        assert self._launcher.stdout is not None
        line = self._launcher.stdout.readline()
        assert line, "the launcher is gone"
        return line.strip()

    def kill(self, process: int) -> list[str]:
        """Kill it; all it had said that was not read yet."""
        os.kill(process, signal.SIGKILL)
        self._alive = 0
        said = []
        while (line := self.line()) != "dead":
            said.append(line)
        return said

    def close(self) -> None:
        assert self._launcher.stdin is not None and self._launcher.stdout is not None
        if self._alive:
            os.kill(self._alive, signal.SIGKILL)
        self._launcher.stdin.close()
        self._launcher.wait()
        self._launcher.stdout.close()


@pytest.fixture
def chance() -> Random:
    seed = int(os.environ.get("ISOMETRY_SEED") or secrets.randbelow(2**32))
    print(f"These moments again: ISOMETRY_SEED={seed}")
    return Random(seed)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A record to be taken in."""
    path = tmp_path / "source.jsonl"
    events = [Event("answer", "u", arguments={"n": n}, asked="?" * 400) for n in range(MANY)]
    path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    return path


@pytest.fixture
def kernels(two_units: Path, source: Path, root: Path) -> Iterator[Kernels]:
    made = Kernels(source, root)
    yield made
    made.close()


def pass_a_moment(chance: Random, longest: float) -> None:
    """A random part of so many seconds, in which the other process is somewhere in what it does."""
    end = perf_counter() + longest * chance.random()
    while perf_counter() < end:
        pass


def test_a_kernel_killed_at_any_moment_loses_no_acknowledged_answer(
    kernels: Kernels, chance: Random, two_units: Path
) -> None:
    acknowledged: list[str] = []
    before = b""
    for moment in range(MOMENTS):
        process = kernels.begin("answers")
        acknowledged += [kernels.line() for _ in range(chance.randrange(25))]
        pass_a_moment(chance, 0.004)
        acknowledged += kernels.kill(process)
        content = record.text()
        assert content.startswith(before), "what was written is never touched again"
        before = content
        replay = record.parse(content)
        kept = {event.id for event in replay.events}
        assert kept >= set(acknowledged), f"lost at moment {moment}"
        assert len(kept) <= len(acknowledged) + moment + 1, "each kernel wrote one more at most than it could tell"
        assert replay.torn <= moment + 1
    assert len(acknowledged) >= MOMENTS, "they wrote"
    assert len(set(acknowledged)) == len(acknowledged)
    where, _ = standing()
    assert where.skill("rounds.scale").tries <= MOMENTS
    assert len(why.explain(where.syllabus, record.read().events, where.syllabus.unit(UNIT))) == len(kept)
    print(f"{MOMENTS} kernels killed, {len(acknowledged)} answers acknowledged, none lost, {replay.torn} lines torn.")


def test_a_record_taken_in_by_a_kernel_that_was_killed_can_be_taken_in_again(
    kernels: Kernels, chance: Random, source: Path
) -> None:
    record.append(Event("continue", "02-next"))
    mine, theirs = record.text(), source.read_bytes()
    amid = 0
    for _ in range(IMPORTS_CUT):
        process = kernels.begin("adds")
        assert kernels.line() == "writing"
        pass_a_moment(chance, 0.5)
        said = kernels.kill(process)
        content = record.text()
        assert (mine + theirs).startswith(content) and content.startswith(mine)
        assert not said or content == mine + theirs, "what was said to be added is there"
        amid += len(mine) < len(content) < len(mine + theirs)
        # What a loss of power would leave, which writes pages and not files:
        cut = mine + theirs[: chance.randrange(len(theirs))]
        record.paths.record().write_bytes(cut)
        process = kernels.begin("adds")
        while not (line := kernels.line()).startswith("added"):
            assert line == "writing"
        kernels.kill(process)
        replay, content = record.read(), record.text()
        assert len(replay.events) == MANY + 1 and replay.torn <= 1
        assert content.startswith(cut)
        assert len(content.splitlines()) == MANY + 1 + replay.torn, "each once, whatever was there of them"
        record.paths.record().write_bytes(mine)
    print(f"{IMPORTS_CUT} kernels killed while they took in a record, {amid} of them amid its bytes.")
