"""Names for completion: asked of the system, but never waited for longer than a person notices."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVar

from runtime.api import SystemApi
from runtime.codecs.values import decode_value
from runtime.records import IMPLICIT_READS, Turn
from workbench.commands.tail import newest
from workbench.kernel_ext.numbers import beginning_with
from workbench.presenters.signature import Field, fields_of, literals_of
from workbench.presenters.wording import short_id
from workbench.redaction import is_secret
from workbench.session import Session

T = TypeVar("T")

_BUDGET_S = 0.04
_ENOUGH = 200
_REMEMBERED = 500
_SEARCHED = 20_000
"""So many of the last turns are looked through for ids and for values that were given before."""
_VALUES = 10


class KnownNames:
    """Actors, actions, parameters and revisions of the running system.  Starts nothing and never raises.

    A system that is slow to answer, such as one across a network, is asked in a short-lived thread; what it says too late is
    there for the next time.
    """

    def __init__(self, session: Session, budget_s: float = _BUDGET_S) -> None:
        self._session, self._budget_s = session, budget_s
        self._cache: dict[tuple[str, ...], Any] = {}
        self._asking: set[tuple[str, ...]] = set()

    def actors(self, prefix: str) -> list[str]:
        """Names of actors that begin so."""

        def ask(system: SystemApi) -> list[str]:
            return [info.id.name for info in system.actors(prefix=prefix, limit=_ENOUGH)]

        return self._ask(("actors", prefix), ask, [])

    def actions(self, actor: str, parent: str = "") -> list[str]:
        """What can be asked of an actor, or of one that its template would make."""
        return [*self._signatures(parent or actor), IMPLICIT_READS[0]]

    def parameters(self, actor: str, action: str, parent: str = "") -> list[str]:
        """Names of an action's payload fields."""
        return [field.name for field in self._fields(parent or actor, action)]

    def values(self, actor: str, action: str, parameter: str, parent: str = "") -> list[str]:
        """What can be given for a parameter: those that its type allows, else its default and what was given before."""
        field = next(
            (each for each in self._fields(parent or actor, action) if each.name == parameter), Field(parameter)
        )
        allowed = literals_of(field.type)
        if allowed:
            return list(allowed)
        default = [field.default] if field.default not in ("", "...") else []
        return list(dict.fromkeys([*default, *self._given_before(actor, action, parameter)]))

    def versions(self, actor: str) -> list[str]:
        """Hashes of the versions of an actor's code, the last one first."""

        def ask(system: SystemApi) -> list[str]:
            known = [each for each in system.definitions() if each.name == actor]
            return [each.hash[:8] for each in sorted(known, key=lambda each: -each.deployed_us)]

        return self._ask(("versions", actor), ask, [])

    def revisions(self, actor: str, prefix: str = "") -> list[str]:
        """Numbers of an actor's revisions that begin so, the newest first.  Reads its last one only, however many there are."""
        last = self._ask(("revision", actor), lambda system: system.info(actor).revision, 0)
        return beginning_with(prefix, last, _ENOUGH)

    def failures(self) -> list[str]:
        """Ids of the last turns that failed, the newest first."""

        def ask(system: SystemApi) -> list[str]:
            return _ids(newest(system, lambda turn: turn.failure is not None, 20, searched=_SEARCHED))

        return self._ask(("failures",), ask, [])

    def messages(self, actor: str) -> list[str]:
        """Ids of the last messages, of an actor or of all, the newest first."""

        def ask(system: SystemApi) -> list[str]:
            return _ids(newest(system, lambda turn: not actor or turn.actor.name == actor, 20, searched=_SEARCHED))

        return self._ask(("messages", actor), ask, [])

    def state_fields(self) -> dict[str, list[str]]:
        """Every template that ever had a definition, with the fields of its state."""

        def ask(system: SystemApi) -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for each in system.definitions():
                known = found.setdefault(each.name, [])
                known += [name for name in each.fields if name not in known]
            return found

        return self._ask(("fields",), ask, {})

    def _given_before(self, actor: str, action: str, parameter: str) -> list[str]:
        if is_secret(parameter):
            return []

        def is_wanted(turn: Turn) -> bool:
            return turn.action == action and turn.actor.name == actor and turn.payload is not None

        def ask(system: SystemApi) -> list[str]:
            payloads = [decode_value(turn.payload) for turn in newest(system, is_wanted, 50, searched=_SEARCHED)]
            given = [each[parameter] for each in reversed(payloads) if isinstance(each, dict) and parameter in each]
            texts = (repr(value) for value in given if isinstance(value, (str, int, float, bool, type(None))))
            return list(dict.fromkeys(text for text in texts if len(text) <= 40))[:_VALUES]

        return self._ask(("values", actor, action, parameter), ask, [])

    def _fields(self, actor: str, action: str) -> tuple[Field, ...]:
        return fields_of(self._signatures(actor).get(action, "()"))

    def _signatures(self, actor: str) -> dict[str, str]:
        return self._ask(("actions", actor), lambda system: system.actions(actor), {})

    def _ask(self, question: tuple[str, ...], ask: Callable[[SystemApi], T], default: T) -> T:
        system = self._session.system
        if system is None:
            return default
        answered = threading.Event()

        def run() -> None:
            try:
                if len(self._cache) > _REMEMBERED:
                    self._cache.clear()
                self._cache[question] = ask(system)
            except Exception:  # noqa: BLE001 - no name is worth an error under somebody's fingers
                self._cache.pop(question, None)
            finally:
                self._asking.discard(question)
                answered.set()

        if question not in self._asking:
            self._asking.add(question)
            threading.Thread(target=Context().run, args=(run,), name="wb-completion", daemon=True).start()
            answered.wait(self._budget_s)
        found: T = self._cache.get(question, default)
        return found


def _ids(turns: list[Turn]) -> list[str]:
    return [short_id(str(turn.invocation)) for turn in reversed(turns)]
