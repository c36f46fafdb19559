"""Bring an actor class to the current system: preview, deploy, go back to an earlier version, restore a state, undeploy."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from runtime.api import Capability, DeployReport, SystemApi, offers
from runtime.authoring import AUTHORING
from runtime.authoring.actor import Actor
from runtime.authoring.definition import ActorDefinition, define, redefined
from runtime.authoring.settings import Settings, as_keywords
from runtime.errors import BadSetting, DefinitionError, Mistake, SpawnError, UnknownActor, nearest, shown
from runtime.invocations import actor_name
from runtime.records import StoredDefinition
from workbench.commands.attach import acting
from workbench.commands.invoke import running_for_long
from workbench.presenters.versions import Earlier, Version, Versions
from workbench.render.formats import short_hash
from workbench.results import Deployed, Previewed
from workbench.session import current


def deploy(actor_class: type) -> Deployed:
    """Make an actor class the current definition of its name; state, mailboxes and the turn in progress survive.

    The next turn of the actor, and of all its children, runs the new code.

    Raises:
        DefinitionError: the class cannot be an actor; the earlier definition, if any, keeps running.
    """
    from workbench.remote.access import name_of

    system = current.open()
    with acting(system, "deploy", name_of(actor_class)):
        return _reported(system, system.deploy(actor_class))


def deploy_again(system: SystemApi, definition: ActorDefinition) -> Deployed:
    """Deploy a definition to the system that runs an earlier one of its class.

    Raises:
        DefinitionError: it cannot be deployed; the earlier one keeps running.
    """
    with acting(system, "deploy", definition.name):
        # A system that runs code of this process takes a definition, too.
        take: Callable[[Any], DeployReport] = system.deploy
        return _reported(system, take(definition))


def _reported(system: SystemApi, report: DeployReport) -> Deployed:
    """The report, which also says which actions go on with the code of before."""
    return Deployed.of(msgspec.structs.replace(report, notes=(*report.notes, *running_for_long(system, report.actor))))


def undeploy(actor: str) -> None:
    """Forget an actor's code.  Its state and its history stay in the store.

    Raises:
        UnknownActor: nothing is deployed under that name.
    """
    system = current.open()
    with acting(system, "undeploy", actor):
        system.undeploy(actor)


def confirm_dropped(actor: str) -> tuple[str, ...]:
    """Delete the values of state fields that redeploys dropped; the names of those fields.

    Raises:
        UnknownActor: nothing is known under that name.
    """
    system = current.open()
    with acting(system, "confirm_dropped", actor_name(actor)):
        return system.confirm_dropped(actor)


# --- What a deploy would change ---------------------------------------------------------------------------------------


def preview(actor_class: type) -> Previewed:
    """What deploying the class would change, and what would go wrong.  Nothing is deployed and no message is run.

    The state of the actor is tried against the new fields, `@migrate` included; in the system of this process also those of its
    active children.  It works on an attached system, also one that is attached only to look.

    Raises:
        DefinitionError: the class cannot be deployed; the message says why.
        NotCapable: the system shows no definitions, or no states.
    """
    from runtime.system.preview import preview_from_outside

    system = current.open()
    if offers(system, Capability.PENDING):
        return Previewed.of(system.preview(actor_class))
    return Previewed.of(preview_from_outside(system, define(actor_class)))


# --- Go back to an earlier version of an actor's code -----------------------------------------------------------------


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
    mine = sorted((each for each in known if each.name == actor_name(actor)), key=lambda each: each.deployed_us)
    if not mine:
        raise UnknownActor(actor, {each.name for each in known})
    return Versions(_version(each) for each in mine)


def redeploy(actor: str, version: str | None = None, *, execute: bool = False) -> Deployed | Earlier:
    """Go back to an earlier version of an actor's code; state, mailbox and the turn in progress survive.

    After `undeploy`, without a version, the code that was deployed last is there again.

    A version that this process has run before is deployed at once.  What its functions look up by name is what the notebook has
    now: where that has changed since, the report says so, and it is a version of its own.  Of any other there is only the stored
    text, which is shown and not executed, unless you say `execute=True`.

    Args:
        version: its hash, or the beginning of it: see `versions`; the one deployed last if left out.
        execute: run the stored text in the notebook's namespace, then deploy the class that it defines.

    Raises:
        UnknownActor: no code of that name was ever deployed.
        NoSuchVersion: no such version is stored.
        DefinitionError: it cannot be deployed (any more); what ran before runs on.
    """
    system = current.open()
    wanted = versions(actor)[-1] if version is None else _find(actor, version)
    known = _remembered(system, wanted.hash)
    if known is not None:
        had_code = bool(_hash_now(system, actor))
        report = _gone_back(system, known)
        return report if had_code else msgspec.structs.replace(report, notes=("It has its code again.", *report.notes))
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
        # A system that remembers definitions takes one, too.
        deploy: Callable[[Any], DeployReport] = system.deploy
        return _reported(system, deploy(definition))


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


# --- Give an actor a past state again ---------------------------------------------------------------------------------


def restore(actor: str, revision: int) -> Any:
    """Continue an actor from the state of a past revision; that state, decoded.

    The past stays as it was: the state is copied into a new revision, in the order of the mailbox, and history goes on from there.
    To try something from a past revision without touching the actor, use `wb.fork`.

    Raises:
        UnknownActor, UnknownRevision: the actor, or that revision of it, is not known.
        NotDeployed, BadState: its code is not loaded, or the old state does not fit it.
        NotCapable: the system only looks, or cannot do it.
    """
    system = current.open()
    with acting(system, "restore", actor_name(actor), str(revision)):
        return system.state(actor, system.restore(actor, revision))


# --- Loaded code ------------------------------------------------------------------------------------------------------
# Which code of an actor this process can run again: what is deployed, an earlier version, or a class that one gives.


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
    found = _definition_of_version(system, template, code) if code else _deployed_definition(actor, template)
    if found.actor_class is None:
        raise CodeNotLoaded(
            f"The code of {actor} runs in another process, and only there it can be run again.\n"
            "Run its cell here too and give the class: code=TheClass."
        )
    return found


def _deployed_definition(actor: str, template: str) -> ActorDefinition:
    for system in (current.open(), current.own):
        found = next((each for each in _loaded(system) if each.name == template), None)
        if found is not None:
            return found
    raise CodeNotLoaded(
        f"The code of {actor} is not loaded here, so its past cannot be run again.\n"
        f"Run the cell (or import the module) that defines {template!r}, or give its class: code=TheClass."
    )


def _definition_of_version(system: SystemApi, template: str, version: str) -> ActorDefinition:
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
