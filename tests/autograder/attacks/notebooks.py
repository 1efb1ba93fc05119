"""Files that are hardly notebooks."""

from __future__ import annotations

import json

from .attack import Handed, Place, attack


@attack("truncated", "The file breaks off.")
def _(n: Handed, at: Place) -> None:
    n.raw = n.content()[: len(n.content()) // 2]


@attack("deep-json", "A hundred thousand lists in each other.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.raw = b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b', "nbformat": 4, "nbformat_minor": 5, "metadata": {}}'


@attack("deep-metadata", "Nine hundred lists in each other, in the metadata of a good notebook.")
def _(n: Handed, at: Place) -> None:
    text = json.dumps(n.data)
    n.raw = text.replace('"metadata": {}', '"metadata": {"x": ' + "[" * 900 + "]" * 900 + "}").encode()


@attack("nul-bytes", "NUL, half characters and bytes that are no text, in the file and in the cells.")
def _(n: Handed, at: Place) -> None:
    n.put(count="count = 19 # \x00\ud800", why="\ud83d\x00\x1b[31m")


@attack("not-text", "The file holds bytes that are no text.")
def _(n: Handed, at: Place) -> None:
    n.raw = b"\xff\xfe\x00" + n.content()


@attack("huge-file", "The file has three gigabytes of nothing.")
def _(n: Handed, at: Place) -> None:
    n.sparse = 3_000_000_000


@attack("huge-numbers", "Numbers with more digits than Python reads, NaN and twice the same key.")
def _(n: Handed, at: Place) -> None:
    text = json.dumps(n.data)
    n.raw = text.replace('"nbformat": 4', '"nbformat": 4, "nbformat": 4, "x": NaN, "y": 1' + "0" * 100_000, 1).encode()


@attack("wrong-format", "The notebook says it is of format 99.")
def _(n: Handed, at: Place) -> None:
    n.data["nbformat"] = 99


@attack("old-format", "The notebook says it is of format 3, with what an old one never had.")
def _(n: Handed, at: Place) -> None:
    n.data = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": n.data["cells"]}, [None]]}


@attack("odd-format", "The format is a list, the cells a number, the metadata a word.")
def _(n: Handed, at: Place) -> None:
    n.data |= {"nbformat": [4], "nbformat_minor": "x", "metadata": "python3"}


@attack("odd-cells", "Cells with sources of numbers, outputs of lists and no metadata.")
def _(n: Handed, at: Place) -> None:
    n.cell("count").update(source=[1, 2], outputs="none")
    n.data["cells"] += [None, 7, {"cell_type": "code", "source": "9", "metadata": None, "outputs": [[]]}]


@attack("other-kernel", "The notebook asks for a kernel that runs a shell.")
def _(n: Handed, at: Place) -> None:
    n.data["metadata"]["kernelspec"] = {"name": "bash", "display_name": "Bash", "language": "bash"}


@attack("no-kernel", "The notebook asks for a kernel whose name is a path.")
def _(n: Handed, at: Place) -> None:
    n.data["metadata"]["kernelspec"] = {"name": f"../../../{at.mark}", "display_name": "", "language": "<script>"}


@attack("another-notebook", "A notebook with the answers to something else.")
def _(n: Handed, at: Place) -> None:
    n.data["cells"] = [n.data["cells"][0]]


@attack("a-thousand-cells", "Ten thousand cells of text and five hundred of code that does nothing.")
def _(n: Handed, at: Place) -> None:
    for _ in range(10_000):
        n.add("$x_1$ and *this*", 0, "markdown")
    for _ in range(500):
        n.add("pass", 0)


@attack("slow-markdown", "Text that takes who reads it as Markdown longer the more there is.")
def _(n: Handed, at: Place) -> None:
    n.put(
        why="[" * 20_000
        + "\n\n"
        + "*a **a " * 5_000
        + "\n\n"
        + "$"
        + "{" * 5_000
        + "\n"
        + "`" * 9_999
        + " " * 20_000
        + "x"
    )
