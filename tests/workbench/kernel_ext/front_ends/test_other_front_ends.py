"""What front ends get that cannot run here, VS Code and Colab among them: messages and MIME types of the Jupyter protocol alone.

VS Code and Colab draw a widget with anywidget's own front end, which they fetch from the network, and know no extension of
JupyterLab.  So whatever a cell shows has to be text, HTML or SVG, or a widget of anywidget with a picture beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.kernel_ext.conftest import COUNTER
from tests.workbench.kernel_ext.kernel import Kernel

WIDGET = "application/vnd.jupyter.widget-view+json"
UNIVERSAL = {"text/plain", "text/html", "image/svg+xml", "image/png"}
EXTRA = {"text/vnd.mermaid"}
"""Shown where it is known; others stand beside it."""

COLAB = """
import sys, types
colab, output = types.ModuleType("google.colab"), types.ModuleType("google.colab.output")
asked_for = []
output.enable_custom_widget_manager = lambda: asked_for.append("custom widget manager")
output._widgets = types.SimpleNamespace(_installed_url="https://colab.example/manager.js")
sys.modules.update({"google": types.ModuleType("google"), "google.colab": colab, "google.colab.output": output})
"""


@pytest.fixture(scope="module")
def asked(kernel: Kernel) -> Kernel:
    """Has a past with a failure."""
    kernel.ok("%invoke counter add value=5")
    kernel.run("%invoke counter divide by=0")
    return kernel


@pytest.mark.parametrize(
    "cell",
    [
        COUNTER, "%invoke counter add value=1", "%actors", "%state counter", "%mailbox counter", "%history counter", "%failures",
        "%postmortem --show", "%retry --fork", "%trace %invoke counter add value=1", "%query SELECT * FROM actors", "%logs",
        "%redeploy counter", "%spawn status", "%load counter add value=1 --rate 50 --seconds 0.05", "%contract counter", "%fault",
    ],
)  # fmt: skip
def test_every_output_can_be_shown_without_an_extension(asked: Kernel, cell: str) -> None:
    for display in asked.ok(cell).displays:
        assert "text/plain" in display
        assert set(display) <= UNIVERSAL | EXTRA


@pytest.mark.parametrize("cell", ["wb.watch('counter')", "%dashboard", "%form counter add"])
def test_a_panel_is_a_widget_of_anywidget_and_a_picture(asked: Kernel, cell: str) -> None:
    live, picture = asked.ok(cell).displays

    assert set(live) == {WIDGET, "text/plain"}
    assert set(picture) == {"text/html", "text/plain"}
    assert "counter" in picture["text/html"]


def test_what_opens_a_panel_names_anywidget_and_carries_all_it_needs(asked: Kernel) -> None:
    [opened] = [
        each for each in _messages(asked, "wb.watch('counter')", "comm_open") if "_esm" in each["data"]["state"]
    ]
    state = opened["data"]["state"]

    assert opened["target_name"] == "jupyter.widget"
    assert (state["_model_module"], state["_model_name"], state["_view_name"]) == ("anywidget", "AnyModel", "AnyView")
    assert state["_esm"].rstrip().endswith("};") or "export" in state["_esm"]
    assert '"name":"counter"' in state["frame"]


def test_a_panel_sends_nothing_but_widget_updates(asked: Kernel) -> None:
    sent = _messages(asked, "%invoke counter add value=1\nimport time; time.sleep(0.5)", "comm_msg")

    assert {each["data"]["method"] for each in sent} <= {"update", "custom"}


@pytest.mark.parametrize("opening", ["wb.watch('counter')", "wb.dashboard()"])
def test_the_picture_is_brought_up_to_date_at_the_end_of_a_cell(asked: Kernel, opening: str) -> None:
    asked.ok(f"panel = {opening}\ndisplay(panel)")
    token = asked.ok("panel.token").text.strip("'")

    updates = _updates(asked, "%invoke counter add value=1000", token)

    shown = {"wb.watch('counter')": "f'revision {r}'", "wb.dashboard()": "f'ready {r:9}'"}[opening]
    expected = asked.ok(f"r = wb.history('counter', 1)[-1].revision; {shown}").text.strip("'")
    assert len(updates) == 1
    assert expected in updates[0]["data"]["text/plain"]


def test_the_answer_is_still_the_panel(asked: Kernel) -> None:
    asked.ok("wb.watch('counter')")

    assert asked.ok("type(_).__name__").text == "'Panel'"


@pytest.fixture
def colab(tmp_path: Path) -> Iterator[Kernel]:
    """A kernel in which `google.colab` is there, as far as anywidget asks for it."""
    with Kernel(tmp_path) as kernel:
        kernel.ok(COLAB)
        kernel.ok("%load_ext workbench\n%config Workbench.store = 'memory'\nimport workbench as wb")
        kernel.ok(COUNTER)
        yield kernel


def test_in_colab_the_custom_widget_manager_is_asked_for_and_named(colab: Kernel) -> None:
    live, picture = _messages(colab, "wb.watch('counter')", "display_data")

    assert colab.ok("asked_for").text == "['custom widget manager']"
    manager = live["metadata"][WIDGET]["colab"]["custom_widget_manager"]
    assert manager == {"url": "https://colab.example/manager.js"}
    assert "text/html" in picture["data"]


def _messages(kernel: Kernel, code: str, kind: str) -> list[dict[str, Any]]:
    """Contents of the messages of that kind that a cell causes."""
    found: list[dict[str, Any]] = []

    def take(message: dict[str, Any]) -> None:
        if message["msg_type"] == kind:
            found.append(message["content"])

    reply = kernel.client.execute_interactive(code, output_hook=take, timeout=120, allow_stdin=False)
    assert reply["content"]["status"] == "ok"
    return found


def _updates(kernel: Kernel, code: str, token: str) -> list[dict[str, Any]]:
    messages = _messages(kernel, code, "update_display_data")
    return [each for each in messages if each["transient"]["display_id"] == token]
