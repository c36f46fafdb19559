import msgspec

from tests.workbench.presenters.samples import HOSTILE, NOW_US, full_timeline_view
from tests.workbench.presenters.snapshot import assert_snapshot
from workbench.presenters.panels.timeline import TimelineView, timeline_rendering


def test_the_view_model_that_the_browser_draws() -> None:
    assert_snapshot("timeline.json", msgspec.json.format(msgspec.json.encode(full_timeline_view()), indent=1).decode())


def test_the_text_for_terminals() -> None:
    assert_snapshot("timeline.txt", timeline_rendering(full_timeline_view(), NOW_US).text)


def test_the_html_that_needs_no_kernel() -> None:
    assert_snapshot("timeline.html", timeline_rendering(full_timeline_view(), NOW_US).html)


def test_a_hostile_name_stays_text() -> None:
    rendering = timeline_rendering(full_timeline_view(HOSTILE), NOW_US)

    assert "<img" not in rendering.html
    assert "\x1b" not in rendering.text


def test_an_actor_without_a_past_says_so() -> None:
    assert "no revisions yet" in timeline_rendering(TimelineView("counter", "s"), NOW_US).text
