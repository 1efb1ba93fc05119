"""An extension of JupyterLab's server: what a kernel says reaches the page at once.

A kernel answers a slider with several short messages: busy, the answer, idle. By default the second waits until the
page has acknowledged the first (Nagle's algorithm), and a page that has nothing to say takes its time for that: 40 ms
on Linux, more than all the computing. `config/jupyter_server_config.d/isometry.json` switches this on.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

SETTING = "kernel_websocket_connection_class"


class PromptConnection(ZMQChannelsWebsocketConnection):
    """A kernel's connection to a page that holds nothing back."""

    def connect(self) -> Any:
        self.websocket_handler.set_nodelay(True)
        return super().connect()


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    settings = server.web_app.settings
    if settings[SETTING] is ZMQChannelsWebsocketConnection:  # else kernels run elsewhere, behind a gateway
        settings[SETTING] = PromptConnection
