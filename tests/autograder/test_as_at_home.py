"""Ordinary notebooks show here what they show at home, in a plain ipykernel of the same environment.

Where they show something else, `docs/reference/differences.md` says so, and why; nothing else may differ.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from test_grading import UNIT
from test_warm import outputs_in_ipykernel
from test_worker import Class

from autograder.grading import grader
from autograder.submissions import inbox, submission
from autograder.submissions.task import Task

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "differences.md"

BESIDE = {"helper.py": "answer = 42\n", "data/digits.csv": "1,2\n3,4\n"}

CELLS = {
    "a module beside the notebook": "import helper; helper.answer",
    "a data file": "print(open('data/digits.csv').read())",
    "a file written and read": "open('out.txt', 'w').write('x' * 10)\nlen(open('out.txt').read())",
    "the folder": "import os; sorted({'helper.py', 'data'} & {*os.listdir()})",
    "randomness": "import numpy as np; np.random.default_rng(0).normal(size=3).round(3)",
    "JAX": "import jax.numpy as jnp; jnp.linspace(0, 1, 5)",
    "jit and grad": "import jax; jax.jit(jax.grad(lambda x: x**3))(2.0)",
    "a callback of JAX": "jax.jit(lambda x: (jax.debug.print('x = {}', x), x + 1)[1])(1.0).block_until_ready()",
    "scipy": "import scipy.linalg; scipy.linalg.expm(np.zeros((2, 2)))",
    "a figure": "import matplotlib.pyplot as plt; plt.plot([1, 2, 3]); plt.title('t'); plt.show()",
    "magics": "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n%precision 3\n3.14159265",
    "a timed cell": "%%time\nsum(range(10))",
    "captured": "%%capture kept\nprint('quiet')",
    "waiting": "import asyncio; await asyncio.sleep(0.01); print('waited')",
    "threads": "from multiprocessing.pool import ThreadPool\nwith ThreadPool(2) as pool: print(pool.map(abs, [-1, 2]))",
    "a thread that prints": "import threading\nt = threading.Thread(target=print, args=('from a thread',)); t.start(); t.join()",
    "warnings": "import warnings; warnings.warn('careful')",
    "a failure": "def f(n): return 1 / n\nf(0)",
    "a missing package": "import seaborn_that_nobody_has",
    "a missing program": "import subprocess\ntry:\n    subprocess.run(['dot-that-nobody-has'])\nexcept FileNotFoundError: print('without')",
    "asking": "input('name? ')",
    "rich output": "from IPython.display import HTML, Markdown, display\ndisplay(HTML('<b>b</b>')); Markdown('*m*')",
    "a table": "class T:\n    def _repr_html_(self): return '<table></table>'\nT()",
    "home": "from pathlib import Path; Path.home().is_dir()",
    "a temporary file": "import tempfile\nwith tempfile.TemporaryFile('w+') as file: print(file.write('abc'))",
    "the clock": "import time, datetime; datetime.datetime.now().year > 2000 and time.perf_counter() > 0",
    "processors": "import os; os.cpu_count() == len(os.sched_getaffinity(0))",
    "deep recursion": "def g(): return g()\ntry: g()\nexcept RecursionError: print('too deep')",
    "garbage": "import gc; gc.collect() >= 0",
    "pickles": "import pickle; pickle.loads(pickle.dumps({'a': 1}))",
    "a database in memory": "import sqlite3; sqlite3.connect(':memory:').execute('select 1').fetchall()",
    "a program": "import subprocess; print(subprocess.run(['true']).returncode)",
    "a line for the shell": "!echo from the shell",
    "pip": "%pip --version",
    "processes": "from multiprocessing import get_context\nwith get_context('fork').Pool(1) as pool: print(pool.map(abs, [-1]))",
    "the network": "import socket; socket.create_connection(('127.0.0.1', 9), 1)",
    "much output": "print('x' * 30_000_000)",
}
"""Cells by what they do. They run in this order, in one notebook."""

ALONE = {
    "numbers of 64 bits": [
        "import os\nos.environ['JAX_ENABLE_X64'] = '1'",
        "import jax.numpy as jnp; jnp.ones(1).dtype",
    ],
    "two devices": [
        "%env XLA_FLAGS=--xla_force_host_platform_device_count=2",
        "import jax; jax.device_count()",
    ],
    "threads of BLAS": ["import os; os.environ.setdefault('OMP_NUM_THREADS', '1')", "os.environ['OMP_NUM_THREADS']"],
}
"""Notebooks that set something before they import."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    yield Class(tmp_path_factory.mktemp("tiny"))
    grader.end()


def here(tiny: Class, folder: Path, sources: list[str]) -> list[Any]:
    """The outputs of these cells, at the head of a notebook that is handed in with files beside it."""
    data = json.loads(tiny.content)
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    data["cells"][:0] = [json.loads(json.dumps(cell)) for cell in cells]
    own = put(folder / "ada" / UNIT)
    (own / f"{UNIT}.ipynb").write_text(json.dumps(data))
    ((found,), _) = inbox.collect(folder, UNIT)
    task = Task(**vars(tiny.hand_in("ada")) | {"submission": submission.read(found)})
    as_run = nbformat.reads(grader.grade_one(task).notebook, as_version=4)
    return [cell.outputs for cell in as_run.cells[: len(sources)]]


def put(folder: Path) -> Path:
    for name, text in BESIDE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def shown(outputs: list[Any]) -> list[Any]:
    """Outputs as far as a reader sees them: no colours, no addresses, no times, and of pictures that there is one."""
    kept: list[Any] = []
    for one in outputs:
        if one.output_type == "stream":
            if kept and kept[-1][0] == one.name:
                kept[-1][1] += one.text
                continue
            kept.append([one.name, one.text])
        elif one.output_type == "error":
            kept.append(["error", f"{one.ename}: {one.evalue}"])
        else:
            data = {kind: "…" if kind.startswith("image/") else text for kind, text in one.data.items()}
            kept.append([one.output_type, data])
    text = re.sub(
        r"0x[0-9a-f]+|\d[\d.]* ?[nµμm]?s\b|/\S*/\d+\.py:\d+|\x1b\[[\d;]*m", "·", json.dumps(kept, ensure_ascii=False)
    )
    return list(json.loads(text))


def listed() -> set[str]:
    """What the page names as different from home."""
    table = PAGE.read_text(encoding="utf-8").partition("## From home")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)) - {"what", "---"}


def test_what_a_cell_shows_here_is_what_it_shows_at_home_but_for_what_the_page_lists(
    tiny: Class, tmp_path: Path
) -> None:
    sources = list(CELLS.values())
    home = outputs_in_ipykernel(put(tmp_path / "home"), sources)
    ours = here(tiny, tmp_path / "class", sources)
    differ = {
        name: (shown(there), shown(found))
        for name, there, found in zip(CELLS, home, ours, strict=True)
        if shown(there) != shown(found)
    }
    assert {name: pair for name, pair in differ.items() if name not in listed()} == {}
    assert listed() == set(differ), "what is listed differs"


@pytest.mark.parametrize("name", ALONE)
def test_what_a_notebook_sets_first_holds_as_at_home(tiny: Class, tmp_path: Path, name: str) -> None:
    home = outputs_in_ipykernel(put(tmp_path / "home"), ALONE[name])
    assert shown(here(tiny, tmp_path / "class", ALONE[name])[-1]) == shown(home[-1]) != []
