"""What another process does to the code of one's own system is told to the owner, and is in the owner's audit."""

from collections.abc import Iterator

import pytest

from runtime.system.embedded import EmbeddedSystem
from runtime.system.guest_acts import GuestAct
from workbench.session import Session


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    session.notify = lambda _: None
    yield session
    session.stop()


def test_a_foreign_deployment_is_told_and_audited(session: Session) -> None:
    system = session.start(store="memory")
    assert isinstance(system, EmbeddedSystem)

    system.guest_acts.note(GuestAct(1_000_000, "other.ipynb (process 7)", "deploy", "counter", "0123456789abcdef"))

    [line] = session.guest_news
    assert line.startswith("counter now runs code of other.ipynb (process 7), deployed ")
    [act] = session.audits.acts()
    assert (act.who, act.act, act.actor, act.outcome) == ("other.ipynb (process 7)", "deploy", "counter", "done")
    assert session.status().guests == (line,)
