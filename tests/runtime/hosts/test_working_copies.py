"""Which working copies the host keeps."""

from __future__ import annotations

from runtime.hosts.in_process import WorkingCopies
from runtime.ids import ActorId


def actor(number: int) -> ActorId:
    return ActorId("s", f"a-{number}")


def test_a_copy_is_handed_out_once() -> None:
    copies = WorkingCopies()
    copies.put(actor(1), (None, "hash", {"total": 1}))

    assert copies.take(actor(1)) == (None, "hash", {"total": 1})
    assert copies.take(actor(1)) is None


def test_idle_actors_lose_their_copies_and_busy_ones_do_not() -> None:
    copies = WorkingCopies(kept=10)
    copies.put(actor(0), (None, "hash", {}))

    for number in range(1, 1_000):
        copies.put(actor(number), (None, "hash", {}))
        busy = copies.take(actor(0))
        assert busy is not None
        copies.put(actor(0), busy)

    assert len(copies) <= 20
    assert copies.take(actor(1)) is None


def test_the_last_copies_are_kept() -> None:
    copies = WorkingCopies(kept=10)

    for number in range(95):
        copies.put(actor(number), (None, "hash", {}))

    assert all(copies.take(actor(number)) for number in range(85, 95))
