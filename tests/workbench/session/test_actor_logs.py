"""Actors' logs: lines, progress bars, and their bounds."""

from runtime.ids import ActorId, InvocationId
from runtime.records import Invocation
from workbench.actor_logs import LINE_CHARACTERS, LINES_OF_ACTOR, ActorLogs

COUNTER = ActorId("s", "counter")


def _call(number: int = 1, actor: str = "counter") -> Invocation:
    return Invocation(id=InvocationId(f"i-{number}"), actor=ActorId("s", actor), action="add")


def _texts(logs: ActorLogs, actor: ActorId = COUNTER) -> list[str]:
    return [line.text for line in logs.lines(actor)]


def test_a_line_ends_at_its_newline_however_it_was_written() -> None:
    logs = ActorLogs()

    for part in ("one", " and a half\ntwo\n", "three"):
        logs.write(_call(), "out", part)

    assert _texts(logs) == ["one and a half", "two", "three"]


def test_printed_and_error_text_do_not_mix_within_a_line() -> None:
    logs = ActorLogs()

    for kind, text in (("out", "a"), ("err", "x"), ("out", "b\n"), ("err", "y\n")):
        logs.write(_call(), kind, text)

    assert [(line.kind, line.text) for line in logs.lines(COUNTER)] == [("out", "ab"), ("err", "xy")]


def test_a_progress_bar_is_one_line_with_its_last_text() -> None:
    logs = ActorLogs()

    for percent in range(0, 101, 10):
        logs.write(_call(), "err", f"\r{percent}%")
    logs.write(_call(), "err", "\n")

    assert _texts(logs) == ["100%"]


def test_a_carriage_return_at_the_end_keeps_the_text_until_something_follows() -> None:
    logs = ActorLogs()

    logs.write(_call(), "err", "half\r")
    before = _texts(logs)
    logs.write(_call(), "err", "all")

    assert (before, _texts(logs)) == (["half"], ["all"])


def test_the_next_invocation_begins_its_own_line() -> None:
    logs = ActorLogs()

    logs.write(_call(1), "out", "left open")
    logs.write(_call(2), "out", "new\n")

    assert [(line.invocation, line.text) for line in logs.lines(COUNTER)] == [("i-1", "left open"), ("i-2", "new")]


def test_an_actor_keeps_its_last_lines_and_counts_the_others() -> None:
    logs = ActorLogs()

    for i in range(LINES_OF_ACTOR + 5):
        logs.write(_call(), "out", f"{i}\n")

    assert _texts(logs)[0] == "5"
    assert (len(_texts(logs)), logs.dropped(COUNTER)) == (LINES_OF_ACTOR, 5)


def test_a_line_without_an_end_is_cut() -> None:
    logs = ActorLogs()

    for _ in range(100):
        logs.write(_call(), "out", "x" * 1_000)

    [text] = _texts(logs)
    assert len(text) == LINE_CHARACTERS


def test_the_actor_that_was_silent_longest_goes_first_when_all_is_full() -> None:
    logs = ActorLogs()

    for i in range(10):
        for _ in range(LINES_OF_ACTOR):
            logs.write(_call(actor=f"a{i}"), "out", "x" * LINE_CHARACTERS + "\n")

    assert not _texts(logs, ActorId("s", "a0"))
    assert len(_texts(logs, ActorId("s", "a9"))) == LINES_OF_ACTOR


def test_something_displayed_again_under_its_id_takes_the_old_place() -> None:
    logs = ActorLogs()

    logs.show(_call(), {"text/plain": "old"}, "d1")
    logs.write(_call(), "out", "between\n")
    logs.show(_call(), {"text/plain": "new"}, "d1", update=True)

    assert _texts(logs) == ["new", "between"]


def test_lines_of_all_actors_are_in_the_order_of_writing() -> None:
    logs = ActorLogs()

    logs.write(_call(actor="b"), "out", "1\n")
    logs.write(_call(actor="a"), "out", "2\n")
    logs.note(_call(actor="b"), "info", "3")

    assert [line.text for line in logs.lines()] == ["1", "2", "3"]
    assert [line.text for line in logs.lines(after=logs.lines()[0].number)] == ["2", "3"]
