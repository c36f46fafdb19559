"""What leaves the notebook: one offline file about an actor system, and a project that runs its actors elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from runtime.api import ActorInfo, Capability, SystemApi
from runtime.authoring.definition import ActorDefinition
from runtime.errors import NotCapable, SpawnError, UnknownActor
from runtime.records import StoredDefinition, Turn
from workbench.commands.debugger import own_system
from workbench.commands.history import newest, since_us
from workbench.exporters.atomic_files import REPORT_MARK, whole_folder, write_whole
from workbench.exporters.project.project import Project, Written, project_of
from workbench.exporters.project.verify import CannotExport
from workbench.exporters.report.model import (
    ActorLine,
    Chain,
    DefinitionText,
    Facts,
    FailureText,
    Limits,
    LogText,
    MailboxText,
    Part,
    chain_text,
    definition_text,
    failure_text,
    log_text,
    message_line,
    sliced,
    turn_line,
    value_text,
    versions,
)
from workbench.exporters.report.page import page
from workbench.presenters.panels.system import OWN_PREFIX
from workbench.redaction import always_hidden
from workbench.remote.audit import who
from workbench.remote.audit_log import Act
from workbench.render.tables import plural
from workbench.session import Session, current


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
    with always_hidden():
        facts = Gathering(current, current.open(), only, since_us(since), limits).facts()
        text = page(facts)
    write_whole(file, text, mark=REPORT_MARK, force=force)
    return Written(path=file.resolve(), what=f"Report on actor system {facts.status.system!r}", size=len(text.encode()))


# --- What a report tells, read from a system without waking anything in it --------------------------------------------
# Everything comes through the reads of `SystemApi`, so it works on an attached system that is only looked at.  What a
# system cannot show is left out with the reason, and whatever goes wrong with one part leaves the others whole.

T = TypeVar("T")

SLICES = 60
_SEARCHED = 300_000


class Gathering:
    """One reading of one system."""

    def __init__(self, session: Session, system: SystemApi, only: Sequence[str], since_us: int, limits: Limits) -> None:
        self._session, self._system, self._limits = session, system, limits
        self._only, self._since_us = frozenset(only), since_us
        self._now_us = time.time_ns() // 1_000
        self._parts: dict[str, Part] = {}
        self._parents: dict[str, str] = {}

    def facts(self) -> Facts:
        """Everything; what the system cannot show is empty, and `parts` says why.

        Raises:
            UnknownActor: actors were asked for, and none of them is known.
        """
        infos = self._part("actors", Capability.LIST, self._infos) or []
        self._parents = {info.id.name: info.parent for info in infos}
        turns = self._part("turns", Capability.HISTORY, self._turns) or []
        from_us = min((turn.finished_us for turn in turns), default=self._now_us)
        status, attached = self._session.status(), self._session.attached
        return Facts(
            made_us=self._now_us,
            made_by=who(),
            status=status,
            where=f"{attached.target}, attached to {attached.mode}" if attached is not None else "",
            notes=status.notes,
            only=tuple(sorted(self._only)),
            since_us=self._since_us,
            actors=self._actors(infos, turns, from_us),
            activity=self._sliced([turn.finished_us for turn in turns], from_us),
            activity_from_us=from_us,
            turns=[turn_line(turn) for turn in reversed(turns[-self._limits.turns :])],
            failures=self._part("failures", Capability.HISTORY, self._failures) or [],
            chains=self._chains(turns),
            mailboxes=self._part("mailboxes", Capability.MAILBOX, lambda: self._mailboxes(infos)) or [],
            logs=self._logs(),
            definitions=self._part("definitions", Capability.HISTORY, self._definitions) or [],
            acts=self._acts(),
            versions=versions(),
            parts=self._parts,
        )

    # -- which actors --------------------------------------------------------------------------------------------------

    def _infos(self) -> list[ActorInfo]:
        if self._only:
            return self._named()
        found = self._system.actors(limit=self._limits.known_actors)
        return [info for info in found if not info.id.name.startswith(OWN_PREFIX)]

    def _named(self) -> list[ActorInfo]:
        """Those that were asked for, and the children of templates among them."""
        missing: UnknownActor | None = None
        found: dict[str, ActorInfo] = {}
        for name in sorted(self._only):
            try:
                found[name] = self._system.info(name)
            except UnknownActor as error:
                missing = error
        for info in self._system.actors(limit=self._limits.known_actors):
            if info.parent in self._only:
                found.setdefault(info.id.name, info)
        if not found and missing is not None:
            raise missing
        return list(found.values())

    def _is_meant(self, actor: str, parent: str = "") -> bool:
        return not self._only or bool(self._only & {actor, parent or self._parents.get(actor, "")})

    # -- the parts -----------------------------------------------------------------------------------------------------

    def _actors(self, infos: list[ActorInfo], turns: list[Turn], from_us: int) -> list[ActorLine]:
        """Those first that need a look: with failures or waiting messages, then those that worked last."""
        chosen = sorted(infos, key=_urgency)[: self._limits.actors]
        is_more = len(infos) >= self._limits.known_actors
        self._parts.setdefault("actors", Part(shown=len(chosen), known=len(infos), is_more=is_more))
        times: dict[str, list[int]] = {info.id.name: [] for info in chosen}
        for turn in turns:
            if turn.actor.name in times:
                times[turn.actor.name].append(turn.finished_us)
        return [
            ActorLine(info=info, state=self._state(info.id.name), turns=self._sliced(times[info.id.name], from_us))
            for info in chosen
        ]

    def _state(self, actor: str) -> str:
        if Capability.STATE not in self._system.capabilities:
            return ""
        try:
            return value_text(self._system.encoded_state(actor))
        except SpawnError as error:
            return f"({_first_line(error)})"

    def _turns(self) -> list[Turn]:
        """The last ones, oldest first."""
        found = newest(self._system, self._is_in, self._limits.searched, searched=_SEARCHED)
        is_all = not self._only and not self._since_us
        self._parts["turns"] = Part(
            shown=min(len(found), self._limits.turns),
            known=self._system.status().committed if is_all else len(found),
            is_more=not is_all and len(found) >= self._limits.searched,
        )
        return found

    def _is_in(self, turn: Turn) -> bool:
        return turn.finished_us >= self._since_us and self._is_meant(turn.actor.name, turn.parent)

    def _sliced(self, times_us: list[int], from_us: int) -> tuple[int, ...]:
        return sliced(times_us, from_us, self._now_us, SLICES) if times_us else ()

    def _failures(self) -> list[FailureText]:
        limit = self._limits.failures
        found = newest(self._system, self._is_failure, limit + 1, searched=_SEARCHED)
        shown = [failure_text(turn) for turn in reversed(found[-limit:])]
        self._parts["failures"] = Part(shown=len(shown), known=len(shown), is_more=len(found) > limit)
        return shown

    def _is_failure(self, turn: Turn) -> bool:
        return turn.failure is not None and self._is_in(turn)

    def _chains(self, turns: list[Turn]) -> list[Chain]:
        """The last chain of each sort that has more than one message; failing that, the last message."""
        chains: dict[str, list[Turn]] = {}
        for turn in turns:
            chains.setdefault(turn.correlation or str(turn.invocation), []).append(turn)
        several = [chain for chain in chains.values() if len(chain) > 1] or list(chains.values())[-1:]
        last_of_sort = {_sort(chain): chain for chain in sorted(several, key=lambda chain: chain[-1].finished_us)}
        chosen = sorted(last_of_sort.values(), key=lambda chain: chain[-1].finished_us)[-self._limits.chains :]
        self._parts["chains"] = Part(shown=len(chosen), known=len(several))
        return [chain_text(chain) for chain in reversed(chosen)]

    def _mailboxes(self, infos: list[ActorInfo]) -> list[MailboxText]:
        busy = sorted((info for info in infos if info.waiting or info.action), key=lambda info: -info.waiting)
        chosen = busy[: self._limits.mailboxes]
        self._parts["mailboxes"] = Part(shown=len(chosen), known=len(busy))
        return [box for info in chosen if (box := self._mailbox(info)).messages]

    def _mailbox(self, info: ActorInfo) -> MailboxText:
        waiting = self._system.mailbox(info.id.name, limit=self._limits.messages)
        return MailboxText(actor=info.id.name, messages=tuple(map(message_line, waiting)), waiting=info.waiting)

    def _logs(self) -> list[LogText]:
        lines = [
            line
            for line in self._session.logs.lines()
            if line.actor.system == self._system.name
            and line.at_us >= self._since_us
            and self._is_meant(line.actor.name)
        ]
        shown = lines[-self._limits.logs :]
        self._parts["logs"] = Part(shown=len(shown), known=len(lines))
        return [log_text(line) for line in shown]

    def _definitions(self) -> list[DefinitionText]:
        found: dict[str, list[StoredDefinition]] = {}
        for each in sorted(self._system.definitions(), key=lambda each: each.deployed_us):
            if self._is_meant(each.name) or each.name in self._parents.values():
                found.setdefault(each.name, []).append(each)
        most = self._limits.source_characters
        shown = [definition_text(each, most) for each in islice(found.values(), self._limits.definitions)]
        self._parts["definitions"] = Part(shown=len(shown), known=len(found))
        return shown

    def _acts(self) -> list[Act]:
        """What this notebook did to this system, the newest first."""
        found = [act for act in self._session.audits.acts() if self._is_act_here(act)]
        shown = found[-self._limits.acts :]
        self._parts["acts"] = Part(shown=len(shown), known=len(found))
        return shown[::-1]

    def _is_act_here(self, act: Act) -> bool:
        is_here = act.system == self._system.name and act.at_us >= self._since_us
        return is_here and (not act.actor or self._is_meant(act.actor))

    def _part(self, name: str, capability: Capability, read: Callable[[], T]) -> T | None:
        """What was read; None where that is not possible, noting why."""
        try:
            if capability not in self._system.capabilities:
                raise NotCapable(f"show {name}", self._system.name, f"it shows no {capability.value}.")
            return read()
        except UnknownActor:
            raise
        except SpawnError as error:
            self._parts[name] = Part(why_not=_first_line(error))
            return None


def _sort(chain: Sequence[Turn]) -> frozenset[tuple[str, str, bool]]:
    """Chains of one sort run through the same actions of the same templates, and fail in the same places."""
    return frozenset((turn.parent, turn.action, turn.failure is None) for turn in chain)


def _urgency(info: ActorInfo) -> tuple[Any, ...]:
    return (not (info.failures or info.waiting), -info.failures, -info.waiting, -info.last_turn_us, info.id.name)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


# --- A project of deployed actors, which runs outside the notebook ----------------------------------------------------


def export(path: str | Path, actors: str | Sequence[str] | None = None, *, force: bool = False) -> Written:
    """Write a project that runs deployed actors outside the notebook as they are.

    `actors.py` has their classes, and what these use of the notebook: imports, functions, classes, values.  What cannot be carried
    is listed in the answer, in the README and in the module.  The value of a variable with a secret's name is in no file: it is
    read from the environment.  What looks like a secret in the text of a class is pointed out.
    Beside it are a `pyproject.toml`, a `Dockerfile` for `python -m runtime host`, manifests for Spawn's operator, a contract for
    each actor, and a README that says how to run it and what Spawn does differently.

    Before anything is at its place, a new process has imported the module and found the same actors, with the same settings, state
    and actions.  The folder is there whole or not at all; an earlier export is replaced, with files that were added to it kept.

    Args:
        path: the folder; its name becomes the project's.
        actors: names; None for all whose code is here.
        force: replace files of an earlier export also where they were changed since.

    Raises:
        UnknownActor: one of `actors` is not deployed.
        CannotExport: they would not be the same actors outside, or no code is here; nothing was written.
        FileInTheWay: the folder has files that no export made, or that were changed since.
        NotCapable: the current system is another process's.
        OSError: the folder cannot be written.
    """
    system = own_system(
        "export actors", "only those of this notebook's own system are exported; %detach goes back to it."
    )
    loaded = {each.name: each for each in system.loaded() if not each.name.startswith(OWN_PREFIX)}
    chosen, absent = _chosen(loaded, [actors] if isinstance(actors, str) else actors)
    folder = Path(path).expanduser().resolve()
    with always_hidden():
        project = project_of(folder.name, system.name, chosen, loaded.keys() - {each.name for each in chosen})
        with whole_folder(folder, force=force) as draft:
            project.write(draft)
    return Written(path=folder, what=f"Exported {plural(len(chosen), 'actor')}", lines=tuple(_lines(project, absent)))


def _chosen(
    loaded: dict[str, ActorDefinition], wanted: Sequence[str] | None
) -> tuple[list[ActorDefinition], list[str]]:
    """The definitions to export, and the names of those whose code is elsewhere."""
    for name in wanted or ():
        if name not in loaded:
            raise UnknownActor(name, loaded)
    named = [loaded[name] for name in dict.fromkeys(wanted)] if wanted is not None else list(loaded.values())
    absent = [each.name for each in named if each.actor_class is None]
    here = [each for each in named if each.actor_class is not None]
    if not here:
        why = f"the code of {', '.join(absent)} is in another process" if absent else "no actor is deployed"
        raise CannotExport(f"Cannot export: {why}. Define one with %%actor, or deploy a class with wb.deploy.")
    return here, absent


def _lines(project: Project, absent: list[str]) -> list[str]:
    names = ", ".join(each.name for each in project.definitions)
    lines = [f"actors    {names}: the same in a process of their own"]
    if project.carried.secrets:
        lines.append(f"secrets   {', '.join(project.carried.secrets)}: read from the environment, in no file")
    lines += [f"! not carried: {each}" for each in project.problems]
    lines += [f"! not carried: {name}, whose code is in another process" for name in absent]
    lines += [f"note: {each}" for each in (*project.carried.notes, *project.notes)]
    return [*lines, "run it    python -m runtime serve actors.py (README.md says more)"]
