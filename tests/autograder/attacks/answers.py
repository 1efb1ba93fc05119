"""Answers that are none: other checks, other judges, values that agree with everything."""

from __future__ import annotations

from .attack import Handed, Place, attack, code
from .target import POINTS


@attack("forged-check", "`check` is defined anew and shows every question's points.")
def _(n: Handed, at: Place) -> None:
    n.put(scale=f"{POINTS}scale = 9.0\ncheck = lambda exercise, *answer, **numbers: POINTS[exercise]")


@attack("forged-points", "The object that `check` returns says of itself that it is a point.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            from course.notebook.checking import Points
            Points._repr_mimebundle_ = lambda self, **k: {'text/plain': '1.0'}
            Points.__repr__ = Points.__str__ = lambda self: '1.0'
        """)
    )


@attack("replaced-numpy", "NumPy's comparisons all say yes.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            import numpy as np
            yes = lambda *a, **k: True
            for name in ('allclose', 'array_equal', 'all', 'any', 'array_equiv'): setattr(np, name, yes)
            np.isclose = lambda a, b, *c, **k: np.ones(np.broadcast(a, b).shape, bool)
            np.abs = np.absolute = lambda x, *a, **k: np.zeros_like(x)
        """)
    )


@attack("replaced-jax", "JAX's comparisons and conversions all say yes.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            import jax, jax.numpy as jnp
            yes = lambda *a, **k: True
            jnp.allclose = jnp.array_equal = jnp.all = yes
            jax.jit = lambda f, *a, **k: f
            jnp.asarray = jnp.array = lambda *a, **k: 0.3486784401
        """)
    )


@attack("replaced-judge", "The judge's own module, where it is in the same process, finds everything right.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            import course.notebook.checking
            from autograder.judging import compare, judge
            from autograder.exercise import Verdict, VerdictState
            right = lambda exercise, *a, **k: Verdict(exercise.id, VerdictState.RIGHT, 1.0, exercise.points)
            judge.judge = judge.judge_value = course.notebook.checking.judge = right
            compare.agrees = lambda *a, **k: True
        """)
    )


@attack("equal-to-everything", "Numbers of classes of their own, equal to everything and never far away.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            class Equal(float):
                __eq__ = __ge__ = __le__ = lambda self, other: True
                __ne__ = __lt__ = __gt__ = lambda self, other: False
                __hash__ = float.__hash__
                __sub__ = __rsub__ = __abs__ = lambda self, *other: 0.0
                __float__ = lambda self: self
            scale = Equal(9)
        """),
        count=code("""
            class Whole(int):
                __eq__ = lambda self, other: True
                __hash__ = int.__hash__
                __sub__ = __rsub__ = lambda self, other: 0
            count = Whole(19)
        """),
    )


@attack("asserts-that-agree", "In a cell that asserts, an answer that is equal to everything.")
def _(n: Handed, at: Place) -> None:
    n.put(
        guess=code("""
            class Equal:
                __eq__ = lambda self, other: True
            guess = Equal()
        """)
    )


@attack(
    "array-that-looks-around", "An `__array__` that finds the right answer in the frames of whoever asks.", quick=True
)
def _(n: Handed, at: Place) -> None:
    source = code("""
            import sys
            class Looks:
                def __array__(self, *a, **k):
                    import numpy
                    frame = sys._getframe()
                    while frame:
                        for name, value in frame.f_locals.items():
                            value = getattr(value, 'right', value)
                            if name in ('right', 'expected', 'reference', 'question', 'asked'):
                                values = getattr(value, 'values', value)
                                try: return numpy.asarray(values, float)
                                except Exception: pass
                        exercise = frame.f_locals.get('exercise') or frame.f_locals.get('found')
                        if hasattr(exercise, 'reference') and 'arguments' in frame.f_locals:
                            return numpy.asarray(exercise.reference(**dict(frame.f_locals['arguments'])))
                        frame = frame.f_back
                    return numpy.zeros(3)
        """)
    n.put(scale=f"{source}scale = Looks()", count="count = Looks()", vector="vector = Looks()")


@attack("array-that-changes", "An array that is another each time it is read, until one is right.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            class Guesses:
                said = 0
                def __array__(self, *a, **k):
                    import numpy
                    self.said += 1
                    return numpy.asarray(self.said)
                __int__ = __index__ = lambda self: 84
                __eq__ = lambda self, other: True
            count = Guesses()
        """),
    )


