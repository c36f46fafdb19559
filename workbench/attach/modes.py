"""How one is attached."""

from __future__ import annotations

from enum import StrEnum

from runtime.api import Capability


class Mode(StrEnum):
    """How one is attached."""

    LOOK = "look"
    """Only reads."""
    ACT = "act"
    """Everything that the system can do."""


READS = frozenset({Capability.LIST, Capability.STATE, Capability.MAILBOX, Capability.HISTORY, Capability.WATCH})
"""Capabilities that change nothing."""
