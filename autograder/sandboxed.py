"""Starts an IPython kernel inside the sandbox: `python -m autograder.sandboxed PLAN -f CONNECTION`.

`PLAN` is the path of a file that `Plan.write` made. Everything that needs rights happens before `confine`: entering
the kernel's own folder, with copies of what stands beside the notebook, and connecting to the judge. What the judge
is told later goes through that one connection.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder import sandbox
from autograder.sandbox import Fence, Limits


@dataclass(frozen=True)
class Plan:
    """How one kernel is to be confined."""

    fence: Fence
    folder: str
    """The folder it works in; made here."""
    judge: str
    """The path of the judge's socket."""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> Plan:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        fence = data.pop("fence")
        return cls(Fence(**fence | {"limits": Limits(**fence["limits"])}), **data)


def main() -> None:
    """Confine this process as its plan says, and be a kernel."""
    if sys.path[0] == os.getcwd():
        del sys.path[0]  # a module's name beside the notebook takes the place of no other
    plan = Plan.read(sys.argv[1])
    enter(plan)
    sandbox.confine(plan.fence)

    from ipykernel import kernelapp

    class OfOneProcess(kernelapp.IOPubThread):
        """Without the TCP port at which IPython waits for what other processes print: there are none."""

        def __init__(self, socket: Any, pipe: bool = False, **more: Any) -> None:
            super().__init__(socket, pipe=False, **more)

    kernelapp.IOPubThread = OfOneProcess  # type: ignore[misc, assignment]
    kernel = kernelapp.IPKernelApp.instance()
    kernel.initialize(sys.argv[2:])
    sandbox.no_more_sockets()
    kernel.start()


def enter(plan: Plan) -> None:
    """Connect to the judge, and go to the kernel's folder with copies of what stands in this one."""
    from autograder.channel import PLACE

    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.connect(plan.judge)
    os.environ[PLACE] = f"fd:{door.detach()}"
    shutil.copytree(".", plan.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.ipynb", ".*"))
    os.chdir(plan.folder)
    if plan.fence.uid is not None:
        for top in plan.fence.writable:
            for folder, _, files in os.walk(top):
                for name in (".", *files):
                    os.chown(os.path.join(folder, name), plan.fence.uid, plan.fence.uid, follow_symlinks=False)


if __name__ == "__main__":
    main()
