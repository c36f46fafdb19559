"""The settings of an actor: class keywords, their meaning, defaults and ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from runtime.config import Durability, as_durability, duration_ms, duration_text
from runtime.errors import BadSetting, DefinitionError, nearest, shown, shown_text
from runtime.fields import LARGEST, as_name, as_texts

E = TypeVar("E", bound=StrEnum)


class Kind(StrEnum):
    """Spawn's kinds of actor (docs/protocols.md, "Kinds")."""

    NAMED = "named"
    """One actor, which bears the definition's name."""
    UNNAMED = "unnamed"
    """A template; its children are named when they are first invoked."""
    POOLED = "pooled"
    TASK = "task"
    PROJECTION = "projection"


class MailboxPolicy(StrEnum):
    """What happens to a message for a full mailbox."""

    REJECT = "reject"
    """Its caller gets `MailboxFull` at once."""
    WAIT = "wait"
    """It waits outside, in order; an asynchronous caller is answered only when it is let in."""


class Channel(msgspec.Struct, frozen=True):
    """A subscription: messages broadcast to `topic` invoke `action`."""

    topic: str
    action: str = "receive"


class Subject(msgspec.Struct, frozen=True):
    """What a projection follows: successful turns of an action, and what to do with the state after each."""

    actor: str
    """An actor's name, or a template's for all its children."""
    source_action: str
    action: str
    """The projection's own action, whose payload is the source's state."""
    start_time: datetime | None = None
    """Turns that ended before are passed over; None for all that are recorded."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How an actor is run.  Times are milliseconds."""

    name: str
    kind: Kind = Kind.NAMED
    stateful: bool = True
    """False: state lives in memory while the actor is active and is lost when it is deactivated."""
    state_type: Any = None
    """A protobuf message class that is the state; None for annotated attributes as JSON."""
    deactivate_timeout_ms: int = 10_000
    """Without a message for so long, the actor leaves memory."""
    snapshot_timeout_ms: int = 2_000
    durability: Durability | None = None
    """None: as the runtime is configured."""
    channels: tuple[Channel, ...] = ()
    tags: Mapping[str, str] = {}
    pool: tuple[int, int] = (1, 4)
    mailbox: int | None = None
    """Waiting invocations before the policy applies; None: as the runtime is configured."""
    mailbox_policy: MailboxPolicy = MailboxPolicy.REJECT
    durable_mailbox: bool = False
    """Asynchronous calls, and what turns send to it, are on disk before they are accepted: a kill loses none of them.

    False: accepted means in memory, unless the message itself is durable.  A message for a full mailbox that a turn has sent is
    tried again each second."""
    sourceable: bool = False
    """After every successful turn, projections that have this actor as a subject get its state."""
    subjects: tuple[Subject, ...] = ()
    """What a projection follows."""
    events_retention_ms: int | None = None
    """A projection passes over what is older; None for no limit."""

    keep_revisions: int | str | None = None
    """How many revisions of each of these actors stay readable; "all", or None: as the runtime is configured."""
    keep_invocations: int | str | None = None
    """How many of the turns of each; in the same words."""
    keep_days: float | str | None = None
    """For how many days after its end a turn is kept; in the same words."""

    def as_text(self) -> dict[str, object]:
        """Setting to plain value, as definitions are stored and compared."""
        named = self.state_type if isinstance(self.state_type, str) else None  # a definition whose code is elsewhere
        state_type = getattr(getattr(self.state_type, "DESCRIPTOR", None), "full_name", named)
        plain: dict[str, object] = msgspec.to_builtins({**msgspec.structs.asdict(self), "state_type": state_type})
        if not self.durable_mailbox:
            del plain[
                "durable_mailbox"
            ]  # so that definitions keep the hash that they had before there was this setting
        return plain


