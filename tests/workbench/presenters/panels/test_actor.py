import msgspec

from tests.workbench.presenters.samples import HOSTILE, NOW_US, full_actor_view, info
from tests.workbench.presenters.snapshot import assert_snapshot
from workbench.presenters.panels.actor import actor_rendering, actor_view, commands_for, missing_view
from workbench.presenters.panels.problems import Problem


def as_json(view: object) -> str:
    return msgspec.json.format(msgspec.json.encode(view), indent=1).decode()


def test_the_view_model_that_the_browser_draws() -> None:
    assert_snapshot("actor.json", as_json(full_actor_view()))


def test_the_text_for_terminals() -> None:
    assert_snapshot("actor.txt", actor_rendering(full_actor_view(), NOW_US).text)


def test_the_html_that_needs_no_kernel() -> None:
    assert_snapshot("actor.html", actor_rendering(full_actor_view(), NOW_US).html)


def test_an_actor_without_anything_is_small() -> None:
    view = actor_view(info(revision=0, turns=0, failures=0, last_turn_us=0))

    assert len(msgspec.json.encode(view)) < 300


def test_a_missing_actor_shows_its_problem_in_text_and_html() -> None:
    rendering = actor_rendering(missing_view("counter", "s", Problem("missing", "No such actor yet")), NOW_US)

    assert "No such actor yet" in rendering.text
    assert "No such actor yet" in rendering.html


def test_a_hostile_name_stays_text_everywhere() -> None:
    rendering = actor_rendering(full_actor_view(HOSTILE), NOW_US)

    assert "<img" not in rendering.html
    assert "&lt;img" in rendering.html
    assert "\x1b" not in rendering.text + rendering.html
    assert "\u202e" not in rendering.text + rendering.html


def test_a_name_with_blanks_is_given_as_python() -> None:
    assert commands_for("two words") == ("wb.state('two words')", "wb.watch('two words')")
