"""What a session starts, when, and what it says."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.errors import BadSetting, SystemStopped
from tests.workbench.session.conftest import Told


def test_nothing_starts_before_something_is_asked(told: Told, tmp_path: Path) -> None:
    status = told.session.status()

    assert not status.running
    assert told.session.system is None
    assert not list(tmp_path.iterdir())


def test_first_use_opens_the_default_store_and_says_where_it_is(told: Told, tmp_path: Path) -> None:
    told.session.open()

    assert (tmp_path / ".spawn" / "default.db").exists()
    assert "Store: .spawn/default.db" in told.lines[0]
    assert "key: " in told.lines[0]


def test_where_the_store_is_is_said_once(told: Told) -> None:
    told.session.open()
    told.session.open()

    assert len(told.lines) == 1


def test_the_store_directory_ignores_itself_in_git(told: Told, tmp_path: Path) -> None:
    told.session.open()

    assert "*" in (tmp_path / ".spawn" / ".gitignore").read_text().splitlines()


def test_many_threads_at_first_use_start_one_system(told: Told) -> None:
    told.session.defaults = {"store": "memory"}
    together = threading.Barrier(8)

    def use(_: int) -> int:
        together.wait(120)
        return id(told.session.open())

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(use, range(8)))) == 1
    assert len(told.lines) == 1


def test_starting_again_with_the_same_settings_gives_what_runs(told: Told) -> None:
    first = told.session.start(store="memory", system="mine")

    assert told.session.start(store="memory") is first
    assert told.session.start() is first


def test_starting_with_other_settings_says_what_runs(told: Told) -> None:
    told.session.start(store="memory")

    with pytest.raises(BadSetting, match=r"Cannot start with store='other\.db': .* runs already with 'memory://'"):
        told.session.start(store="other.db")


def test_defaults_are_used_where_a_start_does_not_say(told: Told) -> None:
    told.session.defaults = {"store": "memory", "system": "configured", "durability": "commit"}

    told.session.start(system="said")

    status = told.session.status()
    assert (status.system, status.store, status.durability) == ("said", "memory://", "commit")


def test_an_unknown_durability_names_those_there_are(told: Told) -> None:
    with pytest.raises(BadSetting, match="Known: commit, journal, snapshot"):
        told.session.start(store="memory", durability="forever")
    assert told.session.system is None


def test_a_key_is_never_shown(told: Told) -> None:
    told.session.start(store="memory", key=b"1" * 32)

    with pytest.raises(BadSetting, match=r"Cannot start with another key: .* runs already with its own"):
        told.session.start(key=b"2" * 32)


def test_an_unknown_option_is_refused_by_name(told: Told) -> None:
    with pytest.raises(BadSetting, match=r"no setting 'durabilty'. Did you mean durability"):
        told.session.start(store="memory", durabilty="commit")


def test_after_a_stop_nothing_starts_by_itself(told: Told) -> None:
    told.session.start(store="memory")
    told.session.stop()

    with pytest.raises(SystemStopped):
        told.session.open()
    assert told.session.start(store="memory") is told.session.open()


def test_stopping_twice_is_harmless(told: Told) -> None:
    told.session.start(store="memory")

    assert told.session.stop() is True
    assert told.session.stop() is False


def test_a_reset_session_starts_at_the_next_use(told: Told) -> None:
    told.session.defaults = {"store": "memory"}
    told.session.open()

    told.session.reset()

    assert told.session.system is None
    assert told.session.open() is not None


def test_a_store_with_a_past_is_welcomed_as_such(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime import Actor, action

    class Counter(Actor):
        total: int = 0

        @action
        def add(self, value: int) -> int:
            self.total += value
            return self.total

    system = told.session.open()
    system.deploy(Counter)
    system.invoke("counter", "add", {"value": 1})
    told.session.reset()

    told.session.open()

    assert "continues after 1 turn" in told.lines[-1]


def test_a_script_that_ends_without_a_stop_loses_nothing(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import workbench as wb\n"
        "class Counter(wb.Actor):\n"
        "    total: int = 0\n"
        "    @wb.action\n"
        "    def add(self, value: int) -> int:\n"
        "        self.total += value\n"
        "        return self.total\n"
        "wb.deploy(Counter)\n"
        "print([wb.invoke('counter', 'add', {'value': 1}) for _ in range(100)][-1])\n"
    )

    answers = [_run(script, tmp_path) for _ in range(3)]

    assert answers == ["100", "200", "300"]


def _run(script: Path, directory: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=directory, timeout=120, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    return done.stdout.strip()
