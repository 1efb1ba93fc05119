"""Which students' code is alike: fingerprints of tokens, compared by winnowing.

The method is Schleimer, Wilkerson and Aiken's (Winnowing: local algorithms for document fingerprinting, SIGMOD 2003),
which Moss uses. Code becomes tokens without comments, spaces and names; every `GRAM` tokens in a row are hashed; of
every `WINDOW` hashes in a row the smallest is kept. Two students who share `GRAM + WINDOW - 1` tokens in a row
therefore share a fingerprint, whatever stands around it. What everyone was given, and what most of the class writes,
is taken out first.

Cost, for S students with F fingerprints each: tokens are read once for each different cell of the class; comparing is
one product of a sparse S x F matrix with its transpose, of the sum over fingerprints of the square of how many
students have it. No student is compared with another where nothing is shared.

That two are alike says nothing of how it came about: a short task has short answers, which people find by themselves.
"""

from __future__ import annotations

import builtins
import hashlib
import keyword
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

GRAM = 10
"""Tokens in a row that make one hash. `return f(x) * y` has eight."""

WINDOW = 5
"""Hashes in a row of which one is kept."""

COMMON = 0.5
"""What more than this part of a class of `CLASS` has in common is no sign of anything."""

CLASS = 10

LEAST = 20
"""Fingerprints of their own that both must have to be compared. It is some sixty tokens: ten lines."""

ALIKE = 0.8
"""Pairs from here on are named."""

Cells = Sequence[tuple[str, str]]
"""The name and the source of each code cell of a notebook."""


class Pair(NamedTuple):
    """Two students whose code is alike."""

    one: str
    other: str
    alike: float
    """The part of the fingerprints of the one who has fewer that the other has, too: from 0 to 1."""
    shared: int
    """How many fingerprints that is."""
    cells: tuple[str, ...]
    """The cells of the first in which they stand, most of them first."""


def pairs(class_: Mapping[str, Cells], released: Cells = (), alike: float = ALIKE) -> list[Pair]:
    """The pairs of students whose code is at least `alike`, the most alike first; no order of `class_` matters.

    `released` are the cells that everyone was given.
    """
    given = {source.strip() for _, source in released}
    base = {mark for _, source in released for mark in fingerprints(source)}
    marks = {
        student: [(name, fingerprints(source)) for name, source in cells if source.strip() not in given]
        for student, cells in sorted(class_.items())
    }
    own = {student: frozenset(m for _, found in cells for m in found) - base for student, cells in marks.items()}
    if len(class_) >= CLASS:
        having = Counter(mark for found in own.values() for mark in found)
        most = {mark for mark, number in having.items() if number > COMMON * len(class_)}
        own = {student: found - most for student, found in own.items()}
    own = {student: found for student, found in own.items() if len(found) >= LEAST}
    made = []
    for a, b, shared in _overlaps(list(own.values())):
        students = list(own)
        one, other = students[a], students[b]
        part = shared / min(len(own[one]), len(own[other]))
        if part >= alike:
            both = own[one] & own[other]
            made.append(Pair(one, other, part, shared, _where(marks[one], both)))
    return sorted(made, key=lambda pair: (-pair.alike, -pair.shared, pair.one, pair.other))


def _overlaps(sets: Sequence[frozenset[int]]) -> list[tuple[int, int, int]]:
    """Every two of `sets` that share something, by position, and how much."""
    from scipy.sparse import csr_matrix

    if len(sets) < 2:
        return []
    column = {mark: i for i, mark in enumerate(sorted(frozenset().union(*sets)))}
    rows = np.repeat(np.arange(len(sets)), [len(found) for found in sets])
    columns = np.fromiter((column[mark] for found in sets for mark in found), dtype=np.int64, count=len(rows))
    has = csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(len(sets), max(1, len(column))))
    shared = (has @ has.T).tocoo()
    upper = shared.row < shared.col
    found = zip(shared.row[upper], shared.col[upper], shared.data[upper], strict=True)
    return sorted((int(a), int(b), int(n)) for a, b, n in found)


