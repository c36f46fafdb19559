"""The history that a host of ours writes beside a real proxy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime.authoring.definition import define
from runtime.errors import SpawnError
from runtime.ids import ActorId
from runtime.records import RESTORE
from runtime.replay.history import ActorHistory
from runtime.replay.rerun import Rerun
from runtime.servers.spawn_host.host import ActorHost
from runtime.servers.spawn_host.journal import HostJournal
from runtime.servers.spawn_host.notebook_host import open_journal
from runtime.stores.base import flatten
from runtime.stores.registry import open_store
from runtime.system.embedded import embedded
from tests.runtime.servers.captures import SYSTEM
from tests.runtime.servers.proxies import json_text
from tests.runtime.servers.real_proxy import Tally, answered, ask, call, until


def test_every_invocation_and_its_answer_is_in_the_journal(hosting: Callable[..., ActorHost], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    host = hosting(journal=open_journal(url))
    host.deploy(Tally)
    state = answered(
        host, call("Tally", "add", json_text('{"total":0}'), json_text('{"value":5}'))
    ).updated_context.state
    ask(host, call("Tally", "fail", state))
    answered(host, call("Tally", "add", state, json_text('{"value":1}')))
    assert host.close()
    journal = open_journal(url)
    assert journal is not None
    store = journal._store
    turns = list(flatten(store.turns()))

    assert [(turn.action, turn.revision, turn.failure is None) for turn in turns] == [
        ("add", 1, True),
        ("fail", 1, False),
        ("add", 2, True),
    ]
    assert [turn.response.data for turn in turns if turn.response is not None] == [b'{"total":5}', b'{"total":6}']
    assert store.definitions()[0].name == "Tally"
    loaded = store.load(turns[0].actor)
    assert loaded is not None
    assert loaded.state is not None
    assert loaded.state.value.data == b'{"total":6}'
    journal.close()


def test_journal_beside_a_real_proxy_is_run_again_at_home(hosting: Callable[..., ActorHost], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    host = hosting(journal=open_journal(url))
    host.deploy(Tally)
    for total in (40, 45):
        answered(host, call("Tally", "add", json_text(f'{{"total":{total}}}'), json_text('{"value":5}')))
    ask(host, call("Tally", "fail", json_text('{"total":50}')))
    assert host.close()

    with embedded(system=SYSTEM, store=url) as home:
        rerun = Rerun(define(Tally), ActorId(SYSTEM, "Tally"), carry=True)
        again = list(rerun.run(ActorHistory(home, "Tally")))

    assert [(each.parts, each.skipped) for each in again] == [((), "")] * 4


def test_state_that_the_proxy_changed_by_itself_is_noted_before_the_turn(hosting: Callable[..., ActorHost]) -> None:
    store = open_store("memory://")
    host = hosting(journal=HostJournal(store))
    host.deploy(Tally)
    answered(host, call("Tally", "add", json_text('{"total":40}'), json_text('{"value":1}')))
    answered(host, call("Tally", "add", json_text('{"total":7}'), json_text('{"value":1}')))
    until(lambda: store.head() == 4, "the turns were written")

    assert [(turn.action, turn.revision, turn.state and turn.state.value.data) for turn in flatten(store.turns())] == [
        (RESTORE, 1, b'{"total":40}'),
        ("add", 2, b'{"total":41}'),
        (RESTORE, 3, b'{"total":7}'),
        ("add", 4, b'{"total":8}'),
    ]


def test_journal_that_cannot_be_written_delays_nothing_and_loses_nothing(hosting: Callable[..., ActorHost]) -> None:
    store = open_store("memory://")
    commit, failures = store.commit, iter([True, True, False])

    def flaky(group: Any) -> None:
        if next(failures, False):
            raise SpawnError("the disk is full")
        commit(group)

    store.commit = flaky  # type: ignore[method-assign]
    host = hosting(journal=HostJournal(store))
    host.deploy(Tally)
    for total in range(3):
        answered(host, call("Tally", "add", json_text(f'{{"total":{total}}}'), json_text('{"value":1}')))

    until(lambda: store.head() == 3, "the turns were written")
