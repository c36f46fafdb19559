"""The committed code of `protos/` is what the compiler makes of it."""

from __future__ import annotations

from build_support import protos


def test_generated_code_is_what_its_sources_give() -> None:
    assert protos.differences() == []
