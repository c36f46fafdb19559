"""A system that does not list its actors, as a Spawn proxy, in its panel."""

from __future__ import annotations

from runtime.errors import NotCapable
from workbench.presenters.panels.problems import problem_of
from workbench.presenters.panels.system import SystemView, nothing, system_rendering


def test_actors_that_could_not_be_read_are_not_said_to_be_none() -> None:
    problem = problem_of(NotCapable("list the actors", "the proxy", "a proxy does not list them."))

    assert nothing(SystemView("lab", problem=problem)) == "No actors to show."
    assert nothing(SystemView("lab")).startswith("No actors yet.")


def test_what_a_proxy_tells_stands_in_place_of_numbers_that_it_does_not_tell() -> None:
    rendering = system_rendering(SystemView("lab", told="3 invocations since it was started"), 0)

    for shown in (rendering.text, rendering.html):
        assert "It tells 3 invocations since it was started." in shown
        assert "0 active" not in shown
