"""A confined kernel: what a copy of the warm process (`forkserver/`) does to become one.

Its `SandboxSpec` comes as a file. Everything that needs rights happens before `confine`: connecting to the
judge, and giving the kernel's own folder to its own user. What the judge is told later goes through the connections made then: a
kernel makes no further one, and hands nobody a descriptor.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.kernels import sandbox, stand_ins
from autograder.kernels.sandbox import Limits, SandboxPolicy


@dataclass(frozen=True)
class SandboxSpec:
    """How one kernel is to be confined."""

    policy: SandboxPolicy
    folder: str
    """The folder it works in, with what stands beside the notebook."""
    judge: str
    """The path of the judge's socket."""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: str) -> SandboxSpec:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        policy = data.pop("policy")
        return cls(SandboxPolicy(**policy | {"limits": Limits(**policy["limits"])}), **data)


def run_cells(spec: str | None, line: socket.socket) -> None:
    """Confine this process as the file `spec` says, unless it is None, and run the cells that come over `line`.

    Returns when nobody is at its other end any more.
    """
    if spec is not None:
        read = SandboxSpec.read(spec)
        enter(read)
        sandbox.confine(read.policy)
        stand_ins.put_in_place()

    from autograder.kernels import cells

    cells.serve(line, programs=spec is None)


def main() -> None:
    """Run the cells that come over descriptor 3, confined as the file says that the command line names."""
    run_cells(sys.argv[1] if len(sys.argv) > 1 else None, socket.socket(fileno=3))


def enter(spec: SandboxSpec) -> None:
    """Connect to the judge, go to the kernel's folder, and give all that it may write to its user."""
    from autograder.judging.protocol import hand_in
    from autograder.judging.protocol.limits import PLACE

    os.environ[PLACE] = hand_in.connections(spec.judge)
    os.chdir(spec.folder)
    if spec.policy.uid is not None:
        for top in spec.policy.writable:
            for folder, _, files in os.walk(top):
                for name in (".", *files):
                    os.chown(os.path.join(folder, name), spec.policy.uid, spec.policy.uid, follow_symlinks=False)
