"""What is kept of an exception, and that a failing chain of calls does work in proportion to its depth."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import TracebackType

import pytest

from runtime import Actor, Context, action
from runtime.errors import ActionFailed, MailboxFull, SpawnError, twin
from runtime.hosts import tracebacks
from runtime.hosts.tracebacks import INNERMOST, LONGEST_TEXT, OUTERMOST, cut_text, user_trace
from runtime.records import Failure
from runtime.system.embedded import EmbeddedSystem, embedded

DEEP, DEEPER = 12, 24


def name(level: int) -> str:
    return f"step-{level:02}"


class Step(Actor, name="step", kind="unnamed"):
    """Each asks the next lower one; the lowest raises."""

    @action
    def passes(self, ctx: Context, n: int) -> None:
        if n == 0:
            raise ValueError("at the bottom")
        ctx.call(name(n - 1), "passes", {"n": n - 1}, parent="step")

    @action
    async def passes_async(self, ctx: Context, n: int) -> None:
        if n == 0:
            raise ValueError("at the bottom")
        await ctx.invoke(name(n - 1), "passes_async", {"n": n - 1}, parent="step")

    @action
    def wraps(self, ctx: Context, n: int) -> None:
        if n == 0:
            raise ValueError("at the bottom")
        try:
            ctx.call(name(n - 1), "wraps", {"n": n - 1}, parent="step")
        except ActionFailed as error:
            raise RuntimeError(f"at level {n:02}") from error

    @action
    async def wraps_async(self, ctx: Context, n: int) -> None:
        if n == 0:
            raise ValueError("at the bottom")
        try:
            await ctx.invoke(name(n - 1), "wraps_async", {"n": n - 1}, parent="step")
        except ActionFailed:
            raise RuntimeError(f"at level {n:02}")  # noqa: B904 - the context is what is meant here

    @action
    async def groups(self, ctx: Context, n: int) -> None:
        if n == 0:
            raise ValueError("at the bottom")
        try:
            await ctx.invoke(name(n - 1), "groups", {"n": n - 1}, parent="step")
        except ActionFailed as error:
            raise ExceptionGroup("several", [error]) from None

    @action
    def quotes(self, ctx: Context, n: int) -> None:
        if n == 0:
            raise ValueError("at the bottom " + "." * 3_900)
        try:
            ctx.call(name(n - 1), "quotes", {"n": n - 1}, parent="step")
        except ActionFailed as error:
            raise RuntimeError(f"at level {n:02}: {error}") from error

    @action
    def recurses(self) -> None:
        def deeper(n: int) -> int:
            return deeper(n + 1)

        deeper(0)


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded(system="test") as running:
        running.deploy(Step)
        yield running


def fail(system: EmbeddedSystem, action: str, depth: int) -> list[Failure]:
    """The recorded failures of a chain of calls, from the bottom up."""
    with pytest.raises(ActionFailed):
        system.invoke(name(depth), action, {"n": depth}, parent="step")
    system.flush()
    failures = {turn.actor.name: turn.failure for batch in system.turns() for turn in batch}
    return [failure for level in range(depth + 1) if (failure := failures[name(level)]) is not None]


WAYS = ["passes", "passes_async", "wraps", "wraps_async", "groups"]


@pytest.mark.parametrize("way", WAYS)
def test_work_of_a_failing_chain_grows_with_its_depth(
    system: EmbeddedSystem, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = {"frames": 0, "lines": 0}
    entries, formatted = tracebacks.entries_of, traceback.format_exception

    def counted(trace: TracebackType | None) -> Iterator[TracebackType]:
        for each in entries(trace):
            work["frames"] += 1
            yield each

    def counted_lines(error: BaseException) -> list[str]:
        lines = formatted(error)
        work["lines"] += len(lines)
        return lines

    monkeypatch.setattr(tracebacks, "entries_of", counted)
    monkeypatch.setattr(traceback, "format_exception", counted_lines)
    done = []
    for depth in (DEEP, 2 * DEEP, 3 * DEEP):
        work.update(frames=0, lines=0)
        fail(system, way, depth)
        done.append(dict(work))

    for unit in ("frames", "lines"):
        assert done[2][unit] - done[1][unit] == done[1][unit] - done[0][unit], f"{unit}: {done}"


@pytest.mark.parametrize("way", WAYS)
def test_each_turn_of_a_failing_chain_records_equally_much(system: EmbeddedSystem, way: str) -> None:
    sizes = [len(each.trace) for each in fail(system, way, DEEPER)]

    assert len(set(sizes[DEEP:])) == 1, sizes


def test_quoted_errors_do_not_grow_without_end(system: EmbeddedSystem) -> None:
    failures = fail(system, "quotes", DEEPER)

    assert max(len(each.text) for each in failures) < LONGEST_TEXT + 40  # the text that says what is left out
    assert failures[-1].text.startswith(f"at level {DEEPER}: {name(DEEPER - 1)}.quotes failed")


@pytest.mark.parametrize("way", WAYS)
def test_top_of_a_failing_chain_names_where_it_began(system: EmbeddedSystem, way: str) -> None:
    trace = fail(system, way, DEEPER)[-1].trace

    assert 'raise ValueError("at the bottom")' in trace
    assert "ValueError: at the bottom" in trace


@pytest.mark.parametrize("way", ["wraps", "wraps_async"])
def test_two_calls_deep_nothing_of_the_chain_is_left_out(system: EmbeddedSystem, way: str) -> None:
    trace = fail(system, way, 2)[-1].trace

    for part in ("ValueError: at the bottom", "RuntimeError: at level 01", "RuntimeError: at level 02"):
        assert part in trace


@pytest.mark.parametrize("way", WAYS)
def test_live_exceptions_of_a_deep_chain_are_few(system: EmbeddedSystem, way: str) -> None:
    with pytest.raises(ActionFailed) as caught:
        system.invoke(name(DEEPER), way, {"n": DEEPER}, parent="step")

    seen, waiting = set[int](), [caught.value]
    while waiting:
        link = waiting.pop()
        if id(link) not in seen:
            seen.add(id(link))
            nested = link.exceptions if isinstance(link, BaseExceptionGroup) else ()
            waiting += [each for each in (link.__cause__, link.__context__, *nested) if each is not None]
    assert len(seen) <= 8


def test_recursion_without_end_is_formatted_in_part(system: EmbeddedSystem) -> None:
    with pytest.raises(ActionFailed) as caught:
        system.invoke("step-r", "recurses", parent="step")

    cause = caught.value.__cause__
    assert isinstance(cause, RecursionError)
    assert sum(1 for _ in traceback.walk_tb(cause.__traceback__)) == OUTERMOST + INNERMOST
    assert "frames are left out here" in caught.value.trace
    assert "deeper(0)" in caught.value.trace


def test_exception_that_is_reduced_twice_says_so_once() -> None:
    def deeper(n: int) -> None:
        if n == 0:
            raise KeyError
        deeper(n - 1)

    with pytest.raises(KeyError) as caught:
        deeper(99)
    user_trace(caught.value)

    assert user_trace(caught.value).count("left out") == 1


def test_middle_of_a_long_text_is_left_out() -> None:
    assert cut_text("a" * 10 + "b" * 80 + "c" * 10, 20) == "a" * 10 + " … 80 characters … " + "c" * 10


def test_twin_has_the_fields_and_notes_but_not_the_frames() -> None:
    first = MailboxFull("orders", 5)
    first.add_note("as noted")

    with pytest.raises(MailboxFull):
        raise first
    second = twin(first)
    second.add_note("only here")

    assert (type(second), str(second), vars(second)["actor"]) == (MailboxFull, str(first), "orders")
    assert second.__traceback__ is None
    assert first.__notes__ == ["as noted"]


def test_error_that_is_also_another_built_in_is_its_own_twin() -> None:
    class Both(SpawnError, OSError):
        pass

    error = Both("x")

    assert twin(error) is error
