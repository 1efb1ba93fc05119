"""Opens a view in a bare page: its browser half with a hand-made model in place of Jupyter's."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

_PAGE = """<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/view.css"><body style="margin: 20px"><div id="here"></div></body>"""

# What anywidget gives a view: get, set, on, off, save_changes, send. Bytes arrive as a DataView.
_OPEN = """async ({state, bytes, kernel}) => {
  const asBytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const values = {...state};
  for (const [name, text] of Object.entries(bytes)) values[name] = asBytes(text);
  const heard = {};
  window.sent = [];
  window.model = {
    get: (name) => values[name],
    set: (name, value) => { values[name] = value; },
    on: (name, then) => (heard[name] ??= []).push(then),
    off: (name, then) => { heard[name] = (heard[name] ?? []).filter((f) => f !== then); },
    save_changes: () => {},
    send: (content) => {
      window.sent.push(content);
      if (kernel) window.kernel(JSON.stringify(content)).then((answer) => window.receive(JSON.parse(answer)));
    },
  };
  window.receive = ({state, bytes}) => {
    Object.assign(values, state);
    for (const [name, text] of Object.entries(bytes)) values[name] = asBytes(text);
    for (const name of Object.keys(state)) for (const then of heard["change:" + name] ?? []) then();
  };
  window.view = await import("/view.js");
  window.close_view = await window.view.default.render({ model: window.model, el: document.getElementById("here") });
}"""


def wire(view: Any) -> dict[str, Any]:
    """The synced state of a view of ours as Jupyter would send it: JSON, and bytes apart."""
    state, raw = {}, {}
    for name, value in view.get_state().items():
        if name.startswith("_") or name in ("layout", "tabbable", "tooltip"):
            continue  # what every widget has
        if isinstance(value, bytes):
            raw[name] = base64.b64encode(value).decode()
        else:
            state[name] = json.loads(json.dumps(value))
    return {"state": state, "bytes": raw}


@pytest.fixture
def opened(chromium: Any) -> Iterator[Callable[..., Any]]:
    """`opened(view, kernel=None, **context)`: a page that shows the view; `kernel(content)` answers what it sends."""
    contexts = []

    def open_view(view: Any, kernel: Callable[[dict[str, Any]], None] | None = None, **options: Any) -> Any:
        options.setdefault("viewport", {"width": 1000, "height": 760})
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
        files = {
            "/": ("text/html", _PAGE),
            "/view.js": ("text/javascript", view._esm),
            "/view.css": ("text/css", view._css),
        }

        def serve(route: Any) -> None:
            kind, body = files.get("/" + route.request.url.split("/", 3)[3], ("text/plain", ""))
            route.fulfill(content_type=f"{kind}; charset=utf-8", body=body)

        page.route("**/*", serve)
        page.goto("http://view.test/")
        if kernel is not None:

            def answer(content: str) -> str:
                kernel(json.loads(content))
                return json.dumps(wire(view))

            page.expose_function("kernel", answer)
        page.evaluate(_OPEN, {**wire(view), "kernel": kernel is not None})
        return page

    yield open_view
    for context in contexts:
        context.close()
