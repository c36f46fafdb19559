from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from runtime.errors import BadSetting
from runtime.stores import registry


def test_unknown_scheme_names_the_nearest() -> None:
    with pytest.raises(BadSetting, match=r"no state store for sqlit://.*Did you mean sqlite"):
        registry.open_store("sqlit:///x.db")


def test_text_without_a_scheme_is_explained() -> None:
    with pytest.raises(BadSetting, match=r"Write memory:// or sqlite:///PATH"):
        registry.open_store("x.db")


def test_driver_in_the_scheme_is_left_to_the_adapter() -> None:
    with pytest.raises(BadSetting, match="names no file"):
        registry.open_store("sqlite+pysqlite://")


def test_other_packages_add_schemes(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = EntryPoint("theirs", "tests.runtime.stores.test_registry:open_theirs", registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints([theirs]))

    assert registry.open_store("theirs+driver://host/db", key=bytes(32)) == ("theirs+driver://host/db", bytes(32))


def open_theirs(url: str, *, key: bytes | None, key_files: object) -> tuple[str, bytes | None]:
    return url, key