def as_keywords(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as they are stored (`Settings.as_text`), in the words of class keywords: `deactivate_timeout="30s"`."""
    words: dict[str, Any] = {}
    for name, value in settings.items():
        keyword = _KEYWORD.get(name, name)
        if name in ("channels", "subjects"):
            value = [tuple(part for part in each.values() if part is not None) for each in value]
        elif keyword != name:
            value = None if value is None else duration_text(value)
        elif name == "pool":
            value = tuple(value)
        words[keyword] = value
    if words.pop("mailbox_policy", MailboxPolicy.REJECT) != MailboxPolicy.REJECT and words.get("mailbox") is not None:
        words["mailbox"] = (words["mailbox"], str(MailboxPolicy.WAIT))
    return words


def read_settings(actor_class: type, overrides: Mapping[str, Any]) -> Settings:
    """The settings of a class, with `overrides` on top.

    Raises:
        DefinitionError: an unknown setting, or a value outside its range.
    """
    given = {**getattr(actor_class, "__spawn_settings__", {}), **overrides}
    given.setdefault("name", _default_name(actor_class.__name__))
    read: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _READERS:
            raise DefinitionError(
                f"{actor_class.__name__} has no setting {name!r}. {nearest(name, _READERS, kind='setting')}"
            )
        try:
            if name == "mailbox":
                read["mailbox"], read["mailbox_policy"] = _mailbox(value)
            else:
                read[_FIELD.get(name, name)] = _READERS[name](value)
        except Exception as error:  # the value may be anything, with code of its own
            raise DefinitionError(
                f"{actor_class.__name__}: setting {name}={shown(value)} is not usable: {shown_text(error)}"
            ) from error
    if read.get("durable_mailbox") and read.get("kind") is Kind.PROJECTION:
        raise DefinitionError(
            f"{actor_class.__name__}: a projection needs no durable_mailbox: it follows the journal, and loses no event of it."
        )
    return Settings(**read)


def read_fields(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """What these class keywords set, as fields of `Settings`.

    Raises:
        DefinitionError: an unknown setting, or a value outside its range.
    """
    settings = read_settings(Settings, keywords)
    return {field: getattr(settings, field) for field in (_FIELD.get(name, name) for name in keywords)}


def _default_name(class_name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", class_name).lower()


def _name(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > 1_000:
        raise BadSetting("a name is text of 1 to 1000 characters.")
    return as_name(value, "the name", "it is text.")


def _one_of(values: type[E], value: object, noun: str) -> E:
    try:
        return values(value)  # type: ignore[arg-type]
    except ValueError:
        known = [str(each.value) for each in values]
        raise BadSetting(f"there is no such {noun}. {nearest(str(value), known, kind=noun)}") from None


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadSetting("expected True or False.")
    return value


def _state_type(value: object) -> object:
    if value is None or value == "json":
        return None
    if not isinstance(value, type) or not isinstance(
        getattr(getattr(value, "DESCRIPTOR", None), "full_name", None), str
    ):
        raise BadSetting("expected a protobuf message class; leave it out for annotated attributes.")
    return value


def _channels(value: object) -> tuple[Channel, ...]:
    given = [value] if isinstance(value, str) or _is_pair(value) else value
    if not isinstance(given, (list, tuple, set, frozenset)):
        raise BadSetting('expected "topic", ("topic", "action"), or a list of these.')
    channels = [Channel(each) if isinstance(each, str) else Channel(*each) for each in given]
    return tuple(Channel(_text(each.topic, "a topic"), _text(each.action, "an action")) for each in channels)


def _text(value: object, field: str) -> str:
    return as_name(value, field, "it is text.")


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value)


def _tags(value: object) -> dict[str, str]:
    return as_texts(value, "tags")


def _pool(value: object) -> tuple[int, int]:
    low, high = msgspec.convert(value, tuple[int, int])
    if not 0 <= low <= high <= LARGEST or high < 1:
        raise BadSetting("expected (min, max) with 0 <= min <= max and max >= 1.")
    return low, high


def _subjects(value: object) -> tuple[Subject, ...]:
    given = [value] if isinstance(value, (Subject, Mapping)) or _is_text_tuple(value) else value
    if not isinstance(given, (list, tuple)):
        raise BadSetting('expected a list of ("actor", "source action", "action") or of Subject.')
    return tuple(_subject(each) for each in given)


def _subject(value: Any) -> Subject:
    if isinstance(value, Subject):
        subject = value
    elif isinstance(value, Mapping):
        subject = Subject(**value)
    elif len(value) in (3, 4):
        subject = Subject(*value)
    else:
        raise BadSetting('a subject is ("actor", "source action", "action"), with a start time as a fourth if wanted.')
    return Subject(
        _text(subject.actor, "the actor of a subject"),
        _text(subject.source_action, "the source action of a subject"),
        _text(subject.action, "the action of a subject"),
        _start_time(subject.start_time),
    )


def _start_time(value: object) -> datetime | None:
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise BadSetting(
            f"the start time {shown(value)} is no time with a zone, such as datetime.now(UTC) or '2026-01-01T00:00:00+00:00'."
        )
    return moment


def _is_text_tuple(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(part, str) for part in value) and bool(value)


def _mailbox(value: object) -> tuple[int, MailboxPolicy]:
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return _limit(value[0]), _one_of(MailboxPolicy, value[1], "mailbox policy")
    return _limit(value), MailboxPolicy.REJECT


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST:
        raise BadSetting('expected a number of messages, 1 or more, or (number, "wait").')
    return int(value)


def _kept(value: object) -> int | str | None:
    if value is None or value == "all":
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST:
        return int(value)
    raise BadSetting('expected a number, 1 or more, or "all".')


def _kept_days(value: object) -> float | str | None:
    if value is None or value == "all":
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LARGEST:
        return int(value) if isinstance(value, int) else float(value)
    raise BadSetting('expected a number of days, 0 or more, or "all".')


_READERS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "kind": lambda value: _one_of(Kind, str(value).lower(), "kind"),
    "stateful": _flag,
    "state_type": _state_type,
    "deactivate_timeout": lambda value: duration_ms(value, name="deactivate_timeout"),
    "snapshot_timeout": lambda value: duration_ms(value, name="snapshot_timeout"),
    "durability": lambda value: None if value is None else as_durability(value),
    "channels": _channels,
    "tags": _tags,
    "pool": _pool,
    "mailbox": _mailbox,
    "durable_mailbox": _flag,
    "sourceable": _flag,
    "subjects": _subjects,
    "keep_revisions": _kept,
    "keep_invocations": _kept,
    "keep_days": _kept_days,
    "events_retention": lambda value: None if value is None else duration_ms(value, name="events_retention"),
}

SETTINGS = tuple(_READERS)
"""Every class keyword that there is."""

_FIELD = {
    "deactivate_timeout": "deactivate_timeout_ms",
    "snapshot_timeout": "snapshot_timeout_ms",
    "events_retention": "events_retention_ms",
}
_KEYWORD = {field: keyword for keyword, field in _FIELD.items()}
