"""What a replay found: how many turns came out as recorded, which did not, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from runtime.records import Encoded, Failure
from runtime.replay.compare import FAILURE, RESPONSE, SENDS, STATE, TAGS, Message, TurnOutcome
from runtime.replay.replay import Replayed, Verdict
from runtime.wire.codecs.values import decode_value
from workbench.presenters.messages import call_text
from workbench.redaction import redacted, redacted_text
from workbench.render.formats import count, plural, short_hash, short_id, shortened
from workbench.render.html import ERROR, FRAME, Column, Markup, aligned, bundle, element, muted, table
from workbench.render.parted_lines import Kind, PartedLines, Stretch, lines_svg, lines_text
from workbench.render.tables import html_table, local_time, text_table
from workbench.render.values import changes, one_line, outline
from workbench.results import Rows

# --- Two outcomes of one message, place by place ----------------------------------------------------------------------

NOTHING = "–"


class Side(msgspec.Struct, frozen=True):
    """One place at which two outcomes differ."""

    place: str
    """`state.total`, `response`, `sends[0]`, `failure`, `tags.last`."""
    one: str
    other: str


def sides(one: TurnOutcome, other: TurnOutcome, parts: Iterable[str]) -> tuple[Side, ...]:
    """Every place in these parts at which the two differ, without secrets; what fits on one line of each."""
    hidden = RESPONSE if FAILURE in parts else ""  # one that failed has none
    return tuple(side for part in parts if part != hidden for side in _sides_of_part(part, one, other))


def state_sides(one: Any, other: Any) -> tuple[Side, ...]:
    """The same for two decoded states."""
    return tuple(_values(STATE, one, other)) if one != other else ()


def sides_text(found: Iterable[Side]) -> str:
    """`state.total: 5 → 10; response: 5 → 10`."""
    return "; ".join(f"{each.place}: {each.one} → {each.other}" for each in found)


def _sides_of_part(part: str, one: TurnOutcome, other: TurnOutcome) -> Iterator[Side]:
    if part == STATE:
        yield from _values(part, decoded(one.state), decoded(other.state))
    elif part == RESPONSE:
        yield from _values(part, decoded(one.response), decoded(other.response))
    elif part == TAGS:
        yield from _values(part, one.tags, other.tags)
    elif part == FAILURE:
        yield Side(part, failure_text(one.failure), failure_text(other.failure))
    elif part == SENDS:
        yield from _messages(one.sends, other.sends)


def _values(part: str, one: Any, other: Any) -> Iterator[Side]:
    found = False
    for change in changes(redacted(one), redacted(other)):
        found = True
        yield Side(_place(part, change.place), change.before or NOTHING, change.after or NOTHING)
    if not found:  # beyond what is shown of it, or hidden
        yield Side(part, one_line(outline(redacted(one))), "differs beyond what is shown")


def _place(part: str, place: str) -> str:
    return f"{part}{'' if not place or place.startswith('[') else '.'}{place}"


def _messages(one: tuple[Message, ...], other: tuple[Message, ...]) -> Iterator[Side]:
    for index in range(max(len(one), len(other))):
        texts = [message_text(each[index]) if index < len(each) else NOTHING for each in (one, other)]
        if texts[0] != texts[1]:
            yield Side(f"sends[{index}]", *texts)


def message_text(message: Message) -> str:
    """`asks prices.of(item="tea")`, `broadcast news: 1`."""
    payload = decoded(message.payload)
    if message.how == "broadcast":
        return f"broadcast {message.to}: {one_line(outline(redacted(payload)))}"
    later = f" after {message.delay_ms / 1_000:g} s" if message.delay_ms else ""
    return f"{message.how} {message.to}.{call_text(message.action, payload)}{later}"


def outcome_text(came: TurnOutcome) -> str:
    """`→ 5`, or what it failed with."""
    if came.failure is not None:
        return failure_text(came.failure)
    return f"→ {one_line(outline(redacted(decoded(came.response))), 60)}"


def failure_text(failure: Failure | None) -> str:
    """Class and text of what went wrong, one line."""
    if failure is None:
        return "succeeds"
    return shortened(failure.headline, 160)


def decoded(value: Encoded | None) -> Any:
    """The value; None for none."""
    return decode_value(value)


# --- Replay -----------------------------------------------------------------------------------------------------------

MOST_ROWS = 1_000
"""So many turns that differ are kept; all are counted."""

_WORDS = {
    Verdict.DIFFERS: "differs",
    Verdict.VARIES: "not reproducible",
    Verdict.SKIPPED: "not run",
    Verdict.STOPPED: "stopped",
}
_INSTEAD = {
    "time.time": "ctx.now()", "time.time_ns": "ctx.now()", "datetime.now": "ctx.now()", "datetime.utcnow": "ctx.now()",
    "datetime.today": "ctx.now()", "date.today": "ctx.now()", "random": "ctx.random",
}  # fmt: skip
_SHOWN = 10


class ReplayedTurn(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that did not come out as recorded."""

    revision: int
    """At which the message found the actor."""
    at_us: int
    action: str
    payload: Any
    verdict: Verdict
    parts: tuple[str, ...]
    """Which of state, tags, response, failure and sends differ: from the record, or, where it varies, from run to run."""
    sides: tuple[Side, ...]
    """Recorded and now; where it varies, one run and the other."""
    used: tuple[str, ...]
    """What it read from outside its context, as far as that was noticed."""
    why: str
    """Of one that was not run, or was stopped at a side effect."""
    definition: str
    id: str
    number: int = 0
    """Which of the turns that were looked at, from 1; 0 where that is not known."""


