"""The warm process for whoever speaks `jupyter_client`: a kernel spec that names `isometry-warm` starts in it.

    {"metadata": {"kernel_provisioner": {"provisioner_name": "isometry-warm"}}, …}

nbclient and stock nbgrader then start kernels that have imported everything, in the trust they always had: confined
are only those that the autograder itself starts (`conversation.py`).
"""

from __future__ import annotations

import asyncio
import atexit
import signal
import threading
from collections.abc import Mapping
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from autograder.warm import Client, Kernel, Server

READ_AT_THE_START = ("PYTHON", "MPL")
"""Variables, by how they begin, that a process reads once: kernels that differ in them come from different servers."""

_servers: dict[frozenset[tuple[str, str]], Server] = {}
_lock = threading.Lock()


def server(environment: Mapping[str, str]) -> Server:
    """This process's server for kernels in such an environment; started where there is none, or none any more."""
    read = {name: value for name, value in environment.items() if name.startswith(READ_AT_THE_START)}
    key = frozenset(read.items())
    with _lock:
        found = _servers.get(key)
        if found is None or not found.alive():
            if found is not None:
                found.end()
            found = _servers[key] = Server(read, shell=False)
            found.ready()
        return found


@atexit.register
def _end() -> None:
    for one in _servers.values():
        one.end()


class Provisioner(LocalProvisioner):
    """Starts kernels as copies of a warm process."""

    client: Client | None = None
    """A connection to the server; by default one of its own, to the one of this process."""
    output: int | None = None
    kernel: Kernel | None = None

    @property
    def has_process(self) -> bool:
        return self.kernel is not None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        environment = dict(kwargs.get("env") or {})
        if self.client is None:
            self.client = await asyncio.to_thread(lambda: Client(server(environment).place))
        arguments = cmd[next((i for i, word in enumerate(cmd) if word.startswith("-f")), len(cmd)) :]
        self.kernel = self.client.start(
            arguments,
            folder=str(kwargs.get("cwd") or "."),
            environment=environment,
            output=self.output,
        )
        self.pid = self.kernel.pid
        return self.connection_info

    async def poll(self) -> int | None:
        return 0 if self.kernel is None else self.kernel.poll()

    async def wait(self) -> int | None:
        while (code := await self.poll()) is None:
            await asyncio.sleep(0.02)
        self.kernel = None
        return code

    async def send_signal(self, signum: int) -> None:
        if self.kernel is not None:
            self.kernel.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        await self.send_signal(signal.SIGTERM)
