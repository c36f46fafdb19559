"""What a session writes into its audit log: who, where to, what, and how it ended; never what was in a message."""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from runtime.errors import NotAllowed
from runtime.ids import RandomIds
from runtime.records import Encoded
from runtime.system.guest_acts import GuestAct
from workbench.redaction import always_hidden, redacted
from workbench.remote.audit_chain import Damage
from workbench.remote.audit_log import Act, AuditLog, AuditUnwritable
from workbench.store_location import default_store, shown_path

_SQLITE = "sqlite:///"
_ids = RandomIds()


@dataclass(frozen=True, slots=True)
class Trail:
    """Records the acts on one system."""

    log: AuditLog
    target: str
    system: str
    mode: str
    """Empty for one's own system."""
    reason: str = ""
    notebook: str = ""
    warn: Callable[[str], object] = print
    """Gets what the user should know where an act goes on without its record."""

    def act(self, act: str, actor: str = "", action: str = "", payload: Any = None) -> Acting:
        """Records an act around doing it, with `with`: before it begins, and how it ended.

        Raises:
            AuditUnwritable: on entering; it cannot be recorded, and it would be done to an attached system: it is not begun.
        """
        return Acting(self, self._act(act, actor, action, payload))

    def refused(self, act: str, actor: str = "", action: str = "", payload: Any = None) -> None:
        """Record that an act was asked for and not sent.  Never raises: refusing does not depend on its record."""
        record = self._act(act, actor, action, payload)
        try:
            self.log.begin(record)
            self.log.end(record.id, record.at_us, "refused", NotAllowed.code)
        except OSError as error:
            self._tell(error)

    def by_guest(self, done: GuestAct) -> None:
        """Record what another process has done to this system.  Never raises."""
        record = msgspec.structs.replace(
            self._act(done.act, done.actor, done.detail, None),
            at_us=done.at_us, who=done.who, notebook="", count=done.count, outcomes=dict(done.outcomes),
        )  # fmt: skip
        outcome = next(iter(done.outcomes), "done") if len(done.outcomes) < 2 else "mixed"
        try:
            self.log.begin(record)
            self.log.end(record.id, done.until_us or done.at_us, outcome)
        except OSError as error:
            self._tell(error)

    def begin(self, record: Act) -> None:
        """Write that an act begins; see `act`."""
        try:
            self.log.begin(record)
        except OSError as error:
            if self.mode == "act" and record.act != "detach":
                raise AuditUnwritable(
                    f"Cannot {record.act} {record.actor or self.system}: what is done to {self.target} is recorded first, "
                    f"and the record cannot be written ({_why(error)}). Nothing was sent.\n"
                    f"Make {self._place} writable, or say where else: %config Workbench.audit = 'FILE'."
                ) from None
            self._tell(error)

    def end(self, record: Act, outcome: str, error: str = "") -> None:
        """Write how it ended."""
        try:
            self.log.end(record.id, time.time_ns() // 1_000, outcome, error)
        except OSError as trouble:
            self._tell(trouble)

    def _act(self, act: str, actor: str, action: str, payload: Any) -> Act:
        size, digest = measured(payload)
        return Act(
            id=_ids(), at_us=time.time_ns() // 1_000, who=who(), notebook=self.notebook, target=self.target,
            system=self.system, mode=self.mode, act=act, actor=actor, action=action, reason=self.reason,
            payload_bytes=size, payload_hash=digest,
        )  # fmt: skip

    def _tell(self, error: OSError) -> None:
        self.warn(f"The audit record at {self._place} cannot be written ({_why(error)}); what was done is not in it.")

    @property
    def _place(self) -> str:
        return shown_path(str(self.log.path))


class Acting:
    """One act, while it is done.

    A class and not a generator: the reader of a traceback is shown neither our frames nor those of a library below them.
    """

    __slots__ = ("_record", "_trail", "outcome")

    def __init__(self, trail: Trail, record: Act) -> None:
        self._trail, self._record = trail, record
        self.outcome = "done"
        """What it ends as, where coming back is not the same as done."""

    def __enter__(self) -> Acting:
        self._trail.begin(self._record)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._trail.end(self._record, self.outcome)
        else:
            self._trail.end(self._record, _outcome(error), str(getattr(error, "code", "") or type(error).__name__))


class Audits:
    """A session's audit: one file for all that it attaches to and for its own system."""

    def __init__(
        self,
        store: Callable[[], str],
        notebook: Callable[[], str],
        warn: Callable[[str], object],
        complete: Callable[[], object] = lambda: None,
    ) -> None:
        """`store` gives the URL of the session's own store, `notebook` its notebook's file or an empty text; `complete` is called
        before acts are read, to write what is still only counted."""
        self._complete = complete
        self.file: Path | None = None
        """Where it is kept; None for beside the store."""
        self._store, self._notebook, self._warn = store, notebook, warn
        self._logs: dict[Path | None, AuditLog] = {}

    def own(self, system: str) -> Trail:
        """Of one's own system.  What is done to one in memory is kept in memory, unless a file was named."""
        store = self._store()
        log = self._log(None if store.startswith("memory:") and self.file is None else self._place(store))
        return Trail(log, shown_path(store), system, "", "", self._name(), self._warn)

    def attached(self, target: str, system: str, mode: str, reason: str = "") -> Trail:
        """Of an attached system; always in the file."""
        log = self._log(self._place(self._store()))
        return Trail(log, target, system, mode, reason, self._name(), self._warn)

    def acts(self) -> list[Act]:
        """Everything that is kept, oldest first."""
        self._complete()
        found = self._log(None).acts() + self._log(self._place(self._store())).acts()
        return sorted(found, key=lambda act: act.at_us)

    def damages(self) -> list[Damage]:
        """What does not fit in the file: lines that were changed or removed, or that cannot be read."""
        return self._log(self._place(self._store())).damages()

    @property
    def place(self) -> Path:
        """The file, whether it is there or not."""
        return self._place(self._store())

    def _place(self, store: str) -> Path:
        if self.file is not None:
            return self.file
        path = store if store.startswith(_SQLITE) else default_store(self._notebook())
        return Path(path.removeprefix(_SQLITE)).with_suffix(".audit.jsonl")

    def _log(self, path: Path | None) -> AuditLog:
        return self._logs.setdefault(path, AuditLog(path))

    def _name(self) -> str:
        return Path(self._notebook() or os.environ.get("JPY_SESSION_NAME", "")).name


def measured(payload: Any) -> tuple[int, str]:
    """Size in bytes and hash of a payload.  The hash is that of the payload without its secrets, so that none can be guessed
    from it; where secrets cannot be told apart, as in protobuf messages, there is none."""
    if payload is None:
        return 0, ""
    if isinstance(payload, Encoded):
        return len(payload.data), ""
    if hasattr(payload, "SerializeToString"):
        return len(payload.SerializeToString()), ""
    try:
        text = msgspec.json.encode(payload, enc_hook=_placeholder, order="deterministic")
        with always_hidden():
            harmless = redacted(payload)
        plain = msgspec.json.encode(harmless, enc_hook=_placeholder, order="deterministic")
    except Exception:  # noqa: BLE001 - a payload that cannot be encoded is refused by the call itself
        return 0, ""
    return len(text), hashlib.blake2b(plain, digest_size=8).hexdigest()


def _placeholder(value: Any) -> str:
    return type(value).__name__


def _outcome(error: BaseException) -> str:
    if isinstance(error, NotAllowed):
        return "refused"
    return "given up" if isinstance(error, (KeyboardInterrupt, GeneratorExit, asyncio.CancelledError)) else "failed"


def _why(error: OSError) -> str:
    return error.strerror or str(error)


@cache
def who() -> str:
    """`user@host` of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = str(os.getuid())
    return f"{user}@{platform.node()}"