class ReplayedTurns(Rows[ReplayedTurn]):
    """Turns that did not come out as recorded, oldest first."""

    __slots__ = ()
    columns = ("revision", "message", "outcome", "where", "id")
    empty = "Every turn came out as recorded."
    noun = "turn"

    def row(self, record: ReplayedTurn) -> dict[str, Any]:
        return {
            "revision": record.revision, "at_us": record.at_us, "action": record.action, "payload": record.payload,
            "outcome": str(record.verdict), "parts": list(record.parts), "used": list(record.used), "why": record.why,
            "differences": [[each.place, each.one, each.other] for each in record.sides],
            "definition": record.definition, "id": record.id,
        }  # fmt: skip

    def cells(self, record: ReplayedTurn) -> Sequence[object]:
        where = record.why or sides_text(record.sides)
        message = call_text(record.action, record.payload, 60)
        return record.revision, message, _WORDS[record.verdict], where, short_id(record.id)


def replayed_turn(found: Replayed, number: int = 0) -> ReplayedTurn:
    """For showing: decoded, without the whole states."""
    turn = found.turn
    return ReplayedTurn(
        revision=turn.revision_before,
        at_us=turn.finished_us,
        action=turn.action,
        payload=decode_value(turn.payload),
        verdict=found.verdict,
        parts=found.parts,
        sides=_sides(found),
        used=found.used,
        why=found.why or "; ".join(found.stopped),
        definition=turn.definition,
        id=str(turn.invocation),
        number=number,
    )


def _stretches(differing: Sequence[ReplayedTurn], turns: int) -> Iterator[Stretch]:
    """The turns between those that did not come out as recorded came out so."""
    done = 0
    for each in differing:
        if each.number > done + 1:
            yield Stretch(Kind.SAME, each.number - done - 1)
        yield Stretch(Kind.DIFFERS if each.verdict in (Verdict.DIFFERS, Verdict.VARIES) else Kind.ONE)
        done = max(done, each.number)
    if turns > done and len(differing) < MOST_ROWS:
        yield Stretch(Kind.SAME, turns - done)


