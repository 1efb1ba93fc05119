"""A real Jupyter server in a process of its own, and a kernel under it: for the rehearsal and for the browser."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from processes import running


@dataclass
class Server:
    """A running server: its process, where it answers, and its token."""

    process: subprocess.Popen[bytes]
    url: str
    token: str
    log: Path

    @classmethod
    def start(cls, command: Sequence[str | Path], cwd: Path, env: Mapping[str, str], scratch: Path) -> Server:
        """Start `command`, which becomes a Jupyter server, and wait until it answers. `scratch` holds what it keeps."""
        runtime = scratch / "runtime"
        runtime.mkdir(parents=True)
        own = {"JUPYTER_RUNTIME_DIR": str(runtime), "JUPYTER_CONFIG_DIR": str(scratch / "config"), "HOME": str(scratch)}
        log = scratch / "server.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*map(str, command)], cwd=cwd, env={**env, **own}, stdout=out, stderr=out, start_new_session=True
            )
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and process.poll() is None:
            for info in runtime.glob("jpserver-*.json"):
                with contextlib.suppress(ValueError, OSError):
                    said = json.loads(info.read_text())
                    server = cls(process, said["url"], said["token"], log)
                    server.api("GET", "api/status")
                    return server
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
        raise AssertionError(f"The server did not start:\n{log.read_text(errors='replace')[-3000:]}")

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the server's REST interface; what it answers, parsed."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def page(self, path: str) -> str:
        """The address of a page for a browser."""
        return f"{self.url}{path}?token={self.token}"

    def kernels(self) -> list[psutil.Process]:
        """The kernels running under this server."""
        return running(psutil.Process(self.process.pid), "ipykernel_launcher", recursive=True)

    def peak_mb(self) -> float:
        return peak_mb(self.process.pid)

    def stop(self) -> None:
        """Stop the server and whatever it started."""
        everyone = [self.process.pid, *(c.pid for c in psutil.Process(self.process.pid).children(recursive=True))]
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        for pid in everyone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)


def peak_mb(pid: int) -> float:
    """The most memory a process has ever had resident, in MB (2²⁰ bytes), from Linux's own high-water mark."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


def run_notebook(server: Server, path: str, cell_timeout: float = 120) -> list[str]:
    """Run every code cell of the notebook at `path` (as the server names it) in a kernel under `server`.

    Returns what went wrong, a line for each cell that raised; the kernel stays alive.
    """
    import websocket

    notebook = server.api("GET", f"api/contents/{path}?content=1")["content"]
    wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    kernel = server.api("POST", "api/sessions", wanted)["kernel"]["id"]
    address = server.url.replace("http", "ws", 1) + f"api/kernels/{kernel}/channels?token={server.token}"
    channel = websocket.create_connection(address, timeout=cell_timeout, suppress_origin=True)
    troubles = []
    try:
        for number, cell in enumerate(notebook["cells"], start=1):
            if cell["cell_type"] != "code":
                continue
            message = uuid.uuid4().hex
            header = {
                "msg_id": message,
                "msg_type": "execute_request",
                "session": kernel,
                "username": "",
                "version": "5.3",
            }
            content = {"code": cell["source"], "silent": False, "store_history": True, "allow_stdin": False}
            request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
            channel.send(json.dumps(request))
            waiting = {"reply", "idle"}
            while waiting:
                said = _message(channel.recv())
                if said["parent_header"].get("msg_id") != message:
                    continue
                if said["msg_type"] == "execute_reply":
                    waiting.discard("reply")
                elif said["msg_type"] == "status" and said["content"]["execution_state"] == "idle":
                    waiting.discard("idle")
                elif said["msg_type"] == "error":
                    troubles.append(f"cell {number}: {said['content']['ename']}: {said['content']['evalue']}")
    finally:
        channel.close()
    return troubles


def _message(received: str | bytes) -> Any:
    """The JSON part of what a kernel's channel sent; one with buffers begins with their number and offsets."""
    if isinstance(received, str):
        return json.loads(received)
    data = bytes(received)
    start = int.from_bytes(data[4:8], "big")
    end = int.from_bytes(data[8:12], "big") if int.from_bytes(data[:4], "big") > 1 else len(data)
    return json.loads(data[start:end])
