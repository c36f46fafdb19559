"""Every error a user of this package can meet, as one tree.

    SpawnError
    ├── Mistake                 something the caller can put right
    │   ├── DefinitionError     a class cannot become an actor definition
    │   ├── NotDeployed         the actor exists, its code is not loaded
    │   ├── UnknownActor
    │   │   └── UnknownRevision  its past is known, not that revision of it
    │   ├── UnknownAction
    │   ├── UnknownMessage      no such message waits in the mailbox
    │   ├── BadPayload          a payload does not fit the action's parameters
    │   ├── BadState            a state that would not come back equal
    │   ├── BadResponse         a returned value that cannot be sent
    │   ├── BadQuery            SQL that cannot run, or that would do more than read
    │   ├── KeyConflict         an idempotency key used with another payload
    │   ├── NameTaken           a name that belongs to another template
    │   ├── CallCycle           a call that would wait for itself
    │   ├── AccessDenied        a policy refuses the call
    │   ├── WouldBlock          a blocking call where waiting is impossible
    │   ├── NotRecorded         a replayed action asked what the original did not
    │   ├── SideEffectStopped   a replayed action wrote a file, used the network or started a process
    │   ├── NotCapable          this system cannot do what was asked
    │   ├── NotAllowed          the caller may not do this: no token, or attached only to look
    │   ├── ContractError       a .proto that cannot be compiled or used
    │   └── BadSetting          an option outside its range
    ├── Condition               the world is not as it should be
    │   ├── ActionFailed        the action raised
    │   ├── InvocationTimeout
    │   ├── ActionTimeout       the action took longer than its own limit
    │   ├── InvocationAbandoned the wait or the turn was given up
    │   ├── MailboxFull
    │   ├── MessageDropped      taken out of the mailbox by hand
    │   ├── FaultInjected       someone asked for faults, to see what happens
    │   ├── ActorSuspended      failed too often in too short a time
    │   ├── SystemStopped
    │   ├── Unreachable         the other process did not answer
    │   ├── HostFailed          the process that runs an actor answered, but nothing usable
    │   ├── Overloaded          more calls than are taken at once
    │   └── StoreError
    │       ├── StoreUnavailable   cannot be written or read just now
    │       ├── StoreInUse         another process owns it
    │       ├── WrongKey           encrypted with another key
    │       ├── StoreDamaged       bytes that fail their check
    │       ├── StoreTooNew        written by a later version
    │       ├── TurnQuarantined    the record of a turn is not whole
    │       └── StaleCommit        the store moved on without us
    └── InternalError           a defect of this package

A message says what could not be done to which actor, what was expected and found, and what to do next.  `code` is stable
and crosses the wire; `retryable` says whether the same call may succeed later.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar

_SHOWN_CHARACTERS = 200
_MARGIN = 0.15
"""How much less like what was written a name may be than the likest, to be named beside it."""


def shown(value: object) -> str:
    """`repr` of a value for a message, cut at 200 characters.  Total: a `repr` that fails, or that UTF-8 cannot hold, is said."""
    try:
        text = str.__str__(repr(value))
    except BaseException as error:  # noqa: BLE001 - a user's own `__repr__`, or an int with more digits than Python converts
        return _undisplayable(value, error)
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _undisplayable(value: object, error: BaseException) -> str:
    if type(value) is int:
        return f"<an int of about {round(value.bit_length() * 0.30103):,} digits>"
    return f"<{type_name(value)}, whose repr raised {type_name(error)}>"


def shown_text(error: BaseException) -> str:
    """`str` of an exception; total: a `__str__` that fails is said, and what UTF-8 cannot hold is escaped."""
    try:
        text = str.__str__(str(error))
    except BaseException as broken:  # noqa: BLE001 - a user's own `__str__`
        return f"<its text is not known: __str__ of {type_name(error)} raised {type_name(broken)}>"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def type_name(value: object) -> str:
    """The name of a value's class, whatever its metaclass says."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name


def nearest(name: str, known: Iterable[str], *, kind: str) -> str:
    """One sentence that names what was perhaps meant, or what there is."""
    names = sorted(set(known))
    if not names:
        return f"There is no {kind} yet."
    close = _close(name, names)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"Known: {', '.join(names[:8])}{more}."


def _close(name: str, names: list[str]) -> list[str]:
    """Up to three names that are like it; of these, those that are nearly as like as the one that is most."""
    found = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    alike = [difflib.SequenceMatcher(None, each, name).ratio() for each in found]
    return [each for each, likeness in zip(found, alike, strict=True) if likeness > alike[0] - _MARGIN]


