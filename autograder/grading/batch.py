"""A batch: jobs over any `concurrent.futures.Executor`, and one result for each, whatever happens to who runs it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from autograder.errors import GradingError
from autograder.grading import grader
from autograder.grading.bundle import GradingBundle, GradingJob, run, unpack
from autograder.grading.pool import ProcessPool
from autograder.submissions.result import GradingResult, quarantined

_log = logging.getLogger(__name__)

IN_FLIGHT = 32
"""The least number of jobs in flight at once: more than there are workers, fewer than fill the memory."""


def results(
    jobs: Iterator[GradingJob], executor: Executor, ahead: int = IN_FLIGHT
) -> Iterator[tuple[GradingJob, GradingResult]]:
    """Yield each job with its result, as they come.

    A job whose worker died, or hung, or broke, is tried once more when all others are done, with nobody beside
    it; if it costs its worker again, it is quarantined. Raises `GradingError` on a fault of the machine, which ends the
    batch.
    """
    suspects: list[GradingJob] = []
    running: dict[Future[GradingResult], GradingJob] = {}
    while True:
        for job in islice(jobs, ahead - len(running)):
            running[executor.submit(run, job)] = job
        if not running:
            break
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            job = running.pop(future)
            try:
                result = future.result()
            except GradingError:
                raise
            except (Exception, CancelledError) as error:
                _log.warning("%s broke off (%s) and is tried again at the end", job.submission.student, error)
                suspects.append(job)
            else:
                yield job, result
    for job in suspects:
        again = replace(job, attempt=job.attempt + 1)
        _log.info("%s is tried again, with nobody beside", again.submission.student)
        try:
            future = executor.submit(run, again)
        except Exception as error:  # such as `BrokenProcessPool`
            raise _given_up(error) from None
        try:
            result = future.result()
        except GradingError:
            raise
        except CancelledError as error:
            raise _given_up(error) from None
        except Exception as error:
            _log.error("%s is quarantined: %s", again.submission.student, error)
            result = quarantined(again.submission.student, again.unit, _why(error))
        yield again, result


def _given_up(error: BaseException) -> GradingError:
    return GradingError(
        f"What runs the notebooks takes no more of them ({type(error).__name__}). Start the same command again: it goes on "
        "where this one stopped."
    )


def _why(error: BaseException) -> str:
    said = (str(error) or type(error).__name__).strip().splitlines()[0][:300].rstrip(".")
    return f"Grading it twice cost the grader its process: {said}. It is tried again by the next batch."


@contextmanager
def local_pool(jobs: int, seconds: float) -> Iterator[ProcessPool]:
    """Yield a pool of processes on this machine, none started yet, and end them on leaving. A task may take `seconds`."""
    workers = ProcessPool(jobs, seconds)
    try:
        yield workers
    finally:
        workers.kill()


def warm_up(workers: ProcessPool, number: int, grade: Callable[..., GradingResult], bank: Path) -> None:
    """Start the fork server and `number` workers without waiting, so that they import meanwhile."""
    if grade is grader.grade_one:
        workers.begin_with(grader.get_ready, (grader.start(), bank))
    workers.start(number)


@contextmanager
def equipped(workers: ProcessPool, bundle: GradingBundle) -> Iterator[Executor]:
    """Yield the workers, each given the bundle before its first job, and end them on leaving."""
    workers.begin_with(begin, (bundle, place(bundle)))
    try:
        yield workers
        workers.shutdown()
    finally:
        workers.kill()


def place(bundle: GradingBundle) -> str | None:
    """Return the address of the fork server that this process and its workers share; None where nothing forks kernels."""
    return grader.place() if bundle.grade is grader.grade_one else None


def begin(bundle: GradingBundle, place: str | None, unpack: Callable[[GradingBundle], None] = unpack) -> None:
    """Prepare a worker: unpack the bundle, and use the fork server at `place`."""
    unpack(bundle)
    if place is not None:
        grader.use(place)
