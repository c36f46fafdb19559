"""What a stop has done, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.closing import by_actor
from workbench.tables import plural

if TYPE_CHECKING:
    from runtime.drivers.remainder import Left


class Stopped:
    """Shows itself as a sentence, which holds: what is on disk, and what was left."""

    def __init__(self, was_running: bool, store: str, left: Left | None) -> None:
        """`store` is its URL; `left` None where the messages that wait are in another process."""
        self.was_running, self.left = was_running, left
        self._is_kept = not store.startswith("memory")

    def __repr__(self) -> str:
        if not self.was_running:
            return "No actor system was running."
        end = (
            "everything it answered is on disk."
            if self._is_kept
            else "it was in memory only, and nothing of it is kept."
        )
        return "\n".join([f"The actor system is stopped; {end}", *self._left_lines()])

    def _left_lines(self) -> list[str]:
        if self.left is None:
            return []
        letters, durable, lines = self.left.letters, self.left.durable, list[str]()
        if letters and self._is_kept:
            lines.append(f"Left as dead letters: {by_actor(letters)}, accepted and not processed.")
            lines.append("After the next start, wb.dead_letters() lists them and %retry ID sends one again.")
        elif letters:
            lines.append(f"Lost: {by_actor(letters)}, accepted and not processed.")
        if durable:
            lines.append(f"{plural(durable, 'durable message')} left, processed after the next start.")
        return lines
