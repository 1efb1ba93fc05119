"""The keeper: download and upload of the record, and the browser's copy of it. `course.record_sync.exchange` says how they meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from course import kernel_info, syllabus
from course.errors import CourseError
from course.mastery import record
from course.record_sync.exchange import BYTES, IDS, LARGEST, Buffers, Exchange, file_name
from course.views.view import browser_half


class Keeper(anywidget.AnyWidget):
    """It keeps without being shown: its model in the browser is enough. Shown, it has the buttons and says how it is."""

    _esm = browser_half("axes.js", "../record_sync/keeper.js")
    _css = browser_half("view.css")

    settings = traitlets.Dict().tag(sync=True)
    """What the browser calls its copy, and how large messages and files may be."""

    def __init__(self) -> None:
        self._syllabus = syllabus.load()
        store = f"{self._syllabus.title} {self._syllabus.version}"
        super().__init__(settings={"store": store, "bytes": BYTES, "ids": IDS, "largest": LARGEST})
        self.exchange = Exchange(record.text, record.add)
        self.after: list[Callable[[], None]] = []
        """Called when events have come into the record from the browser."""
        self.on_msg(lambda _widget, asked, buffers: self.handle(asked, buffers))

    def handle(self, asked: dict[str, Any], buffers: Buffers) -> None:
        """Answer one question of the browser."""
        try:
            answer, going = self.exchange.answer(asked, buffers)
        except CourseError as error:
            answer, going = {"refused": str(error)}, []
        self.send({**answer, "seq": asked.get("seq"), "name": file_name(self._syllabus.title)}, going)
        if answer.get("new") or answer.get("said"):
            for then in self.after:
                then()

    def saw(self, event: record.Event, line: bytes) -> None:
        """Send the browser what was just written."""
        self.send({"put": event.id, "line": line.decode()})


_kept: Keeper | None = None


def keeper() -> Keeper:
    """This kernel's one keeper; made, and its meeting with the browser begun, when it is first asked for."""
    global _kept
    if _kept is None:
        _kept = Keeper()
        record.watchers.append(_kept.saw)
    return _kept


def keep() -> None:
    """See to it that the browser keeps a copy, where somebody is there who answers."""
    if kernel_info.kernel() is not None and kernel_info.person_present():
        keeper()
