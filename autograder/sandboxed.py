"""A confined kernel: what a copy of the warm process (`warm.py`) does to become one.

A plan is a file that `Plan.write` made. Everything that needs rights happens before `confine`: connecting to the
judge, and giving the kernel's own folder to its own user. What the judge is told later goes through that one connection.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder import sandbox
from autograder.sandbox import Fence, Limits


@dataclass(frozen=True)
class Plan:
    """How one kernel is to be confined."""

    fence: Fence
    folder: str
    """The folder it works in, with what stands beside the notebook."""
    judge: str
    """The path of the judge's socket."""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> Plan:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        fence = data.pop("fence")
        return cls(Fence(**fence | {"limits": Limits(**fence["limits"])}), **data)


def run_cells(plan: str | None, line: socket.socket) -> None:
    """Confine this process as the file `plan` says, unless it is None, and run the cells that come over `line`.

    Returns when nobody is at its other end any more.
    """
    if plan is not None:
        read = Plan.read(plan)
        enter(read)
        sandbox.confine(read.fence)
        sandbox.die_with_parent()  # a change of user took it back

    from autograder import cells

    cells.serve(line)


def be_a_kernel(arguments: Sequence[str]) -> None:
    """Be an ipykernel with these arguments, in the trust it always had. Returns when it was told to end."""
    from ipykernel import kernelapp

    kernel = kernelapp.IPKernelApp.instance()
    kernel.initialize(list(arguments))
    kernel.start()


def enter(plan: Plan) -> None:
    """Connect to the judge, go to the kernel's folder, and give all that it may write to its user."""
    from autograder.channel import PLACE

    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.connect(plan.judge)
    os.environ[PLACE] = f"fd:{door.detach()}"
    os.chdir(plan.folder)
    if plan.fence.uid is not None:
        for top in plan.fence.writable:
            for folder, _, files in os.walk(top):
                for name in (".", *files):
                    os.chown(os.path.join(folder, name), plan.fence.uid, plan.fence.uid, follow_symlinks=False)
