"""A Dask cluster as a `concurrent.futures.Executor`: the same batch, on machines that share no disk.

Each of the cluster's processes gets the bundle once, also one that joins later, and grades in processes of its own
(`pool.py`), as this machine would: what a submission does to them costs the cluster nothing. Dask delivers at least
once: a task of a machine that is gone runs again elsewhere. The gradebook takes either attempt, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from distributed import Client, WorkerPlugin, get_worker

from autograder.errors import GradingError
from autograder.grading import batch
from autograder.grading.bundle import GradingBundle, unpack_verified
from autograder.grading.pool import ProcessPool

if TYPE_CHECKING:
    from distributed import Worker

CONNECTING = 10
"""Seconds to wait for the scheduler."""


class Graders(WorkerPlugin):
    """What each of the cluster's processes is given: the bundle, and processes to grade in, one for each of its threads."""

    def __init__(self, bundle: GradingBundle, seconds: float) -> None:
        self.bundle, self.seconds = bundle, seconds
        self.pool: ProcessPool | None = None

    def setup(self, worker: Worker) -> None:
        start = (self.bundle, batch.place(self.bundle), unpack_verified)
        self.pool = ProcessPool(worker.state.nthreads, self.seconds, batch.begin, start)

    def teardown(self, worker: Worker) -> None:
        if self.pool is not None:
            self.pool.kill()


class Cluster(Executor):
    """An executor that calls functions in the grading processes of a cluster."""

    def __init__(self, client: Client, name: str) -> None:
        # Not pure: a second attempt is another task, though it asks for the same.
        self._dask, self._name = client.get_executor(pure=False), name

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Schedule `fn(*args, **kwargs)` on any of them."""
        future: Future[Any] = self._dask.submit(_call, self._name, fn, args, kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no further work."""
        self._dask.shutdown(wait=wait)


def _call(name: str, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    graders = get_worker().plugins[name]
    assert isinstance(graders, Graders) and graders.pool is not None
    return graders.pool.submit(fn, *args, **kwargs).result()


@contextmanager
def cluster_pool(address: str, bundle: GradingBundle, seconds: float) -> Iterator[Executor]:
    """Yield the cluster at `address` (`tcp://host:8786`), each process given the bundle; they drop it on leaving."""
    try:
        client = Client(address, timeout=CONNECTING, set_as_default=False)
    except (OSError, ValueError) as error:
        said = str(error).strip().splitlines()
        raise GradingError(
            f"No Dask scheduler answers at {address} ({said[0] if said else type(error).__name__}). "
            "Start one with `dask scheduler`, and workers with `dask worker`."
        ) from None
    name = f"isometry {bundle.unit}"
    with client:
        if not client.nthreads():
            raise GradingError(
                f"The Dask cluster at {address} has no workers. Start some with `dask worker {address}`."
            )
        client.register_plugin(Graders(bundle, seconds), name=name)
        try:
            yield Cluster(client, name)
        finally:
            client.unregister_worker_plugin(name)
