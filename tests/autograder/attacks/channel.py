"""The line to the judge and the one to nbgrader: messages that nobody sends who only answers."""

from __future__ import annotations

from .attack import Handed, Place, attack, code
from .target import POINTS

TALK = code("""
    import os, struct
    from autograder.judging.protocol.hand_in import PLACE, _connected
    def connected():
        return _connected(os.environ.get(PLACE, ''))
    def say(text, arrays=b''):
        with connected() as line:
            line.sendall(struct.pack('>II', len(text), len(arrays)) + text + arrays)
            line.settimeout(2)
            return line.recv(1000)
""")
INSTEAD = code("""
    def check(exercise, answer, **numbers):
        try: {}
        except (OSError, KeyError, ValueError): pass
        return POINTS[exercise]
""")


@attack("claims-points", "The message says itself that it is right, and how many points that is worth.")
def _(n: Handed, at: Place) -> None:
    claims = """CLAIM = b'{"type":"answer","exercise":"%s","state":"right","points":4.0,"value":{"kind":"array","right":true}}'\n"""
    n.put(scale=POINTS + TALK + claims + INSTEAD.format("say(CLAIM % exercise.encode())") + "scale = 9.0")


@attack(
    "answers-another", "While one question is asked, the others are answered with what was found there.", ceiling=1.0
)
def _(n: Handed, at: Place) -> None:
    n.right("count")
    n.put(
        scale=code("""
            scale = 9.0
            honest = check
            def check(exercise, answer, **k):
                for name in ('target.relu', 'target.vector', 'target.weights', exercise): shown = honest(name, answer, **k)
                return shown
        """)
    )


