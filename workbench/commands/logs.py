"""What actors print and log."""

from __future__ import annotations

from runtime.ids import ActorId
from workbench.actor_logs import LogLine
from workbench.commands.limits import check_limit
from workbench.presenters.log_lines import Logs
from workbench.session import current


def logs(actor: str | None = None, limit: int = 1_000, *, invocation: str = "") -> Logs:
    """The last lines that actors printed and logged, oldest first, each with the invocation that it belongs to.

    `print`, `ctx.log`, `logging` and progress bars inside an action end up here, as long as the extension is loaded; in a script
    they go where a script's output goes.  Bounded: 1,000 lines of an actor are kept.

    Args:
        actor: None for all actors.
        invocation: only what belongs to this one; the end of its id will do.

    Raises:
        UnknownActor: nothing is known under that name.
        BadSetting: `limit` is less than 1.
    """
    check_limit(limit)
    is_elsewhere = current.attached is not None
    if actor is None:
        return Logs.of(_chosen(None, invocation, limit), is_elsewhere=is_elsewhere)
    system = current.open()
    identity = ActorId(system.name, actor)
    found = _chosen(identity, invocation, limit)
    if not found:
        system.info(actor)
    return Logs.of(found, whose=actor, dropped=current.logs.dropped(identity), is_elsewhere=is_elsewhere)


def _chosen(actor: ActorId | None, invocation: str, limit: int) -> list[LogLine]:
    lines = current.logs.lines(actor)
    return [line for line in lines if line.invocation.endswith(invocation)][-limit:]
