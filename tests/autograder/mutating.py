"""Notebooks, messages and arrays as nobody should hand them in, made from sound ones by changes that know the form.

Every change is a function of a `random.Random` and of what it changes, by its name in `NOTEBOOK_CHANGES`, `FILE_CHANGES`,
`MESSAGE_CHANGES` or `ARRAY_CHANGES`: the same seed and the same names make the same bytes again.
"""

from __future__ import annotations

import copy
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

import nbformat

Tree = Any
"""What JSON can hold, and `Raw` for what it cannot, or what `json` would not write."""


class Raw(str):
    """Text that stands in the file as it is: `1e400`, a nest deeper than Python writes, a key given twice."""


STRANGE_TEXT = (
    "",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\x1b[31mred\x1b[0m",
    "\u202eabc\u202c",
    "\ufeff",
    "\r\n",
    "\x85\u2028",
    "\u00e9\u0301" * 50,
    "\U0010ffff",
    "../../gradebook.db",
    "<script>alert(1)</script>",
    "%run /etc/passwd",
    "'; DROP TABLE grade; --",
    "{{ cells }}",
)
RAW = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e400",
    "1" + "0" * 400,
    "1" + "0" * 5_000,
    "-0",
    "1e-400",
    '{"a": 1, "a": 2}',
    "[" * 900 + "]" * 900,
    '{"a":' * 400 + "0" + "}" * 400,
    "[" * 100_000 + "]" * 100_000,
    "[" * 2_000,
    "01",
    "tru",
    '"\\x41"',
    '"\\ud800"',
    '"\n"',
)


def strange(rng: Random) -> Tree:
    """A value of any type, where another stood."""
    return rng.choice(
        (
            lambda: None,
            lambda: rng.random() < 0.5,
            lambda: rng.choice((0, -1, 1, 2**31, 2**63, -(2**70), 4, 5, 3)),
            lambda: rng.choice((0.5, -0.0, 1e308, 4.0)),
            lambda: rng.choice(STRANGE_TEXT),
            lambda: "x" * rng.choice((1, 300, 100_000)),
            list,
            dict,
            lambda: [rng.choice(STRANGE_TEXT), None, 3],
            lambda: {rng.choice(STRANGE_TEXT): rng.choice(STRANGE_TEXT)},
            lambda: Raw(rng.choice(RAW)),
        )
    )()


# --------------------------------------------------------------------------- trees


def _places(tree: Tree) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a tree."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            yield one, key
            waiting.append(one[key])


def _place(rng: Random, tree: Tree) -> tuple[Any, Any] | None:
    found = list(_places(tree))
    return rng.choice(found) if found else None


def _swap_a_type(rng: Random, tree: Tree) -> None:
    if place := _place(rng, tree):
        place[0][place[1]] = strange(rng)


def _drop_a_key(rng: Random, tree: Tree) -> None:
    if place := _place(rng, tree):
        del place[0][place[1]]


def _add_a_key(rng: Random, tree: Tree) -> None:
    containers = [tree, *(c[k] for c, k in _places(tree) if isinstance(c[k], dict | list))]
    chosen = rng.choice(containers)
    if isinstance(chosen, dict):
        chosen[rng.choice((*STRANGE_TEXT, "points", "nbgrader", "cell_type", "type", "value"))] = strange(rng)
    elif isinstance(chosen, list):
        chosen.insert(rng.randint(0, len(chosen)), strange(rng))


def _exchange_two(rng: Random, tree: Tree) -> None:
    if (one := _place(rng, tree)) and (other := _place(rng, tree)):
        # Copies: a part laid into itself would never end.
        a, b = copy.deepcopy(one[0][one[1]]), copy.deepcopy(other[0][other[1]])
        one[0][one[1]] = b
        try:
            other[0][other[1]] = a
        except (IndexError, KeyError, TypeError):
            pass


def _wrap(rng: Random, tree: Tree) -> None:
    if place := _place(rng, tree):
        value = place[0][place[1]]
        for _ in range(rng.choice((1, 2, 60))):
            value = [value] if rng.random() < 0.5 else {"cells": value}
        place[0][place[1]] = value


def _spoil_a_text(rng: Random, tree: Tree) -> None:
    places = [(c, k) for c, k in _places(tree) if isinstance(c[k], str)]
    if places:
        container, key = rng.choice(places)
        text = container[key]
        cut = rng.randint(0, len(text))
        container[key] = text[:cut] + rng.choice(STRANGE_TEXT) + text[cut:]


def _negate(rng: Random, tree: Tree) -> None:
    places = [(c, k) for c, k in _places(tree) if isinstance(c[k], int | float)]
    if places:
        container, key = rng.choice(places)
        container[key] = rng.choice((-container[key], 0, container[key] + 1, float(container[key]), 10**20))


TREE_CHANGES: dict[str, Callable[[Random, Tree], Any]] = {
    "a type swapped": _swap_a_type,
    "a key missing": _drop_a_key,
    "a key too many": _add_a_key,
    "two parts exchanged": _exchange_two,
    "a part wrapped": _wrap,
    "strange text": _spoil_a_text,
    "another number": _negate,
}

# --------------------------------------------------------------------------- notebooks


def _cells(tree: Tree) -> list[Any]:
    cells = tree.get("cells") if isinstance(tree, dict) else None
    return cells if isinstance(cells, list) else []


def _cell(rng: Random, tree: Tree) -> dict[str, Any]:
    cells = [cell for cell in _cells(tree) if isinstance(cell, dict)]
    return rng.choice(cells) if cells else {}


def _graded(rng: Random, tree: Tree) -> dict[str, Any]:
    """nbgrader's metadata of some cell."""
    found = [
        c["metadata"]["nbgrader"]
        for c in _cells(tree)
        if isinstance(c, dict)
        and isinstance(c.get("metadata"), dict)
        and isinstance(c["metadata"].get("nbgrader"), dict)
    ]
    return rng.choice(found) if found else {}


def _format(rng: Random, tree: Tree) -> None:
    if isinstance(tree, dict):
        tree[rng.choice(("nbformat", "nbformat", "nbformat_minor"))] = rng.choice(
            (0, 1, 2, 3, 4, 5, 99, -4, 4.0, True, "4", None, [4], {"4": 4}, 10**30, "x" * 100_000, Raw("1e400"))
        )


def _old_format(rng: Random, tree: Tree) -> Tree:
    """The notebook as it would have been written years ago."""
    try:
        return dict(nbformat.convert(nbformat.from_dict(copy.deepcopy(tree)), rng.choice((3, 2))))
    except Exception:  # what was spoiled before cannot be converted
        return tree


def _copy_a_cell(rng: Random, tree: Tree) -> None:
    if cells := _cells(tree):
        for _ in range(rng.choice((1, 1, 3))):
            cells.insert(rng.randint(0, len(cells)), copy.deepcopy(rng.choice(cells)))


def _lose_cells(rng: Random, tree: Tree) -> None:
    cells = _cells(tree)
    for _ in range(rng.choice((1, 2, len(cells)))):
        if cells:
            cells.pop(rng.randrange(len(cells)))


def _shuffle_cells(rng: Random, tree: Tree) -> None:
    rng.shuffle(_cells(tree))


def _merge_cells(rng: Random, tree: Tree) -> None:
    cells = _cells(tree)
    if len(cells) > 1:
        at = rng.randrange(len(cells) - 1)
        one, two = cells[at], cells[at + 1]
        if isinstance(one, dict) and isinstance(two, dict):
            one["source"] = f"{one.get('source')}\n{two.get('source')}"
            del cells[at + 1]


def _split_a_cell(rng: Random, tree: Tree) -> None:
    cells = _cells(tree)
    if cells:
        at = rng.randrange(len(cells))
        one = cells[at]
        if isinstance(one, dict) and isinstance(one.get("source"), str):
            cut = rng.randint(0, len(one["source"]))
            cells.insert(at, {**one, "source": one["source"][:cut]})
            one["source"] = one["source"][cut:]


def _kind_of_cell(rng: Random, tree: Tree) -> None:
    _cell(rng, tree)["cell_type"] = rng.choice(("code", "markdown", "raw", "heading", "html", "", None, 1, ["code"]))


def _source(rng: Random, tree: Tree) -> None:
    cell = _cell(rng, tree)
    text = str(cell.get("source"))
    cell["source"] = rng.choice(
        (
            lambda: text.splitlines(keepends=True),
            lambda: [text, [text]],
            lambda: [text, None],
            lambda: None,
            lambda: 7,
            lambda: {"text": text},
            lambda: "x = 1\n" * 50_000,
            lambda: "(" * 10_000,
            lambda: rng.choice(STRANGE_TEXT) + text,
            lambda: "",
        )
    )()


def _attach(rng: Random, tree: Tree) -> None:
    name = rng.choice((*STRANGE_TEXT, "page.png"))
    _cell(rng, tree)["attachments"] = rng.choice(
        (
            lambda: {name: {"image/png": "AAAA"}},
            lambda: {name: {"image/png": rng.choice(STRANGE_TEXT)}},
            lambda: {name: {"image/jpeg": ["AA", "AA"], "image/png": 3}},
            lambda: {name: {"image/png": "A" * 200_000, "text/html": "<script>"}},
            lambda: {name: {"application/json": {"a": 1}}},
            lambda: {name: None},
            lambda: [name],
            lambda: strange(rng),
        )
    )()


def _ids(rng: Random, tree: Tree) -> None:
    for cell in rng.sample(_cells(tree), min(3, len(_cells(tree)))):
        if isinstance(cell, dict):
            cell["id"] = rng.choice(("same", "cell-1", "", "x" * 65, "a b", 3, None, "\ud800"))


def _nbgrader(rng: Random, tree: Tree) -> None:
    meta, other = _graded(rng, tree), _graded(rng, tree)
    key = rng.choice(("grade_id", "grade_id", "points", "grade", "solution", "locked", "task", "schema_version"))
    meta[key] = rng.choice((other.get(key), not meta.get(key), strange(rng), 1000, -5, "scale-check", Raw("NaN")))


def _nbgrader_block(rng: Random, tree: Tree) -> None:
    cell, other = _cell(rng, tree), _graded(rng, tree)
    cell["metadata"] = rng.choice(
        (
            {"nbgrader": copy.deepcopy(other)},
            {"nbgrader": strange(rng)},
            {"nbgrader": {**other, "grade_id": ["a"]}},
            {"nbgrader": {"grade_id": "gift", "grade": True, "points": 50, "solution": False, "schema_version": 3}},
            strange(rng),
        )
    )


def _tags(rng: Random, tree: Tree) -> None:
    cell = _cell(rng, tree)
    if isinstance(cell.get("metadata"), dict):
        cell["metadata"]["tags"] = rng.choice((["skip-execution"], ["raises-exception"], "skip", [3], strange(rng)))


def _metadata(rng: Random, tree: Tree) -> None:
    if isinstance(tree, dict):
        kernel = {"name": rng.choice(("bash", "../python3", "")), "display_name": "x", "language": "python"}
        tree["metadata"] = rng.choice(
            (
                {"kernelspec": kernel},
                {"kernelspec": strange(rng)},
                {"language_info": {"name": "bash", "codemirror_mode": strange(rng)}},
                {"widgets": {"application/vnd.jupyter.widget-state+json": strange(rng)}},
                strange(rng),
            )
        )


def _outputs(rng: Random, tree: Tree) -> None:
    _cell(rng, tree)["outputs"] = rng.choice(
        (
            [{"output_type": "execute_result", "data": {"text/plain": "1000"}, "metadata": {}, "execution_count": 1}],
            [{"output_type": "stream", "name": "stderr", "text": strange(rng)}],
            [strange(rng)],
            strange(rng),
        )
    )


def _many_cells(rng: Random, tree: Tree) -> None:
    number = rng.choice((50, 50, 50, 1_500, 20_000))
    _cells(tree).extend([{"cell_type": rng.choice(("code", "markdown")), "source": ""}] * number)


def _another_top(rng: Random, tree: Tree) -> Tree:
    return rng.choice(
        (
            lambda: [tree],
            lambda: {"worksheets": [tree]},
            lambda: {"nbformat": 4, "cells": {"0": _cells(tree)}},
            lambda: {"nbformat": 4, "cells": _cells(tree)},
            lambda: strange(rng),
        )
    )()


NOTEBOOK_CHANGES: dict[str, Callable[[Random, Tree], Any]] = TREE_CHANGES | {
    "another format": _format,
    "an old format": _old_format,
    "copied cells": _copy_a_cell,
    "lost cells": _lose_cells,
    "cells in another order": _shuffle_cells,
    "merged cells": _merge_cells,
    "a split cell": _split_a_cell,
    "another kind of cell": _kind_of_cell,
    "another source": _source,
    "attachments": _attach,
    "ids of cells": _ids,
    "edited nbgrader metadata": _nbgrader,
    "other nbgrader metadata": _nbgrader_block,
    "tags": _tags,
    "the notebook's metadata": _metadata,
    "outputs": _outputs,
    "many cells": _many_cells,
    "another top": _another_top,
}

# --------------------------------------------------------------------------- files


def _piece(rng: Random, data: bytes) -> slice:
    start = rng.randint(0, len(data))
    return slice(start, min(len(data), start + rng.choice((1, 2, 40, 4_000))))


def _bits(rng: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 3, 30)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _without(rng: Random, data: bytes) -> bytes:
    piece = _piece(rng, data)
    return data[: piece.start] + data[piece.stop :]


def _doubled(rng: Random, data: bytes) -> bytes:
    piece = _piece(rng, data)
    return data[: piece.stop] + data[piece] + data[piece.stop :]


def _inserted(rng: Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    new = rng.choice((b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\\", b'"', b"{", b"]"))
    return data[:at] + new + data[at:]


FILE_CHANGES: dict[str, Callable[[Random, bytes], bytes]] = {
    "cut": lambda rng, data: data[: rng.randint(0, len(data))],
    "bits flipped": _bits,
    "a piece missing": _without,
    "a piece twice": _doubled,
    "bytes inserted": _inserted,
    "a byte order mark": lambda rng, data: rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) + data,
    "another encoding": lambda rng, data: data.decode("utf-8", "replace").encode(
        rng.choice(("utf-16", "utf-32", "utf-7", "cp037")), "replace"
    ),
    "other line ends": lambda rng, data: data.replace(b",", rng.choice((b",\r\n", b",\r", b",\x00"))),
    "more behind it": lambda rng, data: data + rng.choice((b"{}", data, b"\x00" * 100, b" " * 100, b"]")),
}


def text_of(tree: Tree) -> bytes:
    """A tree as JSON, what is `Raw` as it stands."""
    raws: list[str] = []

    def replaced(value: Tree) -> Tree:
        if isinstance(value, Raw):
            raws.append(str(value))
            return f"@raw-{len(raws) - 1}@"
        if isinstance(value, dict):
            return {str(key): replaced(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [replaced(inner) for inner in value]
        return value

    text = json.dumps(replaced(tree))
    for number, raw in enumerate(raws):
        text = text.replace(f'"@raw-{number}@"', raw, 1)
    return text.encode("utf-8", "surrogatepass")


def notebook(base: bytes, changes: Sequence[str], seed: int) -> bytes:
    """The notebook file `base` after the changes of these names, those of the notebook before those of the file."""
    rng = Random(seed)
    tree = json.loads(base)
    for name in changes:
        if name in NOTEBOOK_CHANGES:
            made = NOTEBOOK_CHANGES[name](rng, tree)
            tree = tree if made is None else made
    data = text_of(tree)
    for name in changes:
        if name in FILE_CHANGES:
            data = FILE_CHANGES[name](rng, data)
    return data


# --------------------------------------------------------------------------- messages and their arrays

Member = tuple[str, bytes]
"""A file in an npz: its name and what it holds."""

HEADERS = ("<f8", "<f4", ">f8", "<i8", "|b1", "<c16", "|O", "<U4", "|V8", "<M8[s]", "<f16", "|S0", "f8,f8", "<f3", "")
SHAPES = ("()", "(1,)", "(2, 2)", "(-1,)", "(0,)", "(1000000000000,)", "(True,)", "(1.0,)", "1", "None", "(2**9,)", "(")


def _npy(head: str, body: bytes, version: bytes = b"\x01\x00") -> bytes:
    text = head.encode("latin-1", "replace") + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text) % 2**16) + text + body


def _parts(npy: bytes) -> tuple[str, bytes]:
    """The header and the entries of an npy file of the first version; of another, no header."""
    if npy[:8] != b"\x93NUMPY\x01\x00" or len(npy) < 10:
        return "", npy
    (size,) = struct.unpack("<H", npy[8:10])
    return npy[10 : 10 + size].decode("latin-1").strip(), npy[10 + size :]


def _each(change: Callable[[Random, str, bytes], bytes]) -> Callable[[Random, list[Member]], list[Member]]:
    """A change of one member that knows its header and its entries."""

    def changed(rng: Random, members: list[Member]) -> list[Member]:
        if not members:
            return members
        at = rng.randrange(len(members))
        name, npy = members[at]
        return [*members[:at], (name, change(rng, *_parts(npy))), *members[at + 1 :]]

    return changed


def _descr(rng: Random, head: str, body: bytes) -> bytes:
    before, _, after = head.partition("'descr': ")
    _, _, after = after.partition(", 'fortran")
    return _npy(f"{before}'descr': {rng.choice(HEADERS)!r}, 'fortran{after}", body)


def _shape(rng: Random, head: str, body: bytes) -> bytes:
    return _npy(head.partition("'shape'")[0] + f"'shape': {rng.choice(SHAPES)}, }}", body)


def _order(rng: Random, head: str, body: bytes) -> bytes:
    return _npy(head.replace("False", rng.choice(("True", "1", "None", "'no'"))), body)


def _head(rng: Random, head: str, body: bytes) -> bytes:
    return _npy(
        rng.choice(
            ("", "{}", "[" * 300, " " * 2_000, "__import__('os')._exit(3)", head[: rng.randint(0, len(head))], head * 2)
        ),
        body,
    )


def _length(rng: Random, head: str, body: bytes) -> bytes:
    return _npy(head, rng.choice((body[:-1], body + b"\0", b"", body * 2)))


def _entries(rng: Random, head: str, body: bytes) -> bytes:
    special = struct.pack("<d", rng.choice((float("nan"), float("inf"), -1.0, 0.0, 1e308, 5e-324)))
    return _npy(head, rng.choice((_bits(rng, body), special * (len(body) // 8), body[::-1])))


def _version(rng: Random, head: str, body: bytes) -> bytes:
    return _npy(head, body, rng.choice((b"\x02\x00", b"\x03\x00", b"\x01\x01", b"\xff\xff")))


def _rename(rng: Random, members: list[Member]) -> list[Member]:
    names = ("a0", "a1.npy", "a0.npy", "../a0.npy", "/a0.npy", "", "a0.npy/", "b0.npy")
    return [(rng.choice(names) if rng.random() < 0.5 else name, npy) for name, npy in members]


ARRAY_CHANGES: dict[str, Callable[[Random, list[Member]], list[Member]]] = {
    "another dtype": _each(_descr),
    "another shape": _each(_shape),
    "another order of entries": _each(_order),
    "another header": _each(_head),
    "another length": _each(_length),
    "other entries": _each(_entries),
    "another version": _each(_version),
    "other names": _rename,
    "an array missing": lambda rng, members: members[1:],
    "an array too many": lambda rng, members: [*members, ("a1.npy", rng.choice((b"", b"\x93NUMPY", b"x" * 99)))],
    "very many arrays": lambda rng, members: [(f"a{i}.npy", npy) for i in range(70) for _, npy in members[:1]],
}


def _zip_field(rng: Random, packed: bytes) -> bytes:
    """One field of a zip's directory or of a member's head, changed."""
    signatures = {b"PK\x01\x02": 46, b"PK\x05\x06": 22, b"PK\x03\x04": 30}
    found = [i for i in range(len(packed)) if packed[i : i + 4] in signatures]
    if not found:
        return packed
    at = rng.choice(found)
    size = signatures[packed[at : at + 4]]
    field = min(len(packed) - 2, at + rng.randrange(4, size))
    return packed[:field] + struct.pack("<H", rng.choice((0, 1, 8, 0xFFFF, 0x7FFF))) + packed[field + 2 :]


def _compressed(rng: Random, packed: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))) as archive:
        archive.writestr(
            "a0.npy", _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (250000,), }", bytes(2_000_000))
        )
    return file.getvalue()


PACKED_CHANGES: dict[str, Callable[[Random, bytes], bytes]] = {
    "a field of the zip": _zip_field,
    "compressed": _compressed,
    "npz cut": FILE_CHANGES["cut"],
    "npz bits flipped": _bits,
    "more behind the npz": FILE_CHANGES["more behind it"],
}


def _sizes(rng: Random, frame: bytes) -> bytes:
    """A frame that says it has another size."""
    text, arrays = struct.unpack(">II", frame[:8])
    other = rng.choice((0, 1, text - 1, text + 1, 2**31, 2**32 - 1, 16_000_000, 200_001))
    head = (max(0, other), arrays) if rng.random() < 0.5 else (text, other)
    return struct.pack(">II", *(n % 2**32 for n in head)) + frame[8:]


FRAME_CHANGES: dict[str, Callable[[Random, bytes], bytes]] = {
    "another size": _sizes,
    "message cut": FILE_CHANGES["cut"],
    "message twice": lambda rng, frame: frame * 2,
    "message bits flipped": _bits,
    "message missing": lambda rng, frame: b"",
}


def _message(rng: Random, tree: Tree) -> None:
    """A field of a message, changed to what another message has there."""
    value = tree.get("value") if isinstance(tree, dict) else None
    fields: dict[str, Sequence[Any]] = {
        "kind": ("nothing", "text", "array", "ragged", "function", "other", "pickle", 3),
        "type": ("float", "list", "tuple", "int", "ndarray", "x" * 61, "__class__", "\x1b[31m", 3),
        "text": ("nothing", "x" * 2_001, "\u202e", "0.349"),
        "untouched": (True, False, None, 1),
    }
    if isinstance(value, dict) and rng.random() < 0.6:
        name = rng.choice(sorted(fields))
        value[name] = rng.choice(fields[name])
    elif isinstance(tree, dict):
        others: dict[str, Sequence[Any]] = {
            "type": ("answer", "came", "recorded", "measure", "verdict", None),
            "how": ("returned", "raised", "timed out", "right"),
            "line": (0, 1, -1, 10**9, "1", None),
            "error": ("ValueError", "<b>", "NotImplementedError", "x" * 61),
            "points": (100,),
        }
        name = rng.choice(sorted(others))
        tree[name] = rng.choice(others[name])


MESSAGE_CHANGES: dict[str, Callable[[Random, Tree], Any]] = TREE_CHANGES | {"another field of a message": _message}

CHANNEL_CHANGES = (*MESSAGE_CHANGES, *ARRAY_CHANGES, *PACKED_CHANGES, *FRAME_CHANGES)
"""The names of all changes of what crosses the channel."""


def frame(text: bytes, packed: bytes) -> bytes:
    """A message as it crosses: two sizes, its text, its arrays."""
    return struct.pack(">II", len(text), len(packed)) + text + packed


def message(text: bytes, packed: bytes, changes: Sequence[str], rng: Random) -> bytes:
    """The frame of a message after the changes of these names."""
    tree = json.loads(text)
    for name in changes:
        if name in MESSAGE_CHANGES:
            MESSAGE_CHANGES[name](rng, tree)
    if packed and any(name in ARRAY_CHANGES for name in changes):
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            members = [(one.filename, archive.read(one)) for one in archive.infolist()]
        for name in changes:
            if name in ARRAY_CHANGES:
                members = ARRAY_CHANGES[name](rng, members)
        packed = _zipped(members)
    for name in changes:
        if packed and name in PACKED_CHANGES:
            packed = PACKED_CHANGES[name](rng, packed)
    made = frame(text_of(tree), packed)
    for name in changes:
        if len(made) >= 8 and name in FRAME_CHANGES:
            made = FRAME_CHANGES[name](rng, made)
    return made


def _zipped(members: list[Member]) -> bytes:
    import warnings

    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")  # that two members have one name is meant
        for name, npy in members:
            archive.writestr(zipfile.ZipInfo(name or "x"), npy)
    return file.getvalue()
