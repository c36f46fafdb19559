"""Go back to an earlier version of an actor's code."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from runtime.actor import Actor
from runtime.api import DeployReport, SystemApi
from runtime.definition import ActorDefinition, define, redefined
from runtime.errors import DefinitionError, Mistake, UnknownActor, nearest
from runtime.records import StoredDefinition
from runtime.settings import Settings, as_keywords
from workbench.authoring import AUTHORING
from workbench.commands.acting import acting
from workbench.deploy_reports import Deployed
from workbench.presenters.versions import Earlier, Version, Versions
from workbench.presenters.wording import short_hash
from workbench.session import current


class NoSuchVersion(Mistake):
    """No stored version of an actor's code has that hash."""

    code = "no_such_version"


def versions(actor: str) -> Versions:
    """The versions of an actor's code that the store has, the one deployed last at the end.

    Raises:
        UnknownActor: no code of that name was ever deployed.
    """
    system = current.open()
    known = system.definitions()
    mine = sorted((each for each in known if each.name == actor), key=lambda each: each.deployed_us)
    if not mine:
        raise UnknownActor(actor, {each.name for each in known})
    return Versions(_version(each) for each in mine)


def redeploy(actor: str, version: str, *, execute: bool = False) -> Deployed | Earlier:
    """Go back to an earlier version of an actor's code; state, mailbox and the turn in progress survive.

    A version that this process has run before is deployed at once.  What its functions look up by name is what the notebook has
    now: where that has changed since, the report says so, and it is a version of its own.  Of any other there is only the stored
    text, which is shown and not executed, unless you say `execute=True`.

    Args:
        version: its hash, or the beginning of it: see `versions`.
        execute: run the stored text in the notebook's namespace, then deploy the class that it defines.

    Raises:
        NoSuchVersion: no such version is stored.
        DefinitionError: it cannot be deployed (any more); what ran before runs on.
    """
    system = current.open()
    wanted = _find(actor, version)
    known = _remembered(system, wanted.hash)
    if known is not None:
        return _gone_back(system, known)
    if not execute:
        return Earlier(wanted, _source_now(system, actor), cell_of(wanted.definition))
    return _deployed(system, _executed(wanted.definition))


def _remembered(system: SystemApi, definition: str) -> ActorDefinition | None:
    """The version, if this process has run it for the system."""
    remembered: Callable[[str], ActorDefinition | None] = getattr(system, "remembered", lambda _: None)
    return remembered(definition)


def _gone_back(system: SystemApi, known: ActorDefinition) -> Deployed:
    now = redefined(known)
    report = _deployed(system, now)
    if now.hash == known.hash:
        return report
    names = sorted(name for name in {*known.uses, *now.uses} if known.uses.get(name) != now.uses.get(name))
    note = (
        f"This is the class of version {short_hash(known.hash)}, but {', '.join(names) or 'what it uses'} changed since then: "
        "run the earlier cells of that, too, to have the same code."
    )
    return msgspec.structs.replace(report, notes=(*report.notes, note))


def _deployed(system: SystemApi, definition: ActorDefinition) -> Deployed:
    with acting(system, "deploy", definition.name, short_hash(definition.hash)):
        # Whoever remembers a definition takes one, too.
        deploy: Callable[[Any], DeployReport] = system.deploy
        return Deployed.of(deploy(definition))


def cell_of(stored: StoredDefinition) -> str:
    """A `%%actor` cell that defines a stored version again, with the settings that do not stand in its class."""
    return f"%%actor{_beside(stored)}\n{stored.source.rstrip()}"


def _beside(stored: StoredDefinition) -> str:
    """The name and the settings as they are written beside `%%actor`."""
    classes = [node for node in ast.parse(stored.source).body if isinstance(node, ast.ClassDef)]
    written = {keyword.arg for node in classes for keyword in node.keywords}
    plain = as_keywords(Settings(name=stored.name).as_text())
    settings = as_keywords(stored.settings)
    words = [] if "name" in written else [f" {stored.name if stored.name.isidentifier() else repr(stored.name)}"]
    for name, value in settings.items():
        if name not in written and name not in ("name", "state_type") and value != plain.get(name):
            words.append(f" {name}={value!r}")
    return "".join(words)


def _version(stored: StoredDefinition) -> Version:
    system = current.open()
    is_here = _remembered(system, stored.hash) is not None
    return Version(definition=stored, is_current=_hash_now(system, stored.name) == stored.hash, is_here=is_here)


def _hash_now(system: SystemApi, actor: str) -> str:
    """Of the code that is deployed; empty if none is."""
    try:
        info = system.info(actor)
    except UnknownActor:
        return ""
    return info.definition if info.deployed else ""


def _find(actor: str, version: str) -> Version:
    known = versions(actor)
    found = [each for each in known if each.hash.startswith(version)] if version else []
    if len(found) != 1:
        hashes = [short_hash(each.hash) for each in known]
        what = "more than one version begins with" if found else "there is no version"
        raise NoSuchVersion(f"Of {actor}, {what} {version!r}. {nearest(version, hashes, kind='version')}")
    return found[0]


def _source_now(system: SystemApi, actor: str) -> str:
    now = _hash_now(system, actor)
    return next((each.source for each in system.definitions() if now and each.hash == now), "")


def _executed(stored: StoredDefinition) -> ActorDefinition:
    """Run the stored text among the notebook's names; the definition of the class that it makes, with the stored settings."""
    if not stored.source:
        raise DefinitionError(f"Of version {short_hash(stored.hash)} of {stored.name} no source is stored.")
    import runtime

    namespace = vars(sys.modules["__main__"])
    for name in AUTHORING:
        namespace.setdefault(name, getattr(runtime, name))
    before = dict(namespace)
    filename = f"<{stored.name} {short_hash(stored.hash)}>"
    linecache.cache[filename] = (len(stored.source), None, stored.source.splitlines(keepends=True), filename)
    try:
        exec(compile(stored.source, filename, "exec"), namespace)  # noqa: S102 - the user has asked for it, after it was shown
    except Exception as error:  # noqa: BLE001 - the user's code may raise anything
        raise DefinitionError(
            f"The stored text of {stored.name} cannot be executed here: {type(error).__name__}: {error}.\n"
            "Run the cells that define what it uses first. What ran before keeps running."
        ) from None
    made = [value for name, value in namespace.items() if value is not before.get(name)]
    actors = [value for value in made if isinstance(value, type) and issubclass(value, Actor)]
    if not actors:
        raise DefinitionError(f"The stored text of {stored.name} defines no actor.")
    return define(actors[-1], **_overrides(actors[-1], stored))


def _overrides(actor_class: type, stored: StoredDefinition) -> dict[str, Any]:
    """Settings that stood beside `%%actor` and not in the class."""
    written = as_keywords(define(actor_class).settings.as_text())
    wanted = as_keywords(stored.settings)
    return {name: value for name, value in wanted.items() if written.get(name) != value and name != "state_type"}
