"""The lowest seam of the history: a system that has a past and nothing else."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from runtime.api import ActorInfo, Capability, SystemApi, SystemStatus
from runtime.errors import StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Encoded, Lifecycle, RetentionMark, StoredDefinition, Turn
from runtime.stores.journal.columns.batches import batches, up_to
from runtime.testing.turns import SYSTEM, TurnHistory, actor_id
from workbench.sql.database import HistoryDatabase


class FakeSystem:
    """Gives turns, marks and definitions that a test put there; counts the turns it gave."""

    name = SYSTEM

    def __init__(self, past: TurnHistory | None = None) -> None:
        self.capabilities: frozenset[Capability] = frozenset(Capability)
        self.past = past or TurnHistory()
        self.marks: list[Lifecycle] = []
        self.known: list[StoredDefinition] = []
        self.infos: list[ActorInfo] = []
        self.given = 0
        self.unwritten = 0
        self.is_kept = RetentionMark()
        self.durability = "journal"

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        for start in range(after, len(self.past.turns), 100):
            batch = self.past.turns[start : start + 100]
            self.given += len(batch)
            yield batch

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        found = batches(self.turns(after=after))
        return found if until is None else up_to(found, until)

    def retention_mark(self) -> RetentionMark:
        return self.is_kept

    def status(self) -> SystemStatus:
        return SystemStatus(system=self.name, store="fake://", running=True, durability=self.durability)

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        state = self.past.actors[actor_id(actor)].state
        return state.value if state else None

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        return iter(self.marks[after:])

    def definitions(self) -> list[StoredDefinition]:
        return list(self.known)

    def actors(self, **_: Any) -> list[ActorInfo]:
        return self.infos

    def flush(self, timeout: float = 10.0) -> int:
        if self.unwritten:
            raise StoreUnavailable(f"{self.unwritten} answered turns are not yet written.")
        return len(self.past.turns)

    def define(
        self, name: str, fields: dict[str, str], version: str = "d1", classes: dict[str, str] | None = None
    ) -> None:
        """Another version of an actor's code."""
        self.known.append(
            StoredDefinition(
                hash=version, name=name, source=f"class {name}: ...", settings={"kind": "named"}, fields=fields,
                actions={"act": "()"}, deployed_us=1_700_000_000_000_000 + len(self.known),
                classes=classes or {},
            )
        )  # fmt: skip

    def mark(self, name: str, event: str) -> None:
        self.marks.append(Lifecycle(1_700_000_000_000_000 + len(self.marks), ActorId(SYSTEM, name), event))


def database(system: FakeSystem, **options: Any) -> HistoryDatabase:
    """A history over it; the fake is what the history needs of a `SystemApi`, not all of it."""
    api: SystemApi = system  # type: ignore[assignment]
    return HistoryDatabase(api, **options)


def rows(
    history: HistoryDatabase, sql: str, params: Sequence[Any] | dict[str, Any] | None = None
) -> list[tuple[Any, ...]]:
    return history.query(sql, params).fetchall()