class SpawnError(Exception):
    """Base of all errors of this package."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False


class Mistake(SpawnError):
    """The caller can put this right; nothing was changed."""

    code = "mistake"


class Condition(SpawnError):
    """The request was right; the world was not ready for it."""

    code = "condition"


class InternalError(SpawnError):
    """A defect of this package; the message asks for a report."""

    code = "internal"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}\nThis is a defect of spawn-workbench; please report it with the steps that led here.")


class DefinitionError(Mistake):
    """A class cannot become an actor definition: a setting, a signature or a field type is not usable."""

    code = "definition"


class NotDeployed(Mistake):
    """The actor has a past in the store, but no definition of it is loaded."""

    code = "not_deployed"

    def __init__(self, actor: str, template: str, revision: int) -> None:
        past = (
            f"it is at revision {revision} in the store, but " if revision else ""
        )  # a host does not know the revision
        super().__init__(
            f"Cannot invoke {actor}: {past}its code is not loaded.\n"
            f"Run the cell (or import the module) that defines {template!r}, then call again."
        )
        self.actor, self.template, self.revision = actor, template, revision


class UnknownActor(Mistake):
    """No actor of that name is deployed or stored."""

    code = "unknown_actor"

    def __init__(self, actor: str, known: Iterable[str] = (), *, templates: Iterable[str] = ()) -> None:
        """`templates`: those whose children are made at their first call; a name that is new may be meant as one."""
        advice = _child_advice(actor, sorted(templates))
        names = list(known)
        found = nearest(actor, names, kind="actor") if names else "No actor is deployed."
        super().__init__(f"There is no actor {actor!r}. {found}{advice}")
        self.actor = actor


def _child_advice(name: str, templates: list[str]) -> str:
    if not templates:
        return ""
    close = difflib.get_close_matches(name, templates, n=1, cutoff=0.5)
    likely = (close or templates)[0]
    return (
        f"\nA new actor of a template ({', '.join(close or templates[:3])}) is made at its first call, which names the template: "
        f"parent={likely!r}, or --parent {likely}."
    )


class UnknownRevision(UnknownActor):
    """The actor is known, and that revision of it is not: not yet, not recorded, or not kept any more."""

    code = "unknown_revision"

    def __init__(self, actor: str, revision: int, *, now: int, oldest: int | None) -> None:
        """`now` is the actor's revision, `oldest` the first that can be read."""
        if revision > now:
            why = f"it is at revision {now}."
        elif oldest is None or oldest >= now:
            why = f"of its past nothing is recorded, or nothing is kept. It is at revision {now}."
        elif revision < oldest:
            why = f"the oldest revision that is kept is {oldest}. It is at revision {now}."
        else:
            why = f"that revision was not recorded. It is at revision {now}, and the oldest that is kept is {oldest}."
        Mistake.__init__(self, f"There is no {actor} at revision {revision}: {why}")
        self.actor, self.revision, self.oldest = actor, revision, oldest


class UnknownAction(Mistake):
    """The actor is known and has no such action."""

    code = "unknown_action"

    def __init__(self, actor: str, action: str, known: Iterable[str] = (), *, methods: Iterable[str] = ()) -> None:
        """`methods`: those of the actor's class that are no actions."""
        advice = nearest(action, known, kind="action")
        if action in methods:
            advice = (
                "Its class has a method of that name, which is no action: write @action above it, and deploy it again."
            )
        super().__init__(f"Actor {actor!r} has no action {action!r}. {advice}")
        self.actor, self.action = actor, action


class UnknownMessage(Mistake):
    """No such message waits in the actor's mailbox: it may have been processed meanwhile."""

    code = "unknown_message"

    def __init__(self, actor: str, which: object) -> None:
        super().__init__(f"No message {which!r} waits in the mailbox of {actor}. `%mailbox {actor}` shows what does.")
        self.actor, self.which = actor, which


class UnknownLetter(Mistake):
    """No message of that id could not be delivered: it may have been sent again or discarded, or was long ago."""

    code = "unknown_letter"

    def __init__(self, which: str) -> None:
        super().__init__(f"No dead letter has the id {which!r}. wb.dead_letters() lists what could not be delivered.")
        self.which = which


class BadPayload(Mistake):
    """A payload does not fit; the message names the field, the expected type and what was found."""

    code = "bad_payload"


class BadState(Mistake):
    """The new state would not decode to an equal value; the turn was refused and the old state stays."""

    code = "bad_state"


class BadResponse(Mistake):
    """The value that an action returned cannot be encoded."""

    code = "bad_response"


class BadQuery(Mistake):
    """A SQL query cannot run, or would do more than read; the message says where and what there is."""

    code = "bad_query"


class KeyConflict(Mistake):
    """The idempotency key was used for this actor with another action or payload."""

    code = "key_conflict"

    def __init__(self, actor: str, key: str) -> None:
        super().__init__(
            f"Cannot invoke {actor} with key {key!r}: that key was already used with another action or payload.\n"
            "Use a new key for a new call; the same key only repeats the same call."
        )
        self.actor, self.key = actor, key


