"""A folder of a hundred odd hand-ins: each is graded, fails with its reason, or is named; none is unexplained.

`make prove` tries them all and prints what came of each; CI tries every sixth.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest
from proving import count
from test_grading import FIXTURE, UNIT, WORTH, cell

from autograder.gradebook.rows import Row
from autograder.grading import simulated_class
from autograder.grading.grade import grade_class
from autograder.grading.settings import Settings
from autograder.grading.simulated_class import Kind
from autograder.submissions.result import Status

pytestmark = [pytest.mark.slow, pytest.mark.prove]

Data = dict[str, Any]
ALL = sum(WORTH.values())


class Odd(NamedTuple):
    """What is odd about a hand-in, how it is made of a perfect notebook, and how it ends: `full`, `less`, `failed` or
    `named`."""

    what: str
    make: Callable[[Path, str, Data], None]
    ends: str


def notebook(
    change: Callable[[Data], Any], encode: Callable[[str], bytes] = str.encode
) -> Callable[[Path, str, Data], None]:
    """The perfect notebook after `change`, in its place."""

    def make(folder: Path, student: str, data: Data) -> None:
        data = copy.deepcopy(data)
        answer = change(data)
        put(folder / student / UNIT / f"{UNIT}.ipynb", encode(json.dumps(data if answer is None else answer)))

    return make


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def first(text: str) -> Callable[[Path, str, Data], None]:
    def change(data: Data) -> None:
        one = next(c for c in data["cells"] if c["cell_type"] == "code")
        one["source"] = text + "\n" + "".join(one["source"])

    return notebook(change)


def answered(name: str, text: str) -> Callable[[Path, str, Data], None]:
    return notebook(lambda data: cell(data, name).update(source=text))


def before(name: str, text: str) -> Callable[[Path, str, Data], None]:
    def change(data: Data) -> None:
        at = data["cells"].index(cell(data, name))
        data["cells"].insert(at, code(text))

    return notebook(change)


def code(text: str) -> Data:
    return dict(nbformat.v4.new_code_cell(text))


def each(change: Callable[[Data], Any]) -> Callable[[Path, str, Data], None]:
    """`change` made to every cell."""

    def all_of_them(data: Data) -> None:
        for one in data["cells"]:
            change(one)

    return notebook(all_of_them)


def files(*names: str, other: bytes | None = None) -> Callable[[Path, str, Data], None]:
    """The perfect notebook under these names, in which `S` stands for the student and `U` for the unit."""

    def make(folder: Path, student: str, data: Data) -> None:
        for name in names:
            path = folder / name.replace("S", student).replace("U", UNIT)
            put(path, json.dumps(data).encode() if other is None else other)

    return make


def raw(data: bytes) -> Callable[[Path, str, Data], None]:
    return lambda folder, student, _: put(folder / student / UNIT / f"{UNIT}.ipynb", data)


def beside(name: str, text: str, use: str) -> Callable[[Path, str, Data], None]:
    def make(folder: Path, student: str, data: Data) -> None:
        answered("scale", use)(folder, student, data)
        put(folder / student / UNIT / name, text.encode())

    return make


def lost(*parts: str) -> Callable[[Data], None]:
    def change(one: Data) -> None:
        one["metadata"] = {}
        for part in parts:
            one.pop(part, None)

    return change


def special(make: Callable[[Path], None], at: str) -> Callable[[Path, str, Data], None]:
    def made(folder: Path, student: str, data: Data) -> None:
        path = folder / at.replace("S", student).replace("U", UNIT)
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)

    return made


def as_v3(data: Data) -> Data:
    return dict(nbformat.v3.nbbase.from_dict(nbformat.convert(nbformat.from_dict(data), 3)))


MUCH = {"output_type": "stream", "name": "stdout", "text": "x" * 21_000_000}
PICTURE = {"source": "![x](attachment:my%20a.png)", "attachments": {"my a.png": {"image/png": "AAAA"}}}

ODD = [
    Odd("the environment is set first", first("import os\nos.environ['JAX_ENABLE_X64'] = '1'"), "full"),
    Odd("%env", first("%env A=b"), "full"),
    Odd("!pip install", first("!pip install numpy"), "full"),
    Odd("%pip install", first("%pip install numpy"), "full"),
    Odd("%conda install", first("%conda install numpy"), "less"),
    Odd("a shell cell", before("scale", "%%bash\necho hi"), "full"),
    Odd("a program that is missing", first("import subprocess\ntry: subprocess.run(['dot'])\nexcept FileNotFoundError: pass"), "full"),
    Odd("google.colab", first("from google.colab import drive"), "less"),
    Odd("a helper that was not handed in", first("import my_helper"), "less"),
    Odd("a helper that was", beside("my_helper.py", "scale = 0.9**10", "from my_helper import scale"), "full"),
    Odd("a data file", beside("data/x.txt", "10", "scale = 0.9**int(open('data/x.txt').read())"), "full"),
    Odd("a package called as the course", beside("course/__init__.py", "1/0", "scale = 0.9**10"), "full"),
    Odd("UTF-16", notebook(lambda data: None, lambda text: text.encode("utf-16")), "full"),
    Odd("a byte order mark", notebook(lambda data: None, lambda text: text.encode("utf-8-sig")), "full"),
    Odd("CRLF", notebook(lambda data: None, lambda text: json.dumps(json.loads(text), indent=1).replace("\n", "\r\n").encode()), "full"),
    Odd("Latin-1", notebook(lambda data: None, lambda text: text.replace("Tiny", "T\u00efny").encode("latin-1")), "failed"),
    Odd("breaks off", notebook(lambda data: None, lambda text: text[:900].encode()), "failed"),
    Odd("empty", raw(b""), "failed"),
    Odd("JSON and no notebook", raw(b'{"a": 1}'), "failed"),
    Odd("a list", raw(b"[]"), "failed"),
    Odd("a picture", raw(b"\x89PNG\r\n\x1a\n" + bytes(99)), "failed"),
    Odd("HTML", raw(b"<!DOCTYPE html><html></html>"), "failed"),
    Odd("another notebook", notebook(lambda data: data.update(cells=[code("1")])), "failed"),
    Odd("format 99", notebook(lambda data: data.update(nbformat=99)), "failed"),
    Odd("no cells", notebook(lambda data: data.pop("cells") and None), "failed"),
    Odd("a cell that is a number", notebook(lambda data: data["cells"].append(7)), "failed"),
    Odd("2,100 cells", notebook(lambda data: data["cells"].extend(code("") for _ in range(2_100))), "failed"),
    Odd("a hundred cells more", notebook(lambda data: data["cells"].extend(code("1") for _ in range(100))), "full"),
    Odd("21 MB of outputs", notebook(lambda data: cell(data, "scale").update(outputs=[MUCH])), "full"),
    Odd("marks lost", each(lost()), "full"),
    Odd("marks and ids lost", each(lost("id")), "full"),
    Odd("marks lost by papermill's tags", each(lambda one: one.update(metadata={"papermill": {}, "tags": []})), "full"),
    Odd("a check removed", notebook(lambda data: data["cells"].remove(cell(data, "relu-check"))), "less"),
    Odd("an answer removed", notebook(lambda data: data["cells"].remove(cell(data, "scale"))), "less"),
    Odd("a check twice", notebook(lambda data: data["cells"].append(copy.deepcopy(cell(data, "scale-check")))), "full"),
    Odd("an answer in two cells", before("scale-check", "scale = scale * 1.0"), "full"),
    Odd("ids null", each(lambda one: one.update(id=None)), "full"),
    Odd("ids alike", each(lambda one: one.update(id="same")), "full"),
    Odd("tags that skip", each(lambda one: one["metadata"].update(tags=["skip-execution"])), "full"),
    Odd("an answer as Markdown", notebook(lambda data: cell(data, "scale").update(cell_type="markdown")), "full"),
    Odd("an answer as raw text", notebook(lambda data: cell(data, "scale").update(cell_type="raw")), "full"),
    Odd("an R kernel", notebook(lambda data: data["metadata"].update(kernelspec={"name": "ir", "display_name": "R"})), "full"),
    Odd("a conda kernel", notebook(lambda data: data["metadata"].update(kernelspec={"name": "conda-env-x", "display_name": "x"})), "full"),
    Odd("no kernel named", notebook(lambda data: data["metadata"].clear()), "full"),
    Odd("Colab's metadata", each(lambda one: one["metadata"].update(colab={"base_uri": "x"}, id="abc")), "full"),
    Odd("VS Code's metadata", each(lambda one: one["metadata"].update(vscode={"languageId": "python"})), "full"),
    Odd("metadata nested deep", notebook(lambda data: data["metadata"].update(x=eval("[" * 50 + "]" * 50))), "full"),
    Odd("sources in one line each", each(lambda one: one.update(source="".join(one["source"]))), "full"),
    Odd("execution counts from elsewhere", each(lambda one: one.update(execution_count=10**9)), "full"),
    Odd("half a character", answered("scale", "scale = 0.9**10  # \ud83d"), "full"),
    Odd("a NUL", answered("scale", "scale = 0.9**10\n# \x00"), "less"),
    Odd("conflict markers", answered("scale", "<<<<<<< HEAD\nscale = 1\n=======\nscale = 0.9**10\n>>>>>>> x"), "less"),
    Odd("a syntax error", answered("scale", "scale = ("), "less"),
    Odd("an endless loop", before("scale", "while True: pass"), "full"),
    Odd("a kernel that dies", before("scale", "import os; os._exit(1)"), "full"),
    Odd("exit()", before("scale", "exit()"), "full"),
    Odd("sys.exit()", before("scale", "import sys; sys.exit(1)"), "full"),
    Odd("input()", before("scale", "input('name')"), "full"),
    Odd("much printed", before("scale", "print('x' * 50_000_000)"), "full"),
    Odd("warnings", before("scale", "import warnings; warnings.warn('careful')"), "full"),
    Odd("endless recursion", before("scale", "def f(): return f()\nf()"), "full"),
    Odd("an error by the way", before("scale", "1/0"), "full"),
    Odd("check replaced", first("check = lambda *a, **k: 1.0"), "full"),
    Odd("numpy spoiled", before("relu", "import numpy\nnumpy.maximum = None"), "less"),
    Odd("asynchronous", before("scale", "import asyncio\nawait asyncio.sleep(0.01)"), "full"),
    Odd("magics", before("scale", "%matplotlib inline\n%config InlineBackend.figure_format = 'retina'"), "full"),
    Odd("a Fraction", answered("scale", "from fractions import Fraction\nscale = Fraction(9, 10)**10"), "full"),
    Odd("a Decimal", answered("scale", "from decimal import Decimal\nscale = Decimal('0.9')**10"), "full"),
    Odd("of JAX", answered("scale", "import jax.numpy as jnp\nscale = jnp.float32(0.9)**10"), "full"),
    Odd("in a list", answered("scale", "scale = [0.9**10]"), "full"),
    Odd("as text", answered("scale", "scale = '0.349'"), "less"),
    Odd("None", answered("scale", "scale = None"), "less"),
    Odd("NaN", answered("scale", "scale = float('nan')"), "less"),
    Odd("a whole array", answered("scale", "import numpy as np\nscale = np.ones(10)"), "less"),
    Odd("rounded too far", answered("scale", "scale = 0.35"), "less"),
    Odd("the dots left", answered("scale", "scale = ..."), "less"),
    Odd("an essay of HTML", answered("why", "<script>alert(1)</script><b>b</b>"), "full"),
    Odd("an essay of LaTeX", answered("why", "$" + r"\begin{matrix}" + "1 & " * 20_000 + r"\end{matrix}$"), "full"),
    Odd("an essay of a megabyte", answered("why", "word " * 200_000), "full"),
    Odd("a picture spelt otherwise", notebook(lambda data: cell(data, "why").update(PICTURE)), "full"),
    Odd("a picture that is missing", answered("why", "![x](attachment:gone.png)"), "full"),
    Odd("only (1)", files("S/U/U (1).ipynb"), "full"),
    Odd("another case", files("S/90-TINY/90-TINY.ipynb"), "full"),
    Odd("one folder too few", files("S/U.ipynb"), "full"),
    Odd("one folder too many", files("S/hand-in/U/U.ipynb"), "full"),
    Odd("another name", files("S/U/homework.ipynb"), "full"),
    Odd("upper-case ending", files("S.IPYNB"), "full"),
    Odd(".ipynb.json", files("S.ipynb.json"), "full"),
    Odd(".ipynb.txt", files("S.ipynb.txt"), "full"),
    Odd("Moodle's folder", files("S_4711_assignsubmission_file/my work.ipynb"), "full"),
    Odd("two copies", files("S/U/U (1).ipynb", "S/U/U (2).ipynb"), "failed"),
    Odd("flat and in a folder", files("S.ipynb", "S/U/U.ipynb"), "failed"),
    Odd("a try beside it", files("S/U/U.ipynb", "S/U/try.ipynb"), "full"),
    Odd("a zip", files("S.zip", other=b"PK"), "failed"),
    Odd("a tar", files("S.tar.gz", other=b"x"), "failed"),
    Odd("a PDF in the folder", files("S/U/U.pdf", other=b"%PDF"), "failed"),
    Odd("an empty folder of the unit", special(Path.mkdir, "S/U/"), "failed"),
    Odd("a link", special(lambda path: path.symlink_to("/etc/passwd"), "S.ipynb"), "failed"),
    Odd("a pipe", special(os.mkfifo, "S/U/U.ipynb"), "failed"),
    Odd("a folder called as a notebook", special(Path.mkdir, "S.ipynb"), "named"),
    Odd("another unit's folder", files("S/01-other/01-other.ipynb"), "named"),
    Odd("a list of names", files("S.csv", other=b"a,b"), "named"),
]  # fmt: skip

NAMES = ["ana [late]", "zoe\u0308", "b\u202ec", "x" * 100, "Ü ü", "o'neil", "a&b", "-rf", "semi;colon", "50%"]
"""Odd names, each taken by some of them."""


def test_each_of_a_hundred_odd_hand_ins_is_graded_or_fails_with_its_reason_or_is_named(tmp_path: Path) -> None:
    assert len(ODD) >= 100
    perfect = next(x for x in simulated_class.make(UNIT, 8, seed=4, root=FIXTURE) if x.kind is Kind.PERFECT)
    data = json.loads(perfect.content)
    tried = ODD[:: count(1, 6)]
    folder, said = tmp_path / "in", list[str]()
    students = {}
    for number, odd in enumerate(tried):
        student = f"s{number:03d} {NAMES[number % len(NAMES)]}" if number % 5 == 0 else f"s{number:03d}"
        odd.make(folder, student, data)
        students[student] = odd
    rows = grade_class(UNIT, folder, Settings(tmp_path / "out", seconds=8, jobs=2), root=FIXTURE, warned=said.append)
    by_student = {re.sub(r"\\u202e", "\u202e", row.student): row for row in rows}
    named = "\n".join(said)
    table, wrong = [], []
    for student, odd in students.items():
        row = by_student.get(student)
        came, why = outcome(row, student, named)
        table.append(f"| {odd.what} | {came} | {why[:110]} |")
        if came != odd.ends or (came != "full" and not why):
            wrong.append(table[-1] + f" expected {odd.ends}")
    print("\n".join(table))
    assert wrong == []
    assert len(rows) == sum(odd.ends != "named" for odd in tried)


def outcome(row: Row | None, student: str, named: str) -> tuple[str, str]:
    if row is None:
        line = next((line for line in named.splitlines() if student.split(" ")[0] in line), "")
        return "named" if line else "vanished", line
    if row.state is not Status.GRADED:
        return row.state.value, row.reason
    earned = sum(row.scores[name] for name in WORTH)
    why = row.reason or ", ".join(f"{name}: {mistake}" for name, mistake in row.mistakes.items())
    return ("full", why) if earned == ALL else ("less", why or "the panel of each check says why")
