"""`import workbench as wb`."""

import subprocess
import sys

import pytest

import workbench as wb


def _in_a_new_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("name", wb.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(wb, name) is getattr(wb, name)


def test_every_public_function_says_what_it_gives() -> None:
    undocumented = [name for name in wb.__all__ if not getattr(wb, name).__doc__]

    assert not undocumented


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'invok'"):
        _ = wb.invok


def test_importing_loads_nothing_but_itself() -> None:
    code = "import sys; before = set(sys.modules); import workbench; print(sorted(set(sys.modules) - before))"

    assert "runtime" not in _in_a_new_process(code)


def test_the_commands_need_no_jupyter() -> None:
    code = (
        "import sys, workbench as wb; wb.start(store='memory'); wb.status(); wb.actors(); wb.ref('x'); wb.stop();"
        "print([name for name in ('IPython', 'ipykernel', 'traitlets', 'duckdb', 'anywidget') if name in sys.modules])"
    )

    assert _in_a_new_process(code) == "[]"


def test_a_misspelt_name_is_an_attribute_error_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"has no attribute 'invok'\. Did you mean invoke\?"):
        wb.invok  # noqa: B018
