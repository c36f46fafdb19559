"""Old turns go: what a `Retention` does not keep is removed, a block at a time.

Two ways.  *From the front*: what is too old for every actor, or too much in all, is a beginning of the journal, and is cut
off.  *By actor*: limits of single actors need a look at the whole journal, which is taken when it has grown by a
quarter of what the last one left; so each turn is looked at a few times in its life.

Either way the oldest turns go first: at every moment, and after a crash, what is left of an actor's past has no holes.
Only turns that the snapshot and key rows have seen (up to the mark) are touched.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from runtime.errors import StoreDamaged, StoreTooNew, WrongKey
from runtime.ids import ActorId
from runtime.records import RetentionMark, State, Turn
from runtime.stores.base import Limits, Retention
from runtime.stores.journal.attestation import CHANGES, GONE
from runtime.stores.journal.backend import Backend, BlockHead, BlockRow, Writes
from runtime.stores.journal.blocks import BlockCodec
from runtime.stores.journal.deltas import is_large
from runtime.stores.journal.idempotency import Keys
from runtime.stores.journal.reader import JournalReader

PASSED, LEFT = "passed", "left"
"""Entries in the store's facts: how far the last pass saw, and how many turns it left."""

SHARE = 4
"""The first block is written anew when at least one in so many of its turns goes."""
FEWEST_NEW = 4_096
_PASS_EVERY_US = 3_600_000_000
"""Where turns of some actors go by their age."""
_NEVER = sys.maxsize
_CUT_ROWS, CUT_TURNS = 64, 2_048
"""Whole blocks are cut off together; of single small groups each would take a transaction."""