class NameTaken(Mistake):
    """An actor name is owned by another template."""

    code = "name_taken"

    def __init__(self, actor: str, wanted: str, owner: str) -> None:
        super().__init__(
            f"Cannot use the name {actor!r} for a child of {wanted!r}: it belongs to {owner or 'a named actor'!r}.\n"
            "Names are unique in an actor system; choose another."
        )
        self.actor, self.wanted, self.owner = actor, wanted, owner


class CallCycle(Mistake):
    """The callee already waits, directly or through others, for its caller."""

    code = "call_cycle"

    def __init__(self, path: Iterable[str]) -> None:
        self.path = tuple(path)
        super().__init__(
            f"The call would never end: {' → '.join(self.path)}.\n"
            "Each of these waits for the next. Use ctx.tell for the last step, or return the answer instead of asking."
        )


class AccessDenied(Mistake):
    """A policy of the actor system refuses the call; it was not delivered."""

    code = "access_denied"

    def __init__(self, actor: str, action: str, caller: str, why: str) -> None:
        super().__init__(
            f"{caller or 'A caller outside all actors'} may not call {actor}.{action}: {why}.\n"
            "The policies of this actor system decide; change them, or call as an actor that they allow."
        )
        self.actor, self.action, self.caller, self.why = actor, action, caller, why


class WouldBlock(Mistake):
    """A blocking call was made on the event loop that it would block."""

    code = "would_block"


class SideEffectStopped(Mistake):
    """An action that is run again did something beside its context that is not allowed there."""

    code = "side_effect_stopped"

    def __init__(self, call: str, kind: str) -> None:
        super().__init__(
            f"{call} was stopped: a message that runs again must not do a second time what it did then.\n"
            f"Where it does no harm, allow it with allow={kind!r}."
        )
        self.call, self.kind = call, kind


class NotRecorded(Mistake):
    """An action that is run again asked another actor something that was not asked then, so there is no answer."""

    code = "not_recorded"

    def __init__(self, actor: str, action: str, *, with_other_payload: bool = False) -> None:
        how = "was asked with another payload" if with_other_payload else "was not asked"
        super().__init__(
            f"{actor}.{action} {how} in the recorded turn, so the record has no answer to it.\n"
            f"A copy asks no one. A fork can be told the answer: wb.fork(…, answers={{'{actor}.{action}': …}})."
        )
        self.actor, self.action = actor, action


class NotCapable(Mistake):
    """The attached system does not offer this; the message says what does."""

    code = "not_capable"

    def __init__(self, what: str, system: str, why: str) -> None:
        super().__init__(f"Cannot {what} on {system}: {why}")
        self.what, self.system, self.why = what, system, why


class NotAllowed(Mistake):
    """The caller may not do this: its token is missing or wrong, or it is attached only to look."""

    code = "not_allowed"


class ContractError(Mistake):
    """A `.proto` cannot be compiled, or does not fit what is to implement it; the message says where."""

    code = "contract"


class BadSetting(Mistake):
    """An option has a value outside its range; the message says the range."""

    code = "bad_setting"


class ActionFailed(Condition):
    """The action raised.  `type_name`, `text` and `trace` are the user's own exception; the state is as it was.

    In the process that ran the action, `__cause__` is the exception itself.
    """

    code = "action_failed"

    def __init__(
        self, actor: str, action: str, type_name: str, text: str, trace: str = "", invocation: str = ""
    ) -> None:
        super().__init__(f"{actor}.{action} failed with {type_name}: {text}\nThe state of {actor} is as it was before.")
        self.actor, self.action, self.invocation = actor, action, invocation
        self.type_name, self.text, self.trace = type_name, text, trace


class InvocationTimeout(Condition):
    """No answer came in time; the action may still run, its effect is fenced off once its turn was abandoned."""

    code = "timeout"

    def __init__(self, actor: str, action: str, timeout_s: float, advice: str = "") -> None:
        """`advice`: what to do next, where the system has no mailbox to look into or no keys."""
        advice = advice or "`%mailbox` shows which. Repeat it safely with a key."
        super().__init__(
            f"{actor}.{action} did not answer within {timeout_s:g} s.\nThe call may still be waiting or running; {advice}"
        )
        self.actor, self.action, self.timeout_s = actor, action, timeout_s


class ActionTimeout(Condition):
    """The action took longer than `@action(timeout=…)` allows.  The turn failed; what the action still does has no effect."""

    code = "action_timeout"

    def __init__(self, actor: str, action: str, timeout_s: float, place: str = "") -> None:
        """`place`: where it was then, as file, line and text."""
        where = f" It was at {place}." if place else ""
        super().__init__(
            f"{actor}.{action} was ended: it took longer than its limit of {timeout_s:g} s (@action(timeout=…)).{where}\n"
            f"The state of {actor} is as it was before."
        )
        self.actor, self.action, self.timeout_s = actor, action, timeout_s


