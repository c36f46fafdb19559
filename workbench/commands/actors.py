"""List the actors of the current system."""

from __future__ import annotations

from workbench.results import Actors
from workbench.session import current

_ENOUGH = 1_000


def actors(*, everything: bool = False) -> Actors:
    """Actors by name: templates, active ones, and those that are only in the store.

    Args:
        everything: also beyond the first 1,000.
    """
    return Actors(current.open().actors(passive=True, limit=10_000_000 if everything else _ENOUGH))