class Retainer:
    """Goes over the journal; used by the writer's thread, a step at a time."""

    def __init__(self, backend: Backend, codec: BlockCodec, thinner: Thinner, meta: Mapping[str, str]) -> None:
        self._backend, self._codec, self._thinner = backend, codec, thinner
        self.kept = RetentionMark(int(meta.get(GONE, "0")), int(meta.get(CHANGES, "0")))
        self._passed, self._passed_us, self._left = int(meta.get(PASSED, "0")), 0, int(meta.get(LEFT, "0"))
        self._pass: Pass | None = None
        self._retention = Retention()
        self._due = (0, 0)
        """Before there are so many turns too many, and before this time, nothing can go from the front."""

    @property
    def is_passing(self) -> bool:
        """A pass is under way, which relies on blocks to stay as they are."""
        return self._pass is not None

    def step(self, retention: Retention, now_us: int, mark: int) -> bool:
        """One block, or several small ones; False when there is nothing to do for now."""
        if retention != self._retention:
            self._retention, self._pass, self._passed, self._due = retention, None, 0, (0, 0)
        if self._pass is None:
            if self._cut(retention, now_us, mark):
                return True
            if not self._is_pass_due(retention, now_us, mark):
                return False
            self._pass, self._passed_us = Pass(self._backend, self._codec, retention, now_us, mark), now_us
        self._go_on(self._pass)
        return True

    # -- from the front ------------------------------------------------------------------------------------------------

    def _cut(self, retention: Retention, now_us: int, mark: int) -> bool:
        surplus = self._backend.head() - retention.turns if retention.turns is not None else -1
        age_us = _common_age_us(retention)
        before_us = now_us - age_us if age_us is not None else -1
        if surplus < self._due[0] and before_us < self._due[1]:
            return False
        whole: list[tuple[BlockRow, Sequence[Turn]]] = []
        turns: Sequence[Turn]
        for row in self._first_blocks(mark):
            turns = self._codec.decode(row)
            count = next(
                (i for i, t in enumerate(turns) if t.sequence > surplus and t.finished_us >= before_us), len(turns)
            )
            # A block without turns goes with the next ones: left in front, it would hide that these can go.
            if count == len(turns) and (row.last < mark or row.last < self._backend.head()):
                whole.append((row, turns))
            elif not whole:
                return self._cut_in(row, turns, count)
            else:
                break
        if whole:
            self._remove_whole(whole)
        return bool(whole)

    def _first_blocks(self, mark: int) -> list[BlockRow]:
        """The first one, and those after it that are small enough to be done in one step."""
        heads = self._backend.block_heads(self.kept.gone, _CUT_ROWS)
        if not heads:
            return []
        until = min(mark, max(heads[0].last, heads[0].first + CUT_TURNS - 1))
        count = sum(head.last <= until for head in heads)
        return self._backend.blocks(self.kept.gone, count) if count else []

    def _cut_in(self, row: BlockRow, turns: Sequence[Turn], count: int) -> bool:
        if count == 0 or (count < len(turns) and count * SHARE < len(turns)):
            self._due = _worth_it_from(turns)
            return False
        self._remove_first(row, turns, count)
        return True

    def _remove_whole(self, blocks: Sequence[tuple[BlockRow, Sequence[Turn]]]) -> None:
        gone = blocks[-1][0].last
        if self._thinner.remove_whole(blocks, {GONE: str(gone)}):
            self.kept, self._due = RetentionMark(gone, self.kept.changes), (0, 0)

    def _remove_first(self, row: BlockRow, turns: Sequence[Turn], count: int) -> None:
        gone = row.last if count == len(turns) else turns[count - 1].sequence
        if self._thinner.remove([row], turns, range(count), {GONE: str(gone)}):
            self.kept, self._due = RetentionMark(gone, self.kept.changes), (0, 0)

    # -- by actor ------------------------------------------------------------------------------------------------------

    def _is_pass_due(self, retention: Retention, now_us: int, mark: int) -> bool:
        limits = [retention.every, *retention.of.values()]
        has_counts = any(each.revisions is not None or each.invocations is not None for each in limits)
        if not has_counts and len({each.age_us for each in limits}) == 1:
            return False  # one age for all, which is a cut from the front
        grown = mark - self._passed
        if grown >= max(FEWEST_NEW, self._left // SHARE):
            return True
        has_age = any(each.age_us is not None for each in limits)
        return has_age and grown > 0 and now_us - self._passed_us >= _PASS_EVERY_US

    def _go_on(self, running: Pass) -> None:
        if (found := running.next()) is None:
            if running.is_over:
                self._passed, self._left, self._pass = running.head, running.left, None
                self._thinner.note({PASSED: str(running.head), LEFT: str(running.left)})
            return
        changes = self.kept.changes + (not running.has_removed)
        if self._thinner.remove(found.rows, found.turns, found.gone, {CHANGES: str(changes)}):
            self.kept = RetentionMark(self.kept.gone, changes)
            running.removed()


def _common_age_us(retention: Retention) -> int | None:
    """The age at which a turn goes, whichever actor's it is; None if there is none."""
    longest: int = 0
    for limits in (retention.every, *retention.of.values()):
        if limits.age_us is None:
            return None
        longest = max(longest, limits.age_us)
    return longest


def _worth_it_from(turns: Sequence[Turn]) -> tuple[int, int]:
    """The surplus, and the time, from which enough of these turns go."""
    if not turns:
        return _NEVER, _NEVER  # the last row, whose turns are gone already
    telling = turns[-(-len(turns) // SHARE) - 1]
    return telling.sequence, telling.finished_us + 1


# --- One look at a whole journal: which turns their actors' limits do not keep ----------------------------------------
# From the end to the beginning it counts what it has seen of each actor, and notes for each where its past ends; then,
# from the beginning to the end, it gives the blocks with turns before that.  A piece at a time, and with a bounded
# number of actors: where there are more, they are done in parts, each with a look of its own.

MOST_ACTORS = 200_000
"""Counted at once, in some 30 MB."""
_PAGE_HEADS = 1_024


_STEP_ROWS, _STEP_BYTES = 64, 64_000
"""Small blocks are read, and changed, together: of single turns, each would take a query, and a transaction."""


class Found(NamedTuple):
    """Adjacent blocks, some with turns that go."""

    rows: Sequence[BlockRow]
    turns: Sequence[Turn]
    """Of all of them."""
    gone: frozenset[int]
    """Their positions in `turns`."""


class Pass:
    """One look.  Blocks may only be changed through what `next` gives while it lasts."""

    def __init__(self, backend: Backend, codec: BlockCodec, retention: Retention, now_us: int, head: int) -> None:
        """`head` is the last turn to look at."""
        self._backend, self._codec, self._retention, self._now_us = backend, codec, retention, now_us
        self.head = head
        self.has_removed = False
        self.is_over = False
        self.left = 0
        """Turns that stay, of those it has looked at."""
        self._is_counted = False
        self._given = self._given_rows = 0
        self._listed = 0
        self._blocks, self._sizes = array("q"), array("q")
        """The first sequence of each block, in order, and its bytes."""
        self._parts = [(1, 0)]
        """Of the actors, those whose hash divided by the first number leaves the second are still to be looked at."""
        self._begin_part()

    def next(self) -> Found | None:
        """Blocks to change; the same again until `removed` is called.  None after a step that found none."""
        if self._listed <= self.head:
            self._list()
        elif self._at > 0:
            self._count()
        elif self._thinned:
            return self._found()
        elif len(self._parts) > 1:
            self._parts.pop()
            self._is_counted = True
            self._begin_part()
        else:
            self.is_over = True
        return None

    def removed(self) -> None:
        """What `next` gave is done."""
        self.left -= self._given
        self.has_removed = True
        del self._thinned[-self._given_rows :]

    def _begin_part(self) -> None:
        self._at = len(self._blocks)
        self._newest: dict[int, int] = {}
        self._turns: dict[int, int] = {}
        self._ends: dict[int, int] = {}
        """The last turn that goes, by actor."""
        self._thinned = array("q")
        """The first sequence of each block with turns that go, the newest first."""

    def _list(self) -> None:
        page = self._backend.block_heads(self._listed, _PAGE_HEADS)
        known = [block for block in page if block.last <= self.head]
        self._blocks.extend(block.first for block in known)
        self._sizes.extend(block.size for block in known)
        self._listed = page[-1].last if page and len(known) == len(page) else self.head + 1
        self._at = len(self._blocks)

    def _count(self) -> None:
        """Look at the blocks before those that were counted last."""
        end, size = self._at, 0
        while self._at > 0 and end - self._at < _STEP_ROWS:
            size += self._sizes[self._at - 1]
            if size > _STEP_BYTES and self._at < end:
                break
            self._at -= 1
        first, last = self._blocks[self._at], self._blocks[end - 1]
        # With an earlier part, some may have gone, and some have become part of the block before them.
        rows = [row for row in self._backend.blocks(first - 1, end - self._at) if first <= row.first <= last]
        for row in reversed(rows):
            self._count_block(row)

    def _count_block(self, row: BlockRow) -> None:
        turns = self._codec.decode(row)
        if not self._is_counted:
            self.left += len(turns)
        goes = [self._goes(turn) for turn in reversed(turns)]
        if any(goes):
            self._thinned.append(row.first)
        if len(self._newest) > MOST_ACTORS:
            self._halve()

    def _goes(self, turn: Turn) -> bool:
        """Whether the turn goes; call it with later turns first."""
        limits = self._retention.of.get(turn.parent, self._retention.every)
        actor = hash(turn.actor)
        parts, part = self._parts[-1]
        if not limits or actor % parts != part:
            return False
        if actor in self._ends:
            return True
        newest = self._newest.setdefault(actor, turn.revision)
        count = self._turns[actor] = self._turns.get(actor, 0) + 1
        if _is_beyond(limits, turn, newest, count, self._now_us):
            self._ends[actor] = turn.sequence
            return True
        return False

    def _halve(self) -> None:
        """Leave half of the actors for a look of their own."""
        parts, part = self._parts.pop()
        self._parts += [(2 * parts, part + parts), (2 * parts, part)]
        for counts in (self._newest, self._turns, self._ends):
            for actor in [actor for actor in counts if actor % (2 * parts) != part]:
                del counts[actor]

    def _found(self) -> Found | None:
        """The next blocks that are small enough together, up to the last one with turns that go."""
        rows, turns, gone, count = self._next_rows(), list[Turn](), list[int](), 0
        for place, row in enumerate(rows):
            held = self._codec.decode(row)
            going = [len(turns) + i for i, turn in enumerate(held) if turn.sequence <= self._end(turn.actor)]
            turns += held
            gone += going
            count = place + 1 if going else count
        if not gone:  # its actors were left for another part
            self._thinned.pop()
            return None
        last = rows[count - 1].last
        self._given, self._given_rows = len(gone), sum(first <= last for first in self._thinned[-count:])
        return Found(rows[:count], [turn for turn in turns if turn.sequence <= last], frozenset(gone))

    def _next_rows(self) -> list[BlockRow]:
        after = self._thinned[-1] - 1
        count = size = 0
        for head in self._backend.block_heads(after, _STEP_ROWS):
            size += head.size
            if count and size > _STEP_BYTES:
                break
            count += 1
        return self._backend.blocks(after, count) if count else []

    def _end(self, actor: ActorId) -> int:
        return self._ends.get(hash(actor), 0)


def _is_beyond(limits: Limits, turn: Turn, newest: int, count: int, now_us: int) -> bool:
    """Whether a turn goes: `count` is how many of its actor are as new, itself included."""
    if limits.revisions is not None and turn.revision <= newest - limits.revisions:
        return True
    if limits.invocations is not None and count > limits.invocations:
        return True
    return limits.age_us is not None and turn.finished_us < now_us - limits.age_us


# --- Takes turns out of single blocks, in such a way that everything that stays can still be read ---------------------
# A large state may be stored as the difference to the one before it.  Before a turn with a state goes, the next state
# of its actor, if it is a difference, is stored whole; only then does the block change.  So at every moment, and after
# a crash at any moment, what is in the journal can be read.


class Thinner:
    """Removes turns; used by the writer's thread."""

    def __init__(
        self,
        backend: Backend,
        codec: BlockCodec,
        reader: JournalReader,
        keys: Keys,
        forget_base: Callable[[ActorId], None],
        changed: Callable[[int, int], None],
    ) -> None:
        """Tells others of what it does.

        Args:
            forget_base: an actor's next large state has to be stored whole.
            changed: turns from one sequence to another changed.
        """
        self._backend, self._codec, self._reader, self._keys = backend, codec, reader, keys
        self._forget_base, self._changed = forget_base, changed

    def remove(
        self, rows: Sequence[BlockRow], turns: Sequence[Turn], gone: Collection[int], meta: dict[str, str]
    ) -> bool:
        """Take the turns at these positions out of adjacent blocks, which become one, or one step towards it.

        Args:
            turns: what the blocks hold.
            gone: positions in `turns`.
            meta: written with it.

        Returns:
            False when something else had to be written first: look at the store anew and call again.
        """
        removed = [turns[index] for index in sorted(gone)]
        whole: dict[int, State] = {}
        for actor, turn in _last_bases(removed).items():
            self._forget_base(actor)
            following = self._reader.next_state(actor, turn.sequence)
            if following is None or following.delta is None or (state := self._whole_state(following)) is None:
                continue
            if following.sequence > rows[-1].last:
                self._make_whole(following, state)
                return False
            if (index := _position(turns, following)) not in gone:
                whole[index] = state
        kept = [index for index in range(len(turns)) if index not in gone]
        span = rows[0].first, rows[-1].last
        # The last row stays, if need be without turns: it says where the journal's numbering is.
        is_needed = bool(kept) or span[1] == self._backend.head()
        self._backend.write(
            Writes(
                merged=self._codec.change(rows, turns, kept, whole) if is_needed else None,
                dropped=None if is_needed else span,
                unsealed=span,
                forgotten=self._keys.removal(removed),
                meta=meta,
            )
        )
        self._reader.forget(*span)
        self._changed(*span)
        return True

    def remove_whole(self, blocks: Sequence[tuple[BlockRow, Sequence[Turn]]], meta: dict[str, str]) -> bool:
        """Take adjacent blocks away, in one transaction, or one step towards it; none of them is the last one.

        Args:
            blocks: each with the turns that it holds.
            meta: written with it.

        Returns:
            False as for `remove`.
        """
        removed = [turn for _, turns in blocks for turn in turns]
        for actor, turn in _last_bases(removed).items():
            self._forget_base(actor)
            following = self._reader.next_state(actor, turn.sequence)
            if following is None or following.delta is None or (state := self._whole_state(following)) is None:
                continue
            self._make_whole(following, state)
            return False
        span = (blocks[0][0].first, blocks[-1][0].last)
        self._backend.write(Writes(dropped=span, unsealed=span, forgotten=self._keys.removal(removed), meta=meta))
        self._reader.forget(*span)
        self._changed(*span)
        return True

    def note(self, meta: Mapping[str, str]) -> None:
        """Write facts alone."""
        self._backend.write(Writes(meta=meta))

    def _make_whole(self, turn: Turn, state: State) -> None:
        """Store that turn's state whole, in its block."""
        row = self._backend.block_of(turn.sequence)
        assert row is not None
        turns = self._codec.decode(row)
        changed = self._codec.change([row], turns, range(len(turns)), {_position(turns, turn): state})
        self._backend.write(Writes(merged=changed))
        self._reader.forget(row.first, row.last)

    def _whole_state(self, turn: Turn) -> State | None:
        """None for a difference to a state that is not known."""
        found = self._reader.whole_turn(turn.sequence)
        assert found is not None
        return found.state


def _last_bases(turns: Iterable[Turn]) -> dict[ActorId, Turn]:
    """The last turn of each actor whose state may be what a later one is the difference to."""
    return {turn.actor: turn for turn in turns if turn.delta is not None or is_large(turn)}


def _position(turns: Sequence[Turn], turn: Turn) -> int:
    return next(index for index, each in enumerate(turns) if each.sequence == turn.sequence)


# --- Small blocks become larger ones, so that a journal of single turns does not stay a million rows ------------------
# Done a little at each checkpoint, each merge in one transaction; turns are moved as bytes.  How far the journal has
# been gone over is kept in the store.

MERGED_TURNS = 2_048
MERGED_BYTES = 1_000_000
_SMALL_TURNS = MERGED_TURNS // 4
_SMALL_BYTES = MERGED_BYTES // 4
_FEWEST_ROWS = 4
_PAGE = 4_096

META = "merged"


class Merger:
    """Goes over the journal behind the writer; used by the writer's thread."""

    def __init__(self, backend: Backend, codec: BlockCodec, done: int) -> None:
        """`done` is the sequence up to which an earlier one has gone."""
        self._backend, self._codec = backend, codec
        self._done = done

    def step(self, head: int) -> bool:
        """Merge one run, or pass over blocks that are large enough; False when there is nothing to do for now."""
        if head - self._done < MERGED_TURNS:
            return False
        run, passed = _first_run(self._backend.block_heads(self._done, _PAGE))
        if run:
            self._merge(run)
            return True
        if passed > self._done:
            self._done = passed
            return True
        return False

    def _merge(self, run: list[BlockHead]) -> None:
        first, last = run[0].first, run[-1].last
        rows = self._backend.blocks(first - 1, len(run))
        with suppress(StoreDamaged, StoreTooNew, WrongKey):  # left as it is; a reader of those turns is told
            self._backend.write(Writes(merged=self._codec.merge(rows), meta={META: str(last)}))
        self._done = last


def _first_run(heads: list[BlockHead]) -> tuple[list[BlockHead], int]:
    """The first blocks worth merging, and how far there is nothing to merge before them.

    A run ends at a large block or when it is large itself; one that reaches the journal's end may still grow.
    """
    run: list[BlockHead] = []
    passed = 0
    for block in chain(heads, [None]):
        if run and (block is None or _is_large(block) or _is_full(run)):
            if _is_full(run) or (block is not None and len(run) >= _FEWEST_ROWS):
                return run, passed
            if block is None:
                break
            passed, run = run[-1].last, []
        if block is None:
            break
        if _is_large(block):
            passed = block.last
        else:
            run.append(block)
    return [], passed


def _is_large(block: BlockHead) -> bool:
    return block.last - block.first + 1 >= _SMALL_TURNS or block.size >= _SMALL_BYTES


def _is_full(run: list[BlockHead]) -> bool:
    turns = run[-1].last - run[0].first + 1
    return turns >= MERGED_TURNS or sum(block.size for block in run) >= MERGED_BYTES