class InvocationAbandoned(Condition):
    """The turn was given up before its action ended; the state is as it was, a late result is ignored."""

    code = "abandoned"


class MailboxFull(Condition):
    """The actor's mailbox is at its limit and its policy is `reject`."""

    code = "mailbox_full"
    retryable = True

    def __init__(self, actor: str, limit: int) -> None:
        super().__init__(f"The mailbox of {actor} is full ({limit} waiting). Call again when it has worked some off.")
        self.actor, self.limit = actor, limit


class MessageDropped(Condition):
    """The message was taken out of the mailbox by hand (`wb.hold`); it was not processed."""

    code = "message_dropped"

    def __init__(self, actor: str, action: str) -> None:
        super().__init__(f"{actor}.{action} was dropped by hand while it waited. It was not processed; call again.")
        self.actor, self.action = actor, action


class FaultInjected(Condition):
    """A fault that someone asked for (`wb.faults`), to see what happens."""

    code = "fault_injected"
    retryable = True

    def __init__(self, actor: str, action: str, what: str) -> None:
        super().__init__(
            f"{actor}.{action} failed with an injected fault: {what}\nwb.faults asked for it; it ends by itself."
        )
        self.actor, self.action, self.what = actor, action, what


class ActorSuspended(Condition):
    """The actor failed more often than its supervision allows; its state is as it was."""

    code = "suspended"

    def __init__(self, actor: str, failures: int, window_s: float) -> None:
        super().__init__(
            f"{actor} is suspended: it failed {failures:,} times within {window_s:g} s.\n"
            "Mend its code and deploy it again; its state and its waiting messages are kept."
        )
        self.actor, self.failures, self.window_s = actor, failures, window_s


class SystemStopped(Condition):
    """The actor system is not running (any more)."""

    code = "stopped"

    def __init__(self, system: str) -> None:
        super().__init__(f"The actor system {system!r} is stopped. Start it again with wb.start() or %spawn start.")
        self.system = system


class Unreachable(Condition):
    """The other process cannot be reached, or was lost before it answered: then the call may have run, or not."""

    code = "unreachable"
    retryable = True


class HostFailed(Condition):
    """The process that runs an actor's code gave no usable answer; the action may have run and is not sent again."""

    code = "host_failed"


class Overloaded(Condition):
    """The server takes no more calls just now; nothing was run."""

    code = "overloaded"
    retryable = True


class StoreError(Condition):
    """The state store could not do its work."""

    code = "store"


class StoreUnavailable(StoreError):
    """The store cannot be reached, read or written just now; writes are retried, nothing is dropped."""

    code = "store_unavailable"
    retryable = True


class StoreInUse(StoreError):
    """Another process owns the store; the message names it and what to do."""

    code = "store_in_use"
    retryable = True


class WrongKey(StoreError):
    """The store is encrypted with a key that was not given."""

    code = "wrong_key"


class StoreDamaged(StoreError):
    """Stored bytes fail their integrity check; the message says where. Nothing is overwritten."""

    code = "store_damaged"


class StoreTooNew(StoreError):
    """The store was written by a later version of this package; it is left untouched."""

    code = "store_too_new"


class TurnQuarantined(StoreError):
    """A turn ran, and its record is not whole: part of it could not be written, or cannot be read.  The rest is kept."""

    code = "turn_quarantined"


class StaleCommit(StoreError):
    """The store has moved on since it was read; nothing of the commit was written."""

    code = "stale_commit"


def _tree(root: type[SpawnError]) -> dict[str, type[SpawnError]]:
    found = {root.code: root} if type(root.code) is str else {}
    for child in root.__subclasses__():
        for code, kind in _tree(child).items():
            found.setdefault(code, kind)  # a user's subclass does not take the place of its base
    return found


def error_class(code: str) -> type[SpawnError]:
    """The class with that stable code; `SpawnError` for a code of a later version."""
    return _tree(SpawnError).get(code, SpawnError)


def twin(error: SpawnError) -> SpawnError:
    """The same error for another caller: class, text, fields, notes and cause, without the frames that raised the first.

    An exception collects the frames of all that let it through.  One that actors pass on to each other must not.  A user's class
    that extends another built-in exception, too, has no twin: then it is the error itself.
    """
    try:
        other: SpawnError = Exception.__new__(type(error), *error.args)
    except TypeError:
        return error
    other.__dict__.update(error.__dict__)
    if notes := getattr(error, "__notes__", None):
        other.__notes__ = list(notes)
    other.__cause__ = error.__cause__
    return other


def rebuild(code: str, message: str) -> SpawnError:
    """An error that arrived as code and text, with its class and message but without its typed fields."""
    kind = error_class(code)
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    return error
