"""What one notebook's cells have shown, as outputs of the notebook: bounded as it comes, and nothing but data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from autograder.kernels.frames import Clear, Display, Done, Failure, Frame, Result, Stream

MOST = 4_000_000
"""Byte limit for one cell's output, including what it adds to earlier cells through display updates."""
ALL = 50_000_000
"""Byte limit for all output of a notebook."""
TRUNCATED = "... Output truncated ..."

_OUTPUT, _VALUE = 300, 30
"""Bytes charged for each output, and for each value in it, beside its text: a million empty ones take memory, too."""
_ALIKE = 100
"""How many outputs with one display id are updated; later ones are shown but never updated."""
_DEEPEST = 60
"""The deepest nesting of JSON that is kept, so that every reader of the notebook can follow it."""
_IS_JSON = re.compile(r"application/(.*\+)?json")

_Showing = Stream | Display | Result | Failure


@dataclass(slots=True)
class _Shown:
    output: NotebookNode
    size: int
    cell: int
    name: str | None = None


class Outputs:
    """Collects the outputs of one cell after another, and applies updates to earlier outputs with the same display id."""

    def __init__(self) -> None:
        self._count = 0
        self._shown: list[_Shown] = []
        self._named: dict[str, list[_Shown]] = {}
        self._before, self._here, self._elsewhere = 0, 0, 0
        self._full, self._clearing = False, False

    def begin(self) -> None:
        """Begin a cell, with no output yet."""
        self._count += 1
        self._before += self._here + self._elsewhere
        self._shown = []
        self._here, self._elsewhere = 0, 0
        self._full, self._clearing = False, False

    def end(self) -> list[NotebookNode]:
        """End the cell and return its outputs."""
        found = [shown.output for shown in self._shown]
        for output in found:
            if output.output_type == "stream" and isinstance(output.text, list):
                output.text = "".join(output.text)
        return found

    def take(self, frame: Frame) -> None:
        """Take one frame from the kernel."""
        if isinstance(frame, Clear):
            if frame.wait:
                self._clearing = True
            else:
                self._clear()
            return
        if isinstance(frame, Display):
            self._change(frame)
            if frame.update:
                return
        if self._clearing:
            self._clear()
        if isinstance(frame, Stream):
            self._print(frame)
        elif not isinstance(frame, Done):
            self._add(frame, frame.id if isinstance(frame, Display) else None)

    def _add(self, frame: _Showing, name: str | None = None) -> None:
        if not self._fits(size := _size_of(frame)):
            return
        self._here += size
        shown = _Shown(_output(frame), size, self._count)
        self._shown.append(shown)
        if name is not None and len(alike := self._named.setdefault(name, [])) < _ALIKE:
            shown.name = name
            alike.append(shown)

    def _print(self, frame: Stream) -> None:
        last = self._shown[-1] if self._shown else None
        if last is None or last.output.output_type != "stream" or last.output.name != frame.name:
            self._add(frame)
        elif self._fits(size := _size(frame.text)):
            self._here += size
            last.size += size
            last.output.text.append(frame.text)

    def _change(self, frame: Display) -> None:
        """Change what bears the same name, in this cell and those before."""
        alike = self._named.get(frame.id) if frame.id is not None else None
        if not alike:
            return
        size = _size_of(frame)
        if not self._fits(sum(size - shown.size for shown in alike)):
            return
        data, metadata = _bundle(frame.data), _metadata(frame)
        for shown in alike:
            if shown.cell == self._count:
                self._here += size - shown.size
            else:
                self._elsewhere += size - shown.size
            shown.size, shown.output.data, shown.output.metadata = size, data, metadata

    def _clear(self) -> None:
        """What the cell has shown is gone, and nothing changes it any more."""
        for name in {shown.name for shown in self._shown if shown.name is not None}:
            if left := [shown for shown in self._named[name] if shown.cell != self._count]:
                self._named[name] = left
            else:
                del self._named[name]
        self._shown, self._here = [], 0
        self._full, self._clearing = False, False

    def _fits(self, more: int) -> bool:
        """Whether there is room for so many bytes more. Where not, that is said, and nothing more is shown."""
        if not self._full and more > 0:
            used = self._here + self._elsewhere
            self._full = used + more > MOST or self._before + used + more > ALL
            if self._full:
                said = NotebookNode(output_type="stream", name="stdout", text=TRUNCATED)
                self._shown.append(_Shown(said, 0, self._count))
        return not self._full


def _output(frame: _Showing) -> NotebookNode:
    if isinstance(frame, Stream):
        return NotebookNode(output_type="stream", name=frame.name, text=[frame.text])
    if isinstance(frame, Failure):
        return failure(frame.name, frame.text, frame.traceback)
    if isinstance(frame, Result):
        return result(_bundle(frame.data), frame.number, _metadata(frame))
    return NotebookNode(output_type="display_data", data=_bundle(frame.data), metadata=_metadata(frame))


def result(data: dict[str, Any], number: int | None, metadata: NotebookNode | None = None) -> NotebookNode:
    """The value of a cell's last line as an output."""
    return NotebookNode(
        output_type="execute_result",
        data=NotebookNode(data),
        metadata=metadata or NotebookNode(),
        execution_count=number,
    )


def failure(kind: str, said: str, traceback: list[str] | None = None) -> NotebookNode:
    """An error as an output."""
    return NotebookNode(output_type="error", ename=kind, evalue=said, traceback=traceback or [said])


def _bundle(data: dict[str, Any]) -> NotebookNode:
    """What a notebook may hold of a bundle: any JSON where the kind is JSON, text elsewhere."""
    found = NotebookNode()
    for kind, value in data.items():
        if _IS_JSON.fullmatch(kind):
            found[kind] = _node(value)
        elif isinstance(value, str):
            found[kind] = value
        elif isinstance(value, list) and all(isinstance(line, str) for line in value):
            found[kind] = "".join(value)
    return found


def _metadata(frame: Display | Result) -> NotebookNode:
    """What is said of a bundle: of each kind in it by names, for who makes a page looks for such as its width there."""
    return NotebookNode(_node({k: v for k, v in frame.metadata.items() if isinstance(v, dict) or k not in frame.data}))


def _node(value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict | list) and depth > _DEEPEST:
        return "…"
    if isinstance(value, dict):
        return NotebookNode({key: _node(one, depth + 1) for key, one in value.items()})
    if isinstance(value, list):
        return [_node(one, depth + 1) for one in value]
    return value


def _size_of(frame: _Showing) -> int:
    if isinstance(frame, Stream):
        return _OUTPUT + _size(frame.text)
    if isinstance(frame, Failure):
        return _OUTPUT + _size([frame.name, frame.text, frame.traceback])
    return _OUTPUT + _size(frame.data) + _size(frame.metadata)


def _size(content: Any, depth: int = 0) -> int:
    """About how many bytes some content holds."""
    if isinstance(content, str):
        return _VALUE + len(content)
    if isinstance(content, dict) and depth <= _DEEPEST:
        return 4 * _VALUE + sum([_size(key) + _size(value, depth + 1) for key, value in content.items()])
    if isinstance(content, list) and depth <= _DEEPEST:
        return 2 * _VALUE + sum([_size(value, depth + 1) for value in content])
    return _VALUE
