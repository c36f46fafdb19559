"""The committed code of `protos/` is what the compiler makes of it."""

from __future__ import annotations

import pytest

from build_support import protos


def test_generated_code_is_what_its_sources_give() -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed: the generated code is not compared")

    assert protos.differences() == []
