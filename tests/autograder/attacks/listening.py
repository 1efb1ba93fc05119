"""Servers that note who calls: TCP, UDP, a Unix socket with a file and one without."""

from __future__ import annotations

import socket
import threading
from pathlib import Path


class Listeners:
    """Use it as a context manager; `heard` is all that anybody sent, and `calls` how many called."""

    def __init__(self, folder: Path, name: str) -> None:
        self.heard, self.calls = b"", 0
        self.unix, self.abstract = str(folder / "listener"), name
        kinds = (
            (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            (socket.AF_UNIX, socket.SOCK_STREAM, self.unix),
            (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}"),
        )
        self._servers = []
        for family, kind, place in kinds:
            server = socket.socket(family, kind)
            server.bind(place)
            if kind == socket.SOCK_STREAM:
                server.listen(64)
            self._servers.append(server)
        Path(self.unix).chmod(0o777)
        self.tcp, self.udp = (server.getsockname()[1] for server in self._servers[:2])
        self._threads = [threading.Thread(target=self._listen, args=(s,), daemon=True) for s in self._servers]

    def __enter__(self) -> Listeners:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        for server in self._servers:
            try:
                server.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            server.close()
        Path(self.unix).unlink(missing_ok=True)

    def _listen(self, server: socket.socket) -> None:
        while True:
            try:
                if server.type == socket.SOCK_DGRAM:
                    said = server.recv(4096)
                    if not said:
                        return
                else:
                    line, _ = server.accept()
                    with line:
                        line.settimeout(2)
                        try:
                            said = line.recv(4096)
                        except OSError:
                            said = b""
                self.calls += 1
                self.heard += said + b"\n"
            except OSError:
                return
