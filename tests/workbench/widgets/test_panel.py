import json
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from runtime.clock import SystemClock
from runtime.errors import UnknownActor
from tests.workbench.widgets.fake_system import FakeSystem
from workbench import widgets
from workbench.widgets import panels
from workbench.widgets.panel import Panel

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def system() -> Iterator[FakeSystem]:
    system = FakeSystem(SystemClock())
    system.put("counter", {"total": 41})
    yield system
    widgets.close_all()


def test_a_panel_carries_its_first_picture_before_any_thread_sends(system: FakeSystem) -> None:
    panel = widgets.actor_panel(system, "counter")

    assert json.loads(panel.frame)["view"]["name"] == "counter"


def test_its_bundle_has_the_widget_and_what_other_readers_need(system: FakeSystem) -> None:
    data, _ = widgets.actor_panel(system, "counter")._repr_mimebundle_()

    assert set(data) == {WIDGET, "text/plain", "text/html"}
    assert "total: 41" in data["text/plain"]
    assert "41" in data["text/html"]


def test_shown_as_two_outputs_the_second_needs_no_kernel(system: FakeSystem) -> None:
    panel = widgets.actor_panel(system, "counter")

    (live, _), (picture, _) = panel.outputs()

    assert set(live) == {WIDGET, "text/plain"}
    assert f'data-wb-picture="{panel.token}"' in picture["text/html"]
    assert "total: 41" in picture["text/plain"]


def test_a_picture_is_out_of_date_only_when_it_would_show_something_else(system: FakeSystem) -> None:
    panel = widgets.actor_panel(system, "counter")
    assert widgets.fresh_pictures() == []
    panel.outputs()
    assert widgets.fresh_pictures() == []

    system.turn("counter", "add", {"total": 42})
    fresh = widgets.fresh_pictures()

    assert [token for token, _ in fresh] == [panel.token]
    assert "total: 42" in fresh[0][1]["text/plain"]
    assert widgets.fresh_pictures() == []


def test_its_repr_is_one_cheap_line(system: FakeSystem) -> None:
    assert repr(widgets.system_panel(system)) == "<panel of actor system 'fake-system'>"


def test_a_misspelt_actor_is_an_error_with_the_nearest_names(system: FakeSystem) -> None:
    with pytest.raises(UnknownActor, match="Did you mean counter"):
        widgets.actor_panel(system, "conuter")


def test_closing_twice_is_harmless(system: FakeSystem) -> None:
    panel = widgets.actor_panel(system, "counter")

    panel.close()
    panel.close()


def test_a_closed_panel_is_collected_without_taking_locks(system: FakeSystem) -> None:
    panel = widgets.actor_panel(system, "counter")
    panel.close()
    done = threading.Event()

    def collect_in_the_middle_of_the_publisher() -> None:
        with panels._publisher._lock:
            panel.__del__()
        done.set()

    threading.Thread(target=collect_in_the_middle_of_the_publisher, daemon=True).start()

    assert done.wait(120), "collecting a panel waits for a lock"


def test_clicks_are_let_past_a_busy_main_thread() -> None:
    panel = Panel("panel", "", lambda: None)  # type: ignore[arg-type,return-value]
    panel.comm.__dict__["_reply_subshell_id"] = None  # what ipykernel 7.4 notes at each message

    panel.show("{}")

    assert "_reply_subshell_id" not in panel.comm.__dict__


def test_only_the_picture_and_what_widgets_need_is_saved(system: FakeSystem) -> None:
    panel = widgets.actor_panel(system, "counter")

    own = {name for name in panel.keys if not name.startswith("_")} - {"layout", "tabbable", "tooltip"}

    assert own == {"frame", "token"}


def test_importing_the_package_imports_no_widget_library() -> None:
    code = (
        "import sys, workbench.widgets as w; w.close_all();"
        "print([m for m in ('anywidget', 'ipywidgets', 'traitlets') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)

    assert done.stdout.strip() == "[]"