@attack("function-that-looks-around", "A function that looks for the reference among all objects and in all frames.")
def _(n: Handed, at: Place) -> None:
    n.put(
        relu=code("""
            import gc
            def relu(z):
                for thing in gc.get_objects():
                    if getattr(type(thing), '__name__', '') == 'Exercise' and thing.name == 'relu':
                        return thing.reference(z)
                return abs(z)
        """)
    )


@attack("asking-the-bank", "The answer is asked of the bank.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            from autograder.judging import bank
            found = lambda name: getattr(bank.find(name), 'reference', lambda *a: 9)
            scale = found('target.scale')(0.9, 10)
        """),
        count="count = found('target.weights')(12, 7)",
        vector="vector = found('target.vector')(3)",
        relu="relu = found('target.relu')",
    )


@attack("other-numbers", "`check` is asked the same question with numbers for which the wrong answer is right.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=code("""
            scale = 9.0
            honest = check
            easy = {'target.scale': dict(norm=9.0, depth=1), 'target.weights': dict(inputs=19, outputs=1)}
            check = lambda exercise, answer, **numbers: honest(exercise, answer, **easy.get(exercise, numbers))
        """)
    )


@attack("not-numbers", "NaN wherever a number is asked.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="scale = float('nan')",
        count="count = float('nan')",
        vector="vector = [float('nan')] * 3",
        relu=code("""
            import numpy as np
            def relu(z):
                return np.full(z.shape, np.nan)
        """),
    )


@attack("nan-points", "A check of one's own shows NaN for points.")
def _(n: Handed, at: Place) -> None:
    n.put(scale="scale = 9.0\ncheck = lambda *a, **k: float('nan')")


@attack("infinite", "Infinity wherever a number is asked.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="scale = float('inf')",
        count="count = float('-inf')",
        vector="vector = [float('inf')] * 3",
        relu=code("""
            import numpy as np
            def relu(z):
                return z * np.inf
        """),
    )


@attack("negative-points", "A check of one's own shows negative points, which may wrap or end the batch.")
def _(n: Handed, at: Place) -> None:
    n.put(scale="scale = -9.0\ncheck = lambda *a, **k: -10.0")


@attack("more-than-all-points", "A check of one's own shows a thousand points.")
def _(n: Handed, at: Place) -> None:
    n.put(scale="scale = 9.0\ncheck = lambda *a, **k: 1000.0", guess="guess = 42\ndisplay(1000.0)")


@attack("huge-answers", "A number with 400 digits, an array of a hundred million entries.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="scale = 10**400",
        count="count = -(10**5000)",
        vector="import numpy as np\nvector = np.broadcast_to(1.0, (10**4, 10**4))",
        relu="def relu(z):\n    return [0.0] * 10**7",
    )


@attack("complex-answers", "The answers as complex numbers, imaginary part and all.")
def _(n: Handed, at: Place) -> None:
    n.put(
        scale="scale = 9.0 + 0.3486784401j",
        count="count = -84 + 0j",
        vector="vector = [1 + 1j, 4 + 1j, 9 + 1j]",
        relu="def relu(z):\n    return abs(z) + 1j * z",
    )


@attack("objects-that-unpickle", "Arrays of objects which, unpickled, run code where the judge is.", quick=True)
def _(n: Handed, at: Place) -> None:
    n.put(
        scale=at.known()
        + code("""
            import numpy as np
            class Runs:
                def __reduce__(self):
                    return (exec, (f"open('/tmp/{MARK}', 'w'); open({str(HOME)!r} + '/{MARK}', 'w')",))
            scale = np.array([Runs()], dtype=object)
        """),
        vector="vector = [Runs()] * 3",
        relu="def relu(z):\n    return scale",
    )


@attack("a-thousand-answers", "Every number that might be right is handed in, one after the other.")
def _(n: Handed, at: Place) -> None:
    n.put(
        count=code("""
            count = 19
            honest = check
            check = lambda e, a, **k: max([honest(e, a, **k), *(honest(e, x, **k) for x in range(200))])
        """)
    )
