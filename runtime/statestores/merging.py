"""Small blocks become larger ones, so that a journal of single turns does not stay a million rows.

Done a little at each checkpoint, each merge in one transaction; turns are moved as bytes.  How far the journal has been
gone over is kept in the store.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import chain

from runtime.errors import StoreDamaged, StoreTooNew, WrongKey
from runtime.statestores.backend import Backend, BlockHead, Writes
from runtime.statestores.blocks import BlockCodec

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
        with suppress(StoreDamaged, StoreTooNew, WrongKey):  # left as it is; whoever reads those turns is told
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
