"""An actor's past as an object: its last turns, one step forward or back, and any two of its states compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from runtime.api import SystemApi
from runtime.errors import BadSetting, Mistake, SystemStopped, UnknownRevision, shown
from runtime.ids import ActorId
from runtime.records import Turn
from runtime.replay.compare import AsWritten, TurnOutcome, outcome_as_written, parts_that_differ
from runtime.replay.history import position_at
from runtime.replay.sandbox import Position, is_same_value
from runtime.stores.base import flatten
from runtime.wire.codecs.values import decode_value
from workbench.commands.actors import check_limit
from workbench.commands.history import entry, last_sequence, need_history, newest, sequences_around
from workbench.commands.time_travel.lineage import lineage_of
from workbench.presenters.messages import call_text
from workbench.presenters.time_travel.lineage import Lineage
from workbench.presenters.time_travel.past import Comparison, PastTurn, StateChange, StateDiff
from workbench.presenters.time_travel.replay import Side, sides
from workbench.render.differences import Difference, Keys, comparable, differences, is_same, value_at
from workbench.results import Entry, History
from workbench.session import current


class NoSuchTurn(Mistake):
    """An actor has no turn to step to."""

    code = "no_such_turn"


def history(actor: str, limit: int = 20, *, revision: int | None = None, own: bool = False) -> ActorPast:
    """The actor's last turns, oldest first, with what was asked, answered and changed; failures included.

        past = wb.history("counter")
        past.back()              # the last turn, and what it changed; the one before with the next back()
        past.step()              # and forward again
        past.diff(3, 7)          # all that differs between two revisions, and the message, code and caller behind each change
        past.compare("other")    # turn by turn beside another actor, or beside this one in another system

    For more than a glance, ask with SQL: `wb.query("SELECT * FROM history.counter ORDER BY revision")`.

    Args:
        limit: how many turns, 1 or more.
        revision: the turns up to this revision, instead of the last ones.
        own: of this notebook's own system, also while another one is attached.

    Raises:
        UnknownActor: nothing is known under that name.
        BadSetting: `limit` is less than 1.
        SystemStopped: with `own`, no system of this notebook runs.
        NotCapable: the system does not keep history.
        StoreUnavailable: what was answered last cannot be written just now.
    """
    check_limit(limit)
    attached = None if own else current.attached
    system = _own_system() if own else current.open()
    need_history(system)
    system.state(actor)
    system.flush()
    until = None if revision is None else last_sequence(system, actor, revision)
    found = newest(system, lambda turn: revision is None or turn.revision <= revision, limit, actor=actor, until=until)
    return ActorPast.of(found, system, actor, "" if attached is None else attached.target)


def _own_system() -> SystemApi:
    if current.attached is None:
        return current.open()
    if current.own is None:
        raise SystemStopped("of this notebook")
    return current.own


class ActorPast(History):
    """An actor's last turns, oldest first, and a place among all of them that `back` and `step` move.

    It begins behind the last turn that it shows.  What it reads later, it reads from the system that it is from.
    """

    actor: str = ""
    target: str = ""
    """The attached system that it is from; empty for the notebook's own."""
    _system: SystemApi
    _here: Turn | None = None
    """The turn that it stands on; None behind the last."""

    @classmethod
    def of(cls, turns: list[Turn], system: SystemApi, actor: str, target: str = "") -> ActorPast:
        """These turns of an actor."""
        past = cls(map(entry, turns))
        past.actor, past.target, past._system = actor, target, system
        return past

    @property
    def turn(self) -> PastTurn | None:
        """Where it stands; None behind the last turn."""
        return None if self._here is None else self._seen(self._here, *self._neighbours(self._here))

    def is_of(self, other: ActorPast) -> bool:
        """Whether both are read from the same system."""
        return self._system is other._system

    def back(self) -> PastTurn:
        """Go to the turn before, and see what it changed; at the oldest that is kept it stays, with `is_first`.

        Raises:
            NoSuchTurn: no turn of the actor is recorded.
        """
        until = self._end() if self._here is None else self._here.sequence - 1
        found = newest(self._system, lambda turn: True, 2, actor=self.actor, until=until)
        if not found:
            return self._stay()
        is_last = self._here is None and self._after(found[-1]) is None
        self._here = found[-1]
        return self._seen(found[-1], found[0] if len(found) > 1 else None, is_last=is_last)

    def step(self) -> PastTurn:
        """Go to the next turn, and see what it changed; at the last it stays, with `is_last`, until there is another.

        Raises:
            NoSuchTurn: no turn of the actor is recorded.
        """
        self._system.flush()
        if self._here is None:
            self.back()
        elif (after := self._after(self._here)) is not None:
            before, self._here = self._here, after
            return self._seen(after, before, is_last=self._after(after) is None)
        return self._stay()

    def diff(self, old: int, new: int | None = None) -> StateDiff:
        """Every place at which the states of two revisions differ, with the turn between them that changed it last.

        Args:
            old: a revision; 0 for before the first turn.  It may be the later one: then the turns are undone.
            new: another one; None for the last that is shown here.

        Raises:
            UnknownRevision: one of them is not known; the message says which are.
        """
        new = (self[-1].revision if self else self._system.info(self.actor).revision) if new is None else new
        self._system.flush()
        states = [comparable(self._state(revision)) for revision in (old, new)]
        found = [*differences(*(_or_empty(state, states) for state in states))]
        turns = self._changed_by(found, min(old, new), max(old, new))
        diff = StateDiff(StateChange(difference=each, turn=turns.get(each.keys)) for each in found)
        diff.actor, diff.revisions = self.actor, (old, new)
        return diff

    def compare(self, other: str | ActorPast) -> Comparison:
        """This actor beside another one, turn by turn: the first difference, and how their states differ now.

        Turns are paired in their order, from the oldest revision that is kept of both.  A difference is another message, answer,
        error, state, tags or messages sent; times and ids are not compared.

            wb.attach("grpc://127.0.0.1:9980")
            wb.history("counter").compare(wb.history("counter", own=True))

        Args:
            other: another actor of the same system; or its `wb.history`, which may be from another system.

        Raises:
            UnknownActor: nothing is known under that name.
            SystemStopped: the system of one of them was stopped or left.
        """
        theirs = self._other(other)
        for each in (self, theirs):
            each._system.flush()
        run = _run_beside(self._turns(), theirs._turns())
        states = [_now(each) for each in (self, theirs)]
        return Comparison(
            names=_names(self, theirs),
            same=run.same,
            rest=run.rest,
            first=run.first,
            sides=run.sides,
            revisions=(self._system.info(self.actor).revision, theirs._system.info(theirs.actor).revision),
            state=tuple(differences(*(_or_empty(state, states) for state in states))),
            notes=run.notes,
        )

    @property
    def forks(self) -> Lineage:
        """The forks of this actor that were made in this process: where each parted, with what edit, how it ended."""
        now = f"at revision {self._system.info(self.actor).revision}"
        return lineage_of(ActorId(self._system.name, self.actor), now)

    # -- turns ---------------------------------------------------------------------------------------------------------

    def _end(self) -> int | None:
        """The last sequence that it looks back from, the first time."""
        return self[-1].sequence if self else None

    def _turns(self) -> Iterator[Turn]:
        return flatten(self._system.turns(actor=self.actor))

    def _after(self, turn: Turn) -> Turn | None:
        return next(flatten(self._system.turns(after=turn.sequence, actor=self.actor)), None)

    def _neighbours(self, turn: Turn) -> tuple[Turn | None, bool]:
        before = newest(self._system, lambda _: True, 1, actor=self.actor, until=turn.sequence - 1)
        return before[0] if before else None, self._after(turn) is None

    def _stay(self) -> PastTurn:
        if self._here is None:
            raise NoSuchTurn(f"{self.actor} has no recorded turn to step to. Its state is in wb.state({self.actor!r}).")
        return self._seen(self._here, *self._neighbours(self._here))

    def _seen(self, turn: Turn, before: Turn | None, is_last: bool = False) -> PastTurn:
        found, notes = None, tuple[str, ...]()
        try:
            found = comparable(self._state(turn.revision_before))
        except UnknownRevision:
            notes = ("The state that it found is not kept any more.",) if turn.state is not None else ()
        after = found if turn.state is None else comparable(decode_value(turn.state.value))
        changed = differences(_or_empty(found, [after]), after) if turn.state is not None and not notes else ()
        return PastTurn(
            actor=self.actor,
            entry=entry(turn),
            revision_before=turn.revision_before,
            cause=turn.cause,
            before=found,
            after=after,
            differences=tuple(changed),
            is_first=before is None,
            is_last=is_last,
            is_new_code=before is not None and before.definition != turn.definition,
            notes=notes,
        )

    def _other(self, other: str | ActorPast) -> ActorPast:
        if isinstance(other, ActorPast):
            return other
        if not isinstance(other, str):
            raise BadSetting(f"Cannot compare with {shown(other)}: give an actor's name, or its wb.history(…).")
        self._system.state(other)
        return ActorPast.of([], self._system, other, self.target)

    # -- states --------------------------------------------------------------------------------------------------------

    def _state(self, revision: int) -> Any:
        state = position_at(self._system, self.actor, revision).state
        return None if state is None else decode_value(state.value)

    def _changed_by(self, found: list[Difference], low: int, high: int) -> dict[Keys, Entry]:
        """For each place, the turn after revision `low` and up to `high` that changed it last."""
        if not found or low == high:
            return {}
        state = comparable(self._state(low))
        now = {each.keys: value_at(state, each.keys) for each in found}
        made: dict[Keys, Turn] = {}
        for turn in self._revisions(low, high):
            assert turn.state is not None
            state = comparable(decode_value(turn.state.value))
            for keys, value in now.items():
                if not is_same(value, after := value_at(state, keys)):
                    now[keys], made[keys] = after, turn
        entries: dict[int, Entry] = {turn.sequence: entry(turn) for turn in made.values()}
        return {keys: entries[turn.sequence] for keys, turn in made.items()}

    def _revisions(self, low: int, high: int) -> Iterator[Turn]:
        """The turns that made the revisions after `low` and up to `high`; one in memory at a time, however large its state is."""
        after, _ = sequences_around(self._system, self.actor, low)
        for turn in flatten(self._system.turns(after=after, actor=self.actor)):
            if turn.revision > high:
                return
            if turn.revision > max(low, turn.revision_before) and turn.state is not None:
                yield turn


