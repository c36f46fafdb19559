"""Which code of an actor this process can run again: what is deployed, an earlier version, or a class that one gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from runtime.api import SystemApi
from runtime.definition import ActorDefinition, define
from runtime.errors import BadSetting, Mistake, SpawnError, nearest, shown
from workbench.presenters.wording import short_hash
from workbench.session import current


class CodeNotLoaded(Mistake):
    """The code that should be run again is not in this process."""

    code = "code_not_loaded"


Code = type | ActorDefinition | str | None
"""An actor class, deployed or not; the hash of a version, or its beginning; None for what is deployed."""


def loaded_code(actor: str, code: Code) -> ActorDefinition:
    """The definition that is meant.

    Raises:
        CodeNotLoaded: it is not in this process; stored source is never executed by itself.
        DefinitionError: the class is no actor.
        BadSetting: `code` is none of what it may be.
    """
    if isinstance(code, ActorDefinition):
        return code
    if isinstance(code, type):
        return define(code)
    if code is not None and not isinstance(code, str):
        raise BadSetting(f"code={shown(code)} must be an actor class or the hash of a version.")
    system = current.open()
    template = _template(system, actor)
    found = _version(system, template, code) if code else _deployed(actor, template)
    if found.actor_class is None:
        raise CodeNotLoaded(
            f"The code of {actor} runs in another process, and only there it can be run again.\n"
            "Run its cell here too and give the class: code=TheClass."
        )
    return found


def _deployed(actor: str, template: str) -> ActorDefinition:
    for system in (current.open(), current.own):
        found = next((each for each in _loaded(system) if each.name == template), None)
        if found is not None:
            return found
    raise CodeNotLoaded(
        f"The code of {actor} is not loaded here, so its past cannot be run again.\n"
        f"Run the cell (or import the module) that defines {template!r}, or give its class: code=TheClass."
    )


def _version(system: SystemApi, template: str, version: str) -> ActorDefinition:
    known = [each for each in system.definitions() if each.name == template]
    hashes = dict.fromkeys([*(each.hash for each in known), *(e.hash for e in _loaded(system) if e.name == template)])
    found = [each for each in hashes if each.startswith(version)]
    if len(found) != 1:
        what = "more than one version begins with" if found else "there is no version"
        raise CodeNotLoaded(
            f"Of {template}, {what} {version!r}. {nearest(version, map(short_hash, hashes), kind='version')}"
        )
    for each in (system, current.own):
        remembered: Callable[[str], ActorDefinition | None] = getattr(each, "remembered", lambda _: None)
        definition = remembered(found[0]) or next((e for e in _loaded(each) if e.hash == found[0]), None)
        if definition is not None:
            return definition
    raise CodeNotLoaded(
        f"Version {short_hash(found[0])} of {template} is stored as text only, which is never executed by itself.\n"
        f"`%redeploy {template} {short_hash(found[0])}` shows it as a cell; or define the class without deploying it, "
        "and give it: code=TheClass."
    )


def _loaded(system: object) -> Iterable[ActorDefinition]:
    loaded: Callable[[], Iterable[ActorDefinition]] = getattr(system, "loaded", tuple)
    return loaded()


def _template(system: SystemApi, actor: str) -> str:
    """The name of its code: the template's for a child.  Its own where the system does not say."""
    try:
        return system.info(actor).parent or actor
    except SpawnError:
        return actor