def _mark(turn: ReplayedTurn) -> str:
    where = sides_text(turn.sides[:1]) or turn.why or _WORDS[turn.verdict]
    kind = "not reproducible, " if turn.verdict is Verdict.VARIES else ""
    return f"{call_text(turn.action, turn.payload, 48)} at revision {turn.revision}: {kind}{where}"


def _sides(found: Replayed) -> tuple[Side, ...]:
    recorded = found.recorded
    if recorded is None:
        return ()
    again = found.again or recorded
    if found.verdict is Verdict.VARIES:
        return sides(again, found.other or recorded, found.parts)
    return sides(recorded, again, found.parts)


class ReplayResult:
    """What `wb.replay` found; true if every turn came out as recorded."""

    def __init__(
        self,
        actor: str,
        code: str,
        counts: dict[Verdict, int],
        differing: ReplayedTurns,
        notes: tuple[str, ...] = (),
        *,
        carried: tuple[Any, Any] | None = None,
    ) -> None:
        """`carried`: with `carry=True`, the recorded state after the last turn, and the state that the replay led to."""
        self.actor = actor
        self.code = code
        """Hash of the code that ran."""
        self.differing = differing
        """The first 1,000 turns that did not come out as recorded; convert it with `df()`, `pl()` or `arrow()`."""
        self.notes = notes
        self.carried = carried
        self._counts = counts

    @property
    def turns(self) -> int:
        """How many turns were looked at."""
        return sum(self._counts.values())

    @property
    def agreeing(self) -> int:
        """How many came out as recorded, in both runs."""
        return self._counts.get(Verdict.AGREES, 0)

    @property
    def first(self) -> ReplayedTurn | None:
        """The first that came out otherwise, or is not reproducible."""
        return next((each for each in self.differing if each.verdict in (Verdict.DIFFERS, Verdict.VARIES)), None)

    @property
    def not_reproducible(self) -> ReplayedTurns:
        """Those whose two runs disagree: they depend on more than message, state and context."""
        return ReplayedTurns(each for each in self.differing if each.verdict is Verdict.VARIES)

    def dicts(self) -> list[dict[str, Any]]:
        """The turns that did not come out as recorded, as plain values."""
        return self.differing.dicts()

    def df(self) -> Any:
        """The turns that did not come out as recorded, as a pandas DataFrame."""
        return self.differing.df()

    def pl(self) -> Any:
        """The same as a polars DataFrame."""
        return self.differing.pl()

    def arrow(self) -> Any:
        """The same as an Arrow table."""
        return self.differing.arrow()

    def __bool__(self) -> bool:
        return self.turns == self.agreeing

    def __repr__(self) -> str:
        lines = [self._headline(), *(f"  {note}" for note in self._notes())]
        lines += ["", lines_text(self.picture)] if self.picture.is_parted else []
        if self.first is not None:
            lines += ["", self._about_first(), aligned(self._heads(), self._lines(), "  ")]
        if len(self.differing) > 1:
            lines += ["", text_table(self.differing.columns, self._rows()), *filter(None, [self._rest()])]
        return redacted_text("\n".join(lines))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        head = element("strong", self._headline(), style="" if self else f"color:{ERROR}")
        parts = [head, *(element("div", muted(note)) for note in self._notes())]
        parts += [lines_svg(self.picture)] if self.picture.is_parted else []
        if self.first is not None:
            parts += [element("div", self._about_first()), table(self._heads(), self._lines())]
        if len(self.differing) > 1:
            rows = html_table(self.differing.columns, self._rows(), self._rest())
            parts.append(element("details", element("summary", "All of them", style="cursor:pointer"), Markup(rows)))
        return bundle(repr(self), element("div", *parts, style=FRAME))

    @property
    def picture(self) -> PartedLines:
        """The recorded turns and those of now, as lines that part; as far as `differing` reaches."""
        first = next((each for each in self.differing if each.number), None)
        mark = "" if first is None else f"first difference: {_mark(first)}"
        return PartedLines(
            stretches=tuple(_stretches(self.differing, self.turns)),
            title=f"The turns as recorded and as they come out now. {mark}".strip(),
            start=self._start(),
            ends=self._ends(),
            mark=mark,
        )

    def _start(self) -> str:
        first = self.differing[0] if self.differing else None
        return f"revision {first.revision}" if first is not None and first.number == 1 else "as recorded"

    def _ends(self) -> tuple[str, str]:
        if self.carried is not None:
            recorded, now = (one_line(outline(redacted(state)), 60) for state in self.carried)
            return f"recorded: {recorded}", f"now: {now}"
        others = self.turns - self.agreeing
        return "recorded", f"now: {plural(others, 'turn')} otherwise"

    def _headline(self) -> str:
        if not self.turns:
            return f"No turn of {self.actor} is recorded in that range."
        if self:
            what = (
                "Both turns"
                if self.turns == 2
                else f"All {count(self.turns)} turns"
                if self.turns > 2
                else "The one turn"
            )
            return f"✓ {what} of {self.actor} came out as recorded, in two runs."
        others = (
            (Verdict.DIFFERS, "otherwise"),
            (Verdict.VARIES, "not reproducibly"),
            (Verdict.SKIPPED, "were not run"),
            (Verdict.STOPPED, "were stopped at a side effect"),
        )
        rest = ", ".join(f"{count(self._counts[each])} {words}" for each, words in others if self._counts.get(each))
        sign = "✗" if self.first is not None else "·"
        return f"{sign} Of {plural(self.turns, 'turn')} of {self.actor} {count(self.agreeing)} came out as recorded, {rest}."

    def _notes(self) -> Iterator[str]:
        yield f"code {short_hash(self.code)}; nothing of {self.actor} was changed, nothing was sent"
        yield from self.notes
        read = dict.fromkeys(name for each in self.not_reproducible for name in each.used)
        if read:
            instead = dict.fromkeys(_INSTEAD[name] for name in read if name in _INSTEAD)
            yield f"what varies read {', '.join(read)}: take {' and '.join(instead)} instead, which a replay gives again"
        elif self.not_reproducible:
            yield "what varies may be the order of a set, uuid4, a file, the network: take chance and ids from ctx, sort sets"
        if not self.carried and any(e.verdict is Verdict.DIFFERS and e.definition == self.code for e in self.differing):
            yield "the code is the one that was recorded, so what differs hangs on something else: a global, a file, a set's order"
        if stopped := next((each for each in self.differing if each.verdict is Verdict.STOPPED), None):
            yield f"stopped: {stopped.why}; where it does no harm to do it again, twice, let it through with allow="
        if self.carried is not None:
            differing = sides_text(state_sides(*self.carried))
            yield f"at the end, recorded → replayed: {differing}" if differing else "both states at the end are equal"

    def _about_first(self) -> str:
        first = self.first
        assert first is not None
        message = call_text(first.action, first.payload, 80)
        which = "not reproducible" if first.verdict is Verdict.VARIES else "other than recorded"
        at, id_ = local_time(first.at_us), short_id(first.id)
        by = f", recorded with code {short_hash(first.definition)}" if first.definition != self.code else ""
        return f"The first that is {which}: {message}, which found revision {first.revision}, {at}, id {id_}{by}"

    def _heads(self) -> tuple[Column, Column, Column]:
        varies = self.first is not None and self.first.verdict is Verdict.VARIES
        one, other = ("one run", "another") if varies else ("recorded", "now")
        return Column("where", code=True), Column(one, code=True), Column(other, code=True)

    def _lines(self) -> list[Sequence[str]]:
        first = self.first
        return [(each.place, each.one, each.other) for each in first.sides] if first is not None else []

    def _rows(self) -> list[Sequence[object]]:
        return [self.differing.cells(each) for each in self.differing[:_SHOWN]]

    def _rest(self) -> str:
        hidden = self.turns - self.agreeing - _SHOWN
        return f"… and {count(hidden)} more: see `.differing`" if hidden > 0 else ""