def _or_empty(state: Any, others: list[Any]) -> Any:
    """Before the first turn there are no fields, where there are fields later."""
    return {} if state is None and any(isinstance(other, dict) for other in others) else state


# --- Two pasts side by side -------------------------------------------------------------------------------------------


class _Run(NamedTuple):
    """How far two pasts are alike."""

    same: int
    rest: tuple[int, int]
    first: tuple[Entry | None, Entry | None] | None
    sides: tuple[Side, ...]
    notes: tuple[str, ...]


class _Walk:
    """One past, walked once, with where each turn left the actor."""

    def __init__(self, turns: Iterator[Turn]) -> None:
        self._turns = turns
        self._at = Position()
        self.turn = next(turns, None)

    def take(self) -> tuple[Turn, TurnOutcome] | None:
        """The next turn with what it led to; None after the last."""
        turn = self.turn
        if turn is None:
            return None
        self.turn = next(self._turns, None)
        self._at = self._at.after(turn)
        return turn, outcome_as_written(turn, self._at)

    def skip_to(self, revision: int) -> int:
        """Leave out the turns that found an earlier revision; how many."""
        skipped = 0
        while self.turn is not None and self.turn.revision_before < revision:
            self.take()
            skipped += 1
        return skipped

    def count_rest(self) -> int:
        """How many turns are left."""
        return sum(1 for _ in self._turns) + (self.turn is not None)


