"""Carry a part of the past away in one file, and look at one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.errors import BadSetting, shown
from workbench.commands.history import need_history, since_us
from workbench.exporters.archive.archive import Selection, write_archive, write_parquet
from workbench.exporters.archive.redaction import Remover
from workbench.exporters.project.project import Written
from workbench.remote.access import Mode
from workbench.remote.targets import Attached
from workbench.render.formats import plural
from workbench.render.tables import local_time
from workbench.session import current

if TYPE_CHECKING:
    from runtime.stores.archive.container import Contents

PARQUET = ".parquet"
Redact = bool | str | Sequence[str]


def archive(
    path: str | Path,
    *,
    actors: str | Sequence[str] | None = None,
    since: datetime | float | str | None = None,
    until: datetime | float | str | None = None,
    redact: Redact = True,
    key: str | None = None,
    force: bool = False,
) -> Written:
    """Write the recorded past of the current system into one file, which `wb.open_archive` opens on any machine.

        wb.archive("day.spawn", since="24h", redact=["email", "card*"], key="a passphrase")
        wb.archive("day.parquet", actors="orders")      # the turns alone, for other tools

    It has the chosen turns, the states between which they lie, the code as text, and life-cycle marks.  The file is there whole or
    not at all.  A path that ends in `.parquet` gets the turns alone, as a table; docs/archive.md has both formats.

    Args:
        actors: only these, and the children of templates among them; None for all.  Others are named where they called.
        since, until: only turns that ended then: a datetime, the text of one, or how long ago: seconds, or text such as `"1h"`.
        redact: what is removed beside secrets: names of fields, at any depth, `*` for anything.  Such a value is removed wherever
            it stands; what cannot be looked into goes whole.  False to remove nothing.
        key: a passphrase of 8 characters or more, without which it cannot be read; None for a file that anyone can read.
        force: replace an archive of that name.

    Raises:
        BadSetting: there is a file of that name, the passphrase is short, `redact` or a time is none, or it is Parquet with a key.
        UnknownActor: one of `actors` is not known.
        NotCapable: the system keeps no history.
        StoreUnavailable: what was answered last cannot be written just now.
        OSError: the file cannot be written.
    """
    file, names = _path(path), _names(redact)
    chosen = Selection(
        actors=None if actors is None else (actors,) if isinstance(actors, str) else tuple(actors),
        since_us=since_us(since),
        until_us=since_us(until, name="until"),
    )
    system = current.open()
    need_history(system)
    system.flush()
    file.parent.mkdir(parents=True, exist_ok=True)
    remover = None if names is None else Remover(names)
    rules = () if names is None else ("secrets", *names)
    if file.suffix == PARQUET:
        if key is not None:
            raise BadSetting(
                f"{file.name} is Parquet, which cannot be encrypted. Name it {file.stem}.spawn, or give no key."
            )
        taken = write_parquet(system, file, chosen, remover, rules=rules, replaces=force)
    else:
        taken = write_archive(system, file, chosen, remover, rules=rules, passphrase=key, replaces=force)
    what = f"Archived {plural(taken.turns, 'turn')} of {plural(taken.actors, 'actor')}"
    return Written(path=file, what=what, size=taken.size, lines=(*_said(file, rules, key), *taken.notes))


def open_archive(path: str | Path, *, key: str | None = None) -> Attached:
    """Make an archive, or a Parquet file of a history, the current system until `wb.detach()`: to look at, and nothing more.

    `%history`, `%%query`, `wb.as_of`, `wb.find`, `wb.report` and all else that reads work as on the system that made it;
    `%fork` and `%replay` do once they are given code, `code=TheClass`, or the actor is deployed in this notebook's own system.
    Code in the file is text, which is never executed.  Nothing of it is written to disk.

    Args:
        key: its passphrase, for one that is encrypted.

    Raises:
        StoreUnavailable: there is no such file.
        BadSetting: it is no archive, or no Parquet with the columns of a history.
        StoreTooNew: a later version of this package made it.
        StoreDamaged: it was cut short or changed, or has what no archive has.
        WrongKey: the passphrase is missing or another.
    """
    from runtime.clients.archive import open_archive as opened

    file = _path(path)
    system = opened(file, key)
    attached = Attached(
        target=str(file),
        system=system.name,
        mode=Mode.LOOK,
        capabilities=tuple(sorted(system.capabilities)),
        about=tuple(_about(system.contents)),
    )
    current.attach(system, attached)
    return attached


def _path(path: str | Path) -> Path:
    file = Path(path).expanduser().absolute()
    if file.is_dir():
        raise BadSetting(f"{file} is a folder. Name the file in it, such as {file / 'day.spawn'}.")
    return file


def _names(redact: object) -> tuple[str, ...] | None:
    """Names of fields to remove; None to remove nothing."""
    if redact is True or redact is None:
        return ()
    if redact is False:
        return None
    names = (redact,) if isinstance(redact, str) else redact
    if not isinstance(names, (list, tuple, set, frozenset)) or not all(
        isinstance(each, str) and each for each in names
    ):
        raise BadSetting(f"redact={shown(redact)} must be names of fields, such as ['email', 'card*'], or False.")
    return tuple(sorted(names) if isinstance(names, (set, frozenset)) else names)


def _said(file: Path, rules: Sequence[str], key: str | None) -> Iterator[str]:
    yield f"removed    {', '.join(rules)}" if rules else "removed    nothing: secrets are in it"
    if file.suffix != PARQUET:
        yield (
            "encrypted  with the passphrase"
            if key is not None
            else "encrypted  no: anyone who has it can read it (key=…)"
        )
    yield f"open it    wb.open_archive({file.name!r}{', key=…' if key is not None else ''})"


def _about(contents: Contents) -> Iterator[str]:
    whose = "" if contents.actors is None else f" of {', '.join(contents.actors)}"
    yield f"turns        {contents.turns:,}{whose}, {_span(contents)}"
    yield f"made         {local_time(contents.made_us)}"
    if contents.redacted:
        yield f"removed      {', '.join(contents.redacted)}"
    yield from (f"note         {each}" for each in contents.notes)
    yield "to run it    wb.fork(ACTOR, code=TheClass), wb.replay(ACTOR, code=TheClass)"


def _span(contents: Contents) -> str:
    bounds = [
        f"{word} {datetime.fromtimestamp(at_us / 1_000_000, tz=UTC):%Y-%m-%d %H:%M:%S} UTC"
        for word, at_us in (("since", contents.since_us), ("until", contents.until_us))
        if at_us
    ]
    return " ".join(bounds) or "all that was kept"
