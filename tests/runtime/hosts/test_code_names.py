"""What places in a user's traceback are called."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from runtime.hosts.tracebacks import code_names, code_place, user_trace

CELL = "/tmp/ipykernel_1/23.py"


@pytest.fixture
def named() -> Iterator[None]:
    remove = code_names.add(lambda filename: "Cell In[7]" if filename == CELL else "")
    yield
    remove()


def failure() -> Exception:
    names: dict[str, object] = {}
    exec(compile("\n\ndef go(): raise ValueError('in File \"x\", line 1')", CELL, "exec"), names)
    with pytest.raises(ValueError, match="in File") as raised:
        names["go"]()  # type: ignore[operator]
    return raised.value


def test_recorded_traceback_has_the_name_of_the_cell(named: None) -> None:
    trace = user_trace(failure())

    assert "  Cell In[7], line 3, in go\n" in trace
    assert CELL not in trace
    assert trace.endswith('ValueError: in File "x", line 1\n')


def test_recorded_traceback_keeps_the_names_of_files(named: None) -> None:
    assert f'File "{__file__}", line ' in user_trace(failure())


def test_place_of_a_running_action_has_the_name_of_its_cell(named: None) -> None:
    names: dict[str, object] = {"here": lambda: code_place(sys._getframe(1))}
    exec(compile("place = here()", CELL, "exec"), names)

    assert names["place"] == "Cell In[7], line 1"


def test_names_are_no_longer_asked_for_once_removed() -> None:
    code_names.add(lambda filename: "Cell")()

    assert CELL in user_trace(failure())
