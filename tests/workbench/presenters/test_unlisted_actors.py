"""A system that does not list its actors, as a Spawn proxy, in its panel."""

from __future__ import annotations

from runtime.errors import NotCapable
from workbench.presenters.panels.problems import problem_of
from workbench.presenters.panels.system import SystemView, nothing


def test_actors_that_could_not_be_read_are_not_said_to_be_none() -> None:
    problem = problem_of(NotCapable("list the actors", "the proxy", "a proxy does not list them."))

    assert nothing(SystemView("lab", problem=problem)) == "No actors to show."
    assert nothing(SystemView("lab")).startswith("No actors yet.")
