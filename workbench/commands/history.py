"""An actor's past, turn by turn."""

from __future__ import annotations

from runtime.clock import as_datetime
from runtime.codecs.values import decode_value
from runtime.records import Failure, Turn
from workbench.commands.limits import check_limit
from workbench.commands.tail import last_sequence, need_history, newest
from workbench.results import Entry, History
from workbench.session import current


def history(actor: str, limit: int = 20, *, revision: int | None = None) -> History:
    """The actor's last turns, oldest first, with what was asked, answered and changed; failures included.

    For more than a glance, ask with SQL: `wb.query("SELECT * FROM history.counter ORDER BY revision")`.

    Args:
        limit: how many turns, 1 or more.
        revision: the turns up to this revision, instead of the last ones.

    Raises:
        UnknownActor: nothing is known under that name.
        BadSetting: `limit` is less than 1.
        NotCapable: the system does not keep history.
        StoreUnavailable: what was answered last cannot be written just now.
    """
    check_limit(limit)
    system = current.open()
    need_history(system)
    system.state(actor)
    system.flush()
    until = None if revision is None else last_sequence(system, actor, revision)
    found = newest(system, lambda turn: revision is None or turn.revision <= revision, limit, actor=actor, until=until)
    return History(map(_entry, found))


def _entry(turn: Turn) -> Entry:
    return Entry(
        sequence=turn.sequence,
        revision=turn.revision,
        at=as_datetime(turn.finished_us),
        action=turn.action,
        payload=decode_value(turn.payload),
        response=decode_value(turn.response),
        failure=_failure(turn.failure),
        state=decode_value(turn.state.value) if turn.state is not None else None,
        took_ms=(turn.finished_us - turn.started_us) / 1000,
        caller=turn.caller.name if turn.caller is not None else "",
        invocation=turn.invocation,
        definition=turn.definition,
    )


def _failure(failure: Failure | None) -> str:
    if failure is None:
        return ""
    return f"{failure.type_name}: {failure.text}" if failure.type_name else failure.message.partition("\n")[0]