def _run_beside(ours: Iterator[Turn], theirs: Iterator[Turn]) -> _Run:
    one, other = _Walk(ours), _Walk(theirs)
    start = max(each.turn.revision_before for each in (one, other) if each.turn is not None) if _both(one, other) else 0
    skipped = one.skip_to(start) + other.skip_to(start)
    notes = (f"Compared from revision {start} on, the oldest that is kept of both.",) if skipped else ()
    same = 0
    while True:
        left, right = one.take(), other.take()
        if left is None and right is None:
            return _Run(same, (0, 0), None, (), notes)
        if left is None or right is None or (found := _sides(left, right)):
            break
        same += 1
    first = None if left is None else entry(left[0]), None if right is None else entry(right[0])
    rest = (left is not None) + one.count_rest(), (right is not None) + other.count_rest()
    return _Run(same, rest, first, found if left is not None and right is not None else (), notes)


def _both(one: _Walk, other: _Walk) -> bool:
    return one.turn is not None and other.turn is not None


def _sides(left: tuple[Turn, TurnOutcome], right: tuple[Turn, TurnOutcome]) -> tuple[Side, ...]:
    """What differs between two turns: the message, and what each led to."""
    (one, came), (other, led) = left, right
    found = []
    if one.action != other.action or not is_same_value(one.payload, other.payload):
        found = [Side("message", *(call_text(turn.action, decode_value(turn.payload)) for turn in (one, other)))]
    return (*found, *sides(came, led, parts_that_differ(came, led, AsWritten())))


def _now(past: ActorPast) -> Any:
    value = past._system.encoded_state(past.actor)
    return comparable(None if value is None else decode_value(value))


def _names(one: ActorPast, other: ActorPast) -> tuple[str, str]:
    if one.target == other.target:
        return one.actor, other.actor
    return tuple(f"{each.actor} ({each.target or 'this notebook'})" for each in (one, other))  # type: ignore[return-value]
