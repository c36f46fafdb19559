"""One offline file about an actor system, to be read and sent around."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from workbench.commands.report_facts import Gathering
from workbench.commands.since import since_us
from workbench.export.report_model import Limits
from workbench.export.report_page import page
from workbench.export.whole_files import REPORT_MARK, write_whole
from workbench.export.written import Written
from workbench.session import current


def report(
    path: str | Path = "report.html",
    *,
    actors: str | Sequence[str] | None = None,
    since: datetime | float | str | None = None,
    most_actors: int = 200,
    most_turns: int = 200,
    force: bool = False,
) -> Written:
    """Write one HTML file about the current system: status, actors, activity, failures, chains of messages, logs, code.

    The file needs no network, runs nothing from elsewhere and opens from the disk.  It is bounded, and says of everything how much
    is left out; values under a secret's name are hidden.  Reading wakes no actor, and works on a system that is only looked at.
    The file is there whole or not at all.

    Args:
        path: the file; a directory gets a `report.html`.
        actors: only these, and the children of templates among them; None for all.
        since: only turns, logs and acts that are later: an aware datetime, or how long ago in seconds or as text such as `"1h"`.
        most_actors, most_turns: how many of each are shown.
        force: replace a file that is no report.

    Raises:
        FileInTheWay: there is a file of that name that no report was.
        UnknownActor: none of `actors` is known.
        BadSetting: `since` is no time.
        OSError: the file cannot be written.
    """
    only = [actors] if isinstance(actors, str) else list(actors or ())
    file = Path(path).expanduser()
    file = file / "report.html" if file.is_dir() else file
    limits = Limits(actors=most_actors, turns=most_turns, searched=max(Limits().searched, most_turns))
    facts = Gathering(current, current.open(), only, since_us(since), limits).facts()
    text = page(facts)
    write_whole(file, text, mark=REPORT_MARK, force=force)
    return Written(path=file.resolve(), what=f"Report on actor system {facts.status.system!r}", size=len(text.encode()))
