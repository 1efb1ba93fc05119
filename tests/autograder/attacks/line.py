"""The one line between a kernel and the grader: what is sent over it by who should only run cells.

Stock nbgrader has no such line; there, these notebooks send nothing.
"""

from __future__ import annotations

from .attack import Handed, Place, attack, code
from .target import POINTS

LINE = code("""
    import os, signal, struct, threading, time
    from autograder.kernels import cells as kernel, frames
    from autograder.kernels.frames import Clear, Display, Done, Failure, Result, Stream
    line = kernel._line._connection
    def forge(*sent):
        for one in sent:
            data = one if isinstance(one, bytes) else frames.packed(one)
            if line is not None: line.sendall(data)
    def framed(text): return struct.pack('>I', len(text)) + text
    def shown(points): return {'text/plain': str(points)}
""")
FOREVER = code("""
    def keep(act):
        def stay():
            while True:
                try: act()
                except OSError: time.sleep(0.01)
        threading.Thread(target=stay, daemon=True).start()
""")


@attack("done-ahead", "Every cell that is still to come is said to have ended.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(scale=LINE + "scale = 9.0\nforge(*map(Done, range(100_000)))")


@attack("done-before-the-answer", "A check is said to have ended before it hands its answer over.", ceiling=2.0)
def _(n: Handed, at: Place) -> None:
    n.right("scale")
    n.cell("scale")["source"] += "\n" + LINE
    n.after(
        "scale",
        code("""
            honest = check
            def check(*a, **k):
                forge(*map(Done, range(100)))
                time.sleep(1)
                return honest(*a, **k)
        """),
    )


@attack("forged-frames", "Before each cell, results of all kinds show full points, and the cell is said to be over.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=LINE
        + POINTS
        + code("""
            scale = 9.0
            def before(info):
                points = next((p for name, p in POINTS.items() if name in info.raw_cell), 1.0)
                forge(Result(shown(points), {}, 1), Display(shown(points), {}), Stream('stdout', str(points)))
                forge(*map(Done, range(100)))
            get_ipython().events.register('pre_run_cell', before)
        """)
    )


@attack("errors-left-out", "Whatever the kernel would send of an error is not sent.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=LINE
        + code("""
            scale = 9.0
            honest = kernel._line.send
            def send(frame):
                if isinstance(frame, Failure): return
                if isinstance(frame, Done): frame.failure = None
                honest(frame)
            kernel._line.send = send
        """)
    )


@attack("replaced-packing", "What packs frames is replaced, and makes of each a result with full points.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=LINE
        + code("""
            scale = 9.0
            honest = frames.packed
            def packed(frame):
                if isinstance(frame, Done): return honest(Result(shown(4.0), {}, 1)) + honest(Done(frame.cell))
                return honest(Result(shown(4.0), {}, 1))
            frames.packed = packed
        """),
        vector="import msgspec\nvector = [1.0, 2.0, 3.0]\nmsgspec.json.encode = lambda *a, **k: b'{}'",
    )


@attack("no-cell-runs", "The kernel takes every cell, runs none, and sends a result for it.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=LINE
        + POINTS
        + code("""
            scale = 9.0
            def run(loop, here, source):
                forge(Result(shown(next((p for name, p in POINTS.items() if name in source), 1.0)), {}, 1))
            kernel._run = run
        """)
    )


@attack("long-promise", "A frame of four gigabytes is promised, and does not come; then another, byte by byte.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=LINE + "scale = 9.0\nforge(b'\\xff' * 4)",
        vector=LINE + FOREVER + "vector = [1.0, 2.0, 3.0]\nforge(b'\\x00\\x7a\\x00\\x00')\nkeep(lambda: forge(b'x'))",
    )


@attack("deep-frames", "Frames of a hundred thousand lists in each other, and of just as many as can be read.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=LINE
        + code("""
            scale = 9.0
            for levels in (*range(50, 1000, 50), 100_000):
                deep = b'[' * levels + b']' * levels
                for kind in (b'display', b'result'):
                    forge(framed(b'{"type":"%s","data":{"application/json":%s},"metadata":{"x":%s},"number":1,"id":"n"}'
                        % (kind, deep, deep)))
        """)
    )


@attack(
    "odd-frames", "Frames that are none, and such as no notebook may hold: odd kinds, huge numbers, half characters."
)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=LINE
        + code(r"""
            scale = 9.0
            parts = (b'7', b'{}', b'null', b'[["x"]]', b'"\\ud800"', b'1e999', b'-1', b'1' * 5000, b'NaN', b'"\x00"', b'')
            for part in parts:
                bundle = b'{"text/plain":%s,"application/json":%s,"application/x+json\\n":%s,"":%s}' % ((part,) * 4)
                for value in (part, bundle):
                    forge(framed(b'{"type":"display","data":%s,"metadata":%s,"id":"n"}' % (value, value)))
                    forge(framed(b'{"type":"result","data":%s,"metadata":{},"number":%s}' % (value, part)))
                forge(framed(b'{"type":"failure","name":%s,"text":%s,"traceback":[%s]}' % (part, part, part)))
                forge(framed(b'{"type":"done","cell":%s,"number":%s}' % (part, part)), framed(part))
        """)
    )


