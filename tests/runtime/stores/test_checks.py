"""The published check suite over the built-in stores."""

from __future__ import annotations

from runtime.testing.statestore_checks import StateStoreChecks


class TestBuiltInStores(StateStoreChecks):
    """Runs over memory and SQLite: the fixture `stores` is in conftest.py."""