def _where(cells: Iterable[tuple[str, frozenset[int]]], marks: frozenset[int]) -> tuple[str, ...]:
    counted = [(len(found & marks), name) for name, found in cells]
    return tuple(name for number, name in sorted(counted, key=lambda one: -one[0]) if number)


def groups(found: Iterable[Pair]) -> list[tuple[str, ...]]:
    """The students of `found`, those who are linked by pairs together; the largest group first."""
    leader: dict[str, str] = {}

    def lead(student: str) -> str:
        while leader.setdefault(student, student) != student:
            student = leader[student]
        return student

    for pair in found:
        first, second = sorted((lead(pair.one), lead(pair.other)))
        leader[second] = first
    members: dict[str, list[str]] = {}
    for student in leader:
        members.setdefault(lead(student), []).append(student)
    return sorted((tuple(sorted(group)) for group in members.values()), key=lambda group: (-len(group), group))


# --------------------------------------------------------------------------- one cell


@lru_cache(maxsize=100_000)
def fingerprints(source: str) -> frozenset[int]:
    """The fingerprints of one cell; none where it is shorter than `GRAM` tokens."""
    return winnowed(tokens(source))


def winnowed(words: Sequence[str]) -> frozenset[int]:
    """The smallest hash of every `WINDOW` in a row, of every `GRAM` tokens in a row."""
    numbers = np.array([_number(word) for word in words], dtype=np.uint64)
    if len(numbers) < GRAM:
        return frozenset()
    many = len(numbers) - GRAM + 1
    hashes = np.zeros(many, dtype=np.uint64)
    for i, factor in enumerate(_FACTORS):
        hashes += numbers[i : i + many] * factor  # modulo 2 to the 64
    hashes = _mixed(hashes)
    many = max(1, len(hashes) - WINDOW + 1)
    smallest = hashes[:many]
    for i in range(1, min(WINDOW, len(hashes))):
        smallest = np.minimum(smallest, hashes[i : i + many])
    return frozenset(smallest.tolist())


_FACTORS = [np.uint64(pow(0x9E3779B97F4A7C15, i, 2**64)) for i in range(GRAM)]


def _mixed(hashes: np.ndarray) -> np.ndarray:
    """Hashes of which no bit says more than another (the finish of splitmix64), so that a minimum picks by chance."""
    h = hashes.copy()
    h ^= h >> np.uint64(30)
    h *= np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(27)
    h *= np.uint64(0x94D049BB133111EB)
    h ^= h >> np.uint64(31)
    return h


@cache
def _number(word: str) -> int:
    # Not `hash`, which differs from one process to the next.
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "big")


_TOKEN = re.compile(
    r"""
    (?P<skip> [\s\\]+ | \#[^\n]* )
  | (?P<text> (?i:[rbuf]{0,2}) (?: \"{3}(?s:\\.|[^\\])*?(?:\"{3}|\Z) | '{3}(?s:\\.|[^\\])*?(?:'{3}|\Z)
                                 | "(?:\\.|[^"\\\n])*"? | '(?:\\.|[^'\\\n])*'? ) )
  | (?P<name> [^\W\d]\w* )
  | (?P<other> \.?\d[\w.]* | \*\*=? | //=? | >>=? | <<=? | [-+*/%&|^@=<>!:]= | -> | . )
    """,
    re.VERBOSE,
)
_KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins))


def tokens(source: str) -> list[str]:
    """The code as tokens that survive renaming: comments and spaces gone, every name and every text the same one.

    What follows a dot keeps its name (`.sum` is no choice of the student's), and so do keywords, builtins and numbers.
    Whatever the text is, it has tokens, in time that grows with its length: nothing is parsed or run. (Python's own
    tokenizer gives up where code is broken, and Pygments' takes ten times as long.)
    """
    made: list[str] = []
    for found in _TOKEN.finditer(source):
        kind, text = found.lastgroup, found.group()
        if kind == "skip":
            continue
        if kind == "text":
            made.append('""')
        elif kind == "name" and text not in _KEPT and not (made and made[-1] == "."):
            made.append("name")
        else:
            made.append(text)
    return made
