"""Files that are none of a student's business: secrets to read, places to poison, links to follow."""

from __future__ import annotations

from pathlib import Path

from .attack import Handed, Place, attack
from .target import POINTS, UNIT

READS = (
    "def look(path):\n    try:\n        print(path, Path(path).read_bytes().decode('latin-1')[:3_000_000])\n"
    "    except (OSError, ValueError) as error:\n        print(path, type(error).__name__)\n"
)
WRITES = (
    "def leave(path, text=''):\n    try:\n        Path(path).parent.mkdir(parents=True, exist_ok=True)\n"
    "        Path(path).write_text(f'{text}\\n# {MARK}\\n')\n    except OSError: pass\n"
)


@attack("reads-solutions", "The bank, the solutions, the gradebook and the secret are read.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + READS
        + "for name in ('bank.py', f'{UNIT}.ipynb'): look(COURSE / 'solutions' / UNIT / name)\n"
        "look(INTO / f'{UNIT}.secret')\nfor name in ('gradebook.db', 'gradebook.db-wal', 'gradebook.db-journal'): look(INTO / name)\n"
        "import os\nfor place in (COURSE, INTO, HANDED_IN, HOME):\n    try: print(os.listdir(place)); boast('listed what is not its own')\n"
        "    except OSError: pass\ncount = 19"
    )


@attack("reads-others", "The notebook of somebody whose answers are right is read, and the home folder.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + READS + "look(HANDED_IN / HONEST / UNIT / f'{UNIT}.ipynb')\n"
        "look(INTO / 'submitted' / HONEST / UNIT / f'{UNIT}.ipynb')\nlook(INTO / 'autograded' / HONEST / UNIT / f'{UNIT}.ipynb')\n"
        "look(HOME / 'secret.txt')\nimport glob\nfor path in glob.glob('/tmp/grade-*/**/*.ipynb', recursive=True): look(path)\ncount = 19"
    )


@attack("reads-proc", "The grader's environment, memory and arguments are read from `/proc`.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + READS + "import os\nfor pid in ('self', os.getppid(), 1):\n"
        "    for name in ('environ', 'cmdline', 'maps', 'stack', 'cwd/secret.txt', 'root/etc/shadow'): look(f'/proc/{pid}/{name}')\n"
        "print(dict(os.environ))\n"
        "try: pids = [p for p in os.listdir('/proc') if p.isdigit()]\nexcept OSError: pids = []\n"
        "if len(pids) > 1: boast('listed the processes')\nfor pid in pids: look(f'/proc/{pid}/environ')\ncount = 19"
    )


@attack("inherited-descriptors", "Every descriptor the kernel was born with is read.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + "import os, stat\nfor fd in range(3, 512):\n    try:\n        mode = os.fstat(fd).st_mode\n"
        "        print(fd, os.readlink(f'/proc/self/fd/{fd}'))\n"
        "        if stat.S_ISREG(mode): print(os.pread(fd, 3_000_000, 0).decode('latin-1'))\n"
        "        if stat.S_ISDIR(mode):\n            print(os.listdir(fd)); boast('listed an inherited folder')\n"
        "    except OSError: pass\ncount = 19"
    )


@attack(
    "writes-everywhere",
    "Files are left in the course, beside the gradebook, at home and in every common folder.",
    quick=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + WRITES
        + "import sys\nfor place in (COURSE, COURSE / 'solutions' / UNIT, INTO, HANDED_IN, HANDED_IN / HONEST, HOME,\n"
        "              '/tmp', '/var/tmp', '/dev/shm', '/run', sys.prefix, *sys.path): leave(Path(place) / MARK)\ncount = 19"
    )


@attack(
    "poisons-packages",
    "What the next student imports is poisoned: `sitecustomize`, `.pth`, bytecode, `course` itself.",
    quick=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + WRITES + POINTS + "import sys, numpy, course, autograder\n"
        "evil = 'import builtins; builtins.check = None; raise SystemExit(3)'\nfor place in [*sys.path, '.']:\n"
        "    for name in ('sitecustomize.py', 'usercustomize.py', f'{MARK}.pth', f'{MARK}.py'): leave(Path(place) / name, evil)\n"
        "for module in (numpy, course, autograder):\n    folder = Path(module.__file__).parent\n    leave(folder / f'{MARK}.py', evil)\n"
        "    leave(folder / '__pycache__' / f'{MARK}.pyc')\ncount = 19"
    )


@attack(
    "poisons-home",
    "What a kernel reads as it starts is poisoned: IPython's startup, Jupyter's and matplotlib's settings.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + WRITES
        + "import os\nfor home in (HOME, Path.home(), Path(os.environ.get('IPYTHONDIR', '.')).parent):\n"
        "    leave(home / '.ipython/profile_default/startup' / f'{MARK}.py', 'raise SystemExit')\n"
        "    leave(home / 'ipython/profile_default/startup' / f'{MARK}.py', 'raise SystemExit')\n"
        "    leave(home / '.jupyter' / f'{MARK}_config.py')\n    leave(home / '.config/matplotlib' / MARK)\ncount = 19"
    )


