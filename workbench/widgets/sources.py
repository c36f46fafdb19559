"""What the publisher asks of the thing behind a panel."""

from __future__ import annotations

from typing import Protocol

from runtime.api import SystemApi
from workbench.presenters.actor_panel import ActorView
from workbench.presenters.form import FormView
from workbench.presenters.rendering import Rendering
from workbench.presenters.system_panel import SystemView
from workbench.widgets.feeds import News
from workbench.widgets.intents import Intent

View = ActorView | FormView | SystemView


class Source(Protocol):
    """Reads a system and presents it.

    Used by one thread at a time.
    """

    system: SystemApi

    def absorb(self, news: News) -> None:
        """Take note of what happened since the last look."""
        ...

    def read(self, now_us: int) -> View:
        """The panel as it is now.  Never raises: what is wrong becomes part of the picture."""
        ...

    def handle(self, intent: Intent) -> bool:
        """Do what the browser wishes, if it is about this panel alone; False for everything else."""
        ...

    def rendering(self, now_us: int) -> Rendering:
        """The last picture as text and static HTML."""
        ...