@attack(
    "line-that-is-kept",
    "A thread keeps the line, and sends results and ends of cells while later cells run.",
    quick=True,
)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=LINE
        + FOREVER
        + code("""
            scale = 9.0
            copies = [os.dup(3) for _ in range(50)] if line is not None else []
            def act():
                time.sleep(0.02)
                forge(Result(shown(4.0), {}, 1), *map(Done, range(60)))
            keep(act)
        """)
    )


@attack("line-that-is-closed", "The line is closed, or leads elsewhere, while a thread speaks on over a copy of it.")
def _(n: Handed, at: Place) -> None:
    taken = code("""
        if line is not None:
            copy = os.dup(3)
            def act():
                time.sleep(0.02)
                os.write(copy, b''.join(map(frames.packed, (Result(shown(4.0), {}, 1), *map(Done, range(60))))))
            keep(act)
    """)
    n.put(
        scale=LINE + FOREVER + taken + "if line is not None: os.close(3)\nscale = 9.0",
        count=LINE + FOREVER + taken + "if line is not None: os.dup2(os.open('/dev/null', os.O_RDWR), 3)\ncount = 19",
        vector=LINE + "import socket\nif line is not None: line.shutdown(socket.SHUT_RDWR)\nvector = [1.0, 2.0, 3.0]",
    )


@attack("line-that-is-not-read", "The kernel stands still before it takes its next cell, which is long.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="import os, signal, threading\nscale = 9.0\n"
        "threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGSTOP)).start()",
        count=f"import time; time.sleep(1); count = 19\nlong = '{'x' * 900_000}'",
    )


@attack("no-interrupts", "Interrupts are blocked, handled by a function of its own, and no other can be set.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            import signal
            count = 19
            signal.signal(signal.SIGINT, lambda *a: None)
            signal.signal = lambda *a: None
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            while True: pass
        """)
    )


@attack("stopped-loop", "The loop that runs the cells is stopped again and again, closed, and said to be another's.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            import asyncio
            scale, loop = 9.0, asyncio.get_running_loop()
            def stop():
                loop.stop()
                loop.call_soon(stop)
            stop()
        """),
        vector=code("""
            import asyncio
            vector = [1.0, 2.0, 3.0]
            loop = asyncio.get_running_loop()
            for act in (loop.close, lambda: setattr(loop, '_closed', True), lambda: asyncio.set_event_loop(None)):
                try: act()
                except Exception: pass
            asyncio.tasks.Task.cancel = lambda *a: False
        """),
    )


@attack("endless-flush", "Standard output is an object whose `flush` never returns.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            import sys
            count = 19
            class Endless:
                def write(self, text): return len(text)
                def flush(self):
                    while True:
                        try:
                            while True: sum(range(1000))
                        except BaseException: pass
            sys.stdout = sys.stderr = Endless()
        """)
    )


@attack("flooded-outputs", "Threads write to the kernel's output and error for ever, past Python.", ceiling=3.0)
def _(n: Handed, at: Place) -> None:
    n.right("scale", "count")
    n.cell("scale")["source"] += "\n" + FOREVER.join(
        ["import os, threading, time\n", "for fd in (1, 2): keep(lambda fd=fd: os.write(fd, b'4.0\\n' * 10_000))\n"]
    )


@attack("flooded-line", "Threads send output over the line for ever, in the smallest frames there are.", ceiling=3.0)
def _(n: Handed, at: Place) -> None:
    n.right("scale", "count")
    n.cell("scale")["source"] += "\n" + code("""
        many = [b''.join(map(frames.packed, [one] * 5000)) for one in (Stream('stdout', ''), Display({}, {}, 'n'), Clear(True))]
        for data in many: keep(lambda data=data: forge(data) or time.sleep(line is None))
    """).join([LINE + FOREVER, ""])


@attack("update-bomb", "One name is borne by thousands of outputs, and each update of it is a megabyte, and deep.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            from IPython.display import clear_output, publish_display_data
            scale = 9.0
            def show(data, name, update=False):
                publish_display_data({'application/json': data}, transient={'display_id': name}, update=update)
            for i in range(20_000): show(i, 'n')
            for _ in range(200): show([[]] * 300_000, 'n', True)
            for i in range(20_000):
                show(['x'] * 50, str(i))
                clear_output()
        """),
        count="count = 19\nfor _ in range(200): show(['x' * 1_000_000], 'n', True)",
    )
