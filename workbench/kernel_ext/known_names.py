"""Names for completion: asked of the system, but never waited for longer than a person notices."""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVar

from runtime.api import SystemApi
from runtime.records import IMPLICIT_READS
from workbench.session import Session

T = TypeVar("T")

_BUDGET_S = 0.04
_ENOUGH = 200
_REMEMBERED = 500
_UNREADABLE = re.compile(r"=\s*<[^>]*>")  # a default such as <Colour.RED: 1>


class KnownNames:
    """Actors, actions and parameters of the running system.  Starts nothing and never raises.

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

    def actions(self, actor: str) -> list[str]:
        """What can be asked of an actor."""
        return [*self._signatures(actor), IMPLICIT_READS[0]]

    def parameters(self, actor: str, action: str) -> list[str]:
        """Names of an action's payload fields."""
        return _parameters(self._signatures(actor).get(action, "()"))

    def versions(self, actor: str) -> list[str]:
        """Hashes of the versions of an actor's code, the last one first."""

        def ask(system: SystemApi) -> list[str]:
            known = [each for each in system.definitions() if each.name == actor]
            return [each.hash[:8] for each in sorted(known, key=lambda each: -each.deployed_us)]

        return self._ask(("versions", actor), ask, [])

    def revisions(self, actor: str) -> list[str]:
        """An actor's last revisions, the newest first."""

        def ask(system: SystemApi) -> list[str]:
            last = system.info(actor).revision
            return [str(number) for number in range(last, max(0, last - _ENOUGH), -1)]

        return self._ask(("revisions", actor), ask, [])

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


def _parameters(signature: str) -> list[str]:
    """Names in a signature's text, such as `(value: int, note: str = '')`; none if it cannot be read."""
    try:
        [function] = ast.parse(f"def f{_UNREADABLE.sub('=None', signature)}: ...").body
    except SyntaxError:
        return []
    assert isinstance(function, ast.FunctionDef)
    return [argument.arg for argument in function.args.args + function.args.kwonlyargs]
