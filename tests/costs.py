"""What the tests cost: each unit's processor time against its budget, each process's memory against a ceiling.

A pytest plugin, which `conftest.py` loads; it also says what runs together, and in which order, so that it costs less.
What things may cost stands in pyproject.toml, under [tool.pytest.ini_options]:
`unit_seconds` and `process_mb`. A run that costs more fails, and says what to do.
"""

from __future__ import annotations

import gc
import os
import re
import sys
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

NEW = "*"
"""Stands in `unit_seconds` for every unit that has no line of its own."""

SLACK = 2.0
"""How many times its measured size a unit may cost: machines differ, and other work slows a shared core."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("unit_seconds", "a unit and the processor seconds that its tests take, a line each", "linelist")
    parser.addini(
        "process_mb", "the most memory, in MB (2²⁰ bytes), that a process that runs tests may have", default=""
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile` a worker takes a file at a time; of a file that tests all units, a unit at a time."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class LoadFileOrUnit(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return LoadFileOrUnit(config, log)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Costs(config), "what the tests cost")


def unit_of(nodeid: str) -> str | None:
    """The two digits of the unit that a test is about; None for a test of no one unit.

    A test says so in its file's name, such as `test_lesson_04.py`, or first in its id, such as `[04-normalization]`.
    """
    found = re.search(r"^(?:[^\[]*/)?test_(?:lesson|bank)_(\d\d)\.py::|^[^\[]*\[(\d\d)-[a-z]", nodeid)
    return found and (found[1] or found[2])


def scope_of(nodeid: str) -> str:
    """What one process runs in one go: a file, and of a file in `tests/solutions` that tests all units, a unit."""
    file, unit = nodeid.split("::", 1)[0], unit_of(nodeid)
    return f"{file} {unit}" if unit and file.startswith("tests/solutions/") else file


def processor_seconds() -> float:
    """Processor time so far, user's and system's, of this process and of those it started and has seen end."""
    return sum(os.times()[:4])


def peak_mb() -> float:
    """The most memory this process has had resident, in MB (2²⁰ bytes)."""
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss also counts the process that started this one
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def forget_what_was_compiled() -> None:
    """Let JAX's programs go, of which a process would otherwise end with gigabytes."""
    if (jax := sys.modules.get("jax")) is not None:
        jax.clear_caches()
        gc.collect()


class Costs:
    """Counts in each process that runs tests; adds up, says and judges in the one that was started."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        lines = [line.split() for line in config.getini("unit_seconds")]
        self.measured = {unit[:2] if unit != NEW else NEW: float(seconds) for unit, seconds in lines}
        self.ceiling = float(config.getini("process_mb") or "inf")
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.all = 0.0
        self.peaks: list[float] = []
        self.before = processor_seconds()

    # ---------------------------------------------------------------- in the process that runs a test

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        """What was spent since the last report is the test's: its fixtures, itself, what they leave behind."""
        report = yield
        now = processor_seconds()
        report.processor_seconds, self.before = now - self.before, now
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Slow scopes first, so that none is left for the end, when one process runs and the others wait; and of one
        unit, all that is asked of an exercise together, since it is dealt the same variants, and compiled once."""
        slow = {scope_of(item.nodeid) for item in items if item.get_closest_marker("slow")}
        first: dict[str, tuple[bool, int]] = {}
        for item in items:
            scope = scope_of(item.nodeid)
            first.setdefault(scope, (scope not in slow, len(first)))
        exercises: dict[int, int] = {}

        def place(item: pytest.Item) -> tuple[Any, ...]:
            exercise = getattr(item, "callspec", None) and item.callspec.params.get("exercise")
            return (
                *first[scope_of(item.nodeid)],
                exercises.setdefault(id(exercise), len(exercises)) if exercise else -1,
            )

        items.sort(key=place)

    def pytest_collection_finish(self) -> None:
        self.before = processor_seconds()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        if nextitem is None or scope_of(nextitem.nodeid) != scope_of(item.nodeid):
            forget_what_was_compiled()

    # ---------------------------------------------------------------- in the process that was started

    def pytest_runtest_logreport(self, report: Any) -> None:
        seconds = getattr(report, "processor_seconds", 0.0)  # a worker that died sent none
        self.all += seconds
        if (unit := unit_of(report.nodeid)) is not None:
            self.spent[unit] += seconds

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.peaks += filter(None, [getattr(node, "workeroutput", {}).get("peak_mb")])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["peak_mb"] = peak_mb()
            return
        if not self.peaks:
            self.peaks = [peak_mb()]
        if self.complaints() and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.all:
            return
        units = " · ".join(f"{unit} {seconds:.0f}" for unit, seconds in sorted(self.spent.items()))
        terminalreporter.write_line(
            f"Processor time: {self.all:.0f} s{f', of it for units: {units}' if units else ''}. "
            f"Memory of a process: {max(self.peaks):.0f} MB at most."
        )
        for complaint in self.complaints():
            terminalreporter.write_line(complaint, red=True)

    def budget(self, unit: str) -> float:
        """The processor seconds that a unit may cost, by its two digits."""
        return SLACK * self.measured.get(unit, self.measured.get(NEW, float("inf")))

    def complaints(self) -> list[str]:
        """A sentence for each unit and for each process that cost too much."""
        over = [
            f"The tests of unit {unit} took {seconds:.0f} s of processor time, and {self.budget(unit):.0f} are allowed: "
            "find the longest with --durations=20, and make them cheaper; or, where it is worth it, raise unit_seconds "
            "in pyproject.toml."
            for unit, seconds in sorted(self.spent.items())
            if seconds > self.budget(unit)
        ]
        return over + [
            f"A process that ran tests grew to {peak:.0f} MB, and {self.ceiling:.0f} are allowed: "
            "let a test free what it makes."
            for peak in self.peaks
            if peak > self.ceiling
        ]
