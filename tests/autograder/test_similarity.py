"""Whose code is alike: what survives renaming is found, what everyone was given is not, and no order matters."""

from __future__ import annotations

import keyword
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proving import count

from autograder.reports import similarity
from autograder.reports.similarity import GRAM, LEAST, WINDOW, fingerprints, groups, pairs, tokens, winnowed

WORDS = st.lists(st.sampled_from(["name", "(", ")", "=", "+", "for", "in", "2", ".", "sum"]), max_size=60)


def program(seed: int, lines: int = 25) -> str:
    """Code that no other seed writes."""
    rng = random.Random(seed)
    call = (
        "np.dot({0}, {1})",
        "{0} @ {1} + {2}",
        "sum({0} for {1} in range({2}))",
        "[{2}, {0}, {1}]",
        "{0}.reshape({2}, -1)",
    )
    names = ("a", "b", "total", "weights")
    made = []
    for _ in range(lines):
        first, second = rng.choice(names), rng.choice(names)
        made.append(f"{rng.choice(names)} = " + rng.choice(call).format(first, second, rng.randint(2, 999)))
    return "\n".join(made)


def renamed(code: str) -> str:
    """The same code by someone who renamed everything, and explains."""
    for name in ("total", "weights"):
        code = code.replace(name, f"my_{name}_2")
    return "# my own work\n" + code.replace("\n", "  # and so on\n\n")


def naive(words: list[str]) -> frozenset[int]:
    """Winnowing as its definition says it, one window after another."""
    hashes = [int(next(iter(winnowed(words[i : i + GRAM])))) for i in range(len(words) - GRAM + 1)]
    if not hashes:
        return frozenset()
    return frozenset(min(hashes[i : i + WINDOW]) for i in range(max(1, len(hashes) - WINDOW + 1)))


@given(WORDS)
def test_the_fingerprints_are_those_of_the_definition(words: list[str]) -> None:
    assert winnowed(words) == naive(words)


@settings(max_examples=count(1000, 100))
@given(WORDS, WORDS, WORDS, WORDS, st.lists(st.sampled_from("abcdefgh"), min_size=GRAM + WINDOW - 1, max_size=40))
def test_a_run_long_enough_is_found_wherever_it_stands(
    a: list[str], b: list[str], c: list[str], d: list[str], run: list[str]
) -> None:
    assert winnowed([*a, *run, *b]) & winnowed([*c, *run, *d])


def test_names_comments_spaces_and_texts_do_not_count_and_all_else_does() -> None:
    code = program(1)
    assert fingerprints(renamed(code)) == fingerprints(code)
    assert tokens("x = f('one', y)  # why") == tokens('other=g("""two""",z)')
    assert tokens("x.sum()") != tokens("x.mean()")
    assert tokens("x + 1") != tokens("x - 1") != tokens("x - 2")
    assert tokens("if x: pass") != tokens("while x: pass")


@settings(max_examples=count(2000, 200))
@given(
    st.text()
    | st.lists(st.sampled_from(["'", '"""', "\\", "#", "\n", "x", "1.", "def ", "\x00", "%magic"])).map("".join)
)
def test_any_text_at_all_has_tokens(source: str) -> None:
    for token in tokens(source):
        assert token.strip()
    if not set(source) & set("'\"#\\"):
        assert "".join(tokens(source)).count("(") == source.count("(")


def test_a_hundred_thousand_quotes_take_no_time() -> None:
    for hostile in ("'" * 100_000, '"""' + "\\" * 99_999, "\\\n" * 50_000, "rb" * 50_000, "(" * 100_000):
        assert len(tokens(hostile)) <= 100_000


def test_two_who_share_are_paired_and_the_rest_of_the_class_is_not() -> None:
    class_ = {f"student-{i:02}": [("one", program(i)), ("two", program(100 + i))] for i in range(12)}
    class_["copy"] = [("one", renamed(program(3))), ("two", program(500))]
    class_["whole"] = [("elsewhere", renamed(program(7)) + "\n" + program(107))]
    found = {frozenset((p.one, p.other)): p for p in pairs(class_, alike=0.4)}
    assert set(found) == {frozenset(("student-03", "copy")), frozenset(("student-07", "whole"))}
    copied = found[frozenset(("student-03", "copy"))]
    assert copied.cells == ("one",) and 0.4 <= copied.alike <= 0.6
    # Where two cells were joined into one, a few marks stand at the seam.
    assert found[frozenset(("student-07", "whole"))].alike > 0.9


