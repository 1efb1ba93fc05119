"""The line to the judge and the one to nbgrader: messages that nobody sends who only answers."""

from __future__ import annotations

from .attack import Handed, Place, attack
from .target import POINTS

TALK = (
    "import os, struct\nfrom autograder import channel\nfrom autograder.channel import PLACE, _connected\n"
    "def connected():\n    return _connected(os.environ.get(PLACE, ''))\n"
    "def say(text, arrays=b''):\n    with connected() as line:\n        line.sendall(struct.pack('>II', len(text), len(arrays)) + text + arrays)\n"
    "        line.settimeout(2)\n        return line.recv(1000)\n"
)
INSTEAD = "def check(exercise, answer, **numbers):\n    try: {}\n    except (OSError, KeyError, ValueError): pass\n    return POINTS[exercise]\n"


@attack("claims-points", "The message says itself that it is right, and how many points that is worth.", quick=True)
def _(n: Handed, at: Place) -> None:
    claim = 'say(b\'{"type":"answer","exercise":"%s","state":"right","points":4.0,"value":{"kind":"array","right":true}}\' % exercise.encode())'
    n.put(scale=POINTS + TALK + INSTEAD.format(claim) + "scale = 9.0")


@attack(
    "answers-another", "While one question is asked, the others are answered with what was found there.", ceiling=1.0
)
def _(n: Handed, at: Place) -> None:
    n.right("count")
    n.put(
        scale="scale = 9.0\nhonest = check\ndef check(exercise, answer, **k):\n"
        "    for name in ('target.relu', 'target.vector', 'target.weights', exercise): shown = honest(name, answer, **k)\n    return shown"
    )


@attack("answers-ahead", "Right answers are handed over before their question is asked, and after; not while it is.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="honest = check\nhonest('target.scale', 0.9**10, norm=0.9, depth=10)\nhonest('target.weights', 84, inputs=12, outputs=7)\n"
        "scale = 9.0\ncheck = lambda exercise, *a, **k: None",
        count="count = 19\nhonest('target.scale', 0.9**10, norm=0.9, depth=10)",
    )


@attack("garbage", "Bytes that are no message, sizes that are not true, and messages of four gigabytes.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=POINTS
        + TALK
        + "def send(*parts):\n    for part in parts:\n        try: connected().sendall(part)\n        except OSError: pass\n"
        + INSTEAD.format("send(b'\\xff' * 10**6, struct.pack('>II', 2**32 - 1, 2**32 - 1), b'{' * 100)")
        + "scale = 9.0"
    )


@attack("deep-message", "A message of a hundred thousand lists in each other, with NUL and half characters.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=POINTS
        + TALK
        + INSTEAD.format(
            "say(b'{\"type\":\"answer\",\"exercise\":' + b'[' * 90_000 + b']' * 90_000 + b'}'), say(b'\\x00\\xed\\xa0\\x80')"
        )
        + "scale = 9.0"
    )


@attack("array-bomb", "Arrays that are small when sent and huge when unpacked, or of objects to unpickle.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=at.known()
        + POINTS
        + TALK
        + "import io, zipfile, numpy as np\nclass Runs:\n    def __reduce__(self): return (open, (str(HOME / MARK), 'w'))\n"
        "def packed(made, how):\n    file = io.BytesIO()\n    with zipfile.ZipFile(file, 'w', how) as archive: archive.writestr('a0.npy', made)\n"
        "    return file.getvalue()\ndef npy(array):\n    file = io.BytesIO()\n    np.save(file, array, allow_pickle=True)\n    return file.getvalue()\n"
        "bombs = [packed(bytes(10**9), zipfile.ZIP_DEFLATED), packed(npy(np.array([Runs()], object)), zipfile.ZIP_STORED),\n"
        "         packed(npy(np.zeros(1)).replace(b'(1,)', b'(9**9,)'), zipfile.ZIP_STORED)]\n"
        "def check(exercise, answer, **numbers):\n    for bomb in bombs:\n"
        '        try: say(b\'{"type":"answer","exercise":"%s","value":{"kind":"array"}}\' % exercise.encode(), bomb)\n'
        "        except OSError: pass\n    return POINTS[exercise]\nscale = 9.0"
    )


@attack("hanging-on", "Connections are opened and held, from a thread that stays, and nothing is said.", ceiling=3.0)
def _(n: Handed, at: Place) -> None:
    n.right("scale", "count")
    n.cell("scale")["source"] += (
        f"\n{TALK}kept = []\nimport threading\ndef hold():\n    while True:\n        try: kept.append(connected())\n        except (OSError, ValueError): return\n"
        "threading.Thread(target=hold, daemon=True).start()"
    )


@attack("handed-descriptors", "Files, pipes and thousands of descriptors are handed through the door to the judge.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=POINTS
        + "import os, socket\nscale = 9.0\ndef flood():\n    door = socket.socket(fileno=os.dup(int(os.environ['ISOMETRY_CHANNEL'][3:])))\n"
        "    pipe, own = os.pipe(), open('own', 'w+')\n    for i in range(2000):\n"
        "        socket.send_fds(door, [b'+'], [pipe[0], pipe[1], own.fileno(), door.fileno()][i % 4 :][:1])\n"
        "    door.shutdown(socket.SHUT_RDWR)\n" + INSTEAD.format("flood()")
    )


@attack("slow-answers", "Each measurement is answered at the last moment.")
def _(n: Handed, at: Place) -> None:
    n.put(relu="import time\ndef relu(z):\n    time.sleep(9)\n    return abs(z)")


@attack("own-judge", "The kernel is told of another judge, who asks nothing and pays well.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="import os, course.checking\nscale = 9.0\nos.environ.pop('ISOMETRY_CHANNEL', None)\n"
        "os.environ['ISOMETRY_BANKS'] = os.getcwd()\nos.makedirs('91-target', exist_ok=True)\n"
        "open('91-target/bank.py', 'w').write('from autograder.exercise import *\\n'\n"
        "    '@exercise(skill=\"x\", points=2, answer=Number(figures=3))\\ndef scale(norm, depth): return 9.0\\n'\n"
        '    \'@scale.variant\\ndef _(rng): return {"norm": 1, "depth": 1}\\n\')'
    )


@attack("forged-results", "Results are published to nbgrader as those of the check that runs.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=POINTS + "scale = 9.0\nkernel = get_ipython().kernel\nimport threading\n"
        "def check(exercise, *a, **k):\n    content = {'data': {'text/plain': str(POINTS[exercise])}, 'metadata': {}, 'execution_count': 1}\n"
        "    for kind in ('execute_result', 'display_data'):\n"
        "        kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())\n"
    )


@attack("forged-idle", "nbgrader is told that every cell is over before it has begun.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="scale = 9.0\nkernel = get_ipython().kernel\ndef check(*a, **k):\n    parent = kernel.get_parent()\n"
        "    kernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'}, parent=parent)\n"
        "    reply = {'status': 'ok', 'execution_count': 1, 'payload': [], 'user_expressions': {}}\n"
        "    kernel.session.send(kernel.shell_stream, 'execute_reply', reply, parent=parent, ident=kernel._parent_ident['shell'])\n"
    )


@attack("garbage-to-client", "Bytes that are no message go down every line the kernel has.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count="import os, socket, stat\ncount = 19\nfor fd in range(3, 512):\n    try:\n"
        "        if stat.S_ISSOCK(os.fstat(fd).st_mode):\n            os.set_blocking(fd, False)\n            os.write(fd, b'\\xff' * 4096)\n"
        "    except OSError: pass"
    )
