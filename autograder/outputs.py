"""What one notebook's cells have shown, as outputs of the notebook: bounded as it comes, and nothing but data."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode

from autograder.frames import Clear, Display, Failure, Frame, Result, Stream

MOST = 4_000_000
"""Bytes of output that one cell may leave."""
TRUNCATED = "... Output truncated ..."


class Outputs:
    """Collects the outputs of one cell after the other. What is shown again under the same name is changed where it is."""

    def __init__(self) -> None:
        self._cell: list[NotebookNode] = []
        self._named: dict[str, list[NotebookNode]] = {}
        self._passed, self._full, self._clearing = 0, False, False

    def begin(self) -> None:
        """A cell begins, which has shown nothing."""
        self._cell = []
        self._passed, self._full, self._clearing = 0, False, False

    def end(self) -> list[NotebookNode]:
        """What it has shown."""
        for output in self._cell:
            if output.output_type == "stream" and isinstance(output.text, list):
                output.text = "".join(output.text)
        return self._cell

    def take(self, frame: Frame, size: int) -> None:
        """Take what came, which was so many bytes long."""
        if isinstance(frame, Clear):
            if frame.wait:
                self._clearing = True
            else:
                self._cell.clear()
            return
        if not self._fits(size):
            return
        if isinstance(frame, Display) and frame.id is not None:
            for shown in self._named.get(frame.id, ()):
                shown.data, shown.metadata = _bundle(frame.data), _node(frame.metadata)
        if isinstance(frame, Display) and frame.update:
            return
        if self._clearing:
            self._cell.clear()
            self._clearing = False
        if isinstance(frame, Stream):
            self._print(frame)
        elif (output := _output(frame)) is not None:
            self._cell.append(output)
            if isinstance(frame, Display) and frame.id is not None:
                self._named.setdefault(frame.id, []).append(output)

    def _fits(self, size: int) -> bool:
        self._passed += size
        if self._passed > MOST and not self._full:
            self._passed = size + sum(map(_size, self._cell))  # without what was cleared
            self._full = self._passed > MOST
            if self._full:
                self._cell.append(NotebookNode(output_type="stream", name="stdout", text=TRUNCATED))
        return not self._full

    def _print(self, frame: Stream) -> None:
        last = self._cell[-1] if self._cell else None
        if last is not None and last.output_type == "stream" and last.name == frame.name:
            last.text.append(frame.text)
        else:
            self._cell.append(NotebookNode(output_type="stream", name=frame.name, text=[frame.text]))


def _output(frame: Frame) -> NotebookNode | None:
    if isinstance(frame, Failure):
        return failure(frame.name, frame.text, frame.traceback)
    if isinstance(frame, Result):
        return result(_bundle(frame.data), frame.number, _node(frame.metadata))
    if isinstance(frame, Display):
        return NotebookNode(output_type="display_data", data=_bundle(frame.data), metadata=_node(frame.metadata))
    return None


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
    return NotebookNode(
        {
            kind: _node(value)
            for kind, value in data.items()
            if isinstance(value, str) or kind == "application/json" or kind.endswith("+json")
        }
    )


def _node(value: Any) -> Any:
    if isinstance(value, dict):
        return NotebookNode({key: _node(one) for key, one in value.items()})
    if isinstance(value, list):
        return [_node(one) for one in value]
    return value


def _size(content: Any) -> int:
    """About how many bytes some content holds."""
    if isinstance(content, str | bytes):
        return len(content)
    if isinstance(content, dict):
        return sum(_size(key) + _size(value) for key, value in content.items())
    if isinstance(content, list | tuple):
        return sum(map(_size, content))
    return 8
