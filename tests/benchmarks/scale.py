"""What 100,000 submissions need: measured here, one of each kind of cost, and reckoned up.

    python tests/benchmarks/scale.py [--students 100000] [--hours 1] [--gradebook postgresql://…]

Four things are measured on this machine: how long one core takes for a submission; how many bytes travel to who grades
it and back; how many bytes a process that grades is given once; how many results a second one writer puts into folders
and gradebook. The rest is division.
"""

from __future__ import annotations

import argparse
import os
import pickle
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("JAX_PLATFORMS", "cpu")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

UNIT = "02-jacobians"
NETWORK = 125e6
"""Bytes a second of a network of 1 Gbit/s."""


class Figures(NamedTuple):
    """What one submission costs."""

    seconds: float
    """Of one core."""
    moved: float
    """Bytes to who grades it, and back."""
    bundle: float
    """Bytes that each process that grades is given once."""
    writes: float
    """Results that one writer takes a second."""
    kept: float
    """Bytes that stay on the disk."""


def measure(learners: int = 8, writes: int = 200, gradebook: str | None = None) -> Figures:
    """Grade a few simulated learners in one process, one after another, and write what came of them many times over."""
    from autograder.gradebook.ledger import GradebookStore
    from autograder.grading import prewarm, simulated_class
    from autograder.grading.bundle import GradingJob, run
    from autograder.grading.grade import write
    from autograder.grading.grader import grade_one
    from autograder.grading.plan import GradingPlan
    from autograder.grading.settings import Settings
    from autograder.grading.simulated_class import Kind
    from autograder.submissions import assignment, inbox, submission

    whole = [
        one for one in simulated_class.make(UNIT, 30, 2, ROOT) if one.kind in (Kind.PERFECT, Kind.ONE, Kind.SEVERAL)
    ]
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        into = Path(folder)
        handed_in = simulated_class.hand_in(whole[: learners + 1], UNIT, into)
        course = assignment.find(UNIT, ROOT)
        with GradebookStore(gradebook or f"sqlite:///{into / 'gradebook.db'}", "isometry") as ledger:
            plan = GradingPlan(course, ledger, Settings(into), grade_one, None)
            pending = list(plan.pending(inbox.collect(handed_in, UNIT).submissions, into).values())
            bundle = prewarm.with_compile_cache(plan.bundle, into)
            jobs = [
                GradingJob(bundle=bundle, unit=UNIT, submission=submission.read(one.submission), attempt=0)
                for one in pending
            ]
            results = [run(job) for job in jobs][1:]  # the first starts what the others find warm
            sent = [len(pickle.dumps(replace(job, bundle="key"))) for job in jobs[1:]]
            back = [len(pickle.dumps(result)) for result in results]
            handed = [job.submission for job in jobs[1:]]
            before, started = _size(into), time.perf_counter()
            for number in range(writes):
                one, result = handed[number % len(handed)], results[number % len(handed)]
                name = f"made-up-{number}"
                write(
                    replace(result, student=name),
                    replace(one, student=name),
                    ledger,
                    into,
                    attempt=100,
                    fingerprint=plan.fingerprint(one),
                )
            took = time.perf_counter() - started
            return Figures(
                statistics.median(result.seconds for result in results),
                statistics.mean(sent) + statistics.mean(back),
                len(pickle.dumps(bundle)),
                writes / took,
                (_size(into) - before) / writes,
            )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def sketch(figures: Figures, students: int = 100_000, hours: float = 1.0) -> list[str]:
    """What so many submissions in so many hours need, in sentences; the last says which part is full first."""
    rate = students / (3600 * hours)
    cores = rate * figures.seconds
    network, writer = NETWORK / figures.moved, figures.writes
    first, at = min((("the network", network), ("the one writer", writer)), key=lambda pair: pair[1])
    return [
        f"{students:,} submissions in {hours:g} h are {rate:.1f} a second.",
        f"A core grades one in {figures.seconds:.2f} s: {cores:.0f} cores, or {students * figures.seconds / 3600:,.0f} "
        "hours of one.",
        f"{figures.moved / 1e3:.0f} kB travel for each: {rate * figures.moved / 1e6:.1f} MB a second, "
        f"{students * figures.moved / 1e9:.1f} GB in all; the bundle, {figures.bundle / 1e6:.1f} MB, once to each process.",
        f"One writer takes {writer:.0f} results a second, {writer / rate:.1f} times what is needed; "
        f"{students * figures.kept / 1e9:.1f} GB stay on its disk.",
        f"More cores help until {at * figures.seconds:,.0f} of them fill {first} ({at:,.0f} submissions a second, "
        f"{students / at / 60:.0f} minutes for all). Then units, or halves of a class, go to writers of their own.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="What a very large class needs.")
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--gradebook", help="a database for the writes, an empty one; by default a file")
    asked = parser.parse_args()
    figures = measure(gradebook=asked.gradebook)
    print("\n".join(sketch(figures, asked.students, asked.hours)))


if __name__ == "__main__":
    main()
