"""What `make mutate` changes, and which tests look at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import parso
import pytest

from build_support import mutate
from build_support.mutate import ROOMS, ROOT, Mutant, SkipBranch, SkipStatement


def walk(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", ()):
        yield from walk(child)


def changes(operator: SkipStatement | SkipBranch, source: str) -> list[str]:
    """Each change alone."""
    found = []
    for number in range(sum(bool(list(operator.mutation_positions(node))) for node in walk(parso.parse(source)))):
        tree = parso.parse(source)
        node = [each for each in walk(tree) if list(operator.mutation_positions(each))][number]
        operator.mutate(node, 0)
        found.append(tree.get_code())
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_map_of_a_room_names_modules_and_tests_that_exist(room: str) -> None:
    patterns = [*ROOMS[room].tests, *(each for tests in ROOMS[room].own_tests.values() for each in tests)]
    modules = {path.rpartition("/")[2].removesuffix(".py") for path in ROOMS[room].modules()}

    assert [each for each in patterns if not list(ROOT.glob("tests/" + each))] == []
    assert set(ROOMS[room].own_tests) <= modules


def test_own_tests_of_a_module_run_first() -> None:
    tests = ROOMS["engine"].tests_of("runtime/engine/ready.py")

    assert tests[0] == "tests/runtime/engine/test_ready.py"
    assert len(tests) == len(set(tests))


def test_each_statement_that_does_something_is_left_out_once() -> None:
    source = "def f(a):\n    b = 1\n    a.c = b\n    a.g()\n    return b\n"

    assert changes(SkipStatement(), source) == [
        source.replace(statement, "pass") for statement in ("a.c = b", "a.g()", "return b")
    ]


def test_branch_left_out_keeps_what_comes_after_it() -> None:
    assert changes(SkipBranch(), "if a or b:\n    c()\nelse:\n    d()\n") == [
        "if False and (a or b):\n    c()\nelse:\n    d()\n"
    ]


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        (
            'def f(a: int | None) -> int:\n    """One."""\n    return 1\n',
            "def f(a: int & None) -> str:\n    return 1\n",
        ),
        ("class A:\n    @abstractmethod\n    def f(self): ...\n", "class A:\n    def f(self): ...\n"),
        ("if TYPE_CHECKING:\n    import a\n", "if not TYPE_CHECKING:\n    import a\n"),
        ("a = cast('int | None', b)\n", "a = cast('int', b)\n"),
        ("class A(Protocol):\n    @property\n    def f(self): ...\n", "class A(Protocol):\n    def f(self): ...\n"),
        ("a = 1\n", "a = = 1\n"),
    ],
)
def test_change_of_nothing_that_runs_is_no_mutant(source: str, changed: str) -> None:
    assert mutate.is_same(source, changed)


def test_change_of_a_value_is_a_mutant() -> None:
    assert not mutate.is_same("a: int = 1\n", "a: int = 2\n")


def test_each_place_comes_once_before_any_comes_twice() -> None:
    mutants = [Mutant("engine", "a.py", line, 0, operator, line) for line in range(5) for operator in ("one", "two")]

    order = mutate.ordered(mutants, seed=3)

    assert [{each.line for each in order[:5]}, {each.line for each in order[5:]}] == [set(range(5))] * 2


def test_order_depends_on_the_seed_only() -> None:
    mutants = [Mutant("engine", "a.py", line, 0, "one", line) for line in range(9)]

    assert mutate.ordered(mutants, seed=1) == mutate.ordered(mutants[::-1], seed=1)
    assert mutate.ordered(mutants, seed=1) != mutate.ordered(mutants, seed=2)


def test_rooms_take_turns() -> None:
    small, large = ([Mutant(name, "a.py", 1, 0, "one", each) for each in range(n)] for name, n in [("a", 1), ("b", 3)])

    assert [each.room for each in mutate.round_robin([large, small])] == ["b", "a", "b", "b"]


def test_score_counts_what_hangs_as_noticed() -> None:
    results = [{"room": "engine", "outcome": outcome} for outcome in ("killed", "killed", "timeout", "survived")]

    assert "| engine | 4 | 2 | 1 | 1 | 75% |" in mutate.table(results)
