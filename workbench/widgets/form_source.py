"""The form of an action: what was typed becomes a message, on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque

import msgspec

from runtime.api import Capability, SystemApi
from runtime.background import start_daemon
from runtime.errors import BadPayload, SpawnError, UnknownActor
from workbench.presenters.panels.form import (
    CallRunning,
    FormCall,
    FormView,
    call_code,
    call_magic,
    fields_of,
    form_rendering,
    held_text,
    payload_of,
)
from workbench.presenters.panels.problems import problem_of
from workbench.redaction import redacted, redacted_source
from workbench.render.formats import shortened
from workbench.render.html import Rendering
from workbench.render.values import one_line, outline
from workbench.widgets.source import FeedBatch, Intent

CALLS_KEPT = 30
_AGAIN_US = 1_000_000
_FIELD = "field "
"""Before the name of a parameter among an intent's data."""


class FormSource:
    """Offers the actions of one actor, one at a time, and calls them."""

    def __init__(self, system: SystemApi, actor: str, action: str = "", parent: str = "") -> None:
        self.system = system
        self._actor, self._parent = actor, parent
        self._lock = threading.Lock()
        self._calls: deque[FormCall] = deque(maxlen=CALLS_KEPT)
        self._last = FormView(name=actor, system=system.name, action=action)
        self._read_us = self._running_since_us = 0
        self._rejected = ""

    def absorb(self, news: FeedBatch) -> None:
        """See `Source`."""

    def read(self, now_us: int) -> FormView:
        """See `Source`.  The actions are asked for once a second: a redeploy may change them."""
        if not 0 <= now_us - self._read_us < _AGAIN_US:
            self._read_us = now_us
            self._last = self._with_actions(self._last)
        with self._lock:
            running = CallRunning(self._running_since_us) if self._running_since_us else None
            calls, rejected = tuple(reversed(self._calls)), self._rejected
        self._last = msgspec.structs.replace(self._last, calls=calls, running=running, rejected=rejected)
        return self._last

    def handle(self, intent: Intent) -> bool:
        """See `Source`.  Knows `choose` (another action) and `call`."""
        match intent.type:
            case "choose" if intent.text("action") in self._last.actions:
                self._rejected = ""
                self._last = self._with_actions(msgspec.structs.replace(self._last, action=intent.text("action")))
            case "call":
                self._start(intent)
            case _:
                return False
        return True

    def rendering(self, now_us: int) -> Rendering:
        """See `Source`."""
        return form_rendering(self._last)

    def _with_actions(self, view: FormView) -> FormView:
        try:
            known = self.system.actions(self._parent or self._actor)
            held = held_text(self._actor) if self._is_held() else ""
        except Exception as error:  # noqa: BLE001 - a system may fail in any way; a panel shows it and goes on
            return msgspec.structs.replace(view, problem=problem_of(error))
        action = view.action if view.action in known else next(iter(known), "")
        signature = known.get(action, "")
        return msgspec.structs.replace(
            view,
            action=action,
            signature=redacted_source(signature),
            limit=self._limit(action),
            actions=tuple(known),
            fields=fields_of(signature),
            problem=None,
            held=held,
        )

    def _is_held(self) -> bool:
        if Capability.LIST not in self.system.capabilities:
            return False
        try:
            return self.system.info(self._actor).phase == "held"
        except UnknownActor:  # before its first call
            return False

    def _limit(self, action: str) -> str:
        """Told by the definition, which only the system of this process has."""
        deployed = getattr(self.system, "deployed", None)
        definition = deployed(self._parent or self._actor) if deployed is not None else None
        spec = definition.actions.get(action) if definition is not None else None
        return "" if spec is None else spec.limit

    def _start(self, intent: Intent) -> None:
        """Send one message at a time: a second click while one runs is for nothing."""
        action = self._last.action
        typed = {
            name.removeprefix(_FIELD): _typed(value) for name, value in intent.data.items() if name.startswith(_FIELD)
        }
        try:
            payload = payload_of(self._last.fields, typed)
        except BadPayload as error:
            self._rejected = str(error)
            return
        with self._lock:
            if self._running_since_us:
                return
            self._rejected, self._running_since_us = "", time.time_ns() // 1_000
            number = self._calls[-1].number + 1 if self._calls else 1
            code = call_code(self._actor, action, payload, self._parent)
            call = FormCall(number, code, call_magic(self._actor, action, payload, self._parent))
            self._calls.append(call)
        start_daemon("wb-form", self._call, call, action, payload)

    def _call(self, call: FormCall, action: str, payload: dict[str, object]) -> None:
        began = time.perf_counter_ns()
        try:
            answer = self.system.invoke(self._actor, action, payload or None, parent=self._parent or None)
            outcome, text = "ok", one_line(outline(redacted(answer)), 400)
        except SpawnError as error:
            outcome, text = "failed", shortened(str(error).partition("\n")[0], 400)
        except Exception as error:  # noqa: BLE001 - a client may fail in any way; the form shows it
            outcome, text = "failed", shortened(f"{type(error).__name__}: {error}", 400)
        took_us = (time.perf_counter_ns() - began) // 1_000
        with self._lock:
            ended = msgspec.structs.replace(call, outcome=outcome, answer=text, took_us=took_us)
            self._calls = deque((ended if each is call else each for each in self._calls), maxlen=CALLS_KEPT)
            self._running_since_us = 0


def _typed(value: object) -> str | bool:
    return value if isinstance(value, bool) else "" if value is None else str(value)
