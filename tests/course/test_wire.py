"""The server that `course study` starts sends what kernels say at once."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

from course.jupyter import server_extension, study

ROOT = Path(__file__).resolve().parents[2]


def _handler(kind: type[ZMQChannelsWebsocketConnection]) -> type[KernelWebsocketHandler]:
    """A page's connection to a kernel, without a kernel and without a login."""

    class Handler(KernelWebsocketHandler):
        current_user = "someone"

        async def prepare(self) -> None: ...

        async def get(self, *args: Any) -> None:
            self.connection = kind(websocket_handler=self)
            await WebSocketHandler.get(self, *args)

        async def open(self) -> None:
            self.connection.connect()
            self.close()

        def on_close(self) -> None: ...

    return Handler


def test_what_a_kernel_says_waits_for_no_acknowledgement(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def connect(connection: ZMQChannelsWebsocketConnection) -> None:
        wired = connection.websocket_handler.ws_connection.stream.socket
        seen[type(connection)] = bool(wired.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", connect)

    async def visit() -> None:
        listener, port = bind_unused_port()
        kinds = {"stock": ZMQChannelsWebsocketConnection, "ours": server_extension.PromptConnection}
        server = HTTPServer(Application([(f"/{name}", _handler(kind)) for name, kind in kinds.items()]))
        server.add_socket(listener)
        for name in kinds:
            page = await websocket_connect(f"ws://127.0.0.1:{port}/{name}")
            assert await page.read_message() is None
        server.stop()

    with ThreadPoolExecutor(1) as own:  # Playwright's tests leave a loop running in this thread
        own.submit(asyncio.run, visit()).result()
    assert seen == {ZMQChannelsWebsocketConnection: False, server_extension.PromptConnection: True}


@pytest.mark.parametrize(
    ("before", "after"),
    [(ZMQChannelsWebsocketConnection, server_extension.PromptConnection), (SimpleNamespace, SimpleNamespace)],
)
def test_only_jupyterlabs_own_connection_is_replaced(before: Callable[..., Any], after: Callable[..., Any]) -> None:
    server = SimpleNamespace(web_app=SimpleNamespace(settings={server_extension.SETTING: before}))
    server_extension._load_jupyter_server_extension(server)
    assert server.web_app.settings[server_extension.SETTING] is after


ENABLED = """
from jupyter_core.paths import jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager
print(ExtensionConfigManager(read_config_path=jupyter_config_path()).get_jpserver_extensions()["course.jupyter.server_extension"])
"""


def test_the_server_of_the_course_loads_it(tmp_path: Path) -> None:
    settings = study.environment(ROOT, tmp_path, os.environ | {"HOME": str(tmp_path)})
    asked = subprocess.run([sys.executable, "-c", ENABLED], env=settings, capture_output=True, text=True, timeout=120)
    assert asked.stdout.strip() == "True", asked.stderr
