"""`import workbench as wb`."""

import subprocess
import sys
from collections.abc import Callable

import pytest

import workbench as wb
from runtime.errors import SpawnError


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


def test_what_other_systems_call_tell_is_named() -> None:
    with pytest.raises(AttributeError, match="asynchronous=True"):
        wb.tell  # noqa: B018


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("actor", [5, b"counter", ["counter"], object(), type("Counter", (), {}), "\ud800"])
@pytest.mark.parametrize(
    "call",
    [
        lambda actor: wb.abandon(actor),
        lambda actor: wb.bisect(actor, bool),
        lambda actor: wb.cause(actor),
        lambda actor: wb.confirm_dropped(actor),
        lambda actor: wb.failures(actor),
        lambda actor: wb.faults(actor, failure=0.1),
        lambda actor: wb.find(actor),
        lambda actor: wb.fork(actor, 1),
        lambda actor: wb.form(actor),
        lambda actor: wb.held(actor),
        lambda actor: wb.history(actor),
        lambda actor: wb.hold(actor),
        lambda actor: wb.invoke(actor, "add"),
        lambda actor: wb.invoke("counter", actor),
        lambda actor: wb.logs(actor),
        lambda actor: wb.mailbox(actor),
        lambda actor: wb.postmortem(actor),
        lambda actor: wb.query(actor),
        lambda actor: wb.redeploy(actor),
        lambda actor: wb.release(actor),
        lambda actor: wb.replay(actor),
        lambda actor: wb.restore(actor, 1),
        lambda actor: wb.retry(actor),
        lambda actor: wb.search(actor),
        lambda actor: wb.state(actor),
        lambda actor: wb.versions(actor),
        lambda actor: wb.watch(actor),
    ],
)
def test_what_is_no_name_is_said_by_an_error_of_ours(call: Callable[[object], object], actor: object) -> None:
    with pytest.raises(SpawnError):
        call(actor)