@attack("poisons-compile-cache", "Compiled programs in JAX's cache are exchanged for others.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + "import os, jax\nplaces = [jax.config.jax_compilation_cache_dir, os.environ.get('JAX_COMPILATION_CACHE_DIR'),\n"
        "          HOME / '.cache/jax', '/tmp/jax-cache']\nfor place in filter(None, places):\n"
        "    try:\n        Path(place).mkdir(parents=True, exist_ok=True)\n        (Path(place) / MARK).write_bytes(b'x')\n"
        "        for path in Path(place).rglob('*'):\n            path.is_file() and path.write_bytes(b'poison')\n"
        "            boast('changed the compile cache')\n    except OSError: pass\ncount = 19"
    )


@attack(
    "forges-outcome", "The grader's own files beside the scratch folder are rewritten: the outcome, the word, the plan."
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + "import json, os, threading, time\nhere = Path.cwd()\n"
        "forged = json.dumps({'student': 'x', 'unit': UNIT, 'ending': 'graded', 'remarks': [], 'marks': {'relu-check': [4.0, False]}})\n"
        "def keep():\n    while True:\n        for place in [here, *here.parents][:5]:\n"
        "            for name in ('outcome.json', 'running.json', 'broke.json', 'plan.json', 'gradebook.db'):\n"
        "                try: (place / name).write_text(forged)\n                except OSError: pass\n        time.sleep(0.02)\n"
        "threading.Thread(target=keep, daemon=True).start()\ncount = 19"
    )


@attack("plants-links", "Links in the scratch folder lead to the gradebook, for who cleans up or copies.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known() + "import os\nfor place in (Path.cwd(), Path.cwd().parent, Path.home()):\n"
        "    for i, to in enumerate((INTO / 'gradebook.db', COURSE / 'solutions', HANDED_IN, HOME)):\n"
        "        try: os.symlink(to, place / f'{MARK}-{i}')\n        except OSError: pass\n"
        "        try: os.link(to, place / f'{MARK}-hard-{i}'); boast('linked what is not its own')\n        except OSError: pass\ncount = 19"
    )


@attack("disk-bomb", "Files are written until the disk is full.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count="count = 19\nfor i in range(10**6):\n    with open(f'{i}', 'wb') as file: file.write(bytes(10**7))",
    )


@attack("file-bomb", "Empty files are made until the disk has no more names.")
def _(n: Handed, at: Place) -> None:
    n.put(count="import os\ncount = 19\nfor i in range(10**8):\n    os.mkdir(f'{i}')")


@attack("deep-folders", "Folders within folders, deeper than who removes them can follow.")
def _(n: Handed, at: Place) -> None:
    n.put(count="import os\ncount = 19\nfor i in range(3000):\n    os.mkdir('d' * 100); os.chdir('d' * 100)")


@attack("linked-notebook", "The notebook is a link to the solutions.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.links[f"{UNIT}/{UNIT}.ipynb"] = at.course / "solutions" / UNIT / f"{UNIT}.ipynb"


@attack("linked-folder", "The unit's folder is a link to that of somebody whose answers are right.")
def _(n: Handed, at: Place) -> None:
    n.links[UNIT] = at.handed_in / at.honest / UNIT


@attack("linked-student", "The student's folder is a link to that of somebody whose answers are right.")
def _(n: Handed, at: Place) -> None:
    n.links["."] = at.handed_in / at.honest


@attack("endless-file", "The notebook is a link to `/dev/zero`.")
def _(n: Handed, at: Place) -> None:
    n.links[f"{UNIT}/{UNIT}.ipynb"] = Path("/dev/zero")


@attack("piped-notebook", "The notebook is a pipe that nobody ever writes to.")
def _(n: Handed, at: Place) -> None:
    n.pipes.append(f"{UNIT}.ipynb")


@attack("piped-timestamp", "The time of handing in is a pipe that nobody ever writes to.")
def _(n: Handed, at: Place) -> None:
    n.pipes.append("timestamp.txt")


@attack("linked-timestamp", "The time of handing in is a link to a secret, which would be copied beside the grades.")
def _(n: Handed, at: Place) -> None:
    n.links[f"{UNIT}/timestamp.txt"] = at.home / "secret.txt"


@attack("no-time", "The time of handing in is none.")
def _(n: Handed, at: Place) -> None:
    n.files["timestamp.txt"] = b"99999-99-99 \x00 \xff yesterday"


@attack("modules-beside", "Beside the notebook lie modules with the names of those it imports.")
def _(n: Handed, at: Place) -> None:
    forged = f"{POINTS}check = lambda exercise, *a, **k: POINTS[exercise]\n".encode()
    n.files |= {
        "course.py": forged,
        "sitecustomize.py": forged,
        "autograder.py": forged,
        "numpy.py": b"raise SystemExit",
    }
    n.files |= {"jupyter_config.py": b"raise SystemExit", "nbgrader_config.py": b"raise SystemExit", "bank.py": forged}


@attack("upward-names", "Attachments and files have names that lead upwards.")
def _(n: Handed, at: Place) -> None:
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    names = (f"../../{at.mark}.png", f"/tmp/{at.mark}.png", "..", "a\x00b.png", f'"><script>{at.mark}()</script>')
    n.cell("why")["attachments"] = {name: {"image/png": pixel} for name in names}
    n.cell("why")["source"] = "\n".join(f"![x](attachment:{name})" for name in names)


@attack(
    "name-with-path",
    "The student's name leads upwards and ends commands.",
    student="..%2f..%2f$(touch boo);' OR 1=1;--",
)
def _(n: Handed, at: Place) -> None:
    pass


@attack(
    "name-with-lines",
    "The student's name has lines, tabs, markup and letters that turn around.",
    student="-x\n\t<b>\u202eeve",
)
def _(n: Handed, at: Place) -> None:
    pass


@attack(
    "name-of-formula",
    "The student's name is a formula, for who opens the table in a spreadsheet.",
    student="=cmd|' -C calc'!A1",
)
def _(n: Handed, at: Place) -> None:
    pass