def test_what_everyone_was_given_is_taken_out_even_where_it_was_changed_a_little() -> None:
    released = [("setup", program(1)), ("helper", program(2))]
    class_ = {
        "ada": [("setup", program(1) + "\nmore = 1"), ("helper", program(2)), ("own", program(10))],
        "bob": [("setup", renamed(program(1))), ("helper", program(2)), ("own", program(11))],
    }
    assert pairs(class_, released) == []
    assert len(pairs(class_, alike=0.5)) == 1


def test_what_more_than_half_of_a_class_wrote_is_no_sign_and_what_fewer_wrote_is() -> None:
    def class_(same: int) -> dict[str, list[tuple[str, str]]]:
        return {f"s{i:02}": [("answer", program(0 if i < same else 50 + i))] for i in range(20)}

    assert pairs(class_(11)) == []
    assert len(pairs(class_(10))) == 45
    assert len(groups(pairs(class_(10)))) == 1
    small = {name: [("answer", program(0))] for name in ("a", "b", "c")}
    assert len(pairs(small)) == 3, "three of three are to be seen"


def test_too_little_code_of_ones_own_is_not_compared() -> None:
    short = "def f(norm, depth):\n    return norm ** depth"
    assert len(fingerprints(short)) < LEAST
    assert pairs({"a": [("x", short)], "b": [("x", short)]}) == []
    assert pairs({}) == [] and pairs({"a": []}) == [] and pairs({"a": [("x", program(1))]}) == []


@settings(max_examples=count(200, 15))
@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=3), min_size=2, max_size=9), st.randoms())
def test_the_pairs_are_those_of_comparing_everyone_with_everyone_in_any_order(
    written: list[list[int]], rng: random.Random
) -> None:
    class_ = {f"s{i}": [(f"c{k}", program(k)) for k in own] for i, own in enumerate(written)}
    own = {s: frozenset().union(*(fingerprints(source) for _, source in cells)) for s, cells in class_.items()}
    expected = {
        (a, b): len(own[a] & own[b])
        for a in own
        for b in own
        if a < b and len(own[a] & own[b]) >= 0.5 * min(len(own[a]), len(own[b]))
    }
    found = pairs(class_, alike=0.5)
    assert {(p.one, p.other): p.shared for p in found} == expected
    assert all(0.5 <= p.alike <= 1 and p.cells for p in found)
    mixed = list(class_.items())
    rng.shuffle(mixed)
    assert pairs(dict(mixed), alike=0.5) == found


def test_groups_are_those_linked_by_pairs() -> None:
    def pair(a: str, b: str) -> similarity.Pair:
        return similarity.Pair(a, b, 1.0, 50, ())

    found = [pair("a", "b"), pair("c", "d"), pair("e", "b"), pair("x", "y"), pair("y", "d")]
    assert groups(found) == [("c", "d", "x", "y"), ("a", "b", "e")]
    assert groups([]) == []


def test_a_class_of_800_is_compared_without_comparing_everyone_with_everyone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    where = similarity._where
    monkeypatch.setattr(similarity, "_where", lambda *given: seen.append(1) or where(*given))
    class_ = {f"s{i:03}": [("x", program(i, lines=12))] for i in range(800)}
    class_["copy"] = [("x", renamed(program(5, lines=12)))]
    assert [(p.one, p.other) for p in pairs(class_)] == [("copy", "s005")]
    assert len(seen) == 1


def test_fingerprints_are_the_same_in_every_process() -> None:
    ask = "import sys; from autograder.reports.similarity import fingerprints; print(sorted(fingerprints(sys.argv[1])))"
    told = [
        subprocess.run(
            [sys.executable, "-c", ask, program(1)], capture_output=True, text=True, check=True, env=env
        ).stdout
        for env in ({"PYTHONHASHSEED": "1", "PYTHONPATH": "."}, {"PYTHONHASHSEED": "2", "PYTHONPATH": "."})
    ]
    assert told[0] == told[1] == f"{sorted(fingerprints(program(1)))}\n"


def test_python_itself_is_kept_as_it_is() -> None:
    for word in keyword.kwlist:
        assert tokens(word) == [word]
