"""A batch: errands over any `concurrent.futures.Executor`, and one outcome for each, whatever happens to who runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from autograder import worker
from autograder.errors import GradingError
from autograder.kit import Errand, Kit, keep, run
from autograder.outcome import Outcome, quarantined
from autograder.workers import Workers

PATIENCE = 10
"""A whole notebook may take this many times what one cell may; grading it ends it then."""
SLACK = 120
"""Seconds more, after which the process that grades is taken to hang."""

AHEAD = 32
"""How many errands at least are on their way at once: more than there are workers, fewer than fill a memory."""

TRIES = 100
"""The attempts of a batch are numbered from this many times its own number on."""


def allowed(seconds: int) -> float:
    """How long grading a notebook may take, in seconds, where one cell may run for so many."""
    return PATIENCE * seconds + SLACK


def outcomes(errands: Iterator[Errand], executor: Executor, ahead: int = AHEAD) -> Iterator[tuple[Errand, Outcome]]:
    """The outcome of each errand, as they come.

    An errand whose worker died, or hung, or broke, is tried once more when all others are done, with nobody beside
    it; if it costs its worker again, it is quarantined. `GradingError`, which is a fault of the machine and not of a
    submission, ends it all.
    """
    suspects: list[Errand] = []
    running: dict[Future[Outcome], Errand] = {}
    while True:
        for errand in islice(errands, ahead - len(running)):
            running[executor.submit(run, errand)] = errand
        if not running:
            break
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            errand = running.pop(future)
            try:
                outcome = future.result()
            except GradingError:
                raise
            except (Exception, CancelledError):
                suspects.append(errand)
            else:
                yield errand, outcome
    for errand in suspects:
        again = replace(errand, attempt=errand.attempt + 1)
        try:
            future = executor.submit(run, again)
        except Exception as error:  # such as `BrokenProcessPool`
            raise _given_up(error) from None
        try:
            outcome = future.result()
        except GradingError:
            raise
        except CancelledError as error:
            raise _given_up(error) from None
        except Exception as error:
            outcome = quarantined(again.submission.student, again.unit, _why(error))
        yield again, outcome


def _given_up(error: BaseException) -> GradingError:
    return GradingError(
        f"What runs the notebooks takes no more of them ({type(error).__name__}). Start the same command again: it goes on "
        "where this one stopped."
    )


def _why(error: BaseException) -> str:
    said = (str(error) or type(error).__name__).strip().splitlines()[0][:300].rstrip(".")
    return f"Grading it twice cost the grader its process: {said}. It is tried again by the next batch."


@contextmanager
def here(jobs: int, seconds: float) -> Iterator[Workers]:
    """Processes of this machine, none of them started yet; all gone on leaving. Each task may take so many seconds."""
    workers = Workers(jobs, seconds)
    try:
        yield workers
    finally:
        workers.kill()


def warm_up(workers: Workers, number: int, grade: Callable[..., Outcome], bank: Path) -> None:
    """Start the warm process and so many of the workers, wait for none of them, and let them import meanwhile."""
    if grade is worker.grade_one:
        workers.begin_with(worker.get_ready, (worker.start(), bank))
    workers.start(number)


@contextmanager
def equipped(workers: Workers, kit: Kit) -> Iterator[Executor]:
    """The workers, each with the kit before it has anything to grade; all gone on leaving."""
    workers.begin_with(begin, (kit, place(kit)))
    try:
        yield workers
        workers.shutdown()
    finally:
        workers.kill()


def place(kit: Kit) -> str | None:
    """Where the warm process is that this process and its workers share; None where nothing forks kernels."""
    return worker.place() if kit.grade is worker.grade_one else None


def begin(kit: Kit, place: str | None, unpack: Callable[[Kit], None] = keep) -> None:
    """What each of those processes does first: unpack the kit, and fork its kernels from the one warm process."""
    unpack(kit)
    if place is not None:
        worker.use(place)