@attack("answers-ahead", "Right answers are handed over before their question is asked, and after; not while it is.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            honest = check
            honest('target.scale', 0.9**10, norm=0.9, depth=10)
            honest('target.weights', 84, inputs=12, outputs=7)
            scale = 9.0
            check = lambda exercise, *a, **k: None
        """),
        count="count = 19\nhonest('target.scale', 0.9**10, norm=0.9, depth=10)",
    )


@attack("garbage", "Bytes that are no message, sizes that are not true, and messages of four gigabytes.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=POINTS
        + TALK
        + code("""
            def send(*parts):
                for part in parts:
                    try: connected().sendall(part)
                    except OSError: pass
        """)
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
        + code("""
            import io, zipfile, numpy as np
            class Runs:
                def __reduce__(self): return (open, (str(HOME / MARK), 'w'))
            def packed(made, how):
                file = io.BytesIO()
                with zipfile.ZipFile(file, 'w', how) as archive: archive.writestr('a0.npy', made)
                return file.getvalue()
            def npy(array):
                file = io.BytesIO()
                np.save(file, array, allow_pickle=True)
                return file.getvalue()
            bombs = [packed(bytes(10**9), zipfile.ZIP_DEFLATED), packed(npy(np.array([Runs()], object)), zipfile.ZIP_STORED),
                     packed(npy(np.zeros(1)).replace(b'(1,)', b'(9**9,)'), zipfile.ZIP_STORED)]
            def check(exercise, answer, **numbers):
                for bomb in bombs:
                    try: say(b'{"type":"answer","exercise":"%s","value":{"kind":"array"}}' % exercise.encode(), bomb)
                    except OSError: pass
                return POINTS[exercise]
            scale = 9.0
        """)
    )


@attack("hanging-on", "Connections are opened and held, from a thread that stays, and nothing is said.", ceiling=3.0)
def _(n: Handed, at: Place) -> None:
    n.right("scale", "count")
    holding = code("""
        import threading
        kept = []
        def hold():
            while True:
                try: kept.append(connected())
                except (OSError, ValueError): return
        threading.Thread(target=hold, daemon=True).start()
    """)
    n.cell("scale")["source"] += f"\n{TALK}{holding}"


@attack("handed-descriptors", "Files, pipes and thousands of descriptors are handed through the door to the judge.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=POINTS
        + code("""
            import os, socket
            scale = 9.0
            def flood():
                door = socket.socket(fileno=os.dup(int(os.environ['ISOMETRY_CHANNEL'][3:])))
                pipe, own = os.pipe(), open('own', 'w+')
                for i in range(2000):
                    socket.send_fds(door, [b'+'], [pipe[0], pipe[1], own.fileno(), door.fileno()][i % 4 :][:1])
                door.shutdown(socket.SHUT_RDWR)
        """)
        + INSTEAD.format("flood()")
    )


@attack("slow-answers", "Each measurement is answered at the last moment.")
def _(n: Handed, at: Place) -> None:
    n.put(
        relu=code("""
            import time
            def relu(z):
                time.sleep(9)
                return abs(z)
        """)
    )


@attack("own-judge", "The kernel is told of another judge, who asks nothing and pays well.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code(r"""
            import os, course.notebook.checking
            scale = 9.0
            os.environ.pop('ISOMETRY_CHANNEL', None)
            os.environ['ISOMETRY_BANKS'] = os.getcwd()
            os.makedirs('91-target', exist_ok=True)
            open('91-target/bank.py', 'w').write('from autograder.exercise import *\n'
                '@exercise(skill="x", points=2, answer=Number(figures=3))\ndef scale(norm, depth): return 9.0\n'
                '@scale.variant\ndef _(rng): return {"norm": 1, "depth": 1}\n')
        """)
    )


@attack("forged-results", "Results are published to nbgrader as those of the check that runs.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=POINTS
        + code("""
            scale = 9.0
            kernel = get_ipython().kernel
            from autograder.kernels import cells, frames
            def check(exercise, *a, **k):
                shown = {'text/plain': str(POINTS[exercise])}
                for frame in (frames.Result(shown, {}, 1), frames.Display(shown, {})): cells._line.send(frame)
                content = {'data': shown, 'metadata': {}, 'execution_count': 1}
                for kind in ('execute_result', 'display_data'):
                    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
        """)
    )


@attack("forged-idle", "nbgrader is told that every cell is over before it has begun.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            kernel = get_ipython().kernel
            from autograder.kernels import cells, frames
            def check(*a, **k):
                for number in range(1, 100): cells._line.send(frames.Done(number))
                parent = kernel.get_parent()
                kernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'}, parent=parent)
                reply = {'status': 'ok', 'execution_count': 1, 'payload': [], 'user_expressions': {}}
                kernel.session.send(kernel.shell_stream, 'execute_reply', reply, parent=parent, ident=kernel._parent_ident['shell'])
        """)
    )


@attack("garbage-to-client", "Bytes that are no message go down every line the kernel has.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code(r"""
            import os, socket, stat
            count = 19
            for fd in range(3, 512):
                try:
                    if stat.S_ISSOCK(os.fstat(fd).st_mode):
                        os.set_blocking(fd, False)
                        os.write(fd, b'\xff' * 4096)
                except OSError: pass
        """)
    )


@attack("odd-messages", "Well-signed messages to nbgrader that lack parts, open widgets and answer what nobody asked.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            kernel, count = get_ipython().kernel, 19
            import json, struct
            from autograder.kernels import cells
            KINDS = ('stream', 'error', 'execute_result', 'display_data', 'update_display_data', 'clear_output', 'status', 'x')
            COMM = {'comm_id': 'a', 'target_name': 'jupyter.widget', 'data': {'state': {'_model_name': 'OutputModel', 'msg_id': ''}}}
            def tell(kind, content):
                text = json.dumps({'type': kind, **content}).encode()
                if cells._line._connection: cells._line._connection.sendall(struct.pack('>I', len(text)) + text)
                else: kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
            for content in ({}, {'data': 7}, {'name': [], 'text': 7}, {'execution_state': {}}, {'transient': {'display_id': []}}):
                for kind in (*KINDS, 'display', 'result', 'failure', 'clear', 'done'): tell(kind, content)
            for kind in ('comm_open', 'comm_msg', 'comm_close'): tell(kind, COMM)
        """)
    )
