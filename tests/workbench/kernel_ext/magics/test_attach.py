"""Two notebooks: one serves its system, the other attaches, looks, acts, and leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.kernel_ext.kernel import Kernel

COUNTER = """%%actor
class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> dict:
        self.total += value
        return {"total": self.total}

    @action
    def divide(self, by: int) -> float:
        return self.total / by
"""

GUEST = """%%actor
class Guest(Actor, name="guest"):
    greeted: int = 0

    @action
    async def greet(self, ctx: Context) -> str:
        self.greeted += 1
        answer = await ctx.invoke("counter", "add", {"value": 100})
        return f"the counter has {answer['total']}"
"""


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kernel, Kernel]]:
    """One that works, and one that comes to visit."""
    with Kernel(tmp_path_factory.mktemp("home")) as home, Kernel(tmp_path_factory.mktemp("visitor")) as visitor:
        for kernel in (home, visitor):
            kernel.ok("%load_ext workbench\nimport workbench as wb")
        home.ok(COUNTER)
        home.ok("%invoke counter add value=5")
        yield home, visitor


@pytest.fixture
def address(notebooks: tuple[Kernel, Kernel]) -> Iterator[str]:
    shown = notebooks[0].ok("%spawn serve").text
    found = re.search(r"%attach (grpc://\S+)", shown)
    assert found, shown
    yield found[1]
    notebooks[1].run("%detach")


def test_visitor_sees_what_home_has(notebooks: tuple[Kernel, Kernel], address: str) -> None:
    visitor = notebooks[1]

    assert "only to look" in visitor.ok(f"%attach {address}").text

    assert "counter" in visitor.ok("%actors").text
    assert "'total'" in visitor.ok("%state counter").text
    assert "add" in visitor.ok("%history counter").text
    assert "│     5 │" in visitor.ok("%query SELECT total FROM history.counter WHERE revision = 1").text
    assert "counter" in visitor.ok("%mailbox counter").text or visitor.ok("%mailbox counter")
    assert address in visitor.ok("%spawn status").text


def test_visitor_that_only_looks_is_refused_in_one_clear_message(
    notebooks: tuple[Kernel, Kernel], address: str
) -> None:
    visitor = notebooks[1]
    visitor.ok(f"%attach {address}")

    for cell in ("%invoke counter add value=1", "%undeploy counter", GUEST):
        failed = visitor.run(cell)
        assert failed.status == "error"
        assert f"%attach {address} --mode act" in failed.traceback
        assert "guard.py" not in failed.traceback


def test_visitor_acts_and_deploys_and_leaves(notebooks: tuple[Kernel, Kernel], address: str) -> None:
    home, visitor = notebooks
    visitor.ok(f"%attach {address} --mode act --reason 'the total is wrong'")

    before = int(re.search(r"\d+", visitor.ok("%invoke counter add value=1").text)[0])  # type: ignore[index]
    visitor.ok(GUEST)
    assert f"the counter has {before + 100}" in home.ok("%invoke guest greet").text
    assert "the total is wrong" in visitor.ok("%audit").text
    assert "keeps its log" in visitor.ok("%logs counter").text
    assert "Left " in visitor.ok("%detach").stdout

    failed = home.run("%invoke guest greet --timeout 30")
    assert failed.status == "error"
    assert "ctx" not in failed.traceback


def test_visit_can_be_read_afterwards(notebooks: tuple[Kernel, Kernel], address: str) -> None:
    visitor = notebooks[1]
    visitor.ok(f"%attach {address}")
    visitor.run("%invoke counter add value=1")
    visitor.ok(f'%attach {address} --mode act --reason "total is wrong"')
    visitor.ok("%invoke counter add value=1")
    visitor.ok("%detach")

    shown = visitor.ok("%audit --limit 6").text.splitlines()

    told = [line for line in shown if address in line]
    expected = ("attach (look)", "refused", "attach (act)", "detach", "total is wrong", "detach")
    assert [word for word, line in zip(expected, told, strict=True) if word not in line] == []
    assert "not_allowed" not in visitor.ok("%audit --actor counter --since 1min").text
    assert (
        "done" in visitor.ok("%query SELECT outcome FROM audit WHERE reason = 'total is wrong' AND act = 'invoke'").text
    )


def test_failure_of_home_is_shown_at_its_line(notebooks: tuple[Kernel, Kernel], address: str) -> None:
    visitor = notebooks[1]
    visitor.ok(f"%attach {address} --mode act")

    failed = visitor.run("%invoke counter divide by=0")

    assert "ZeroDivisionError" in failed.traceback
    assert "return self.total / by" in failed.traceback
    assert "grpc" not in failed.traceback.lower().replace(address, "")


def test_unreachable_target_is_said_in_one_message(notebooks: tuple[Kernel, Kernel]) -> None:
    failed = notebooks[1].run("%attach grpc://127.0.0.1:1")

    assert failed.status == "error"
    assert "Cannot reach grpc://127.0.0.1:1" in failed.traceback
    assert "node_connection.py" not in failed.traceback


def test_home_that_stops_is_noticed(tmp_path: Path) -> None:
    with Kernel(tmp_path) as home, Kernel(tmp_path) as visitor:
        for kernel in (home, visitor):
            kernel.ok("%load_ext workbench\nimport workbench as wb")
        home.ok("%spawn start --store memory")
        home.ok(COUNTER)
        found = re.search(r"%attach (grpc://\S+)", home.ok("%spawn serve").text)
        assert found
        visitor.ok(f"%attach {found[1]}")

        home.ok("%spawn stop")

        failed = visitor.run("%state counter")
        assert failed.status == "error"
        assert f"Cannot reach {found[1]}" in failed.traceback
